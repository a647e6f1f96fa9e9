"""The types of numbers that minigen computes in, and the way from one to another."""

from typing import Any

from minigen.autograd import primitive
from minigen.backend import Array

FLOATS = ("float32", "float64", "complex128")  # complex only while derivatives are checked


def as_floats(x: Array) -> Array:
    """x, integers as float64: those without a sign, or of few bits, cannot be negated."""
    return x if x.dtype.kind in "fc" else x.astype("float64")


@primitive(cast=True)
def astype(x: Array, *, dtype: Any) -> Array:
    """y = x in another dtype (a copy)    gx = gy in x's dtype

    dtype: "float32", "float64", an integer type or bool. Raises TypeError for others.
    """
    y = x.astype(dtype)
    if y.dtype.kind not in "biu" and y.dtype.name not in FLOATS:
        raise TypeError(
            f"astype: numbers must be float32, float64, integers or bool; got dtype {y.dtype}"
        )
    return y


@astype.vjp
def _(gy, _y, _x, *, dtype):
    return astype(gy, dtype=_x.dtype)
