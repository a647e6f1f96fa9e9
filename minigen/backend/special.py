"""The error function, which NumPy lacks: once in double precision, once, many times as fast,
in single.

Double: W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23 (1969), 631-637: three rational functions, one a range, each good to double
precision. Single: erf(x) = tanh(x h(x²)), for NumPy's tanh is many numbers at a time; h is a
polynomial, fitted to artanh(erf x) / x on |x| <= 4 by weighted least squares, the weights raised
where the error of erf is largest: 9.5e-8 of its value. Beyond 4, erf is 1 to single precision.
Tests hold both to the C library's erf.
"""

import importlib
import math

import numpy

SMALL = 0.46875  # where the first rational function hands over to the second
LARGE = 4.0  # where the second hands over to the third

# Coefficients of numerator and denominator, highest power first.
P1 = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
    3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
Q1 = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
    2.84423683343917062e3,
)  # fmt: skip
P2 = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
    6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
    1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
Q2 = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
    1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
    3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
P3 = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
    1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
Q3 = (
    1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
    6.05183413124413191e-2, 2.33520497626869185e-3,
)  # fmt: skip

# artanh(erf x) / x in single precision: coefficients of powers of x², highest first.
H = (
    1.41849696e-7, -5.66842881e-6, 8.76370224e-5, -6.19783793e-4, -1.91831880e-4, 1.02769056e-1,
    1.12837927,
)  # fmt: skip
ENOUGH = 5.0  # from here on the tanh is 1 to the last bit
BLOCK = 1 << 14  # numbers: x, x² and the polynomial stay in the cache


def _ratio(p: tuple[float, ...], q: tuple[float, ...], t: numpy.ndarray) -> numpy.ndarray:
    return numpy.polyval(p, t) / numpy.polyval(q, t)


def erf(x: numpy.ndarray) -> numpy.ndarray:
    """erf(x) = 2/√π ∫ exp(-t²) dt from 0 to x, elementwise; the result has x's dtype.

    float32: relative error below 4e-7; all other types: absolute error below 1e-15.
    """
    x = numpy.asarray(x)
    return erf_single(x) if x.dtype == numpy.float32 else erf_double(x)


def erf_single(x: numpy.ndarray) -> numpy.ndarray:
    """erf of float32 x = tanh(x h(x²)), block by block."""
    y = numpy.empty(x.size, dtype=x.dtype)
    flat = x.reshape(-1)
    size = min(BLOCK, x.size)
    square, polynomial = (numpy.empty(size, dtype=x.dtype) for _ in range(2))
    # against an array NumPy compares three times as fast as against a number
    most, least = (numpy.full(size, limit, dtype=x.dtype) for limit in (ENOUGH, -ENOUGH))
    for start in range(0, x.size, BLOCK):
        out = y[start : start + BLOCK]
        t, h = square[: len(out)], polynomial[: len(out)]
        numpy.minimum(flat[start : start + BLOCK], most[: len(out)], out=out)
        numpy.maximum(out, least[: len(out)], out=out)
        numpy.multiply(out, out, out=t)
        numpy.multiply(t, H[0], out=h)
        for coefficient in H[1:-1]:
            h += coefficient
            h *= t
        h += H[-1]
        out *= h
        numpy.tanh(out, out=out)
    return y.reshape(x.shape)


def erf_double(x: numpy.ndarray) -> numpy.ndarray:
    """erf of x, computed in float64 with an absolute error below 1e-15; has x's dtype."""
    value = x.astype(numpy.float64)
    size = numpy.minimum(numpy.abs(value), 6.0)  # erf(6) is 1 to the last bit
    small, large = size <= SMALL, size > LARGE
    middle = ~(small | large)
    out = numpy.empty_like(size)
    out[small] = size[small] * _ratio(P1, Q1, size[small] ** 2)
    s = size[middle]
    out[middle] = 1.0 - numpy.exp(-(s**2)) * _ratio(P2, Q2, s)
    s = size[large]
    t = 1.0 / s**2
    tail = 1.0 / math.sqrt(math.pi) - t * _ratio(P3, Q3, t)
    out[large] = 1.0 - numpy.exp(-(s**2)) / s * tail
    return numpy.asarray(numpy.copysign(out, value).astype(x.dtype))


def device_erf(x: object) -> object:
    """CuPy's own error function, for arrays that live on the device."""
    return importlib.import_module("cupyx.scipy.special").erf(x)
