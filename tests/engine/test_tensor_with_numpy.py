"""Where a tensor meets NumPy or Python's own protocols: comparisons from the left, deep copies."""

import copy

import numpy as np
import pytest

from minigen import GraphError, tensor

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
