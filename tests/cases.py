"""One row for each way to call each op: the equation, the op, what goes in, the settings.

Whoever adds an op adds its rows here; every test in tests/engine then runs on them. The form of
a row and the makers of inputs are in case.py.
"""

import numpy as np
from case import anywhere, between, distinct, fixed, off_zero, positive, row, shifted
from image_cases import CONVOLUTION, NORMALISATION, POOLING
from sequence_cases import RECURRENT

from minigen import ops
from minigen.equations import REGISTER
from minigen.ops import activation

# ---------------------------------------------------------------- elementwise
BROADCASTS = [
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (4, 1)), ((1,), (2, 3)),
    ((), (3,)), ((2, 2), ()), ((), ()), ((1, 1), (1,)), ((2, 1), (1, 3)),
]  # fmt: skip


def binary(equation, function, left=anywhere, right=anywhere, **more):
    """Shapes that broadcast both ways, and a plain number on either side."""
    rows = [row(equation, function, left(*a), right(*b), **more) for a, b in BROADCASTS]
    rows.append(row(equation, function, left(2, 3), 1.7, **more))
    return [*rows, row(equation, function, 1.7, right(2, 3), **more)]


def unary(equation, function, maker=anywhere, **more):
    return [row(equation, function, maker(*s), **more) for s in ((2, 3), (), (1,), (2, 1, 2))]


MASK = fixed([[True, False, True], [False, True, True]])
ELEMENTWISE = [
    *unary("", ops.negative, oracle=np.negative),
    *binary("", ops.add, oracle=np.add),
    *binary("", ops.subtract, oracle=np.subtract),
    *binary("[E.PRODUCT]", ops.multiply),
    *binary("[E.QUOTIENT]", ops.divide, right=off_zero),
    *binary("[E.POWER]", ops.power, left=positive),
    *[row("[E.POWER]", ops.power, off_zero(2, 3), p) for p in (2, 3.0, -1, 1)],
    row("[E.POWER]", ops.power, fixed([0.0, -1.5, 2.0]), 0),
    row("[E.POWER]", ops.power, fixed([0.0, -1.5, 2.0]), 2),
    row("[E.POWER]", ops.power, 2, anywhere(3)),
    *unary("[E.EXP]", ops.exp),
    *unary("[E.LOG]", ops.log, positive),
    *unary("[E.LOG1P]", ops.log1p, positive),
    row("[E.LOG1P]", ops.log1p, fixed([-0.5, 1e-12, 3.0])),
    *unary("[E.SQRT]", ops.sqrt, positive),
    *unary("[E.SIN]", ops.sin),
    *unary("[E.COS]", ops.cos),
    *unary("[E.TANH]", ops.tanh),
    *unary("[E.ERF]", ops.erf),
    row("[E.ERF]", ops.erf, fixed([-5.5, -2.0, -0.3, 0.0, 0.4, 3.9, 4.2])),
    *unary("[E.ABS]", ops.absolute, off_zero),
    *binary("[E.MAXIMUM]", ops.maximum, distinct, shifted),
    *binary("[E.MINIMUM]", ops.minimum, distinct, shifted),
    row("[E.CLIP]", ops.clip, distinct(3, 4), low=-0.4, high=0.5),
    row("[E.CLIP]", ops.clip, distinct(3, 4), low=-0.4),
    row("[E.CLIP]", ops.clip, distinct(3, 4), high=0.5),
    row("[E.CLIP]", ops.clip, distinct(3, 4)),
    row("[E.CLIP]", ops.clip, distinct(3), low=10.0, high=11.0),
    row("[E.WHERE]", ops.where, MASK, anywhere(2, 3), anywhere(2, 3)),
    row("[E.WHERE]", ops.where, MASK, anywhere(3), anywhere(2, 1)),
    row("[E.WHERE]", ops.where, fixed([[True], [False]]), anywhere(3), anywhere()),
    row("[E.WHERE]", ops.where, MASK, 0.5, anywhere(2, 3)),
    row("[E.WHERE]", ops.where, MASK, anywhere(2, 3), 0.5),
    row("", ops.astype, anywhere(2, 3), oracle=lambda x, dtype: x.astype(dtype), dtype="float64"),
]

