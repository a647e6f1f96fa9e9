r"""Entries for activation functions.

The transcriptions are the textbook formulas, one element after the other with Python's
``math``, each arranged only so far that no argument overflows. The wrong variants are what
published code has computed under these names.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation

SYMBOLS = {
    "x": "argument, an array of any shape",
    "y": "result, of x's shape",
    r"\bar{y}": "cotangent of y, given",
    r"\bar{x}": "cotangent of x, computed",
}


def each(f, x):
    """f of every element, a Python float at a time."""
    return numpy.vectorize(f, otypes=[float])(x)


@equation(
    "RELU",
    title="Rectified linear unit",
    latex=r"y = \max(x, 0), \qquad \bar{x} = \bar{y} \, [y > 0]",
    symbols=SYMBOLS | {"[c]": "1 where the condition c holds, else 0"},
    source="Nair and Hinton 2010",
    code="minigen.ops.activation.relu",
)
def relu(x):
    return each(lambda v: v if v > 0 else 0.0, x)


@equation(
    "LEAKYRELU",
    title="Leaky rectified linear unit",
    latex=r"y = \max(x, 0) + s \min(x, 0), "
    r"\qquad \bar{x} = \bar{y} \left([x > 0] + s \, [x \le 0]\right)",
    symbols=SYMBOLS | {"s": "slope on the negative side, a number", "[c]": "1 where c holds"},
    source="Maas, Hannun and Ng 2013",
    code="minigen.ops.activation.leaky_relu",
    wrong={
        "slope_of_absolute": Wrong(
            "max(x, 0) + s |x| also steepens the positive side",
            lambda x, slope=0.01: each(lambda v: max(v, 0.0) + slope * abs(v), x),
        )
    },
    probes=((numpy.array([-2.0, 3.0]),),),
)
def leaky_relu(x, slope=0.01):
    return each(lambda v: v if v > 0 else slope * v, x)


@equation(
    "ELU",
    title="Exponential linear unit",
    latex=r"y = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}, \qquad "
    r"\bar{x} = \bar{y} \begin{cases} 1 & x > 0 \\ y + \alpha & x \le 0 \end{cases}",
    symbols=SYMBOLS | {r"\alpha": "minus the limit on the negative side, a number > 0"},
    source="Clevert, Unterthiner and Hochreiter 2016, equation 15",
    code="minigen.ops.activation.elu",
    wrong={
        "alpha_inside": Wrong(
            "alpha e^x - 1 jumps at 0 unless alpha is 1",
            lambda x, alpha=1.0: each(lambda v: v if v > 0 else alpha * math.exp(v) - 1, x),
        )
    },
    probes=((numpy.array([-1.0, -0.1, 2.0]), 0.5),),
)
def elu(x, alpha=1.0):
    return each(lambda v: v if v > 0 else alpha * (math.exp(v) - 1), x)


@equation(
    "SIGMOID",
    title="Logistic sigmoid",
    latex=r"y = \frac{1}{1 + e^{-x}} = \tfrac{1}{2}\left(1 + \tanh \tfrac{x}{2}\right), "
    r"\qquad \bar{x} = \bar{y} \, y (1 - y)",
    symbols=SYMBOLS,
    source="definition",
    code="minigen.ops.activation.sigmoid",
    wrong={
        "twice_as_steep": Wrong(
            "(1 + tanh x) / 2 is the sigmoid of 2x",
            lambda x: each(lambda v: 0.5 * (math.tanh(v) + 1), x),
        ),
        "clipped": Wrong(
            "x is clipped to +-20 first, which makes the tail flat",
            lambda x: each(lambda v: 1 / (1 + math.exp(-min(max(v, -20.0), 20.0))), x),
        ),
    },
    probes=((numpy.array([-30.0, -1.0, 2.0]),),),
)
def sigmoid(x):
    def one(v):
        return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))

    return each(one, x)


@equation(
    "SOFTPLUS",
    title="Softplus, a smooth rectifier",
    latex=r"y = \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|}), "
    r"\qquad \bar{x} = \frac{\bar{y}}{1 + e^{-x}}",
    symbols=SYMBOLS,
    source="definition",
    code="minigen.ops.activation.softplus",
    wrong={
        "overflows": Wrong(
            "log(1 + e^x) as it stands: e^x overflows, though y is about x there",
            lambda x: numpy.log(1 + numpy.exp(numpy.asarray(x, float))),
        ),
        "rounded": Wrong(
            "1 + e^x is rounded to 1 far out on the negative side, and y to 0",
            lambda x: each(lambda v: math.log(1 + math.exp(v)) if v < 700 else v, x),
        ),
    },
    probes=((numpy.array([-50.0, -1.0, 2.0, 1000.0]),),),
)
def softplus(x):
    return each(lambda v: max(v, 0.0) + math.log1p(math.exp(-abs(v))), x)


@equation(
    "GELU",
    title="Gaussian error linear unit",
    latex=r"y = x \, \Phi(x), \qquad \bar{x} = \bar{y} \left(\Phi(x) + x \varphi(x)\right), "
    r"\qquad \Phi(x) = \tfrac{1}{2}\left(1 + \mathrm{erf} \tfrac{x}{\sqrt{2}}\right), "
    r"\qquad \varphi(x) = \frac{e^{-x^2/2}}{\sqrt{2\pi}}",
    symbols=SYMBOLS
    | {r"\Phi": "distribution function of N(0, 1)", r"\varphi": "density of N(0, 1)"},
    source="Hendrycks and Gimpel 2016, section 2",
    code="minigen.ops.activation.gelu",
    wrong={
        "tanh_fit": Wrong(
            "the approximation by tanh, off by up to 5e-4",
            lambda x: each(
                lambda v: 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))),
                x,
            ),
        ),
        "sigmoid_fit": Wrong(
            "the approximation x sigmoid(1.702 x), off by up to 2e-2",
            lambda x: each(lambda v: v / (1 + math.exp(-1.702 * v)), x),
        ),
    },
    probes=((numpy.array([-2.2, -1.0, 0.5, 2.2]),),),
)
def gelu(x):
    return each(lambda v: v * 0.5 * math.erfc(-v / math.sqrt(2)), x)
