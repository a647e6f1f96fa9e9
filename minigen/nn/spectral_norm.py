"""Layers whose weight is divided by its largest singular value.

A dense layer then stretches nothing, once u and v have settled: a discriminator made of such
layers, with activations of slope at most 1, has gradients of at most 1 everywhere. A convolution's
weight counts as a matrix (out, everything else), whose largest singular value is not that of the
map of images: there it is a normalisation and not a bound.
"""

from typing import Any

from minigen.backend import Array, Generator, gemm, xp
from minigen.nn.convolution import Conv2d
from minigen.nn.dense import Dense
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.tensor import Tensor

FIRST_ITERATIONS = 15  # when the layer is made: then sigma is near the truth from the first step


def unit(vector: Array, epsilon: float) -> Array:
    """vector / |vector|."""
    m = xp(vector)
    return vector / m.maximum(m.sqrt((vector * vector).sum()), epsilon)


class SpectralNorm(Module):
    """W̄ = W / σ, σ = uᵀ W v, u and v from one step of the power method a call    [E.SPECTRALNORM]

    W as a matrix (out, everything else); u and v are the present estimates of its first
    singular vectors and count as constants in gradients. They take a step with every call
    while training and stay as they are after eval(). To be written before a layer class:
    ``class SpectralDense(SpectralNorm, Dense)``. Names as PyTorch's nn.utils.spectral_norm:
    parameter ``weight_orig`` (W), buffers ``weight_u`` and ``weight_v``; ``weight`` is W̄.
    Source: Miyato et al. 2018, algorithm 1 with one step.
    """

    epsilon = 1e-12

    def __init__(self, *args: Any, rng: Generator, **settings: Any) -> None:
        settings["rng"] = rng
        super().__init__(*args, **settings)  # sets self.weight: see the setter below
        matrix = self._matrix()
        self.weight_u = Tensor(unit(rng.normal((len(matrix),), matrix.dtype), self.epsilon))
        self.weight_v = Tensor(matrix[0] * 0.0)
        for _ in range(FIRST_ITERATIONS):
            self.iterate()
        u, v = self.weight_u.array, self.weight_v.array
        length = float((gemm(matrix, v[:, None])[:, 0] * u).sum())
        if not length > self.epsilon:
            raise ValueError(
                f"{type(self).__name__}: the weight must begin with a singular value above "
                f"{self.epsilon}, by which it is divided; got {length}; take another init"
            )

    def _matrix(self) -> Array:
        w = self.weight_orig.array
        return w.reshape(len(w), -1)

    @property
    def weight(self) -> Any:
        """The normalised weight W̄, of W's shape."""
        m = xp(self.weight_u.array)
        # copies: a later step of the power method must not change what a graph has seen
        u, v = m.copy(self.weight_u.array), m.copy(self.weight_v.array)
        w = self.weight_orig.reshape((len(u), len(v)))
        sigma = ((w @ v) * u).sum()
        return self.weight_orig / sigma

    @weight.setter
    def weight(self, value: Parameter) -> None:
        self.weight_orig = value

    def iterate(self) -> None:
        """v <- Wᵀ u / |Wᵀ u|, u <- W v / |W v|"""
        matrix = self._matrix()
        self.weight_v.assign(unit(gemm(matrix.T, self.weight_u.array[:, None])[:, 0], self.epsilon))
        self.weight_u.assign(unit(gemm(matrix, self.weight_v.array[:, None])[:, 0], self.epsilon))

    def forward(self, x: Any) -> Any:
        if self.training:
            self.iterate()
        return super().forward(x)


class SpectralDense(SpectralNorm, Dense):
    """y = x W̄ᵀ + b, W̄ = W / σ    [E.SPECTRALNORM]    Arguments as for Dense."""


class SpectralConv2d(SpectralNorm, Conv2d):
    """Conv2d with W̄ = W / σ, W as (out, in · kh · kw)    [E.SPECTRALNORM]    Arguments as there."""