# ---------------------------------------------------------------- activation
SLOPES = [0.2, 1.0, 0.0, 2.5, -0.5]  # below zero: as in GANs, a line, ReLU, steeper, turned
ACTIVATION = [
    *unary("[E.RELU]", ops.relu, off_zero),
    *unary("[E.LEAKYRELU]", ops.leaky_relu, off_zero),
    *[row("[E.LEAKYRELU]", ops.leaky_relu, off_zero(2, 3), slope=slope) for slope in SLOPES],
    *[
        row("", activation.gate, anywhere(2, 3), oracle=lambda x, by, slope=0.0: np.where(
            by > 0, x, slope * x), by=np.array([[1.0, -1.0, 0.0], [2.0, 0.5, -3.0]]), **settings)
        for settings in ({}, *({"slope": slope} for slope in SLOPES))
    ],
    *unary("[E.ELU]", ops.elu, off_zero),
    row("[E.ELU]", ops.elu, off_zero(2, 3), alpha=0.5),
    *unary("[E.SIGMOID]", ops.sigmoid),
    *unary("[E.SOFTPLUS]", ops.softplus, off_zero),
    row("", ops.normal_cdf, anywhere(4), oracle=lambda x: 0.5 + REGISTER["ERF"].transcription(
        x / np.sqrt(2)) / 2),
    row("", ops.normal_pdf, anywhere(4), oracle=lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)),
    *unary("[E.GELU]", ops.gelu),
]  # fmt: skip

# ---------------------------------------------------------------- reduction
SEEN = np.array([[True, False, False, True], [False] * 4, [True] * 4])


def softmax_of_seen(x, mask):
    """Row by row, over the numbers that are seen alone."""
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape[:-1]):
        seen = mask[place[-1]]
        y[(*place, seen)] = np.exp(x[place][seen]) / np.exp(x[place][seen]).sum()
    return y


AXES = [
    ((2, 3, 4), None), ((2, 3, 4), 0), ((2, 3, 4), -1), ((2, 3, 4), (0, 2)), ((2, 3, 4), (-1, 1)),
    ((1, 3), 0), ((3, 1), 1), ((4,), 0), ((1, 1), (0, 1)),
]  # fmt: skip


def reductions(equation, function, maker=anywhere, **more):
    return [
        row(equation, function, maker(*shape), axis=axis, keepdims=keepdims, **more)
        for shape, axis in AXES
        for keepdims in (False, True)
    ]


REDUCTION = [
    *reductions("[E.SUM]", ops.reduce_sum),
    row("[E.SUM]", ops.reduce_sum, anywhere(2, 3), axis=()),
    row("[E.SUM]", ops.reduce_sum, anywhere()),
    *reductions("[E.MEAN]", ops.mean),
    *[
        row("[E.VAR]", ops.var, anywhere(2, 3, 4), axis=axis, keepdims=keepdims, correction=c)
        for axis in (None, 1, (0, -1))
        for keepdims in (False, True)
        for c in (0, 1)
    ],
    row("[E.VAR]", ops.var, anywhere(3, 1), axis=1),
    *reductions("[E.MAX]", ops.reduce_max, distinct),
    *reductions("[E.MIN]", ops.reduce_min, distinct),
    *reductions("[E.LOGSUMEXP]", ops.logsumexp),
    *[
        row(equation, function, anywhere(*shape), axis=axis)
        for equation, function in (("[E.SOFTMAX]", ops.softmax),
                                   ("[E.LOGSOFTMAX]", ops.log_softmax))
        for shape, axis in (((2, 3), -1), ((2, 3), 0), ((2, 3, 2), 1), ((2, 3, 2), (0, 2)),
                            ((4,), None), ((2, 3), None))
    ],
    row("[E.SOFTMAX]", ops.softmax, anywhere(3, 1)),
    row("[E.LOGSOFTMAX]", ops.log_softmax, anywhere(3, 1)),
    *[
        row("", ops.softmax_where, anywhere(*shape), oracle=softmax_of_seen, mask=SEEN)
        for shape in ((3, 4), (2, 3, 4))
    ],
]  # fmt: skip

