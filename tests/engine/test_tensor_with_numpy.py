"""Where a tensor meets NumPy or Python's own protocols: comparisons from the left, deep copies."""

import copy

import numpy as np
import pytest

import minigen
from minigen import GraphError, tensor
from minigen.autograd import primitive

ARRAY = np.array([1.0, 2.0, 3.0], dtype="float32")
OTHER = np.array([3.0, 2.0, 1.0], dtype="float32")


@pytest.mark.parametrize("name", ["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"])
def test_an_array_compares_with_a_tensor_from_the_left(name):
    compare = {
        "__lt__": lambda a, b: a < b,
        "__le__": lambda a, b: a <= b,
        "__gt__": lambda a, b: a > b,
        "__ge__": lambda a, b: a >= b,
        "__eq__": lambda a, b: a == b,
        "__ne__": lambda a, b: a != b,
    }[name]
    got = compare(ARRAY, tensor(OTHER))
    np.testing.assert_array_equal(got.numpy(), compare(ARRAY, OTHER))
    assert got.dtype == bool
    assert not got.requires_grad


def test_a_deep_copy_is_a_leaf_of_its_own():
    x = tensor(ARRAY, requires_grad=True)
    y = copy.deepcopy(x)
    (y * y).sum().backward()
    assert x.grad is None
    np.testing.assert_array_equal(y.grad.numpy(), 2 * ARRAY)
    y.assign(0.0)
    np.testing.assert_array_equal(x.numpy(), ARRAY)
    assert not copy.deepcopy(x.detach()).requires_grad
    with pytest.raises(GraphError, match=r"only leaves can be copied; use x\.detach\(\)"):
        copy.deepcopy(x * 2)


def test_writing_a_traced_value_in_place_is_refused():
    """Its gradient would be lost without a word."""
    w = tensor([2.0], requires_grad=True)
    b = tensor([0.0, 0.0, 0.0])
    with pytest.raises(GraphError, match="setitem: values written in place lose their gradient"):
        b[0] = (w * 3)[0]
    with pytest.raises(GraphError, match=r"assign: .* pass values\.detach\(\)"):
        b.assign(minigen.concatenate([w, w, w]))
    with pytest.raises(TypeError, match="setitem: the new values must be float32; got float64"):
        b[:] = np.ones(3)
    b[0] = (w * 3)[0].detach()
    with minigen.no_grad():
        b[1] = w[0] * 2
    b[2] = 1.5
    np.testing.assert_array_equal(b.numpy(), [6.0, 4.0, 1.5])


def test_settings_go_by_name():
    x = tensor(ARRAY, requires_grad=True)
    with pytest.raises(TypeError, match=r"softmax: takes 1 array\(s\), x; got 2 .* axis=0"):
        minigen.softmax(x, 0)
    with pytest.raises(TypeError, match="reshape: takes 1 array"):
        minigen.reshape(x, (3, 1))


def test_axes_may_be_numpys_integers():
    x = tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    np.testing.assert_allclose(x.mean(axis=np.int64(1)).numpy(), [1.0, 4.0])
    x.mean(axis=np.int64(1)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full((2, 3), 1 / 3))


def test_a_rule_that_does_not_fit_its_primitive_is_refused_at_once():
    @primitive
    def product(a, b):
        return a * b

    with pytest.raises(ValueError, match="the argument must be one of a, b; got 'c'"):
        product.vjp("c")
    with pytest.raises(ValueError, match="name the argument, one of a, b"):

        @product.vjp
        def _(gy, _y, _a, b):
            return gy * b

    with pytest.raises(ValueError, match=r"write \(gy, y, a, b\)"):

        @product.vjp("a")
        def _(gy, b):
            return gy * b
