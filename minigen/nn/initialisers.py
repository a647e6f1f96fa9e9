"""How weights begin: variances chosen so that signals neither grow nor fade from layer to layer.

Each initialiser is a function (shape, rng, dtype) -> array. ``shape`` is (out, in) or, for
kernels, (out, in, height, width): fan_in = in · height · width, fan_out = out · height · width.
"""

import math
from collections.abc import Callable
from typing import Any

from minigen.backend import Array, Generator, active, check_generator

Initialiser = Callable[[tuple[int, ...], Generator, Any], Array]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out): how many numbers feed one output, and how many one input feeds."""
    if len(shape) < 2:
        raise ValueError(f"initialiser: a weight has shape (out, in, ...); got {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def zeros(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
    """All zeros: for biases."""
    return active().zeros(shape, dtype=dtype)


def normal(std: float) -> Initialiser:
    """Draws from N(0, std²)."""
    std = float(std)  # a NumPy number would promote float32 weights to float64

    def draw(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
        check_generator("initialiser", rng)
        return rng.normal(shape, dtype) * std

    return draw


def uniform(limit: float) -> Initialiser:
    """Draws from the uniform distribution on [-limit, limit)."""
    limit = float(limit)

    def draw(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
        check_generator("initialiser", rng)
        return rng.uniform(-limit, limit, shape, dtype)

    return draw


def xavier_std(shape: tuple[int, ...]) -> float:
    """σ = √(2 / (fan_in + fan_out))    [E.XAVIER]  Glorot and Bengio 2010, equation 12."""
    return math.sqrt(2 / sum(fans(shape)))


def he_std(shape: tuple[int, ...]) -> float:
    """σ = √(2 / fan_in), for ReLU    [E.HE]  He et al. 2015, equation 10."""
    return math.sqrt(2 / fans(shape)[0])


def lecun_std(shape: tuple[int, ...]) -> float:
    """σ = √(1 / fan_in)    [E.LECUN]  LeCun et al. 1998, Efficient BackProp, section 4.6."""
    return math.sqrt(1 / fans(shape)[0])


def _normal(std: Callable[[tuple[int, ...]], float]) -> Initialiser:
    def draw(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
        check_generator("initialiser", rng)
        return rng.normal(shape, dtype) * std(shape)

    return draw


def _uniform(std: Callable[[tuple[int, ...]], float]) -> Initialiser:
    def draw(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
        check_generator("initialiser", rng)
        limit = math.sqrt(3) * std(shape)  # uniform on [-√3 σ, √3 σ): standard deviation σ
        return rng.uniform(-limit, limit, shape, dtype)

    return draw


xavier_normal, xavier_uniform = _normal(xavier_std), _uniform(xavier_std)
he_normal, he_uniform = _normal(he_std), _uniform(he_std)
lecun_normal, lecun_uniform = _normal(lecun_std), _uniform(lecun_std)


def orthogonal(gain: float = 1.0) -> Initialiser:
    """gain · Q, with Q's shorter side orthonormal: Saxe, McClelland and Ganguli 2014.

    Kernels are treated as matrices (out, in · height · width).
    """
    gain = float(gain)

    def draw(shape: tuple[int, ...], rng: Generator, dtype: Any = "float32") -> Array:
        check_generator("initialiser", rng)
        rows, columns = shape[0], math.prod(shape[1:])
        square = rng.normal((max(rows, columns), min(rows, columns)), "float64")
        q, r = active().linalg.qr(square)
        q = q * active().sign(r.diagonal())  # without this the distribution is not uniform
        q = q if rows >= columns else q.T
        return (gain * q).reshape(shape).astype(dtype)

    return draw
