"""Values changed in place between forward and backward: an error, never a wrong gradient.

An engine that trains a generator through the discriminator's retained graph after the
discriminator's step computes with new weights and old activations. Here that raises, and only
where the changed value is really needed.
"""

import operator

import numpy as np
import pytest

import minigen
from minigen import GraphError, no_grad, ops, tensor
from minigen.nn import Parameter


def leaf(values):
    return tensor(values, dtype="float64", requires_grad=True)


def assign(x):
    x.assign(np.full(x.shape, 9.0))


def add_in_place(x):
    with no_grad():
        x += 1.0


def subtract_in_place(x):
    with no_grad():
        x -= 1.0


def multiply_in_place(x):
    with no_grad():
        x *= 2.0


def divide_in_place(x):
    with no_grad():
        x /= 2.0


def set_item(x):
    with no_grad():
        x[0] = 9.0


def through_reshape(x):
    with no_grad():
        x.reshape(2, 1)[0] = 9.0


def through_slice(x):
    with no_grad():
        x[1:].assign(np.array([9.0]))


def through_transpose(x):
    with no_grad():
        x.reshape(1, 2).T.assign(np.ones((2, 1)))


def through_detach(x):
    x.detach()[1] = 9.0


CHANGES = [
    assign, add_in_place, subtract_in_place, multiply_in_place, divide_in_place, set_item,
    through_reshape, through_slice, through_transpose, through_detach,
]  # fmt: skip
every_change = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)


@every_change
def test_a_changed_argument_is_found(change):
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    change(x)
    with pytest.raises(GraphError, match="multiply needs its argument x as it was"):
        y.backward()
    assert x.grad is None


@every_change
def test_a_changed_result_is_found(change):
    x = leaf([1.0, 2.0])
    h = minigen.exp(x)
    y = h.sum()
    change(h.detach())
    with pytest.raises(GraphError, match="exp needs its result as it was"):
        y.backward()


@every_change
def test_a_changed_view_is_found_from_its_base(change):
    base = leaf([[1.0, 2.0]])
    view = base.reshape(2)
    y = (view * view).sum()
    with no_grad():
        base.assign(np.full((1, 2), 5.0))
    with pytest.raises(GraphError, match="changed in place"):
        y.backward()
    z = (base * base).sum()  # and the other way round
    change(view.detach())
    with pytest.raises(GraphError, match="changed in place"):
        z.backward()


@every_change
def test_a_changed_second_argument_is_found_by_name(change):
    x, y = leaf([1.0, 2.0]), tensor([3.0, 4.0], dtype="float64")
    z = (x / y).sum()
    change(y)
    with pytest.raises(GraphError, match="divide needs its argument y"):
        z.backward()


def test_grad_finds_it_as_well():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    x.assign(np.ones(2))
    with pytest.raises(GraphError, match="compute the result anew"):
        minigen.grad(y, x)


def test_a_change_before_the_use_is_no_error():
    x = leaf([1.0, 2.0])
    x.assign(np.array([3.0, 4.0]))
    (x * x).sum().backward()
    assert x.grad.numpy().tolist() == [6.0, 8.0]


def test_a_change_after_the_backward_pass_is_no_error():
    w = Parameter([1.0, 2.0])
    for _ in range(3):
        (w * w).sum().backward()
        w.assign(w.numpy() - 0.1 * w.grad.numpy())
        w.grad = None
    assert w.numpy() == pytest.approx(np.array([1.0, 2.0]) * 0.8**3)


# ---------------------------------------------------------------- no false alarms
@every_change
def test_a_value_that_no_wanted_gradient_needs_may_change(change):
    w = leaf([1.0, 2.0])
    y = (3.0 * w).sum()
    change(w)
    y.backward()
    assert w.grad.numpy().tolist() == [3.0, 3.0]


@every_change
def test_a_factor_may_change_if_only_its_own_gradient_is_wanted(change):
    """gw of w · x reads x alone, so a step of the optimiser on w does no harm."""
    w, x = leaf([1.0, 2.0]), tensor([3.0, 4.0], dtype="float64")
    y = (w * x).sum()
    change(w)
    y.backward()
    assert w.grad.numpy().tolist() == [3.0, 4.0]


