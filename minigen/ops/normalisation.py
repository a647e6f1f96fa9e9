"""Normalisation: numbers brought to mean 0 and variance 1, over the batch or over each example.

Batch normalisation is fused into one primitive, for every step of a DCGAN spends much of its
time in it; the composition beside it is what it computes, and what gradients of gradients are
made of.
"""

import math
from typing import Any

from minigen.autograd import Traced, primitive
from minigen.backend import Array, on_host
from minigen.ops import layer_normalise, normalise
from minigen.ops.elementwise import sqrt
from minigen.ops.normalise import Moments
from minigen.ops.reduction import mean, reduce_sum, var
from minigen.ops.shape import floats, shape_of


def channel_axes(x: Any) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0, *range(2, len(x.shape)))


def by_channel(values: Any, x: Any) -> Any:
    """Numbers (c,), one for each channel, in a shape that broadcasts over x (n, c, ...)."""
    return values.reshape((1, x.shape[1], *[1] * (len(x.shape) - 2)))


def plain_batch_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """[E.BATCHNORM] as it reads, in ordinary operations."""
    axes = channel_axes(x)
    m, v = mean(x, axis=axes, keepdims=True), var(x, axis=axes, keepdims=True)
    return (x - m) / sqrt(v + epsilon) * by_channel(gamma, x) + by_channel(beta, x)


