"""Activation functions, each computed so that no argument overflows.

Sorted in order of increasing complexity. None of them branches: both halves of a piecewise
function are written with max and min, which is also the fastest form on a CPU.
"""

import math
from typing import Any

from minigen import backend
from minigen.autograd import Traced, primitive
from minigen.backend import Array, blockwise, xp
from minigen.ops.elementwise import erf, exp, minimum
from minigen.ops.precision import as_floats
from minigen.ops.trace import Trace


def _positive_part(x: Array) -> Array:
    """max(x, 0). Against an array of zeros NumPy takes a third of the time it takes against 0."""

    def work(y: Array, x: Array) -> None:
        y[...] = 0
        xp(x).maximum(x, y, out=y)

    return blockwise(work, x)


@primitive(holomorphic=True)
def gate(x: Array, *, by: Array, slope: float = 0.0) -> Array:
    """y = x where by > 0, else slope · x    gx = gy, gated in the same way

    The gradient of ReLU and its kin. by: an array of x's shape; slope: a number.
    """

    def work(y: Array, x: Array, by: Array) -> None:
        if slope == 0:
            xp(x).multiply(x, by > 0, out=y)
        elif 0 < slope <= 1:
            xp(x).maximum(by > 0, y.dtype.type(slope), out=y)
            y *= x
        else:
            y[...] = xp(x).where(by > 0, x, slope * x)

    return blockwise(work, x, by)


@gate.vjp
def _(gy, _y, _x, *, by, slope=0.0):
    return gate(gy, by=by, slope=slope)


def read_by(gy: Any, x: Any) -> Array:
    """The array of x, for a setting of what is done to the cotangent gy. Where gy is traced, a
    copy: its gradient is asked for later, and settings are not watched for changes."""
    raw: Array = x.array if isinstance(x, Traced) else x
    return raw.copy() if isinstance(gy, Traced) else raw


@primitive
def relu(x: Array) -> Array:
    """y = max(x, 0)    gx = gy where y > 0, else 0    [E.RELU]

    Nair and Hinton 2010. The slope at x = 0 is taken as 0.
    """
    return _positive_part(x)


@relu.vjp
def _(gy, y, _x):
    return gate(gy, by=read_by(gy, y))


@primitive
def leaky_relu(x: Array, *, slope: float = 0.01) -> Array:
    """y = max(x, 0) + slope · min(x, 0)    gx = gy where x > 0, else slope · gy    [E.LEAKYRELU]

    Maas, Hannun and Ng 2013. slope: a number, 0.2 in most GANs.
    """
    if slope == 0:
        return _positive_part(x)  # 0 · (-∞) would be no number
    if not 0 < slope <= 1 or x.dtype.kind != "f":
        return xp(x).where(x > 0, x, slope * x)

    def work(y: Array, x: Array) -> None:
        xp(x).multiply(x, slope, out=y)  # below x just where x > 0
        xp(x).maximum(x, y, out=y)

    return blockwise(work, x)


@leaky_relu.vjp
def _(gy, _y, x, *, slope=0.01):
    return gate(gy, by=read_by(gy, x), slope=slope)


@primitive
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """y = x where x > 0, else α (e^x - 1)    gx = gy where x > 0, else gy · (y + α)    [E.ELU]

    Clevert, Unterthiner and Hochreiter 2016, equation 15. alpha: a number > 0.
    """
    x = as_floats(x)
    return _positive_part(x) + alpha * xp(x).expm1(-_positive_part(-x))


@elu.vjp
def _(gy, y, x, *, alpha=1.0):
    return gy * (x > 0) + gy * (x <= 0) * (minimum(y, 0.0) + alpha)  # 0 · (∞ + α) is no number


@primitive(holomorphic=True)
def sigmoid(x: Array) -> Array:
    """y = 1 / (1 + e^-x)    gx = gy · y · (1 - y)    [E.SIGMOID]

    Computed as (1 + tanh(x/2)) / 2, which is the same function and overflows nowhere. The
    absolute error is a rounding of 1; for log y use -softplus(-x), exact far out as well.
    """
    y = x * 0.5
    y = xp(x).tanh(y, out=y) if y.shape else xp(x).tanh(y)
    y *= 0.5
    y += 0.5
    return y


@sigmoid.vjp
def _(gy, y, _x):
    return gy * (y * (1 - y))


@primitive
def softplus(x: Array) -> Array:
    """y = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)    gx = gy · sigmoid(x)    [E.SOFTPLUS]"""
    x = as_floats(x)
    y = abs(x)
    y = xp(x).exp(-y)
    y = xp(x).log1p(y)
    y += _positive_part(x)
    return y


@softplus.vjp
def _(gy, _y, x):
    return gy * sigmoid(x)


def normal_cdf(x: Any) -> Any:
    """Φ(x) = (1 + erf(x / √2)) / 2: the probability that a draw from N(0, 1) is below x."""
    return (erf(x * math.sqrt(0.5)) + 1) * 0.5


def normal_pdf(x: Any) -> Any:
    """φ(x) = exp(-x² / 2) / √(2π): the density of N(0, 1)."""
    return exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


class Probabilities(Trace):
    """Φ(x), once the forward pass has been."""

    cdf: Any = None  # of x's shape


@primitive(name="gelu")
def _gelu(x: Array, *, trace: Probabilities) -> Array:
    def work(y: Array, x: Array, cdf: Array) -> None:
        xp(x).multiply(x, math.sqrt(0.5), out=y)
        xp(x).multiply(backend.erf(y), 0.5, out=cdf)
        cdf += 0.5
        xp(x).multiply(x, cdf, out=y)

    x = as_floats(x)
    trace.cdf = xp(x).empty_like(x)
    return blockwise(work, x, trace.cdf)


@_gelu.vjp
def _(gy, _y, x, *, trace):
    if isinstance(gy, Traced):
        return gy * (normal_cdf(x) + x * normal_pdf(x))

    def work(gx: Array, gy: Array, x: Array, cdf: Array) -> None:
        xp(x).multiply(x, x, out=gx)
        gx *= -0.5
        xp(x).exp(gx, out=gx)
        gx *= x
        gx *= 1 / math.sqrt(2 * math.pi)  # x · φ(x)
        gx += cdf
        gx *= gy

    return blockwise(work, gy, x, trace.cdf)


def gelu(x: Any) -> Any:
    """y = x · Φ(x)    gx = gy · (Φ(x) + x · φ(x))    [E.GELU]

    Hendrycks and Gimpel 2016; the exact form with the error function, not its tanh fit.
    """
    return _gelu(x, trace=Probabilities())
