"""The gradients of every op, and the gradients of those gradients, held to differences.

The check that these tests rest on is itself tested in test_gradcheck.py, and the cases in
test_ops_mutation.py: each of them fails when a rule is wrong by a thousandth.
"""

import numpy as np
import pytest
from cases import CASES

from minigen import autograd
from minigen.backend import asarray
from minigen.creation import tensor
from minigen.gradcheck import gradcheck

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)


@every_case
def test_first_and_second_order(case, backend):
    function, arrays = case.call(case.values())
    assert gradcheck(function, *[asarray(a) for a in arrays], order=case.order)


@every_case
def test_full_jacobian(case, backend):
    function, arrays = case.call(case.values())
    assert gradcheck(function, *[asarray(a) for a in arrays], full_jacobian=True)


@every_case
def test_gradients_have_the_precision_of_their_inputs(case, backend):
    function, arrays = case.call(case.values())
    leaves = [tensor(asarray(a.astype("float32") if a.dtype.kind == "f" else a)) for a in arrays]
    wanted = [leaf for leaf in leaves if leaf.dtype.kind == "f"]
    for leaf in wanted:
        leaf.requires_grad = True
    y = function(*leaves)
    for each in y if isinstance(y, list) else [y]:
        each.backward(asarray(np.ones(each.shape, str(each.dtype))), retain_graph=True)
    for leaf in wanted:
        assert leaf.grad is not None
        assert leaf.grad.shape == leaf.shape
        assert leaf.grad.dtype == "float32"


@every_case
def test_going_back_once_more_finds_the_same(case, backend):
    """What the forward pass has kept stays as it was."""
    function, arrays = case.call(case.values())
    leaves = [tensor(asarray(a), requires_grad=a.dtype.kind == "f") for a in arrays]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    ys = results(function(*leaves))
    u = [asarray(np.random.default_rng(5).normal(size=y.shape)) for y in ys]
    for y, each in zip(ys, u, strict=True):
        first = [g.numpy().copy() for g in autograd.grad(y, wanted, each, retain_graph=True)]
        second = autograd.grad(y, wanted, each, retain_graph=True)
        for mine, theirs in zip(first, second, strict=True):
            np.testing.assert_array_equal(mine, theirs.numpy())


@every_case
def test_only_the_inputs_that_want_gradients_get_them(case, backend):
    """Each input alone, the others being plain arrays: the rules of the others stay unused."""
    function, arrays = case.call(case.values())
    arrays = [asarray(a) for a in arrays]
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    everything = [tensor(a, requires_grad=i in floats) for i, a in enumerate(arrays)]
    u = [np.random.default_rng(3).normal(size=y.shape) for y in results(function(*everything))]
    together = gradients(function, everything, [everything[i] for i in floats], u)
    for i, expected in zip(floats, together, strict=True):
        alone = [tensor(a, requires_grad=True) if j == i else a for j, a in enumerate(arrays)]
        (got,) = gradients(function, alone, [alone[i]], u)
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)


def results(y):
    return y if isinstance(y, list) else [y]


def gradients(function, inputs, wanted, cotangents):
    total = 0.0
    for y, u in zip(results(function(*inputs)), cotangents, strict=True):
        total = total + (y * asarray(u)).sum()
    return [g.numpy() for g in autograd.grad(total, wanted)]
