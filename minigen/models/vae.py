"""The dense variational autoencoder (Kingma and Welling 2014; Rezende et al. 2014)."""

from collections.abc import Sequence
from typing import Any

from minigen import nn, ops
from minigen.backend import Array, Generator
from minigen.functional import reparameterise
from minigen.models.layers import dense_chain
from minigen.tensor import Tensor


class VAE(nn.Module):
    """Encoder q(z|x) = N(μ(x), σ²(x)), prior p(z) = N(0, I), Bernoulli decoder p(x|z).

    data_size: numbers in one example, after flattening; hidden: widths of the encoder's hidden
    layers (the decoder mirrors them); code_size: dimensions of z; rng: where the weights are
    drawn; activation: what stands between the layers, a name or a class. The defaults are the
    net of the IWAE paper (Burda et al. 2015) with one stochastic layer.
    """

    def __init__(
        self,
        data_size: int,
        hidden: Sequence[int] = (200, 200),
        code_size: int = 50,
        *,
        rng: Generator,
        activation: str | type[nn.Module] = "tanh",
    ) -> None:
        if not hidden:
            raise ValueError("VAE: hidden must name at least one width; got none")
        self.encoder = dense_chain([data_size, *hidden], activation, rng, last=activation)
        self.mean = nn.Dense(hidden[-1], code_size, rng=rng)
        self.log_var = nn.Dense(hidden[-1], code_size, rng=rng)
        self.decoder = dense_chain([code_size, *reversed(hidden), data_size], activation, rng)
        self.code_size = code_size

    def encode(self, x: Any) -> tuple[Any, Any]:
        """Mean and log-variance of q(z|x): (n, data_size) -> (n, code_size) each."""
        h = self.encoder(x)
        return self.mean(h), self.log_var(h)

    def forward(self, x: Any, noise: Any) -> tuple[Any, Any, Any]:
        """Logits of p(x|z) at z = μ + σ · noise [E.REPARAM], and q's mean and log-variance.

        x: (n, data_size); noise: (n, code_size) from N(0, I), or zeros for z = μ.
        """
        mean, log_var = self.encode(x)
        return self.decoder(reparameterise(mean, log_var, noise)), mean, log_var

    def decode(self, z: Any) -> Any:
        """Pixel probabilities of codes z: (n, code_size) -> (n, data_size) in [0, 1]."""
        return ops.sigmoid(self.decoder(z))

    def reconstruct(self, x: Any) -> Any:
        """x through the mean code and back: (n, data_size) -> (n, data_size) in [0, 1]."""
        mean, _ = self.encode(x)
        return self.decode(mean)

    def noise(self, x: Any, rng: Generator) -> Array:
        """One draw of ε ~ N(0, I) for each row of x: (n, code_size), of x's precision."""
        raw = x.array if isinstance(x, Tensor) else x
        return rng.normal((raw.shape[0], self.code_size), raw.dtype)

    def prior(self, n: int, rng: Generator) -> Array:
        """n codes from p(z) = N(0, I): (n, code_size), of the parameters' precision."""
        return rng.normal((n, self.code_size), self.mean.weight.dtype)

    def sample(self, n: int, rng: Generator) -> Any:
        """n images: the pixel probabilities of codes from the prior, (n, data_size)."""
        return self.decode(self.prior(n, rng))
