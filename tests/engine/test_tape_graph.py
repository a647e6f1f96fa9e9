"""The walk back through the graph: right for values used again, however deep or wide it is.

Engines have gone wrong here by enumerating paths instead of nodes, by recursion, and by adding
to intermediate gradients that an earlier backward pass had left behind.
"""

import weakref

import numpy as np
import pytest

import minigen
from minigen import GraphError, ops, tensor
from minigen.autograd import primitive


def leaf(values, dtype="float64"):
    return tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- values used again
def test_a_value_used_twice_sixty_times_over(monkeypatch):
    """2^60 paths lead back to x, through 60 nodes: the time must go with the nodes."""
    calls = []
    for index, rule in list(ops.add.rules.items()):
        counted = lambda *args, rule=rule: calls.append(1) or rule(*args)  # noqa: E731
        monkeypatch.setitem(ops.add.rules, index, counted)
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert y.item() == 2.0**60
    assert x.grad.item() == 2.0**60
    assert len(calls) == 120


def test_a_value_used_at_different_depths():
    x = leaf(3.0)
    square = x * x
    y = square * x + square  # x³ + x²
    y.backward()
    assert x.grad.item() == 3 * 9 + 2 * 3


def test_random_graphs_agree_with_differences():
    """Forty graphs in which each new value uses two earlier ones, whichever chance picks."""
    for seed in range(40):
        choice = np.random.default_rng(seed)
        picks = choice.integers(0, 100, (12, 3))

        def f(x, y, picks=picks):
            values = [x, y]
            for a, b, op in picks:
                u, v = values[a % len(values)], values[b % len(values)]
                values.append([u + v, u * v, minigen.tanh(u) - v, minigen.sin(u)][op % 4] * 0.7)
            return values[-1] + values[-3]

        assert minigen.gradcheck(f, np.array([0.3, -0.4]), np.array([0.5, 0.2]), order=2)


# ---------------------------------------------------------------- deep and wide
def test_fifty_thousand_operations_deep():
    """Neither the walk nor the end of the graph may recurse."""
    x = leaf([1.0, 2.0])
    y = x
    for _ in range(50_000):
        y = y + 0.001
    y.sum().backward(retain_graph=True)
    assert x.grad.numpy().tolist() == [1.0, 1.0]
    assert y.numpy() == pytest.approx([51.0, 52.0])
    del y  # the last holder of the whole chain
    assert x.grad.numpy().tolist() == [1.0, 1.0]


def test_two_thousand_branches_wide():
    x = leaf(np.linspace(-1, 1, 2000))
    parts = [x[i : i + 1] * float(i) for i in range(2000)]
    ops.concatenate(parts).sum().backward()
    assert np.array_equal(x.grad.numpy(), np.arange(2000.0))


# ---------------------------------------------------------------- once, or twice on purpose
def test_a_second_backward_through_a_freed_graph_is_an_error():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(GraphError, match="graph through multiply was already used and freed"):
        y.backward()
    assert x.grad.item() == 4.0  # the second call changed nothing


def test_a_freed_part_shared_by_two_results_is_an_error():
    x = leaf(2.0)
    shared = x * x
    minigen.exp(shared).backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        minigen.sin(shared).backward()


def test_a_retained_graph_gives_the_same_gradient_each_time():
    """Leaves add up over calls; values in between must not."""
    x = leaf(2.0)
    y = (x * x) * 3.0
    for times in (1, 2, 3):
        y.backward(retain_graph=True)
        assert x.grad.item() == times * 12.0
    y.backward()
    assert x.grad.item() == 48.0


def test_what_a_forward_pass_has_kept_goes_with_the_graph():
    """The loss may be kept, for a curve: what it was computed from must not stay with it."""
    y = minigen.cross_entropy(leaf([[1.0, 2.0]]), np.array([1]))
    kept = weakref.ref(y.node.settings["trace"])
    y.backward(retain_graph=True)
    assert kept() is not None
    y.backward()
    assert kept() is None


def test_gradients_add_up_over_graphs_until_they_are_forgotten():
    x = leaf(2.0)
    (x * x).backward()
    (5 * x).backward()
    assert x.grad.item() == 9.0
    x.grad = None
    (5 * x).backward()
    assert x.grad.item() == 5.0


def test_create_graph_retains_and_can_be_differentiated_again():
    x = leaf(2.0)
    h = x * x
    y = h * x
    y.backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.backward()  # leads through h, the part of the graph that must have been retained
    assert first.item() == 12.0
    assert x.grad.item() == 12.0  # d(3x²)/dx = 6x


