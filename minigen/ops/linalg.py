"""Matrix products, and the dense layer's product with its bias as one primitive."""

import math
from typing import Any

from minigen.autograd import primitive
from minigen.backend import Array, column_sums, gemm, is_array, product
from minigen.ops.shape import shape_of


def times(a: Any, b: Any) -> Any:
    """a @ b; arrays by ``backend.product`` and ``gemm``, which know the device and the threads."""
    if is_array(a) and is_array(b):
        return product(a, b) if a.ndim == b.ndim == 2 else gemm(a, b)
    return a @ b


@primitive(name="matmul", holomorphic=True)
def _matmul(a: Array, b: Array) -> Array:
    return times(a, b)


@_matmul.vjp("a")
def _(gc, _c, _a, b):
    return times(gc, b.swapaxes(-1, -2))


@_matmul.vjp("b")
def _(gc, _c, a, _b):
    return times(a.swapaxes(-1, -2), gc)


def matmul(a: Any, b: Any) -> Any:
    """C = A B    gA = gC Bᵀ    gB = Aᵀ gC    [E.MATMUL]

    a: (..., n, k), b: (..., k, m) -> (..., n, m), leading axes broadcast; a vector (k,) on
    either side is a row or a column, and its axis disappears from the result, as in NumPy.
    Raises ValueError where the inner sizes differ, naming both shapes.
    """
    sa, sb = shape_of("matmul", "a", a), shape_of("matmul", "b", b)
    if not sa or not sb or sa[-1] != sb[-2 if len(sb) > 1 else 0]:
        raise ValueError(
            "matmul: a.shape[-1] must equal b.shape[-2] (b.shape[0] for a vector b); got "
            f"a {sa}, b {sb}"
        )
    if len(sa) == 1:
        c = matmul(a.reshape((1, sa[0])), b)
        return c.reshape((*tuple(c.shape)[:-2], *tuple(c.shape)[-1:]) if len(sb) > 1 else ())
    if len(sb) == 1:
        return matmul(a, b.reshape((sb[0], 1))).reshape(sa[:-1])
    if len(sb) == 2 and len(sa) > 2:  # one large product instead of many small ones
        return _matmul(a.reshape((math.prod(sa[:-1]), sa[-1])), b).reshape((*sa[:-1], sb[-1]))
    return _matmul(a, b)


@primitive(name="linear", holomorphic=True)
def _linear(x: Array, weight: Array, bias: Array) -> Array:
    y = times(x, weight.T)
    y += bias
    return y


@_linear.vjp("x")
def _(gy, _y, _x, weight, _bias):
    if weight.shape[0] == 1:
        return gy * weight  # a column times a row: five times faster than as a matrix product
    return times(gy, weight)


@_linear.vjp("weight")
def _(gy, _y, x, _weight, _bias):
    return times(gy.T, x)


@_linear.vjp("bias")
def _(gy, _y, _x, _weight, _bias):
    return column_sums(gy) if is_array(gy) else gy.sum(axis=0)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """y = x Wᵀ + b    gx = gy W    gW = gyᵀ x    gb = Σ gy over the rows    [E.LINEAR]

    x: (..., in), weight: (out, in), bias: (out,) or None -> (..., out), all of one float
    dtype. Raises ValueError for sizes that do not fit.
    """
    sx, sw = shape_of("linear", "x", x), shape_of("linear", "weight", weight)
    if len(sw) != 2 or not sx or sx[-1] != sw[1]:
        raise ValueError(
            "linear: x.shape[-1] must equal weight.shape[1]; got "
            f"x {sx}, weight {sw}; weight is laid out (out, in)"
        )
    if bias is not None and shape_of("linear", "bias", bias) != (sw[0],):
        raise ValueError(
            f"linear: bias must have shape ({sw[0]},), one number for each output; got "
            f"{tuple(bias.shape)} (weight {sw})"
        )
    rows = x if len(sx) == 2 else x.reshape((math.prod(sx[:-1]), sx[-1]))
    y = _matmul(rows, weight.T) if bias is None else _linear(rows, weight, bias)
    return y if len(sx) == 2 else y.reshape((*sx[:-1], sw[0]))
