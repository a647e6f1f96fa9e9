"""Linear ops: <A x, y> = <x, Aᵀ y>, to rounding, for every case.

The gradient of an op that only moves or adds elements is its adjoint, whatever x is. This is an
exact identity, so it needs neither differences nor a step size.
"""

import numpy as np
import pytest
from cases import CASES

from minigen import autograd, ops
from minigen.backend import asarray, to_numpy
from minigen.creation import tensor

LINEAR = {
    "add", "astype", "broadcast_to", "concatenate", "embedding", "flatten", "flip", "gate",
    "getitem", "mean",
    "negative", "pad", "put", "put_rows", "reduce_sum", "repeat", "reshape", "split", "stack",
    "subtract", "swapaxes", "transpose", "unflatten", "where",
}  # fmt: skip
CASES_OF_LINEAR = [
    case
    for case in CASES
    if case.function.__name__ in LINEAR and not any(isinstance(v, float) for v in case.values())
]
every_linear_case = pytest.mark.parametrize("case", CASES_OF_LINEAR, ids=lambda case: case.label)


def results(y):
    return y if isinstance(y, list) else [y]


def drawn(rng, arrays):
    """Random arrays of the same shapes; integers and masks stay."""
    return [
        asarray(np.asarray(rng.normal(size=a.shape))) if a.dtype.kind == "f" else asarray(a)
        for a in arrays
    ]


def inner(xs, ys):
    return sum(float((to_numpy(x) * to_numpy(y)).sum()) for x, y in zip(xs, ys, strict=True))


def test_every_linear_op_is_here():
    assert {case.function.__name__ for case in CASES_OF_LINEAR} == LINEAR


@every_linear_case
def test_the_gradient_is_the_adjoint(case, backend):
    rng = np.random.default_rng(7)
    function, arrays = case.call(case.values())
    xs = drawn(rng, arrays)
    at_zero = [asarray(np.zeros(a.shape)) if a.dtype.kind == "f" else asarray(a) for a in arrays]
    constants = results(function(*[tensor(a) for a in at_zero]))  # the border that pad adds
    elsewhere = [
        tensor(a, requires_grad=a.dtype.kind == "f") for a in drawn(rng, arrays)
    ]  # Aᵀ must not depend on x
    outputs = results(function(*elsewhere))
    ys = [np.asarray(rng.normal(size=y.shape)) for y in outputs]
    wanted = [x for x in elsewhere if x.requires_grad]
    adjoint = [np.zeros(x.shape) for x in wanted]
    for y, u in zip(outputs, ys, strict=True):
        parts = autograd.grad(y, wanted, asarray(u), retain_graph=True)
        adjoint = [a + p.numpy() for a, p in zip(adjoint, parts, strict=True)]
    forward = [
        y.numpy() - c.numpy()
        for y, c in zip(results(function(*[tensor(x) for x in xs])), constants, strict=True)
    ]
    moved = [x for x in xs if x.dtype.kind == "f"]
    assert inner(forward, ys) == pytest.approx(inner(moved, adjoint), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("key", [np.array([2, 0, 2]), (slice(None), 1), np.arange(12) % 5 == 0])
def test_getitem_and_put_are_each_others_gradients(key, backend):
    shape = (12,) if len(key) == 12 else (3, 4)
    x = tensor(asarray(np.ones(shape)), requires_grad=True)
    key = asarray(key) if isinstance(key, np.ndarray) else key
    y = x[key]
    u = asarray(np.random.default_rng(1).normal(size=y.shape))
    expected = to_numpy(ops.put(u, key=key, shape=shape))
    assert np.array_equal(autograd.grad(y, x, u).numpy(), expected)
    v = tensor(u, requires_grad=True)
    g = autograd.grad(ops.put(v, key=key, shape=shape), v, x.array)
    assert np.array_equal(g.numpy(), to_numpy(ops.getitem(x.array, key=key)))
