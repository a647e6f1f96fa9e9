"""The dense autoencoder: an image through a narrow code and back.

It learns to reconstruct, not to generate. To draw from it anyway, a Gaussian is fitted to the
codes of the training images; what comes out shows why the VAE exists.
"""

from collections.abc import Sequence
from typing import Any

from minigen import nn, ops
from minigen.backend import Array, Generator
from minigen.models.code_gaussian import CodeGaussian
from minigen.models.layers import dense_chain


class Autoencoder(nn.Module):
    """x -> encoder -> code -> decoder -> logits of x.

    data_size: numbers in one example, after flattening; hidden: widths of the encoder's hidden
    layers (the decoder mirrors them); code_size: numbers in a code; rng: where the weights are
    drawn; activation: what stands between the layers, a name or a class.
    """

    def __init__(
        self,
        data_size: int,
        hidden: Sequence[int] = (256,),
        code_size: int = 16,
        *,
        rng: Generator,
        activation: str | type[nn.Module] = "relu",
    ) -> None:
        self.encoder = dense_chain([data_size, *hidden, code_size], activation, rng)
        self.decoder = dense_chain([code_size, *reversed(hidden), data_size], activation, rng)
        self.code_size = code_size
        self.gaussian = CodeGaussian(code_size)  # of the training codes, for sampling

    def forward(self, x: Any) -> Any:
        """Logits of the reconstruction. x: (n, data_size) in [0, 1] -> (n, data_size)."""
        return self.decoder(self.encoder(x))

    def encode(self, x: Any) -> Any:
        """The codes of x: (n, data_size) -> (n, code_size)."""
        return self.encoder(x)

    def decode(self, z: Any) -> Any:
        """Pixels in [0, 1] of codes z: (n, code_size) -> (n, data_size)."""
        return ops.sigmoid(self.decoder(z))

    def reconstruct(self, x: Any) -> Any:
        """x through the code and back: (n, data_size) -> (n, data_size) in [0, 1]."""
        return self.decode(self.encode(x))

    def prior(self, n: int, rng: Generator) -> Array:
        """n codes from the Gaussian fitted to the training codes: (n, code_size)."""
        return self.gaussian.draw(n, rng)

    def sample(self, n: int, rng: Generator) -> Any:
        """n images: (n, data_size) in [0, 1]."""
        return self.decode(self.prior(n, rng))
