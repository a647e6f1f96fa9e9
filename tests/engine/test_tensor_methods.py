"""What a tensor shows of itself, and how it meets Python and NumPy.

Where NumPy would quietly take the values and lose the gradient, there is an error that says
what to write instead.
"""

import numpy as np
import pytest

import minigen
from minigen import tensor
from minigen.nn import Parameter
from minigen.tensor import Tensor

X = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


# ---------------------------------------------------------------- text
@pytest.mark.parametrize(
    ("x", "text"),
    [
        (lambda: tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (lambda: tensor(1.5), "tensor(1.5)"),
        (lambda: tensor([1, 2]), "tensor([1, 2], dtype=int64)"),
        (lambda: tensor([True]), "tensor([ True], dtype=bool)"),
        (lambda: tensor(np.ones(1), requires_grad=True),
         "tensor([1.], dtype=float64, requires_grad=True)"),
        (lambda: tensor(X), "tensor([[1., 2., 3.],\n        [4., 5., 6.]])"),
        (lambda: tensor([2.0], requires_grad=True) * 3, "tensor([6.], op=multiply)"),
        (lambda: tensor(np.zeros((0, 3), "float32")), "tensor([], shape=(0, 3))"),
        (lambda: tensor(np.arange(20.0, dtype="float32")),
         "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12.,\n"
         "        13., 14., 15., 16., 17., 18., 19.])"),
        (lambda: tensor(np.arange(20, dtype="int32")),
         "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,\n"
         "        17, 18, 19], dtype=int32)"),
        (lambda: Parameter(X, name="weight"), "Parameter weight (2, 3) float32"),
    ],
)  # fmt: skip
def test_how_a_tensor_is_shown(x, text):
    assert repr(x()) == text
    assert str(x()) == text


def test_format_is_that_of_the_number():
    assert f"{tensor(2.5):.3f}" == "2.500"
    assert f"{tensor([[2.5]]):>6}" == "   2.5"
    assert f"{tensor([1.0, 2.0])}" == "tensor([1., 2.])"
    with pytest.raises(
        ValueError, match=r"item: the tensor must have one element; got shape \(2,\)"
    ):
        f"{tensor([1.0, 2.0]):.2f}"


# ---------------------------------------------------------------- Python
def test_numbers_out_of_tensors():
    assert tensor([[2.5]]).item() == 2.5 and type(tensor(2.5).item()) is float
    assert float(tensor(2.5)) == 2.5 and int(tensor([7])) == 7
    with pytest.raises(ValueError, match="item"):
        tensor([1.0, 2.0]).item()
    with pytest.raises(ValueError, match="item"):
        float(tensor(X))


def test_size_and_shape():
    x = tensor(X)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    with pytest.raises(TypeError, match="unsized"):
        len(tensor(1.0))


def test_iteration_gives_rows_that_are_part_of_the_graph():
    x = tensor(X, requires_grad=True)
    rows = list(x)
    assert [row.shape for row in rows] == [(3,), (3,)]
    (rows[1] * 2.0).sum().backward()
    assert x.grad.numpy().tolist() == [[0.0] * 3, [2.0] * 3]
    with pytest.raises(TypeError, match="iteration: a tensor without axes"):
        iter(tensor(1.0))


def test_truth_of_one_element_only():
    assert tensor(1.0) and not tensor([0.0])
    assert tensor([3.0]) > 2
    with pytest.raises(ValueError, match="more than one element is ambiguous"):
        bool(tensor([1.0, 2.0]))


def test_comparisons_give_masks_without_graph():
    x, y = tensor([1.0, 2.0, 3.0], requires_grad=True), tensor([3.0, 2.0, 1.0])
    for mask, expected in [
        (x < y, [True, False, False]),
        (x <= y, [True, True, False]),
        (x > y, [False, False, True]),
        (x >= 2.0, [False, True, True]),
        (x == y, [False, True, False]),
        (x != y, [True, False, True]),
        (2.0 < x, [False, False, True]),  # noqa: SIM300 - the reflected operator is meant
    ]:
        assert type(mask) is Tensor and mask.dtype == "bool" and not mask.requires_grad
        assert mask.numpy().tolist() == expected
    assert (tensor(1.0) == 1.0).shape == ()


def test_tensors_are_keys_by_identity():
    x, y = tensor([1.0]), tensor([1.0])
    names = {x: "x", y: "y"}
    assert names[x] == "x" and names[y] == "y"
    assert hash(x) != hash(y)


# ---------------------------------------------------------------- methods are operations
@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda x: -x, lambda x: -x), (lambda x: abs(x - 3), lambda x: abs(x - 3)),
        (lambda x: 2 - x, lambda x: 2 - x), (lambda x: 2 / x, lambda x: 2 / x),
        (lambda x: 2**x, lambda x: 2**x), (lambda x: x**2, lambda x: x**2),
        (lambda x: x.sum(0), lambda x: x.sum(0)),
        (lambda x: x.mean(1, keepdims=True), lambda x: x.mean(1, keepdims=True)),
        (lambda x: x.var(1, correction=1), lambda x: x.var(1, ddof=1)),
        (lambda x: x.max(1), lambda x: x.max(1)), (lambda x: x.min(), lambda x: x.min()),
        (lambda x: x.exp(), np.exp), (lambda x: x.log(), np.log), (lambda x: x.sqrt(), np.sqrt),
        (lambda x: x.tanh(), np.tanh), (lambda x: x.clip(2, 4), lambda x: x.clip(2, 4)),
        (lambda x: x.clip(high=4), lambda x: x.clip(None, 4)),
        (lambda x: x.reshape(3, 2), lambda x: x.reshape(3, 2)),
        (lambda x: x.reshape((3, -1)), lambda x: x.reshape(3, 2)),
        (lambda x: x.reshape([6]), lambda x: x.reshape(6)),
        (lambda x: x.transpose(), lambda x: x.T), (lambda x: x.T, lambda x: x.T),
        (lambda x: x.transpose(1, 0), lambda x: x.T), (lambda x: x.transpose((0, 1)), lambda x: x),
        (lambda x: x.swapaxes(0, -1), lambda x: x.T), (lambda x: x.repeat(2, 1),
                                                       lambda x: x.repeat(2, 1)),
        (lambda x: x @ x.T, lambda x: x @ x.T), (lambda x: x[[1, 0], 1:], lambda x: x[[1, 0], 1:]),
        (lambda x: x[x > 2], lambda x: x[x > 2]),
        (lambda x: x[tensor([0, 0])], lambda x: x[[0, 0]]),
    ],
)  # fmt: skip
def test_methods_and_operators_are_numpys(ours, numpys):
    x = tensor(X, dtype="float64", requires_grad=True)
    y = ours(x)
    np.testing.assert_allclose(y.numpy(), numpys(np.array(X)), rtol=1e-14)
    assert y.requires_grad