def plain_gradients(gy: Any, x: Any, gamma: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """The gradients of [E.BATCHNORM], in ordinary operations: they can be differentiated."""
    axes = channel_axes(x)
    deviation = x - mean(x, axis=axes, keepdims=True)
    std = sqrt(mean(deviation * deviation, axis=axes, keepdims=True) + epsilon)
    x_hat = deviation / std
    mean_g, mean_dot = (mean(g, axis=axes, keepdims=True) for g in (gy, gy * x_hat))
    gx = by_channel(gamma, x) / std * (gy - mean_g - x_hat * mean_dot)
    return gx, reduce_sum(gy * x_hat, axis=axes), reduce_sum(gy, axis=axes)


@primitive(name="batch_norm")
def _batch_norm(x: Array, gamma: Array, beta: Array, *, moments: Moments, epsilon: float) -> Array:
    scale = gamma / (moments.var + epsilon) ** 0.5
    return normalise.scale_and_shift(x, scale, beta - moments.mean * scale)


@_batch_norm.joint_vjp
def _(wanted, gy, _y, x, gamma, _beta, *, moments, epsilon):
    if isinstance(gy, Traced):
        return plain_gradients(gy, x, gamma, epsilon)
    m, v, n = moments
    std = (v + epsilon) ** 0.5
    gbeta, dot = normalise.sums_with(gy, x, m)
    ggamma = dot / std
    if 0 not in wanted:
        return None, ggamma, gbeta
    # γ / std (gy - Σgy / n - x̂ Σ(gy x̂) / n), x̂ = (x - m) / std, sorted by gy, x and the rest
    a = gamma / std
    b = -a * ggamma / (n * std)
    return normalise.combine(gy, x, a, b, -a * gbeta / n - b * m), ggamma, gbeta


def batch_norm(x: Any, gamma: Any, beta: Any, *, epsilon: float = 1e-5) -> tuple[Any, Moments]:
    """y = γ x̂ + β, x̂ = (x - m) / √(v + ε), m and v over the batch    [E.BATCHNORM]

    gx = γ / √(v + ε) · (gy - mean gy - x̂ · mean(gy x̂))    gγ = Σ gy x̂    gβ = Σ gy
    x: (n, c, ...); gamma, beta: (c,); epsilon: > 0, added to the variance. The mean m and the
    variance v (divided by the count) are those of each channel, over all other axes.
    Returns y and (m, v, count), plain arrays without gradient, for running statistics.
    Raises ValueError for other shapes and for fewer than two numbers a channel: x̂ would be 0
    whatever x is. Source: Ioffe and Szegedy 2015, algorithm 1.
    """
    check_channels("batch_norm", x, gamma=gamma, beta=beta)
    floats("batch_norm", x=x)
    if math.prod(x.shape) < 2 * x.shape[1]:
        raise ValueError(
            f"batch_norm: needs at least two numbers a channel; got x {tuple(x.shape)}; take a "
            "larger batch, or eval() mode, which uses the running statistics"
        )
    found = normalise.moments(x.array if isinstance(x, Traced) else x)
    return _batch_norm(x, gamma, beta, moments=found, epsilon=epsilon), found


def check_channels(operation: str, x: Any, **numbers: Any) -> None:
    """Raise ValueError unless x is (n, c, ...) and the named arrays are (c,)."""
    shape = shape_of(operation, "x", x)
    for name, values in numbers.items():
        if len(shape) < 2 or shape_of(operation, name, values) != shape[1:2]:
            raise ValueError(
                f"{operation}: x must be (n, channels, ...) and {name} (channels,); got x {shape}, "
                f"{name} {tuple(values.shape)}"
            )


def plain_layer_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """[E.LAYERNORM] as it reads, in ordinary operations."""
    axes = tuple(range(-len(gamma.shape), 0))
    deviation = x - mean(x, axis=axes, keepdims=True)
    variance = mean(deviation * deviation, axis=axes, keepdims=True)
    return deviation / sqrt(variance + epsilon) * gamma + beta


@primitive(name="layer_norm", holomorphic=True)
def _layer_norm(x: Array, gamma: Array, beta: Array, *, epsilon: float) -> Array:
    return layer_normalise.forward(x, gamma, beta, epsilon)


@_layer_norm.joint_vjp
def _(wanted, gy, _y, x, gamma, _beta, *, epsilon):
    if not isinstance(gy, Traced):
        return layer_normalise.backward(gy, x, gamma, epsilon)
    axes = tuple(range(-len(gamma.shape), 0))
    over = tuple(range(len(x.shape) - len(axes)))
    deviation = x - mean(x, axis=axes, keepdims=True)
    std = sqrt(mean(deviation * deviation, axis=axes, keepdims=True) + epsilon)
    x_hat, g = deviation / std, gy * gamma
    mean_g, mean_dot = (mean(a, axis=axes, keepdims=True) for a in (g, g * x_hat))
    ggamma, gbeta = (reduce_sum(a, axis=over) for a in (gy * x_hat, gy))
    return (g - mean_g - x_hat * mean_dot) / std, ggamma, gbeta


def layer_norm(x: Any, gamma: Any, beta: Any, *, epsilon: float = 1e-5) -> Any:
    """y = γ x̂ + β, x̂ = (x - m) / √(v + ε), m and v over each example    [E.LAYERNORM]

    gx = (g - mean g - x̂ · mean(g x̂)) / √(v + ε), g = γ gy    gγ = Σ gy x̂    gβ = Σ gy
    x: (..., *s), gamma, beta: (*s): the last axes of x, over which mean and variance (divided
    by the count) are taken; epsilon: > 0. One primitive on the host, a composition on a device.
    Raises ValueError for shapes that do not fit.
    Source: Ba, Kiros and Hinton 2016, equation 4.
    """
    shape, wanted = shape_of("layer_norm", "x", x), shape_of("layer_norm", "gamma", gamma)
    if not wanted or shape[-len(wanted) :] != wanted or tuple(beta.shape) != wanted:
        raise ValueError(
            f"layer_norm: gamma and beta must have the shape of x's last axes; got x {shape}, "
            f"gamma {wanted}, beta {tuple(beta.shape)}"
        )
    floats("layer_norm", x=x)
    fused = on_host(x.array if isinstance(x, Traced) else x)
    return (_layer_norm if fused else plain_layer_norm)(x, gamma, beta, epsilon=epsilon)