# ---------------------------------------------------------------- shape
SHAPE = [
    *[
        row("", ops.reshape, anywhere(*s), oracle=np.reshape, shape=new)
        for s, new in (((2, 6), (3, 4)), ((2, 6), (-1,)), ((4,), (2, 1, 2)), ((1, 1), ()))
    ],
    *[row("", ops.flatten, anywhere(2, *s), oracle=lambda x: x.reshape(2, -1))
      for s in ((3,), (2, 3), (3, 2, 2))],
    *[row("", ops.unflatten, anywhere(2, 12), oracle=lambda x, shape: x.reshape(2, *shape), shape=s)
      for s in ((12,), (3, 4), (3, 2, 2), (1, 3, 4))],
    row("", ops.transpose, anywhere(2, 3, 4), oracle=np.transpose, axes=(2, 0, 1)),
    row("", ops.transpose, anywhere(2, 3, 4), oracle=np.transpose, axes=(0, -1, -2)),
    row("", ops.swapaxes, anywhere(2, 3, 4), oracle=lambda x, i, j: x.swapaxes(i, j), i=0, j=-1),
    row("", ops.broadcast_to, anywhere(3, 1), oracle=np.broadcast_to, shape=(2, 3, 4)),
    row("", ops.broadcast_to, anywhere(), oracle=np.broadcast_to, shape=(2, 1)),
    *[row("", ops.flip, anywhere(2, 3), oracle=np.flip, axis=a) for a in (0, -1, (0, 1))],
    *[
        row("", ops.repeat, anywhere(2, 3), oracle=np.repeat, repeats=n, axis=a)
        for n, a in ((2, 0), (3, -1), (1, 1))
    ],
    *[
        row("", ops.pad, anywhere(2, 3), widths=w, value=v,
            oracle=lambda x, widths, value: np.pad(x, widths, constant_values=value))
        for w, v in ((((1, 2), (0, 1)), 0.0), (((0, 0), (2, 0)), 1.5))
    ],
    *[
        row("", ops.concatenate, anywhere(2, 3), anywhere(*s), anywhere(2, 3), axis=a,
            oracle=np.concatenate, packed=True)
        for s, a in (((1, 3), 0), ((2, 2), 1), ((2, 2), -1))
    ],
    row("", ops.concatenate, anywhere(2), oracle=np.concatenate, packed=True),
    *[
        row("", ops.stack, anywhere(2, 3), anywhere(2, 3), oracle=np.stack, packed=True, axis=a)
        for a in (0, 1, -1)
    ],
    *[
        row("", ops.split, anywhere(4, 6), axis=a, parts=n,
            oracle=lambda x, parts, axis: np.split(x, parts, axis))
        for n, a in ((2, 0), (3, 1), (2, -1), (1, 0))
    ],
]  # fmt: skip

# ---------------------------------------------------------------- indexing
ROWS = np.array([2, 0, 2, -1])
KEYS = [
    1, -1, slice(1, None), slice(None, None, -1), slice(None, None, 2), slice(3, 0, -2), None, ...,
    (slice(None), 1), (..., 0), (..., None, slice(0, 2)), (1, 2, 3), (None, 1, None),
    ROWS, np.array([[0, 1], [1, 1]]), np.array(2), (ROWS, np.array([1, 1, 1, 0])),
    (slice(None), np.array([2, 2, 0])), (ROWS, slice(None, None, -1)),
    (slice(0, 2), None, np.array([0, 0])), (..., np.array([3, 3])), (0, slice(None), ROWS),
    np.arange(3) != 1, (slice(None), np.array([True, False, True])),
    (np.arange(3) != 1, 0, slice(0, 3)), np.arange(36).reshape(3, 3, 4) % 5 == 0, slice(0, 0),
]  # fmt: skip