# ---------------------------------------------------------------- NumPy
def test_an_array_on_the_left_gives_a_tensor_with_a_graph():
    x = tensor(X, dtype="float64", requires_grad=True)
    a = np.array(X)
    for y, expected in [
        (a + x, a + a), (a - 2 * x, -a), (a * x, a * a), (a / x, a / a), (a**x, a**a),
        (a @ x.T, a @ a.T), (np.float64(2) * x, 2 * a), (np.float32(2) - x, 2 - a),
    ]:  # fmt: skip
        assert type(y) is Tensor and y.requires_grad
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)
    (a * x).sum().backward()
    assert np.array_equal(x.grad.numpy(), a)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.exp(x), "numpy.exp does not trace tensors; use minigen.exp"),
        (lambda x: np.add.reduce(x), "numpy.add does not trace tensors"),
        (lambda x: np.maximum(x, 0), r"numpy.maximum .*or x.numpy\(\) for a plain array"),
        (lambda x: np.sum(x), "numpy.sum does not trace tensors; use minigen.sum if there is one"),
        (lambda x: np.concatenate([x, x]), "numpy.concatenate .* use minigen.concatenate"),
        (lambda x: np.asarray(x), r"gradient would be lost; write x.numpy\(\)"),
        (lambda x: np.array([x, x]), r"does not turn into an array by itself"),
        (lambda x: tensor([x, x]), r"does not turn into an array by itself"),
    ],
)
def test_numpy_functions_say_what_to_use_instead(call, message):
    for x in (tensor(X), tensor(X, requires_grad=True)):
        with pytest.raises(TypeError, match=message):
            call(x)


def test_what_the_package_shows_is_there():
    assert sorted(minigen.__all__) == sorted(set(minigen.__all__))
    missing = [name for name in minigen.__all__ if not hasattr(minigen, name)]
    assert missing == []
