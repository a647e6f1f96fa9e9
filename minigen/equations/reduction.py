r"""Entries for sums, means, extremes and the exponential sums, over any axes.

Every transcription goes through the groups of elements that are reduced to one and hands each
group to a few lines of plain Python. A symbol with a bar is a cotangent.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation

SYMBOLS = {
    "x_i": "the elements of one group, those that differ only along the reduced axes",
    "y": "result, one number for each group",
    r"\bar{y}": "cotangent of y, given",
    r"\bar{x}_i": "cotangent of x_i, computed",
}
EACH = SYMBOLS | {"y_i": "result, of x's shape", r"\bar{y}_i": "cotangent of y_i, given"}
FAR = numpy.array([[-1000.0, -1001.0, -999.0], [1000.0, 1001.0, 999.0]])  # rows that are far apart
NEAR = numpy.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.4]])


def groups(x, axis):
    """The key of every group of elements that is reduced to one, and the shape with axes kept."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = [a % x.ndim for a in axes]
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    keys = [
        tuple(slice(None) if i in axes else slice(k, k + 1) for i, k in enumerate(index))
        for index in numpy.ndindex(kept)
    ]
    return keys, kept, tuple(n for i, n in enumerate(x.shape) if i not in axes)


def reduced(f, x, axis, keepdims):
    """f of every group, a list of floats, in the shape of the result."""
    x = numpy.asarray(x, float)
    keys, kept, shape = groups(x, axis)
    y = [f([float(v) for v in x[key].flat]) for key in keys]
    return numpy.array(y).reshape(kept if keepdims else shape)


def mapped(f, x, axis):
    """f of every group, itself a list of the group's length, put back in x's shape."""
    x = numpy.asarray(x, float)
    y = numpy.empty(x.shape)
    for key in groups(x, axis)[0]:
        y[key] = numpy.reshape(f([float(v) for v in x[key].flat]), x[key].shape)
    return y


def stable_log_sum(values):
    """log of the sum of e^v, the largest exponent being 0."""
    m = max(values)
    return m + math.log(math.fsum(math.exp(v - m) for v in values))


@equation(
    "SUM",
    title="Sum",
    latex=r"y = \sum_i x_i, \qquad \bar{x}_i = \bar{y}",
    symbols=SYMBOLS,
    source="definition",
    code="minigen.ops.reduction.reduce_sum",
)
def total(x, axis=None, keepdims=False):
    return reduced(math.fsum, x, axis, keepdims)


@equation(
    "MEAN",
    title="Mean",
    latex=r"y = \frac{1}{n} \sum_i x_i, \qquad \bar{x}_i = \frac{\bar{y}}{n}",
    symbols=SYMBOLS | {"n": "number of elements in a group"},
    source="definition",
    code="minigen.ops.reduction.mean",
)
def mean(x, axis=None, keepdims=False):
    return reduced(lambda v: math.fsum(v) / len(v), x, axis, keepdims)


def squares(values):
    """The sum of squared distances from the mean."""
    m = math.fsum(values) / len(values)
    return math.fsum((v - m) ** 2 for v in values)


@equation(
    "VAR",
    title="Variance",
    latex=r"y = \frac{1}{n - c} \sum_i (x_i - m)^2, \qquad m = \frac{1}{n} \sum_i x_i",
    symbols=SYMBOLS
    | {
        "n": "number of elements in a group",
        "c": "0 for the variance of these numbers, 1 for the unbiased estimate",
        "m": "mean of the group",
    },
    source="definition",
    code="minigen.ops.reduction.var",
    wrong={
        "other_correction": Wrong(
            "divides by n - 1 where n is meant: PyTorch's default against NumPy's",
            lambda x, axis=None, keepdims=False, correction=0: reduced(
                lambda v: squares(v) / (len(v) - 1 + correction), x, axis, keepdims
            ),
        ),
        "standard_deviation": Wrong(
            "the root of the variance, as where sigma and sigma squared are confused",
            lambda x, axis=None, keepdims=False, correction=0: reduced(
                lambda v: math.sqrt(squares(v) / (len(v) - correction)), x, axis, keepdims
            ),
        ),
    },
    probes=((NEAR, 0),),
)
def var(x, axis=None, keepdims=False, correction=0):
    return reduced(lambda v: squares(v) / (len(v) - correction), x, axis, keepdims)


