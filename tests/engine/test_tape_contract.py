"""What the tape promises to rules and demands of them, and whose memory a gradient is.

Shape, precision and presence of every cotangent are checked by name. A gradient that is handed
out belongs to its owner: clipping one in place must not change another.
"""

import math

import numpy as np
import pytest

import minigen
from minigen import GraphError, ops, tensor
from minigen.autograd import primitive, unbroadcast
from minigen.nn import Parameter


def leaf(values, dtype="float64"):
    return tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- rules
def identity_with(rule):
    @primitive
    def identity(x):
        return x * 1.0

    identity.vjp(rule)
    return identity


def test_a_cotangent_of_another_shape_is_named():
    wrong = identity_with(lambda gy, _y, _x: gy[:1].reshape((1, 1)) if gy.ndim else gy)
    wrong_size = identity_with(lambda gy, _y, _x: gy[:1])
    for rule, got in ((wrong, r"\(1, 1\)"), (wrong_size, r"\(1,\)")):
        with pytest.raises(
            GraphError, match=rf"identity: .* argument x must have its shape \(2,\); got {got}"
        ):
            rule(leaf([1.0, 2.0])).sum().backward()
    with pytest.raises(GraphError, match=r"shape \(\) is not a broadcast of \(2,\)"):
        identity_with(lambda gy, _y, _x: gy.sum())(leaf([1.0, 2.0])).sum().backward()


def test_a_cotangent_of_another_precision_is_named():
    wrong = identity_with(lambda gy, _y, _x: gy.astype("float64"))
    with pytest.raises(GraphError, match="argument x must have its dtype float32; got float64"):
        wrong(leaf([1.0, 2.0], "float32")).sum().backward()


def test_a_missing_rule_is_named_with_what_to_do():
    @primitive
    def floor_product(x, y):
        return x * y

    with pytest.raises(
        GraphError, match="floor_product: no gradient is defined for argument y; detach"
    ):
        floor_product(2.0, leaf([1.0])).sum().backward()


def test_the_name_of_a_primitive_can_be_chosen():
    @primitive(name="halve", holomorphic=True)
    def _halve(x):
        """y = x / 2"""
        return x / 2

    assert repr(_halve) == "<primitive halve>"
    assert _halve.__name__ == "halve" and _halve.__doc__ == "y = x / 2"
    assert _halve.holomorphic and not _halve.cast
    assert repr(ops.exp) == "<primitive exp>" and ops.exp.__module__ == "minigen.ops.elementwise"


def test_a_primitive_of_many_arrays_names_and_feeds_each():
    @primitive
    def product_of_all(*xs):
        y = xs[0]
        for x in xs[1:]:
            y = y * x
        return y

    @product_of_all.vjp
    def _(gy, y, *xs, index):
        return gy * y / xs[index]

    xs = [leaf([1.0, 2.0]), np.array([3.0, 4.0]), leaf([5.0, 6.0])]
    assert product_of_all.argument_name(2) == "xs[2]"
    product_of_all(*xs).sum().backward()
    assert xs[0].grad.numpy().tolist() == [15.0, 24.0]
    assert xs[2].grad.numpy().tolist() == [3.0, 8.0]
    assert minigen.gradcheck(
        product_of_all, *[x if isinstance(x, np.ndarray) else x.numpy() for x in xs], order=2
    )


def test_a_primitive_of_many_arrays_keeps_all_of_them_however_many_they_are():
    """What the graph keeps is worked out once for a number of arguments, not for all numbers."""

    @primitive
    def product_of_all(*xs):
        return math.prod(xs)

    @product_of_all.vjp
    def _(gy, y, *xs, index):
        return gy * y / xs[index] + 0 * sum(xs)

    for count in (1, 2, 4, 3):
        x = leaf([2.0, 3.0])
        product_of_all(x, *[np.array([5.0, 7.0])] * (count - 1)).sum().backward()
        assert x.grad.numpy().tolist() == [5.0 ** (count - 1), 7.0 ** (count - 1)]


