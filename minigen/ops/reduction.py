"""Sums, means, extremes and the stable exponential sums, over any axes.

``axis`` is None (all axes), an integer or a tuple of integers; ``keepdims`` leaves reduced
axes in place with size 1. The gradient of a reduction spreads the cotangent back out.
"""

import math
from operator import index
from typing import Any

from minigen.autograd import primitive
from minigen.backend import Array, is_array, row_maxima, row_sums, xp
from minigen.ops.elementwise import check_signed, exp
from minigen.ops.shape import broadcast_to

Axis = int | tuple[int, ...] | None
HIDDEN = -1e30  # a score that softmax makes 0; finite, so that no NaN can come of it


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """``axis`` as a tuple of non-negative integers; none where there are no axes."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(index(a) % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements are reduced to one."""
    return math.prod(shape[a] for a in _axes(axis, len(shape)))


def _some(operation: str, shape: tuple[int, ...], axis: Axis) -> int:
    """``_count``. Raises ValueError for none, of which there is no mean and no extreme."""
    n = _count(shape, axis)
    if n == 0:
        raise ValueError(f"{operation}: needs at least one element; got shape {shape}, axis {axis}")
    return n


def _kept(gy: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """``gy`` with the reduced axes back in place, of size 1."""
    axes = _axes(axis, len(shape))
    return gy.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _sum(x: Any, axis: Axis, keepdims: bool) -> Any:
    """Σ x over axis; of plain arrays over the last one as fast as it gets."""
    last = type(axis) is int and axis in (-1, x.ndim - 1)
    if not last or x.ndim < 2 or not is_array(x):
        return x.sum(axis=axis, keepdims=keepdims)
    y = row_sums(x)
    return y if keepdims else y.reshape(x.shape[:-1])


@primitive(holomorphic=True)
def reduce_sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x    gx = gy for every x in the sum    [E.SUM]"""
    return _sum(x, axis, keepdims)


@reduce_sum.vjp
def _(gy, _y, _x, *, axis=None, keepdims=False):
    return broadcast_to(_kept(gy, _x.shape, axis), shape=_x.shape)


@primitive(holomorphic=True)
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = 1/n Σ x    gx = gy / n for each of the n    [E.MEAN]

    Raises ValueError where n = 0.
    """
    n = _some("mean", x.shape, axis)
    return _sum(x, axis, keepdims) / n


@mean.vjp
def _(gy, _y, _x, *, axis=None, keepdims=False):
    n = _count(_x.shape, axis)
    return broadcast_to(_kept(gy / n, _x.shape, axis), shape=_x.shape)


def var(x: Any, *, axis: Axis = None, keepdims: bool = False, correction: int = 0) -> Any:
    """y = 1/(n - correction) Σ (x - mean)²    [E.VAR]

    correction: 0 for the variance of the numbers at hand (NumPy's default), 1 for the
    unbiased estimate of a population's (PyTorch's). Raises ValueError where n <= correction.
    """
    n = _count(x.shape, axis)
    if n <= correction:
        raise ValueError(f"var: needs more than {correction} elements; got {n} ({x.shape}, {axis})")
    deviation = x - mean(x, axis=axis, keepdims=True)
    return reduce_sum(deviation * deviation, axis=axis, keepdims=keepdims) / (n - correction)


@primitive
def reduce_max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = max x    gx = gy at the largest x, shared equally where several are    [E.MAX]

    Raises ValueError where there is no x.
    """
    _some("max", x.shape, axis)
    return x.max(axis=axis, keepdims=keepdims)


@reduce_max.vjp
def _(gy, y, x, *, axis=None, keepdims=False):
    largest = (x == _kept(y, x.shape, axis)).astype(gy.dtype)
    return _kept(gy, x.shape, axis) * largest / largest.sum(axis=axis, keepdims=True)


def reduce_min(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """min x = -max(-x), with the gradient of ``reduce_max``    [E.MIN]

    Raises TypeError for unsigned integers and booleans, which have no -x, and ValueError where
    there is no x.
    """
    check_signed("min", x)
    _some("min", x.shape, axis)
    return -reduce_max(-x, axis=axis, keepdims=keepdims)


def _shift(operation: str, x: Array, axis: Axis) -> Array:
    """The maximum along axis, axes kept: subtracting it makes the largest exponent 0."""
    _some(operation, x.shape, axis)
    m = row_maxima(x) if axis in (-1, x.ndim - 1) else x.max(axis=axis, keepdims=True)
    return xp(x).where(xp(x).isfinite(m), m, 0.0)  # all -inf: exp(-inf - 0) = 0, not NaN


@primitive
def logsumexp(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """y = log Σ e^x = m + log Σ e^(x - m), m = max x    gx = gy · e^(x - y)    [E.LOGSUMEXP]

    The shift by m, one for each sum, keeps every exponent at or below 0. Where all x of a sum
    are -inf, y is -inf and has no gradient (NaN).
    """
    m = _shift("logsumexp", x, axis)
    y = m + xp(x).log(_sum(xp(x).exp(x - m), axis, True))
    axes = _axes(axis, x.ndim)
    return y if keepdims else y.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))


@logsumexp.vjp
def _(gy, y, x, *, axis=-1, keepdims=False):
    return _kept(gy, x.shape, axis) * exp(x - _kept(y, x.shape, axis))


@primitive
def softmax(x: Array, *, axis: Axis = -1) -> Array:
    """y = e^x / Σ e^x    gx = y · (gy - Σ gy · y)    [E.SOFTMAX]"""
    y = xp(x).exp(x - _shift("softmax", x, axis))
    y /= _sum(y, axis, True)
    return y


@softmax.vjp
def _(gy, y, _x, *, axis=-1):
    return y * (gy - _sum(gy * y, axis, True))


@primitive
def softmax_where(x: Array, *, mask: Array) -> Array:
    """y = e^x / Σ e^x over those x alone whose mask is True, else 0    gx = y · (gy - Σ gy · y)

    Over the last axis. mask: booleans that broadcast to x's shape. What is hidden may be anything,
    NaN as well; where all of a row is hidden, all of it is 0.
    """
    y = xp(x).where(mask, x, HIDDEN)
    y -= _shift("softmax_where", y, -1)
    y = xp(x).exp(y)
    y *= mask
    total = _sum(y, -1, True)
    y /= xp(x).maximum(total, 1)  # the largest has e^0 = 1: below 1 there is nothing
    return y


@softmax_where.vjp
def _(gy, y, _x, *, mask):
    return y * (gy - _sum(gy * y, -1, True))


@primitive
def log_softmax(x: Array, *, axis: Axis = -1) -> Array:
    """y = x - log Σ e^x    gx = gy - e^y · Σ gy    [E.LOGSOFTMAX]"""
    y = x - _shift("log_softmax", x, axis)
    y -= xp(x).log(_sum(xp(x).exp(y), axis, True))
    return y


@log_softmax.vjp
def _(gy, y, _x, *, axis=-1):
    return gy - exp(y) * _sum(gy, axis, True)