@equation(
    "MAX",
    title="Maximum",
    latex=r"y = \max_i x_i, \qquad \bar{x}_i = \bar{y} \, \frac{[x_i = y]}{\sum_j [x_j = y]}",
    symbols=SYMBOLS | {"[c]": "1 where the condition c holds, else 0"},
    source="definition",
    code="minigen.ops.reduction.reduce_max",
)
def largest(x, axis=None, keepdims=False):
    return reduced(max, x, axis, keepdims)


@equation(
    "MIN",
    title="Minimum",
    latex=r"y = \min_i x_i = -\max_i (-x_i)",
    symbols=SYMBOLS,
    source="definition",
    code="minigen.ops.reduction.reduce_min",
)
def smallest(x, axis=None, keepdims=False):
    return reduced(min, x, axis, keepdims)


@equation(
    "LOGSUMEXP",
    title="Logarithm of a sum of exponentials",
    latex=r"y = \log \sum_i e^{x_i} = m + \log \sum_i e^{x_i - m}, \quad m = \max_i x_i, "
    r"\qquad \bar{x}_i = \bar{y} \, e^{x_i - y}",
    symbols=SYMBOLS | {"m": "largest element of the group"},
    source="definition",
    code="minigen.ops.reduction.logsumexp",
    wrong={
        "unshifted": Wrong(
            "without the shift by the maximum e^x overflows or is 0",
            lambda x, axis=-1, keepdims=False: numpy.log(
                numpy.exp(x).sum(axis=axis, keepdims=keepdims)
            ),
        )
    },
    probes=((FAR,),),
)
def logsumexp(x, axis=-1, keepdims=False):
    return reduced(stable_log_sum, x, axis, keepdims)


def shifted_by_global_maximum(x, axis=-1):
    e = numpy.exp(x - numpy.max(x))
    return e / e.sum(axis=axis, keepdims=True)


@equation(
    "SOFTMAX",
    title="Softmax, from scores to probabilities",
    latex=r"y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}, "
    r"\qquad \bar{x}_i = y_i \left(\bar{y}_i - \sum_j \bar{y}_j y_j\right)",
    symbols=EACH,
    source="definition",
    code="minigen.ops.reduction.softmax",
    wrong={
        "global_shift": Wrong(
            "the maximum of all rows is subtracted, so a row far below it becomes 0 / 0",
            shifted_by_global_maximum,
        ),
        "global_sum": Wrong(
            "all rows are normalised together, so no row adds up to 1",
            lambda x, axis=-1: numpy.exp(x - numpy.max(x)) / numpy.exp(x - numpy.max(x)).sum(),
        ),
    },
    probes=((NEAR,), (FAR,)),
)
def softmax(x, axis=-1):
    return mapped(lambda v: [math.exp(a - stable_log_sum(v)) for a in v], x, axis)


@equation(
    "LOGSOFTMAX",
    title="Logarithm of the softmax",
    latex=r"y_i = x_i - \log \sum_j e^{x_j}, "
    r"\qquad \bar{x}_i = \bar{y}_i - e^{y_i} \sum_j \bar{y}_j",
    symbols=EACH,
    source="definition",
    code="minigen.ops.reduction.log_softmax",
    wrong={
        "log_of_softmax": Wrong(
            "the logarithm of a probability that was rounded to 0",
            lambda x, axis=-1: numpy.log(shifted_by_global_maximum(x, axis)),
        )
    },
    probes=((numpy.array([0.0, 800.0]),),),
)
def log_softmax(x, axis=-1):
    return mapped(lambda v: [a - stable_log_sum(v) for a in v], x, axis)
