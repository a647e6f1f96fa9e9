"""A Gaussian over the codes of a model that has no prior of its own, so that one can draw."""

from typing import Any

from minigen import nn
from minigen.backend import Array, Generator, active, xp
from minigen.tensor import Tensor

FLOOR = 1e-6  # added to the variances: units that never move stay positive


class CodeGaussian(nn.Module):
    """N(m, Σ) over codes: N(0, I) until it is fitted.

    size: numbers in a code. Buffers ``mean`` (size,) and ``root`` (size, size), Σ = root rootᵀ.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.mean = nn.new_buffer((size,))
        self.root = Tensor(active().eye(size, dtype="float32"))

    def fit(self, codes: Array) -> None:
        """Take mean and covariance of codes (n, size), n at least 2, and the covariance's
        Cholesky root."""
        m = xp(codes)
        covariance = m.cov(codes, rowvar=False).reshape(self.size, self.size)
        covariance = covariance + FLOOR * m.eye(self.size)
        self.mean.assign(codes.mean(axis=0))
        self.root.assign(m.linalg.cholesky(covariance).astype(codes.dtype))

    def draw(self, n: int, rng: Generator) -> Array:
        """n codes: (n, size)."""
        noise: Any = rng.normal((n, self.size), self.mean.dtype)
        return self.mean.array + noise @ self.root.array.T