def test_rules_that_need_no_values_get_shape_and_precision():
    seen = []

    def rule(gy, _y, _x):
        seen.append((_x.shape, _x.dtype, _x.ndim))
        return gy

    x = leaf([[1.0, 2.0]])
    identity_with(rule)(x * 1.0).sum().backward()
    assert seen == [((1, 2), np.dtype("float64"), 2)]


@pytest.mark.parametrize(
    ("wide", "shape"),
    [((2, 3), (3,)), ((2, 3), (1, 3)), ((2, 3), (2, 1)), ((2, 3), ()), ((4, 2, 3), (2, 1)),
     ((2, 3), (2, 3)), ((5, 1), (1,))],
)  # fmt: skip
def test_unbroadcast_is_the_adjoint_of_broadcasting(wide, shape):
    g = np.random.default_rng(0).normal(size=wide)
    x = np.random.default_rng(1).normal(size=shape)
    back = unbroadcast(g, shape)
    assert back.shape == shape
    assert (back * x).sum() == pytest.approx((g * np.broadcast_to(x, wide)).sum())


def test_unbroadcast_refuses_what_is_no_broadcast():
    for shape in ((2, 3, 1), (2,), (4, 3)):
        with pytest.raises(ValueError, match="is not a broadcast of"):
            unbroadcast(np.ones((2, 3)), shape)


# ---------------------------------------------------------------- whose memory
def test_two_leaves_of_one_sum_own_their_gradients():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (x + y).sum().backward()
    x.grad.assign(np.array([9.0, 9.0]))
    assert y.grad.numpy().tolist() == [1.0, 1.0]


def test_gradients_can_be_clipped_in_place():
    """Also where they are views: of a broadcast sum, of a slice, of a transposed product."""
    weight, bias = Parameter(np.ones((2, 3))), Parameter(np.ones((2, 3)))
    y = ops.matmul(np.ones((4, 3)), weight.T).sum() + bias.sum() + weight[0].sum()
    y.backward()
    for p in (weight, bias):
        before = p.grad.numpy().copy()
        with minigen.no_grad():
            p.grad *= 0.5
        assert np.array_equal(p.grad.numpy(), before * 0.5)


def test_the_callers_cotangent_stays_the_callers():
    u = np.array([1.0, 2.0])
    x = leaf([1.0, 2.0])
    x.backward(u)
    (x + 0.0).backward(u)
    assert x.grad.numpy().tolist() == [2.0, 4.0]
    (g,) = minigen.grad(x + 0.0, [x], u)
    g.assign(np.zeros(2))
    x.grad.assign(np.zeros(2))
    assert u.tolist() == [1.0, 2.0]


def test_adding_up_makes_a_new_gradient():
    """Who kept the gradient of the first pass still has it after the second."""
    x = leaf([1.0, 2.0])
    (x * 2.0).sum().backward()
    kept = x.grad
    (x * 3.0).sum().backward()
    assert kept.numpy().tolist() == [2.0, 2.0]
    assert x.grad.numpy().tolist() == [5.0, 5.0]


def test_cotangents_that_meet_are_not_added_in_place():
    x = leaf([1.0, 2.0])
    y = x + 0.0
    u = np.ones(2)
    (y + y).backward(u)
    assert x.grad.numpy().tolist() == [2.0, 2.0]
    assert u.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_of_a_number_is_a_tensor_of_its_precision(dtype):
    x = leaf(2.0, dtype)
    (x * 3.0).backward()
    assert isinstance(x.grad.array, np.ndarray)
    assert x.grad.dtype == dtype and x.grad.shape == ()
    assert (x.grad * 2.0).dtype == dtype
    x.grad.assign(5.0)
    assert x.grad.item() == 5.0


def test_broadcast_to_refuses_to_lose_axes():
    """NumPy's assignment would drop leading axes of size 1 without a word."""
    with pytest.raises(ValueError, match=r"broadcast_to: x \(1, 3\) has more axes than .*\(3,\)"):
        ops.broadcast_to(np.ones((1, 3)), shape=(3,))
    with pytest.raises(ValueError, match="broadcast"):
        ops.broadcast_to(np.ones(2), shape=(3,))
