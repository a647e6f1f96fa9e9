"""Only what is asked for is computed and kept.

No gradient for data and frozen weights, none outside the path from the result to the tensors
that were named, and no values in the graph that no rule will read.
"""

import weakref
from collections import Counter

import numpy as np
import pytest

import minigen
from minigen import GraphError, no_grad, ops, tensor
from minigen.autograd import is_recording
from minigen.nn import Parameter
from minigen.ops.linalg import _linear


@pytest.fixture
def calls(monkeypatch):
    """How often each rule ran, by primitive and argument."""
    counter = Counter()

    def count(primitive):
        for index, rule in list(primitive.rules.items()):

            def counted(*args, rule=rule, index=index, **settings):
                counter[primitive.name, primitive.argument_name(index)] += 1
                return rule(*args, **settings)

            monkeypatch.setitem(primitive.rules, index, counted)

    for primitive in (ops.multiply, ops.exp, ops.tanh, _linear, ops.power):
        count(primitive)
    return counter


def leaf(values):
    return tensor(values, dtype="float64", requires_grad=True)


def test_no_rule_runs_for_data_and_for_numbers(calls):
    x, w = tensor(np.ones(3)), leaf([1.0, 2.0, 3.0])
    ((x * w) ** 2).sum().backward()
    assert calls == {("multiply", "y"): 1, ("power", "x"): 1}


def test_no_rule_runs_for_frozen_weights(calls):
    x = leaf(np.ones((2, 3)))
    weight, bias = Parameter(np.ones((4, 3))), Parameter(np.ones(4))
    weight.requires_grad = False
    ops.linear(x, weight, bias).sum().backward()
    assert calls == {("linear", "x"): 1, ("linear", "bias"): 1}
    assert weight.grad is None and bias.grad.numpy().tolist() == [2.0] * 4


def test_no_rule_runs_below_frozen_weights(calls):
    """The first layer of a frozen net fed with data records nothing at all."""
    weight = Parameter(np.ones((4, 3)))
    weight.requires_grad = False
    hidden = minigen.tanh(ops.linear(tensor(np.ones((2, 3))), weight, tensor(np.ones(4))))
    (hidden * leaf(2.0)).sum().backward()
    assert calls == {("multiply", "y"): 1}
    assert hidden.node is None


def test_grad_runs_only_what_leads_from_the_result_to_x(calls):
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (minigen.exp(x) * minigen.tanh(w)).sum()
    minigen.grad(y, x)
    assert calls == {("multiply", "x"): 1, ("exp", "x"): 1}


def test_grad_stops_at_a_value_in_between(calls):
    x = leaf([1.0, 2.0])
    h = minigen.exp(x)
    minigen.grad(minigen.tanh(h).sum(), h)
    assert calls == {("tanh", "x"): 1}


def test_backward_into_chosen_leaves_runs_only_their_rules(calls):
    x, w = leaf([1.0]), leaf([2.0])
    (minigen.exp(x) * w).backward(inputs=[w])
    assert calls == {("multiply", "y"): 1}


def test_detach_stops_gradients(calls):
    x = leaf([1.0, 2.0])
    (minigen.exp(x).detach() * x).sum().backward()
    assert calls == {("multiply", "y"): 1}
    assert x.grad.numpy() == pytest.approx(np.exp([1.0, 2.0]))


# ---------------------------------------------------------------- no_grad
def test_nothing_is_recorded_under_no_grad():
    x = leaf(2.0)
    with no_grad():
        assert not is_recording()
        y = x * x
    assert is_recording()
    assert y.node is None and not y.requires_grad
    with pytest.raises(GraphError, match="no_grad"):
        y.backward()


def test_no_grad_ends_with_its_block_also_after_an_error():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert is_recording()
    with no_grad():
        with no_grad():
            pass
        assert not is_recording()


# ---------------------------------------------------------------- what the graph keeps
def is_kept(make):
    """Whether the array of ``h`` lives on once only the graph could hold it."""
    h, result = make()
    array = weakref.ref(h.array)
    del h
    assert result.requires_grad
    return array() is not None


def after(function):
    """A value h in the middle of a graph, and function(h)."""

    def make():
        h = leaf([0.5, 1.0, 1.5]) * 2.0
        return h, function(h)

    return make


@pytest.mark.parametrize(
    "function",
    [
        lambda h: h + 1.0,
        lambda h: h - leaf([1.0, 2.0, 3.0]),
        lambda h: -h,
        lambda h: 3.0 * h,
        lambda h: minigen.exp(h),
        lambda h: minigen.tanh(h),
        lambda h: minigen.sigmoid(h),
        lambda h: minigen.relu(h),
        lambda h: minigen.softmax(h),
        lambda h: h.sum(),
        lambda h: h.mean(keepdims=True),
        lambda h: ops.concatenate([h, h]),
        lambda h: ops.pad(h, widths=((1, 1),)),
        lambda h: h[np.array([0, 0])],
    ],
)
def test_values_that_no_rule_reads_are_let_go(function):
    assert not is_kept(after(function))


@pytest.mark.parametrize(
    "function", [lambda h: minigen.log(h), lambda h: h * h, lambda h: minigen.gelu(h)]
)
def test_values_that_a_rule_reads_are_kept(function):
    assert is_kept(after(function))


def test_the_factor_of_a_frozen_value_is_let_go():
    """y = h w with w frozen: h's gradient reads w, and nobody reads h."""

    def make():
        h = leaf([1.0, 2.0]) * 2.0
        return h, h * tensor([3.0, 4.0], dtype="float64")

    assert not is_kept(make)


def test_noise_that_is_only_added_is_let_go():
    def make():
        noise = tensor(np.ones(4))
        return noise, leaf(np.zeros(4)) + noise

    assert not is_kept(make)


def test_a_backward_pass_frees_what_the_graph_kept():
    h = leaf([1.0, 2.0]) * 2.0
    y = (h * h).sum()
    array = weakref.ref(h.array)
    del h
    assert array() is not None
    y.backward()
    assert array() is None


def test_a_graph_does_not_keep_its_leaves_alive():
    x = leaf([1.0, 2.0])
    y = x + 1.0
    gone = weakref.ref(x)
    del x
    assert gone() is None
    assert y.requires_grad
