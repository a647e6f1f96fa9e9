"""The dense generative adversarial net (Goodfellow et al. 2014)."""

from typing import Any

from minigen import nn, ops
from minigen.backend import Array, Generator
from minigen.models.layers import dense_chain
from minigen.ops import concatenate


class GAN(nn.Module):
    """Generator: noise -> hidden ReLU -> data sigmoid. Discriminator: data -> hidden ReLU -> 1.

    data_size: numbers in one example, in [0, 1]; noise_size: dimensions of z ~ N(0, I);
    hidden: width of both hidden layers; rng: where the weights are drawn. With the defaults
    and 28 x 28 images: 100 -> 256 -> 784 and 784 -> 256 -> 1. The discriminator ends in a
    logit; its sigmoid is inside the losses, and in ``discriminate``.
    """

    def __init__(
        self, data_size: int, noise_size: int = 100, hidden: int = 256, *, rng: Generator
    ) -> None:
        self.generator = dense_chain([noise_size, hidden, data_size], "relu", rng, last="sigmoid")
        self.discriminator = dense_chain([data_size, hidden, 1], "relu", rng)
        self.noise_size = noise_size

    def prior(self, n: int, rng: Generator) -> Array:
        """n draws of the noise z ~ N(0, I): (n, noise_size), of the parameters' precision."""
        return rng.normal((n, self.noise_size), self.parameters()[0].dtype)

    def decode(self, z: Any) -> Any:
        """Images G(z): (n, noise_size) -> (n, data_size) in [0, 1]."""
        return self.generator(z)

    def logits(self, real: Any, fake: Any) -> tuple[Any, Any]:
        """The discriminator's logits of real and of made examples, (n, 1) each.

        Both go through it together, for one large product is faster than two; each row is
        judged by itself, so that the logits are the same.
        """
        together = self.discriminator(concatenate([real, fake]))
        return together[: len(real)], together[len(real) :]

    def discriminate(self, x: Any) -> Any:
        """D(x), the probability that x is real: (n, data_size) -> (n, 1)."""
        return ops.sigmoid(self.discriminator(x))

    def sample(self, n: int, rng: Generator) -> Any:
        """n images from fresh noise: (n, data_size) in [0, 1]."""
        return self.generator(self.prior(n, rng))
