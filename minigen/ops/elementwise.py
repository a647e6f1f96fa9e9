"""Arithmetic and the smooth functions of one variable, element by element.

Sorted in order of increasing complexity. Operands broadcast as in NumPy; the rules do not
mention it, because the tape sums each cotangent to its argument's shape.
"""

import math
from typing import Any

from minigen import backend
from minigen.autograd import primitive
from minigen.backend import Array, is_array, xp
from minigen.ops.precision import as_floats


@primitive(holomorphic=True)
def negative(x: Array) -> Array:
    """y = -x    gx = -gy"""
    return -x


@negative.vjp
def _(gy, _y, _x):
    return -gy


@primitive(holomorphic=True)
def add(x: Array, y: Array) -> Array:
    """z = x + y    gx = gz    gy = gz"""
    return x + y


@add.vjp("x")
def _(gz, _z, _x, _y):
    return gz


@add.vjp("y")
def _(gz, _z, _x, _y):
    return gz


@primitive(holomorphic=True)
def subtract(x: Array, y: Array) -> Array:
    """z = x - y    gx = gz    gy = -gz"""
    return x - y


@subtract.vjp("x")
def _(gz, _z, _x, _y):
    return gz


@subtract.vjp("y")
def _(gz, _z, _x, _y):
    return -gz


@primitive(holomorphic=True)
def multiply(x: Array, y: Array) -> Array:
    """z = x · y    gx = gz · y    gy = gz · x    [E.PRODUCT]"""
    return x * y


@multiply.vjp("x")
def _(gz, _z, _x, y):
    return gz * y


@multiply.vjp("y")
def _(gz, _z, x, _y):
    return gz * x


@primitive(holomorphic=True)
def divide(x: Array, y: Array) -> Array:
    """z = x / y    gx = gz / y    gy = -gz · z / y    [E.QUOTIENT]"""
    return x / y


@divide.vjp("x")
def _(gz, _z, _x, y):
    return gz / y


@divide.vjp("y")
def _(gz, z, _x, y):
    return -gz * z / y


@primitive(holomorphic=True)
def power(x: Array, p: Array) -> Array:
    """z = x^p    gx = gz · p · x^(p-1)    gp = gz · z · log(x)    [E.POWER]

    At p = 0 gx is 0, also where x = 0; at x = 0 gp is 0, its limit for p > 0. gp needs x >= 0:
    for x < 0 it is NaN.
    """
    return x**p


@power.vjp("x")
def _(gz, _z, x, p):
    if isinstance(p, int | float):
        return gz * p * x ** (p - (p != 0))  # p - 1, but 0 at p = 0: no 0 · 0^-1
    both = (x == 0) * (p == 0)  # there 0 · 1^-1
    return gz * p * (x + both) ** (p - 1)


@power.vjp("p")
def _(gz, z, x, _p):
    slope = log(x + (x == 0))
    if isinstance(x, int | float):
        slope = slope.item()  # NumPy's scalar would promote float32
    return gz * z * slope


@primitive(holomorphic=True)
def exp(x: Array) -> Array:
    """y = e^x    gx = gy · y    [E.EXP]"""
    return xp(x).exp(x)


@exp.vjp
def _(gy, y, _x):
    return gy * y


@primitive(holomorphic=True)
def log(x: Array) -> Array:
    """y = log(x), the natural logarithm    gx = gy / x    [E.LOG]"""
    return xp(x).log(x)


@log.vjp
def _(gy, _y, x):
    return gy / x


@primitive(holomorphic=True)
def log1p(x: Array) -> Array:
    """y = log(1 + x), exact for small x    gx = gy / (1 + x)    [E.LOG1P]"""
    return xp(x).log1p(x)


@log1p.vjp
def _(gy, _y, x):
    return gy / (1 + x)


@primitive(holomorphic=True)
def sqrt(x: Array) -> Array:
    """y = √x    gx = gy / (2 y)    [E.SQRT]

    The slope is infinite at x = 0: add a small number under the root where 0 can occur.
    """
    return xp(x).sqrt(x)


@sqrt.vjp
def _(gy, y, _x):
    return gy / (2 * y)


@primitive(holomorphic=True)
def sin(x: Array) -> Array:
    """y = sin(x), x in radians    gx = gy · cos(x)    [E.SIN]"""
    return xp(x).sin(x)