@every_change
def test_an_argument_of_exp_may_change(change):
    """The rule of exp reads the result, not the argument."""
    x = leaf([0.0, 1.0])
    y = minigen.exp(x).sum()
    change(x)
    y.backward()
    assert x.grad.numpy() == pytest.approx([1.0, np.e])


def test_a_copy_may_change():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    copy = tensor(x)
    copy.assign(np.zeros(2))
    picked = x.detach()[np.array([0, 1])]
    picked.assign(np.zeros(2))
    y.backward()
    assert x.grad.numpy().tolist() == [2.0, 4.0]


def test_the_source_of_a_copy_may_change():
    """x[:, k] is copied by NumPy and then turned into place: memory with a base, but no view."""
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    picked = x[:, np.array([2, 0])]
    y = (picked * picked).sum()
    with no_grad():
        x.assign(np.zeros((2, 3)))
    y.backward()
    assert x.grad.numpy().tolist() == [[2.0, 0.0, 6.0], [8.0, 0.0, 12.0]]


def test_what_grad_does_not_walk_through_may_change():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (minigen.exp(x) + w * w).sum()
    w.assign(np.zeros(2))
    assert minigen.grad(y, x).numpy() == pytest.approx(np.exp([1.0, 2.0]))


def test_the_discriminators_step_invalidates_its_old_graph():
    """Order of a GAN's training step: after D moved, D(G(z)) must be computed anew."""
    rng = np.random.default_rng(0)
    z = tensor(rng.normal(size=(4, 2)))
    g, d = Parameter(rng.normal(size=(3, 2))), Parameter(rng.normal(size=(1, 3)))
    fake = ops.linear(z, g)
    logits = ops.linear(fake, d)
    ops.softplus(logits).sum().backward(retain_graph=True)
    d.assign(d.numpy() - 0.1 * d.grad.numpy())
    with pytest.raises(GraphError, match="changed in place"):
        ops.softplus(-logits).sum().backward()
    g.grad = None
    ops.softplus(-ops.linear(ops.linear(z, g), d)).sum().backward()
    assert g.grad.shape == (3, 2)


# ---------------------------------------------------------------- in-place operators
def test_while_recording_an_in_place_operator_makes_a_new_value():
    x = leaf([1.0, 2.0])
    y = x * 1.0
    before = y
    y += x
    y *= 2.0
    y -= 1.0
    y /= 4.0
    y.sum().backward()
    assert before.numpy().tolist() == [1.0, 2.0]
    assert y.numpy().tolist() == [0.75, 1.75]
    assert x.grad.numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("operation", "sign"),
    [
        (operator.iadd, "+="),
        (operator.isub, "-="),
        (operator.imul, "*="),
        (operator.itruediv, "/="),
    ],
)
def test_a_leaf_cannot_be_changed_while_recording(operation, sign):
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match=rf"\{sign}: a leaf .* minigen.no_grad"):
        operation(x, 2.0)
    with pytest.raises(GraphError, match="setitem: writing into a tensor that requires"):
        x[0] = 1.0
    assert x.numpy().tolist() == [1.0, 2.0]


def test_under_no_grad_an_in_place_operator_writes_to_the_same_memory():
    x = leaf([1.0, 2.0])
    alias, array = x.detach(), x.array
    with no_grad():
        x += 1.0
    assert x.array is array
    assert alias.numpy().tolist() == [2.0, 3.0]
    assert x.requires_grad


def test_assign_demands_shape_and_precision():
    x = tensor([1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"assign: the new values must have shape \(2,\); got \(1,\)"
    ):
        x.assign(np.ones(1, "float32"))
    with pytest.raises(ValueError, match="got list"):
        x.assign([1.0, 2.0])
    with pytest.raises(TypeError, match=r"must be float32; got float64; .*astype\('float32'\)"):
        x.assign(np.ones(2))
    x.assign(3)
    assert x.numpy().tolist() == [3.0, 3.0]
    x.assign(tensor([4.0, 5.0]))
    assert x.numpy().tolist() == [4.0, 5.0]


def test_writing_by_position_takes_tensors_and_lists_as_positions():
    x = tensor(np.zeros((2, 3)))
    x[tensor([1, 0]), [0, 2]] = tensor([5.0, 6.0], dtype="float64")
    x[0, 0] = 1
    assert x.numpy().tolist() == [[1, 0, 6], [5, 0, 0]]