def put_oracle(x, key, shape):
    positions = np.arange(np.prod(shape)).reshape(shape)[key]
    y = np.zeros(int(np.prod(shape)))
    for position, value in zip(np.ravel(positions), np.ravel(x), strict=True):
        y[position] += value
    return y.reshape(shape)


def put_rows_oracle(x, indices, rows):
    y = np.zeros((rows, x.shape[-1]))
    for index in np.ndindex(indices.shape):
        y[indices[index]] += x[index]
    return y


INDEXING = [
    *[row("[E.GETITEM]", ops.getitem, anywhere(3, 3, 4), key=k) for k in KEYS[:-1]],
    row("[E.GETITEM]", ops.getitem, anywhere(3, 3), key=KEYS[-1]),
    *[
        row("", ops.put, anywhere(*np.zeros((3, 3, 4))[k].shape), key=k, shape=(3, 3, 4),
            oracle=put_oracle)
        for k in (1, slice(None, None, -1), ROWS, (slice(None), np.array([2, 2, 0])), KEYS[-2])
    ],
    *[
        row("[E.EMBEDDING]", ops.embedding, anywhere(4, 2), fixed(i, dtype))
        for i, dtype in (([2, 0, 2], "int64"), ([[1, 1, 3], [3, 1, 0]], "int64"), (1, "int64"),
                         ([3, -1, 0, 0], "int32"), ([0, 1], "uint8"))
    ],
    row("[E.EMBEDDING]", ops.embedding, anywhere(256, 1), fixed([255, 0, 255], "uint8")),  # bytes
    *[
        row("", ops.put_rows, anywhere(*np.shape(i), 2), fixed(i), oracle=put_rows_oracle, rows=4)
        for i in ([2, 0, 2], [[1, 1, 3], [3, 1, 0]], 1)
    ],
]  # fmt: skip


# ---------------------------------------------------------------- linalg, likelihood
PRODUCTS = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 2)), ((5, 2, 3), (3,)), ((1, 1), (1, 1)), ((2, 5, 2, 3), (3, 1)),
]  # fmt: skip
LINALG = [
    *[row("[E.MATMUL]", ops.matmul, anywhere(*a), anywhere(*b)) for a, b in PRODUCTS],
    *[
        row("[E.LINEAR]", ops.linear, anywhere(*s), anywhere(out, 3), *bias)
        for s in ((4, 3), (3,), (2, 2, 3), (1, 3))
        for out in (2, 1)  # a single output has a faster rule of its own
        for bias in ((anywhere(out),), ())
    ],
]
LIKELIHOOD = [
    *[
        row("[E.BERNOULLI]", ops.bernoulli_log_prob, between(0, 1)(*s), off_zero(*s))
        for s in ((2, 3), (4, 1), (), (1,))
    ],
    row("[E.BERNOULLI]", ops.bernoulli_log_prob, fixed([0.0, 1.0, 1.0]), fixed([2.0, 2.0, -3.0])),
    row("[E.CROSSENTROPY]", ops.cross_entropy, anywhere(4, 3), fixed([2, 0, 1, 1])),
    row("[E.CROSSENTROPY]", ops.cross_entropy, anywhere(1, 5), fixed([4], "uint8")),
    row("[E.CROSSENTROPY]", ops.cross_entropy, anywhere(3, 1), fixed([0, 0, 0])),
]

CASES = [
    *ELEMENTWISE, *ACTIVATION, *REDUCTION, *SHAPE, *INDEXING, *LINALG, *CONVOLUTION, *RECURRENT,
    *POOLING, *NORMALISATION, *LIKELIHOOD,
]  # fmt: skip