@sin.vjp
def _(gy, _y, x):
    return gy * cos(x)


@primitive(holomorphic=True)
def cos(x: Array) -> Array:
    """y = cos(x), x in radians    gx = -gy · sin(x)    [E.COS]"""
    return xp(x).cos(x)


@cos.vjp
def _(gy, _y, x):
    return -gy * sin(x)


@primitive(holomorphic=True)
def tanh(x: Array) -> Array:
    """y = tanh(x)    gx = gy · (1 - y²)    [E.TANH]"""
    return xp(x).tanh(x)


@tanh.vjp
def _(gy, y, _x):
    return gy * (1 - y * y)


@primitive
def erf(x: Array) -> Array:
    """y = 2/√π ∫₀ˣ exp(-t²) dt    gx = gy · 2/√π · exp(-x²)    [E.ERF]"""
    return backend.erf(as_floats(x))


@erf.vjp
def _(gy, _y, x):
    return gy * exp(-x * x) * (2 / math.sqrt(math.pi))


@primitive
def absolute(x: Array) -> Array:
    """y = |x|    gx = gy · sign(x), 0 at x = 0    [E.ABS]"""
    return abs(x)


@absolute.vjp
def _(gy, _y, x):
    return gy * (x > 0) - gy * (x < 0)


@primitive
def maximum(x: Array, y: Array) -> Array:
    """z = max(x, y)    gx = gz where x > y, half of it where x = y; gy likewise    [E.MAXIMUM]"""
    return xp(x).maximum(x, y) if is_array(x) else xp(y).maximum(x, y)


@maximum.vjp("x")
def _(gz, _z, x, y):
    return gz * (x > y) + gz * (x == y) * 0.5


@maximum.vjp("y")
def _(gz, _z, x, y):
    return gz * (y > x) + gz * (x == y) * 0.5


def check_signed(operation: str, x: Any) -> None:
    """Raise TypeError for numbers of which -x cannot be formed."""
    if getattr(x, "dtype", None) is not None and x.dtype.kind in "ub":
        raise TypeError(
            f"{operation}: the numbers must have a sign, for it is -max(-x); got {x.dtype}; "
            "convert with .astype('int64')"
        )


def minimum(x: Any, y: Any) -> Any:
    """min(x, y) = -max(-x, -y), with the gradients of ``maximum``    [E.MINIMUM]

    Raises TypeError for unsigned integers and booleans, which have no -x.
    """
    for each in (x, y):
        check_signed("minimum", each)
    return -maximum(-x, -y)


@primitive
def clip(x: Array, *, low: float | None = None, high: float | None = None) -> Array:
    """y = min(max(x, low), high)    gx = gy where low <= x <= high, else 0    [E.CLIP]

    low, high: numbers, or None for no bound on that side. Raises ValueError unless low <= high.
    """
    least, most = -math.inf if low is None else low, math.inf if high is None else high
    if not least <= most:  # NaN is no bound either
        raise ValueError(f"clip: low must be at most high; got {low} and {high}")
    return xp(x).clip(x, low, high)


@clip.vjp
def _(gy, _y, x, *, low=None, high=None):
    if low is not None:
        gy = gy * (x >= low)
    if high is not None:
        gy = gy * (x <= high)
    return gy


@primitive
def where(condition: Array, x: Array, y: Array) -> Array:
    """z = x where condition, else y    gx = gz where condition, else 0    [E.WHERE]

    condition: boolean array; the three broadcast. Raises TypeError for another dtype. A slope
    that is infinite where it is not wanted still gives NaN (0 · inf): make the argument safe
    inside, as in where(x > 0, log(where(x > 0, x, 1.0)), 0.0).
    """
    if not is_array(condition) or condition.dtype.kind != "b":
        raise TypeError(
            "where: condition must be a boolean array, such as x > 0; got "
            f"{getattr(condition, 'dtype', type(condition).__name__)}"
        )
    return xp(condition).where(condition, x, y)


@where.vjp("x")
def _(gz, _z, condition, _x, _y):
    return where(condition, gz, 0.0)


@where.vjp("y")
def _(gz, _z, condition, _x, _y):
    return where(condition, 0.0, gz)
