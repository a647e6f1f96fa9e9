r"""Entries for picking elements by position.

The transcriptions copy one element after the other, from the place that the position names.
"""

import numpy

from minigen.equations.equation import Wrong, equation


@equation(
    "GETITEM",
    title="Picking elements by position",
    latex=r"y_i = x_{k(i)}, \qquad \bar{x}_j = \sum_{i \,:\, k(i) = j} \bar{y}_i",
    symbols={
        "x": "array that is picked from",
        "k": "key: the position in x of each element of the result; positions may repeat",
        "y": "result",
        r"\bar{y}": "cotangent of y, given",
        r"\bar{x}_j": "cotangent of x's element j: the sum over all picks of it",
    },
    source="definition",
    code="minigen.ops.indexing.getitem",
)
def getitem(x, key):
    x = numpy.asarray(x, float)
    positions = numpy.arange(x.size).reshape(x.shape)[key]
    flat = [float(v) for v in x.flat]
    picked = [flat[k] for k in numpy.ravel(positions)]
    return numpy.array(picked).reshape(numpy.shape(positions))


@equation(
    "EMBEDDING",
    title="Embedding: a row for each symbol",
    latex=r"y_i = W_{k_i}, \qquad \bar{W}_v = \sum_{i \,:\, k_i = v} \bar{y}_i",
    symbols={
        "W": "weight (v, d), one row for each of v symbols",
        "k_i": "the i-th symbol, an integer in 0..v-1",
        "y_i": "result, row i of (..., d)",
        r"\bar{y}_i": "cotangent of y_i, given",
        r"\bar{W}_v": "cotangent of row v: the sum over all its uses",
    },
    source="definition",
    code="minigen.ops.indexing.embedding",
    wrong={
        "counted_from_one": Wrong(
            "symbols counted from 1, as in Torch before PyTorch",
            lambda weight, indices: weight[indices - 1],
        )
    },
    probes=((numpy.arange(6.0).reshape(3, 2), numpy.array([0, 2, 2])),),
)
def embedding(weight, indices):
    indices = numpy.asarray(indices)
    rows = [[float(v) for v in weight[int(k)]] for k in indices.flat]
    return numpy.array(rows).reshape((*indices.shape, numpy.shape(weight)[1]))
