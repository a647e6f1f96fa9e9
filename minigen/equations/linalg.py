r"""Entries for matrix products, written as explicit loops over every element.

A symbol with a bar is a cotangent: \bar{C} is what the code calls gc.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation

SQUARE = (numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.array([[0.5, -1.0], [2.0, 1.5]]))


@equation(
    "MATMUL",
    title="Matrix product",
    latex=r"C_{ij} = \sum_k A_{ik} B_{kj}, \qquad \bar{A} = \bar{C} B^\top, "
    r"\qquad \bar{B} = A^\top \bar{C}",
    symbols={
        "A": "matrix (n, k), or a stack of them, or a row (k,)",
        "B": "matrix (k, m), or a stack of them, or a column (k,)",
        "C": "result (n, m), with the stacks' leading axes broadcast",
        r"\bar{C}": "cotangent of C, given",
        r"\bar{A}, \bar{B}": "cotangents of A and B, computed",
    },
    source="definition",
    code="minigen.ops.linalg.matmul",
    wrong={
        "elementwise": Wrong("the product element by element", lambda a, b: a * b),
        "transposed": Wrong("A times B transposed", lambda a, b: a @ b.T),
    },
    probes=(SQUARE,),
)
def matmul(a, b):
    a, b = numpy.asarray(a, float), numpy.asarray(b, float)
    rows = a[None, :] if a.ndim == 1 else a
    columns = b[:, None] if b.ndim == 1 else b
    lead = numpy.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = numpy.broadcast_to(rows, lead + rows.shape[-2:])
    columns = numpy.broadcast_to(columns, lead + columns.shape[-2:])
    c = numpy.zeros((*lead, rows.shape[-2], columns.shape[-1]))
    for *where, i, j in numpy.ndindex(c.shape):
        row, column = rows[(*where, i)], columns[(*where, slice(None), j)]
        c[(*where, i, j)] = math.fsum(float(u) * float(v) for u, v in zip(row, column, strict=True))
    if a.ndim == 1:
        c = c[..., 0, :]
    return c[..., 0] if b.ndim == 1 else c


@equation(
    "LINEAR",
    title="Dense layer",
    latex=r"y_o = \sum_i W_{oi} x_i + b_o, \qquad \bar{x} = \bar{y} W, "
    r"\qquad \bar{W} = \bar{y}^\top x, \qquad \bar{b} = \sum_n \bar{y}_n",
    symbols={
        "x": "input (..., in), one row for each example n",
        "W": "weight (out, in)",
        "b": "bias (out,), or none",
        "y": "result (..., out)",
        r"\bar{y}": "cotangent of y, given",
        r"\bar{x}, \bar{W}, \bar{b}": "cotangents of x, W and b, computed",
    },
    source="definition",
    code="minigen.ops.linalg.linear",
    wrong={
        "weight_in_out": Wrong(
            "the weight laid out (in, out), as in Keras", lambda x, weight, bias: x @ weight + bias
        ),
        "bias_forgotten": Wrong("the bias is left out", lambda x, weight, bias: x @ weight.T),
    },
    probes=((*SQUARE, numpy.array([0.3, -0.2])),),
)
def linear(x, weight, bias=None):
    x = numpy.asarray(x, float)
    y = numpy.zeros((*x.shape[:-1], len(weight)))
    for *where, o in numpy.ndindex(y.shape):
        terms = [float(v) * float(w) for v, w in zip(x[tuple(where)], weight[o], strict=True)]
        y[(*where, o)] = math.fsum(terms) + (0.0 if bias is None else float(bias[o]))
    return y
