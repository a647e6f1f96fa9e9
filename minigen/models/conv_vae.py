"""The convolutional variational autoencoder: convolution and pooling in, unpooling out."""

from collections.abc import Sequence
from typing import Any

from minigen import nn
from minigen.backend import Generator
from minigen.models.layers import dense_chain
from minigen.models.vae import VAE
from minigen.nn.initialisers import he_normal


def quartered(model: str, shape: tuple[int, int]) -> tuple[int, int]:
    """A quarter of height and width. Raises ValueError unless both divide by 4."""
    height, width = shape
    if height < 4 or width < 4 or height % 4 or width % 4:
        raise ValueError(
            f"{model}: height and width must divide by 4, for the image is halved twice; got "
            f"{height} x {width}; crop or pad the images"
        )
    return height // 4, width // 4


class ConvVAE(VAE):
    """Encoder: convolution -> pooling, twice, -> dense to μ and log σ². Decoder: dense ->
    transposed convolution -> unpooling -> convolution. Prior and pixels as in ``VAE``.

    shape: (height, width) of an image, both divisible by 4; code_size: dimensions of z;
    channels: of the outer and the inner layer; hidden: widths of dense layers with ReLU between
    the code and the decoder's dense layer; rng: where the weights are drawn. Images go in and
    come out as rows (n, height · width), as in all models here.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        code_size: int = 20,
        channels: tuple[int, int] = (32, 64),
        hidden: Sequence[int] = (),
        *,
        rng: Generator,
    ) -> None:
        height, width = quartered(type(self).__name__, shape)
        outer, inner = channels
        like_relu: dict[str, Any] = {"rng": rng, "init": he_normal}
        self.encoder = nn.Sequential(
            nn.Unflatten(1, *shape),
            nn.Conv2d(1, outer, 3, padding=1, **like_relu),
            nn.MaxPool2d(2),  # before ReLU: the same numbers as after it, for a quarter of the work
            nn.ReLU(),
            nn.Conv2d(outer, inner, 3, padding=1, **like_relu),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.mean = nn.Dense(inner * height * width, code_size, rng=rng)
        self.log_var = nn.Dense(inner * height * width, code_size, rng=rng)
        self.decoder = nn.Sequential(
            *dense_chain([code_size, *hidden, inner * height * width], "relu", rng, last="relu"),
            nn.Unflatten(inner, height, width),
            nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1, **like_relu),
            nn.ReLU(),
            *self.last_layers(outer, rng),
            nn.Flatten(),
        )
        self.code_size = code_size

    def last_layers(self, channels: int, rng: Generator) -> list[nn.Module]:
        """From half the image's size to logits of its pixels: unpooling, then convolution."""
        return [nn.Unpool2d(2), nn.Conv2d(channels, 1, 5, padding=2, rng=rng)]


class TransposedConvVAE(ConvVAE):
    """ConvVAE with a second transposed convolution in the place of unpooling and convolution."""

    def last_layers(self, channels: int, rng: Generator) -> list[nn.Module]:
        """One transposed convolution to the logits."""
        return [nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1, rng=rng)]
