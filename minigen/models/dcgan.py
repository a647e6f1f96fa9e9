"""Convolutional generative adversarial nets: the plain one, and the DCGAN.

Their images go in and come out as rows, so that everything that runs the dense GAN runs them.
"""

from typing import Any

from minigen import nn
from minigen.backend import Generator
from minigen.models.conv_vae import quartered
from minigen.models.gan import GAN
from minigen.nn.initialisers import he_normal, normal

SLOPE = 0.2  # of the discriminators' leaky ReLU, as in Radford et al. 2015


class ConvGAN(GAN):
    """Generator: dense, then blocks of convolution, activation and transposed convolution up to
    the image. Discriminator: convolutions down, dense to one logit. No normalisation.

    shape: (height, width) of an image, both divisible by 4; noise_size: dimensions of z;
    channels: of the outer and the inner layer of both nets; rng: where the weights are drawn.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        noise_size: int = 100,
        channels: tuple[int, int] = (32, 64),
        *,
        rng: Generator,
    ) -> None:
        height, width = quartered("ConvGAN", shape)
        outer, inner = channels
        like_relu: dict[str, Any] = {"rng": rng, "init": he_normal}
        halve: dict[str, Any] = {"stride": 2, "padding": 1, **like_relu}
        self.generator = nn.Sequential(
            nn.Dense(noise_size, inner * height * width, **like_relu),
            nn.ReLU(),
            nn.Unflatten(inner, height, width),
            nn.Conv2d(inner, inner, 3, padding=1, **like_relu),
            nn.ReLU(),
            nn.ConvTranspose2d(inner, outer, 4, **halve),
            nn.ReLU(),
            nn.Conv2d(outer, outer, 3, padding=1, **like_relu),
            nn.ReLU(),
            nn.ConvTranspose2d(outer, 1, 4, stride=2, padding=1, rng=rng),
            nn.Sigmoid(),
            nn.Flatten(),
        )
        self.discriminator = nn.Sequential(
            nn.Unflatten(1, *shape),
            nn.Conv2d(1, outer, 4, **halve),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(outer, inner, 4, **halve),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            nn.Dense(inner * height * width, 1, rng=rng),
        )
        self.noise_size = noise_size


class DCGAN(GAN):
    """The net of Radford, Metz and Chintala 2015, for small images.

    Generator: noise, projected to (inner, height/4, width/4), then transposed convolutions 4 x 4
    with stride 2, batch normalisation and ReLU, a sigmoid at the end: pixels lie in [0, 1] here,
    and (tanh(a) + 1) / 2 = sigmoid(2 a). Discriminator: convolutions 4 x 4 with stride 2 and
    leaky ReLU of slope 0.2, batch normalisation but on the first. Weights begin as N(0, 0.02²);
    layers in front of a normalisation have no bias, for it would be subtracted again.
    Arguments as for ConvGAN.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        noise_size: int = 100,
        channels: tuple[int, int] = (64, 128),
        *,
        rng: Generator,
    ) -> None:
        height, width = quartered("DCGAN", shape)
        outer, inner = channels
        start: dict[str, Any] = {"rng": rng, "init": normal(0.02)}
        step: dict[str, Any] = {"stride": 2, "padding": 1, **start}
        self.generator = nn.Sequential(
            nn.Dense(noise_size, inner * height * width, bias=False, **start),
            nn.Unflatten(inner, height, width),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.ConvTranspose2d(inner, outer, 4, bias=False, **step),
            nn.BatchNorm2d(outer),
            nn.ReLU(),
            nn.ConvTranspose2d(outer, 1, 4, **step),
            nn.Sigmoid(),
            nn.Flatten(),
        )
        self.discriminator = nn.Sequential(
            nn.Unflatten(1, *shape),
            nn.Conv2d(1, outer, 4, **step),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(outer, inner, 4, bias=False, **step),
            nn.BatchNorm2d(inner),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            nn.Dense(inner * height * width, 1, **start),
        )
        self.noise_size = noise_size

    def logits(self, real: Any, fake: Any) -> tuple[Any, Any]:
        """The discriminator's logits of real and of made examples, (n, 1) each.

        One after the other: a batch of both would give its normalisation away which is which.
        """
        return self.discriminator(real), self.discriminator(fake)
