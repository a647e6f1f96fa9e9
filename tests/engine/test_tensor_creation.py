"""Tensors from numbers, lists and arrays: whose memory they hold, and of which type they are."""

import numpy as np
import pytest

import minigen
from minigen import GraphError, tensor
from minigen.nn import Parameter
from minigen.tensor import Tensor


# ---------------------------------------------------------------- types
@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (1.5, "float32"), (3, "int64"), (True, "bool"), ([1, 2], "int64"), ([1, 2.0], "float32"),
        ([[True], [False]], "bool"), (np.zeros(2), "float64"), (np.zeros(2, "float32"), "float32"),
        (np.zeros(2, "uint8"), "uint8"), (np.float64(2), "float64"), (np.float32(2), "float32"),
        (np.int32(2), "int32"), ((1.0, 2.0), "float32"), ([], "float32"),
    ],
)  # fmt: skip
def test_lists_become_float32_and_arrays_keep_their_type(values, dtype, backend):
    x = tensor(values)
    assert x.dtype == dtype
    assert x.shape == np.shape(values)
    assert np.array_equal(x.numpy(), np.asarray(values))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_a_type_can_be_chosen(dtype, backend):
    for values in ([1, 0], [1.0, 0.0], np.array([1, 0]), tensor([1.0, 0.0])):
        x = tensor(values, dtype=dtype)
        assert x.dtype == dtype
        assert x.numpy().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (np.zeros(2, "float16"), "float16 from ndarray"),
        (np.zeros(2, "longdouble"), "from ndarray"),
        ("abc", "from str"),
        (["a"], "from list"),
        (None, "object from NoneType"),
        (np.zeros(2, "complex64"), "complex64"),
    ],
)
def test_what_is_no_number_of_these_types_is_refused(values, got):
    with pytest.raises(
        TypeError, match=rf"tensor: values must be numbers .*{got}.*dtype='float32'"
    ):
        tensor(values)


def test_float16_can_be_asked_for_as_float32():
    assert tensor(np.ones(2, "float16"), dtype="float32").dtype == "float32"
    with pytest.raises(TypeError, match="float16"):
        tensor([1.0], dtype="float16")


def test_lists_of_unequal_lengths():
    with pytest.raises(ValueError, match="tensor: values must be numbers in lists of equal length"):
        tensor([[1.0, 2.0], [3.0]])


# ---------------------------------------------------------------- memory
def test_values_are_copied():
    array = np.array([1.0, 2.0])
    x = tensor(array)
    array[0] = 9.0
    assert x.numpy().tolist() == [1.0, 2.0]
    y = tensor(x)
    y.assign(np.zeros(2))
    assert x.numpy().tolist() == [1.0, 2.0]


def test_what_is_handed_out_cannot_be_written_to():
    x = tensor([1.0, 2.0])
    for view in (x.numpy(), x.data):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 9.0
    assert x.numpy().tolist() == [1.0, 2.0]
    x.assign(np.array([3.0, 4.0], "float32"))
    assert x.data.tolist() == [3.0, 4.0]


def test_detach_shares_memory_and_has_no_graph():
    x = tensor([1.0, 2.0], requires_grad=True)
    d = (x * 1.0).detach()
    assert not d.requires_grad and d.node is None and d.is_leaf
    shared = x.detach()
    x.assign(np.array([5.0, 6.0], "float32"))
    assert shared.numpy().tolist() == [5.0, 6.0]


# ---------------------------------------------------------------- gradients
def test_whether_gradients_are_collected_is_chosen_on_leaves():
    x = tensor([1.0])
    assert not x.requires_grad and x.is_leaf and x.grad is None
    x.requires_grad = True
    node = x.node
    x.requires_grad = True  # once more changes nothing
    assert x.node is node
    y = x * 2
    assert y.requires_grad and not y.is_leaf
    x.requires_grad = False
    assert not x.requires_grad and y.requires_grad


@pytest.mark.parametrize("wanted", [True, False])
def test_results_cannot_choose(wanted):
    y = tensor([1.0], requires_grad=True) * 2
    with pytest.raises(GraphError, match="leaves only; .* result of multiply; use detach"):
        y.requires_grad = wanted
    assert y.requires_grad


def test_integers_have_no_gradients():
    with pytest.raises(TypeError, match=r"int64; convert it with .astype\('float32'\)"):
        tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="bool"):
        tensor([True]).requires_grad = True


def test_a_parameter_is_a_leaf_and_its_results_are_plain_tensors():
    p = Parameter([1.0, 2.0])
    assert isinstance(p, Tensor) and p.is_leaf and p.requires_grad
    for y in (p * 2, p.reshape(2, 1), p.detach(), p.sum()):
        assert type(y) is Tensor
    (p * 3.0).sum().backward()
    assert type(p.grad) is Tensor


# ---------------------------------------------------------------- other makers
def test_zeros_ones_and_arange(backend):
    assert minigen.zeros((2, 3)).numpy().tolist() == [[0.0] * 3] * 2
    assert minigen.ones(2, dtype="float64", requires_grad=True).dtype == "float64"
    assert minigen.ones((1,), requires_grad=True).requires_grad
    assert minigen.zeros((2,)).dtype == "float32"
    assert minigen.arange(3).numpy().tolist() == [0, 1, 2]
    assert minigen.arange(2, 9, 3).numpy().tolist() == [2, 5, 8]
    assert minigen.arange(4, 1, -1).numpy().tolist() == [4, 3, 2]
    assert minigen.arange(3).dtype == "int64"
    with pytest.raises(ValueError, match="arange: step must be an integer other than 0"):
        minigen.arange(0, 3, 0)
