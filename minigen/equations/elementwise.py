r"""Entries for arithmetic and the smooth functions of one variable.

The transcriptions use Python's own ``math``, one element after the other. A symbol with a bar
is a cotangent: \bar{x} is what the code calls gx, \bar{y} what it calls gy.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation

UNARY = {
    "x": "argument, an array of any shape",
    "y": "result, of x's shape",
    r"\bar{y}": "cotangent of y, given",
    r"\bar{x}": "cotangent of x, computed",
}
BINARY = {
    "x, y": "arguments, arrays whose shapes broadcast, or numbers",
    "z": "result, of the broadcast shape",
    r"\bar{z}": "cotangent of z, given",
    r"\bar{x}, \bar{y}": "cotangents of x and y, summed to their shapes",
}


@equation(
    "PRODUCT",
    title="Product, element by element",
    latex=r"z = x y, \qquad \bar{x} = \bar{z} y, \qquad \bar{y} = \bar{z} x",
    symbols=BINARY,
    source="definition",
    code="minigen.ops.elementwise.multiply",
)
def product(x, y):
    return numpy.vectorize(lambda a, b: a * b, otypes=[float])(x, y)


@equation(
    "QUOTIENT",
    title="Quotient, element by element",
    latex=r"z = \frac{x}{y}, \qquad \bar{x} = \frac{\bar{z}}{y}, "
    r"\qquad \bar{y} = -\frac{\bar{z} z}{y}",
    symbols=BINARY,
    source="definition",
    code="minigen.ops.elementwise.divide",
)
def quotient(x, y):
    return numpy.vectorize(lambda a, b: a / b, otypes=[float])(x, y)


@equation(
    "POWER",
    title="Power, element by element",
    latex=r"z = x^p, \qquad \bar{x} = \bar{z} p x^{p-1}, \qquad \bar{p} = \bar{z} z \log x",
    symbols={
        "x": "base, an array or a number; positive where p is not an integer",
        "p": "exponent, an array or a number",
        "z": "result, of the broadcast shape",
        r"\bar{z}": "cotangent of z, given",
        r"\bar{x}, \bar{p}": "cotangents of x and p",
    },
    source="definition",
    code="minigen.ops.elementwise.power",
)
def power(x, p):
    return numpy.vectorize(math.pow, otypes=[float])(x, p)


@equation(
    "EXP",
    title="Exponential function",
    latex=r"y = e^x, \qquad \bar{x} = \bar{y} y",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.exp",
)
def exp(x):
    return numpy.vectorize(math.exp, otypes=[float])(x)


@equation(
    "LOG",
    title="Natural logarithm",
    latex=r"y = \log x, \qquad \bar{x} = \frac{\bar{y}}{x}",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.log",
    wrong={
        "base_ten": Wrong(
            "the logarithm to base 10, which is what log means on a pocket calculator",
            lambda x: numpy.vectorize(math.log10, otypes=[float])(x),
        )
    },
    probes=((numpy.array([0.5, 2.0, 30.0]),),),
)
def log(x):
    return numpy.vectorize(math.log, otypes=[float])(x)


@equation(
    "LOG1P",
    title="Logarithm of 1 + x, exact for small x",
    latex=r"y = \log(1 + x), \qquad \bar{x} = \frac{\bar{y}}{1 + x}",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.log1p",
    wrong={
        "rounded": Wrong(
            "1 + x is rounded to 1 before the logarithm is taken, so a small x is lost",
            lambda x: numpy.vectorize(lambda v: math.log(1 + v), otypes=[float])(x),
        )
    },
    probes=((numpy.array([1e-17, 1e-9, 1.0]),),),
)
def log1p(x):
    return numpy.vectorize(math.log1p, otypes=[float])(x)


@equation(
    "SQRT",
    title="Square root",
    latex=r"y = \sqrt{x}, \qquad \bar{x} = \frac{\bar{y}}{2 y}",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.sqrt",
)
def sqrt(x):
    return numpy.vectorize(math.sqrt, otypes=[float])(x)


@equation(
    "SIN",
    title="Sine",
    latex=r"y = \sin x, \qquad \bar{x} = \bar{y} \cos x",
    symbols=UNARY | {"x": "angle in radians, an array of any shape"},
    source="definition",
    code="minigen.ops.elementwise.sin",
)
def sin(x):
    return numpy.vectorize(math.sin, otypes=[float])(x)


@equation(
    "COS",
    title="Cosine",
    latex=r"y = \cos x, \qquad \bar{x} = -\bar{y} \sin x",
    symbols=UNARY | {"x": "angle in radians, an array of any shape"},
    source="definition",
    code="minigen.ops.elementwise.cos",
)
def cos(x):
    return numpy.vectorize(math.cos, otypes=[float])(x)


@equation(
    "TANH",
    title="Hyperbolic tangent",
    latex=r"y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}, \qquad \bar{x} = \bar{y} (1 - y^2)",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.tanh",
)
def tanh(x):
    return numpy.vectorize(math.tanh, otypes=[float])(x)


@equation(
    "ERF",
    title="Error function",
    latex=r"y = \frac{2}{\sqrt{\pi}} \int_0^x e^{-t^2} \, dt, "
    r"\qquad \bar{x} = \bar{y} \frac{2}{\sqrt{\pi}} e^{-x^2}",
    symbols=UNARY | {"t": "variable of integration"},
    source="definition",
    code="minigen.ops.elementwise.erf",
    wrong={
        "normal_cdf": Wrong(
            "the distribution function of N(0, 1), which is (1 + erf(x / sqrt 2)) / 2",
            lambda x: numpy.vectorize(lambda v: 0.5 + 0.5 * math.erf(v / math.sqrt(2)))(x),
        )
    },
    probes=((numpy.array([-1.0, 0.3, 2.0]),),),
)
def erf(x):
    return numpy.vectorize(math.erf, otypes=[float])(x)


@equation(
    "ABS",
    title="Absolute value",
    latex=r"y = |x|, \qquad \bar{x} = \bar{y} \, \mathrm{sign}(x), \quad \mathrm{sign}(0) = 0",
    symbols=UNARY,
    source="definition",
    code="minigen.ops.elementwise.absolute",
)
def absolute(x):
    return numpy.vectorize(lambda v: v if v >= 0 else -v, otypes=[float])(x)


@equation(
    "MAXIMUM",
    title="The larger of two, element by element",
    latex=r"z = \max(x, y), \qquad \bar{x} = \bar{z} \left([x > y] + \tfrac{1}{2}[x = y]\right), "
    r"\qquad \bar{y} = \bar{z} \left([y > x] + \tfrac{1}{2}[x = y]\right)",
    symbols=BINARY | {"[c]": "1 where the condition c holds, else 0"},
    source="definition",
    code="minigen.ops.elementwise.maximum",
)
def maximum(x, y):
    return numpy.vectorize(lambda a, b: a if a > b else b, otypes=[float])(x, y)


@equation(
    "MINIMUM",
    title="The smaller of two, element by element",
    latex=r"z = \min(x, y) = -\max(-x, -y)",
    symbols=BINARY,
    source="definition",
    code="minigen.ops.elementwise.minimum",
)
def minimum(x, y):
    return numpy.vectorize(lambda a, b: a if a < b else b, otypes=[float])(x, y)


@equation(
    "CLIP",
    title="Values held between two bounds",
    latex=r"y = \min(\max(x, l), h), \qquad \bar{x} = \bar{y} \, [l \le x \le h]",
    symbols=UNARY
    | {"l, h": "lower and upper bound, numbers; either may be absent", "[c]": "1 where c holds"},
    source="definition",
    code="minigen.ops.elementwise.clip",
)
def clip(x, low=None, high=None):
    low = -math.inf if low is None else low
    high = math.inf if high is None else high
    return numpy.vectorize(lambda v: min(max(v, low), high), otypes=[float])(x)


@equation(
    "WHERE",
    title="Choice by a condition, element by element",
    latex=r"z = c \, x + (1 - c) \, y, \qquad \bar{x} = c \, \bar{z}, "
    r"\qquad \bar{y} = (1 - c) \, \bar{z}",
    symbols=BINARY | {"c": "condition, 1 (true) or 0 (false) for each element"},
    source="definition",
    code="minigen.ops.elementwise.where",
)
def where(condition, x, y):
    return numpy.vectorize(lambda c, a, b: a if c else b, otypes=[float])(condition, x, y)
