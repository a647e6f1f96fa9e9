"""A Gaussian over the codes of a model that has no prior of its own, so that one can draw."""

from typing import Any

from minigen import nn
from minigen.backend import Array, Generator, active, gemm, xp
from minigen.tensor import Tensor

FLOOR = 1e-6  # added to the variances, in units of them: units that never move stay positive


class CodeGaussian(nn.Module):
    """N(m, Σ) over codes: N(0, I) until it is fitted.

    size: numbers in a code. Buffers ``mean`` (size,) and ``root`` (size, size), Σ = root rootᵀ.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.mean = nn.new_buffer((size,))
        self.root = Tensor(active().eye(size, dtype="float32"))

    def fit(self, codes: Array) -> None:
        """Take mean and covariance of codes (n, size), n at least 1, and the covariance's
        Cholesky root; the covariance of a single code is 0. Raises ValueError for another shape and
        for codes that are not finite."""
        m = xp(codes)
        if codes.ndim != 2 or len(codes) < 1 or codes.shape[1] != self.size:
            raise ValueError(
                f"CodeGaussian.fit: codes must be (n, {self.size}), n at least 1; got {codes.shape}"
            )
        if not bool(m.isfinite(codes).all()):
            raise ValueError("CodeGaussian.fit: codes must be finite; lower alpha and train anew")
        mean = codes.mean(axis=0)
        deviation = codes.astype("float64") - mean
        covariance = gemm(deviation.T, deviation) / max(1, len(codes) - 1)
        scale = m.maximum(covariance.diagonal().mean(), 1.0)  # rounding grows with the codes
        root = m.linalg.cholesky(covariance + FLOOR * scale * m.eye(self.size))
        self.mean.assign(mean)
        self.root.assign(root.astype(codes.dtype))

    def draw(self, n: int, rng: Generator) -> Array:
        """n codes: (n, size)."""
        noise: Any = rng.normal((n, self.size), self.mean.dtype)
        return self.mean.array + noise @ self.root.array.T
