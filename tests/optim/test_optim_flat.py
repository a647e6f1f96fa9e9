"""The flat buffers: views, gathering, what they refuse, and a backend other than NumPy."""

from types import SimpleNamespace

import numpy as np
import pytest
from optim_cases import flat, give_gradients, parameters, random_gradients, walk

import minigen
from minigen.backend import BackendError, modules
from minigen.nn import Parameter
from minigen.optim import SGD, Adam, FlatParameters, UpdateRule
from minigen.tensor import Tensor


def test_parameters_become_views():
    params = parameters()
    before = flat(params)
    buffers = FlatParameters(p for p in params)
    assert all(p.array.base is buffers.theta for p in params)
    np.testing.assert_array_equal(flat(params), before)
    np.testing.assert_array_equal(buffers.theta, before)
    buffers.theta[:] = np.arange(24)
    np.testing.assert_array_equal(flat(params), np.arange(24))
    params[0].assign(np.full((3, 4), 7.0))  # and the other way round
    np.testing.assert_array_equal(buffers.theta[:12], 7.0)


def test_gradients_come_in_order_and_uncopied():
    params = parameters()
    buffers = FlatParameters(params)
    give_gradients(params, np.arange(24))
    vectors = buffers.gradients()
    np.testing.assert_array_equal(np.concatenate(vectors), np.arange(24))
    assert all(np.shares_memory(v, p.grad.array) for v, p in zip(vectors, params, strict=True))


def test_pieces_cover_every_stretch_of_theta():
    """Copied piece by piece, the gradients stand where their parameters stand."""
    params = parameters()
    buffers = FlatParameters(params)
    give_gradients(params, np.arange(24))
    vectors = buffers.gradients()
    for begin in range(24):
        for end in range(begin + 1, 25):
            g = np.full(end - begin, -1.0)
            for i, elements, place in buffers.pieces(begin, end):
                g[place] = vectors[i][elements]
            np.testing.assert_array_equal(g, np.arange(begin, end))


def test_changed_counts_every_parameter():
    params = parameters()
    buffers = FlatParameters(params)
    before = [p.version[0] for p in params]
    buffers.changed()
    assert [p.version[0] for p in params] == [n + 1 for n in before]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (lambda: [], ValueError, r"at least one parameter; got none"),
        (lambda: Parameter([1.0]), TypeError, r"a list of parameters; got one Parameter"),
        (lambda: 3, TypeError, r"a list of parameters; got one int"),
        (lambda: [Tensor(np.ones(2))], TypeError, r"params\[0\] is a Tensor"),
        (lambda: [Parameter([1.0], "w")] * 2, ValueError, r"params\[1\] 'w' \(1,\) already stands"),
        (
            lambda: [Parameter([1.0]), Parameter(np.ones(2), "w")],
            TypeError,
            r"params\[0\] \(1,\) is float32 and params\[1\] 'w' \(2,\) is float64",
        ),
    ],
)
def test_what_is_refused(params, error, message):
    with pytest.raises(error, match=message):
        FlatParameters(params())


def test_integer_parameters_are_refused():
    p = Parameter([1.0])
    p.array = np.ones(1, dtype="int64")
    with pytest.raises(TypeError, match=r"params\[0\] \(1,\) is int64"):
        FlatParameters([p])


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (None, r"params\[1\] 'p1' \(5,\) has none: it took no part in the loss, it is frozen"),
        (Tensor(np.ones((5, 1))), r"of params\[1\] 'p1' \(5,\) must be .* got float64 .* \(5, 1\)"),
        (Tensor(np.ones(5, "float32")), r"must be a float64 ndarray of its shape; got float32"),
        ([1.0] * 5, r"got  list ; let backward\(\) fill p.grad"),
    ],
)
def test_gradients_that_step_refuses(grad, message):
    params = parameters()
    rule = Adam(params, 0.1)
    walk(rule, random_gradients(1))
    params[1].grad = grad
    before, state = flat(params), rule.state_dict()
    with pytest.raises(ValueError, match=message):
        rule.step()
    np.testing.assert_array_equal(flat(params), before)  # nothing has moved
    assert rule.t == 1
    np.testing.assert_array_equal(rule.state["m"], state["m"])


def test_frozen_parameters_have_no_gradient():
    frozen, free = Parameter([1.0]), Parameter([2.0])
    frozen.requires_grad = False
    (frozen * free).sum().backward()
    with pytest.raises(ValueError, match=r"params\[0\] \(1,\) has none"):
        SGD([frozen, free], 0.1).step()


def test_a_second_rule_takes_the_parameters_over():
    params = parameters()
    first = SGD(params, 0.1)
    second = SGD(params[:1], 0.1)
    give_gradients(params, np.ones(24))
    second.step()
    with pytest.raises(RuntimeError, match=r"params\[0\] 'p0' \(3, 4\) no longer lives"):
        first.step()


def test_a_failed_constructor_takes_nothing_over():
    params = parameters()
    first = SGD(params, 0.1)
    for make in (lambda: Adam(params, -1.0), lambda: Adam(params, 0.1, 2.0)):
        with pytest.raises(ValueError, match="Adam"):
            make()
    give_gradients(params, np.ones(24))
    first.step()


class Double(np.ndarray):
    """Arrays that stand for those of a device: another type, another module."""


@pytest.fixture
def double(monkeypatch):
    module = SimpleNamespace(
        __name__="double",
        empty=lambda n, dtype: np.empty(n, dtype).view(Double),
        zeros=lambda n, dtype: np.zeros(n, dtype).view(Double),
        full=lambda n, value, dtype: np.full(n, value, dtype).view(Double),
        sqrt=np.sqrt,
    )
    monkeypatch.setitem(modules.MODULE_OF_TYPE, Double, module)
    return lambda p: setattr(p, "array", p.array.view(Double))


def test_another_backend_gets_one_block(double, monkeypatch):
    """[E.ADAM] Long vectors on a device; the same numbers."""
    monkeypatch.setattr(UpdateRule, "block_size", 7)
    gradients = random_gradients(5)
    expected = walk(Adam(parameters(), 0.1), gradients)
    params = parameters()
    for p in params:
        double(p)
    rule = Adam(params, 0.1)
    for g in gradients:
        give_gradients(params, g)
        for p in params:
            double(p.grad)
        rule.step()
    assert type(rule.flat.theta) is Double and len(rule._blocks) == 1
    assert len(Adam(parameters(), 0.1)._blocks) == 4
    np.testing.assert_array_equal(np.asarray(rule.flat.theta), expected[-1])


def test_mixed_backends_are_refused(double):
    params = parameters()
    double(params[2])
    with pytest.raises(BackendError, match=r"'p0' \(3, 4\) is on numpy and params\[2\] .* double"):
        FlatParameters(params)
    rule = SGD(params[:1], 0.1)
    give_gradients(params[:1], np.ones(12))
    double(params[0].grad)
    with pytest.raises(ValueError, match=r"must be a float64 ndarray .* got float64 Double"):
        rule.step()


def test_through_the_engine():
    """[E.SGD] backward fills the gradients, step moves the parameters that it used."""
    weight, bias = Parameter(np.array([[1.0, 2.0]]), "weight"), Parameter(np.array([0.5]), "bias")
    rule = SGD([weight, bias], 0.1)
    x = minigen.tensor(np.array([[3.0, -1.0]]))
    y = (x @ weight.T + bias).sum()
    y.backward()
    rule.step()
    np.testing.assert_allclose(weight.numpy(), [[0.7, 2.1]], rtol=1e-15)
    np.testing.assert_allclose(bias.numpy(), [0.4], rtol=1e-15)
