"""Which numbers may meet: one precision, one backend, and never by surprise.

A float64 array that slips into a float32 model doubles memory and time and is hard to find
later. Numbers adapt to arrays; arrays never adapt to each other.
"""

import numpy as np
import pytest

import minigen
from minigen import BackendError, ops, tensor
from minigen.autograd import primitive
from minigen.backend import MODULE_OF_TYPE

SINGLE, DOUBLE = np.ones(2, "float32"), np.ones(2, "float64")


@pytest.mark.parametrize(
    ("operation", "names"),
    [
        (lambda: tensor(SINGLE) + tensor(DOUBLE), "add: .* precision of x, float32"),
        (lambda: tensor(DOUBLE) + tensor(SINGLE), "add: .* precision of y, float32"),
        (lambda: tensor(SINGLE) * DOUBLE, "multiply: .* precision of x, float32"),
        (lambda: DOUBLE * tensor(SINGLE), "multiply: .* precision of y, float32"),
        (lambda: tensor(DOUBLE) / SINGLE, "divide: .* precision of y, float32"),
        (lambda: SINGLE - tensor(DOUBLE), "subtract: .* precision of x, float32"),
        (lambda: tensor(SINGLE) ** tensor(DOUBLE), "power"),
        (lambda: ops.maximum(tensor(DOUBLE), SINGLE), "maximum"),
        (lambda: ops.concatenate([tensor(DOUBLE), tensor(SINGLE)]), r"concatenate: .* xs\[1\]"),
        (lambda: ops.where(DOUBLE > 0, tensor(DOUBLE), SINGLE), "where: .* precision of y"),
        (lambda: tensor(DOUBLE) @ SINGLE, "matmul: .* precision of b"),
        (
            lambda: ops.linear(tensor(SINGLE), np.ones((3, 2), "float32"), np.ones(3)),
            "linear: .* got x float32 .* bias float64",
        ),
        (lambda: ops.bernoulli_log_prob(DOUBLE, tensor(SINGLE)), "bernoulli_log_prob"),
    ],
)
def test_two_precisions_in_one_operation_are_an_error(operation, names):
    with pytest.raises(TypeError, match=names) as caught:
        operation()
    assert "float32" in str(caught.value) and "float64" in str(caught.value)
    assert "convert one with .astype('float32')" in str(caught.value)


def test_integers_that_would_promote_are_an_error():
    with pytest.raises(TypeError, match=r"precision of x, float32, .*float64; .* y int64 \(2,\)"):
        tensor(SINGLE) * np.array([1, 2])
    assert (tensor(DOUBLE) * np.array([1, 2])).dtype == "float64"
    assert (tensor(SINGLE) * np.array([True, False])).dtype == "float32"
    assert (tensor(SINGLE) * np.array([1, 2], "uint8")).dtype == "float32"


@pytest.mark.parametrize("number", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_adapt_to_the_tensor(number, dtype):
    x = tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    for y in (x * number, number * x, x + number, number - x, x / number, number / x, x**number):
        assert y.dtype == dtype
        y.sum().backward()
    assert x.grad.dtype == dtype
    assert (x * number).numpy().tolist() == [float(number), 2 * float(number)]


def test_a_number_to_the_power_of_a_tensor_keeps_its_precision():
    x = tensor([1.0, 2.0], requires_grad=True)
    (2.0**x).sum().backward()
    assert x.grad.dtype == "float32"
    assert x.grad.numpy() == pytest.approx(np.log(2) * np.array([2.0, 4.0]))
    (0**x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_lists_are_refused_by_name():
    x = tensor([1.0, 2.0])
    with pytest.raises(
        TypeError, match=r"add: .* y is a list; make it a tensor with minigen.tensor"
    ):
        x + [1.0, 2.0]
    with pytest.raises(TypeError, match="multiply: .* x is a str"):
        "a" * x
    with pytest.raises(TypeError, match="matmul: .* b is a list"):
        x @ [1.0, 2.0]
    with pytest.raises(TypeError, match="linear: .* bias is a list"):
        ops.linear(tensor(np.ones((1, 2))), np.ones((1, 2)), [1.0])
    with pytest.raises(TypeError, match=r"concatenate: .* xs\[1\] is a list"):
        ops.concatenate([x, [1.0]])
    with pytest.raises(TypeError, match=r"stack: .* xs\[0\] is a float"):
        ops.stack([1.0, x])
    with pytest.raises(TypeError, match="y is a NoneType"):
        x + None


def test_arrays_of_two_backends_are_refused_with_each_arguments_name(monkeypatch):
    """A second array type stands in for a GPU's, which this computer may not have."""

    class Elsewhere(np.ndarray):
        pass

    class ElsewhereModule:
        __name__ = "elsewhere"

    monkeypatch.setitem(MODULE_OF_TYPE, Elsewhere, ElsewhereModule())
    x, y = tensor(DOUBLE), DOUBLE.view(Elsewhere)
    with pytest.raises(
        BackendError, match="add: all arrays .* x is on numpy, y is on elsewhere; move .*asarray"
    ):
        x + y


def test_casting_hands_the_gradient_back_in_the_old_precision():
    x = tensor(SINGLE, requires_grad=True)
    (x.astype("float64") * DOUBLE * 3.0).sum().backward()
    assert x.grad.dtype == "float32" and x.grad.numpy().tolist() == [3.0, 3.0]
    w = tensor(DOUBLE, requires_grad=True)
    (ops.astype(w, dtype="float32") * SINGLE).sum().backward()
    assert w.grad.dtype == "float64"


def test_no_gradient_passes_through_integers():
    x = tensor([1.7, 2.2], requires_grad=True)
    whole = x.astype("int64")
    assert whole.numpy().tolist() == [1, 2]
    assert not whole.requires_grad
    (whole.astype("float32") * x).sum().backward()
    assert x.grad.numpy().tolist() == [1.0, 2.0]


def test_a_primitive_may_answer_with_a_mask():
    is_positive = primitive(lambda x: x > 0)
    assert is_positive(tensor([1.0, -1.0])).numpy().tolist() == [True, False]


def test_a_primitive_says_when_it_may_change_precision():
    @primitive(cast=True)
    def as_double(x):
        return x.astype("float64")

    @primitive
    def as_double_by_mistake(x):
        return x.astype("float64")

    assert as_double(tensor(SINGLE)).dtype == "float64"
    with pytest.raises(TypeError, match="as_double_by_mistake: .* float32, but would be float64"):
        as_double_by_mistake(tensor(SINGLE))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_whole_model_stays_in_its_precision(dtype):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)).astype(dtype), rng.normal(size=(5, 3)).astype(dtype)
    weight = tensor(w, requires_grad=True)
    hidden = minigen.gelu(ops.linear(tensor(x), weight, tensor(w[:, 0]))) * 0.5 + 1
    loss = ops.cross_entropy(hidden, np.array([0, 1, 2, 3])).mean() + minigen.var(hidden) / 3
    loss.backward()
    assert hidden.dtype == loss.dtype == weight.grad.dtype == dtype