def test_third_derivatives():
    x = leaf(0.7)
    y = minigen.sin(x)
    for expected in (np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7)):
        y = minigen.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-14)


# ---------------------------------------------------------------- grad
def test_grad_touches_no_grad_attribute():
    x, w = leaf(2.0), leaf(3.0)
    w.grad = tensor(7.0, dtype="float64")
    assert minigen.grad(x * w, x).item() == 3.0
    assert x.grad is None
    assert w.grad.item() == 7.0


def test_grad_with_respect_to_several_and_to_values_in_between():
    x, w = leaf(2.0), leaf(3.0)
    h = x * w
    y = h * h * w
    gx, gh, gw, gy = minigen.grad(y, [x, h, w, y])
    assert (gx.item(), gh.item(), gw.item(), gy.item()) == (108.0, 36.0, 108.0, 1.0)


def test_grad_of_what_does_not_depend_on_x():
    x, unused = leaf([1.0, 2.0]), leaf([[1.0]], "float32")
    y = (x * x).sum()
    with pytest.raises(GraphError, match=r"y does not depend on x\[1\], shape \(1, 1\)"):
        minigen.grad(y, [x, unused], retain_graph=True)
    _, zero = minigen.grad(y, [x, unused], unused="zero")
    assert zero.numpy().tolist() == [[0.0]] and zero.dtype == "float32"


def test_grad_arguments_that_make_no_sense():
    x = leaf(2.0)
    with pytest.raises(ValueError, match="unused must be 'error' or 'zero'; got 'none'"):
        minigen.grad(x * x, x, unused="none")
    with pytest.raises(GraphError, match=r"x\[0\] does not"):
        minigen.grad(x * x, tensor(1.0))
    with pytest.raises(GraphError, match=r"x\[1\] does not"):
        minigen.grad(x * x, [x, np.ones(3)], unused="zero")
    with pytest.raises(TypeError, match="grad: y must be a tensor; got float"):
        minigen.grad(3.0, x)
    with pytest.raises(GraphError, match="y has no graph"):
        minigen.grad(tensor(1.0), x)


# ---------------------------------------------------------------- backward into chosen leaves
def test_backward_collects_in_the_inputs_that_are_named():
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward(inputs=[x])
    assert x.grad.item() == 3.0 and w.grad is None
    with pytest.raises(GraphError, match="inputs must be leaves"):
        y = x * w
        (y * y).backward(inputs=[y])


def test_an_error_on_the_way_leaves_every_gradient_as_it_was():
    @primitive
    def broken(x):
        return x * 1.0

    @broken.vjp
    def _(gy, _y, _x):
        raise ArithmeticError("no gradient today")

    x, w = leaf(2.0), leaf(3.0)
    w.grad = tensor(7.0, dtype="float64")
    y = broken(x) + w  # w's gradient is found first
    with pytest.raises(ArithmeticError):
        y.backward()
    assert x.grad is None
    assert w.grad.item() == 7.0


def test_a_leaf_can_be_its_own_result():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1.0


def test_a_leaf_that_is_gone_is_no_obstacle():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    del w
    y.backward()
    assert x.grad.item() == 3.0


# ---------------------------------------------------------------- the cotangent
def test_a_result_of_several_elements_needs_a_cotangent():
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match=r"y has shape \(2,\); take .sum\(\) or .mean\(\)"):
        (x * x).backward()
    (x * x).backward(np.array([1.0, 10.0]))
    assert x.grad.numpy().tolist() == [2.0, 40.0]
    (x[:1] * 3).backward()  # one element is a number, whatever its shape
    assert x.grad.numpy().tolist() == [5.0, 40.0]


def test_a_cotangent_may_be_a_tensor():
    x = leaf([1.0, 2.0])
    (x * x).backward(tensor([1.0, 10.0], dtype="float64"))
    assert x.grad.numpy().tolist() == [2.0, 40.0]


@pytest.mark.parametrize(
    ("cotangent", "got"),
    [
        (np.ones(3), r"\(3,\) float64"),
        (np.ones(2, "float32"), r"\(2,\) float32"),
        (np.ones((2, 1)), r"\(2, 1\)"),
        ([1.0, 1.0], "list"),
        (1.0, "float"),
    ],
)
def test_a_cotangent_of_another_shape_or_type_is_an_error(cotangent, got):
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match=rf"\(2,\) float64; got {got}"):
        (x * x).backward(cotangent)
    assert x.grad is None


def test_what_has_no_graph_has_no_gradient():
    with pytest.raises(GraphError, match="backward: y has no graph"):
        tensor(1.0).backward()
    with pytest.raises(GraphError, match="backward: y has no graph"):
        leaf(1.0).detach().backward()
