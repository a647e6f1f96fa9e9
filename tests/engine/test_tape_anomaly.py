"""detect_anomaly(): the operation that made the first NaN or infinity, by name.

A NaN in the loss says nothing about its origin; the first operation that made one does.
"""

import numpy as np
import pytest

import minigen
from minigen import detect_anomaly, tensor
from minigen.autograd import primitive


@pytest.fixture(autouse=True)
def floating_point_errors_pass(floating_point_errors_raise):
    """NumPy stays silent, so that what is found here is found by minigen."""
    with np.errstate(all="ignore"):
        yield


def leaf(values):
    return tensor(values, dtype="float64", requires_grad=True)


@pytest.mark.parametrize("values", [[1.0, 0.0, 2.0], [1.0, -1.0, 2.0]])
def test_forward_names_operation_value_and_place(values):
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        minigen.exp(minigen.log(leaf(values)))
    message = str(caught.value)
    assert message.startswith("log (forward) made the first value that is not finite")
    assert "1 of 3 values are not finite, first" in message and "at (1,)" in message
    assert "x (3,) were finite" in message


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_forward_works_for_every_shape(shape):
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"-inf at \((0, ?)*0?\)"):
        minigen.log(tensor(np.zeros(shape)))


def test_forward_names_the_arguments_of_an_overflow():
    with (
        detect_anomaly(),
        pytest.raises(FloatingPointError, match=r"multiply .* x \(2,\), y \(1,\)"),
    ):
        tensor([1e30, 1.0]) * tensor([1e30])


def test_backward_names_operation_and_argument():
    x = leaf([4.0, 0.0])
    with detect_anomaly():
        y = minigen.sqrt(x * 2.0).sum()
        with pytest.raises(FloatingPointError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("sqrt (backward, gradient of x) made the first value")
    assert "inf at (1,); the gradient that came in was finite" in message
    assert x.grad is None


def test_backward_works_for_a_single_number():
    x = leaf(0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"sqrt .* inf at \(\)"):
        minigen.sqrt(x).backward()


def test_backward_with_a_graph_of_its_own():
    x = leaf([4.0, 0.0])
    with detect_anomaly(), pytest.raises(FloatingPointError, match="divide .forward."):
        minigen.grad(minigen.sqrt(x).sum(), x, create_graph=True)


def test_nan_from_outside_is_named_as_such():
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        minigen.exp(tensor([1.0, np.nan]))
    assert "exp: argument x already holds NaN when it enters the graph" in str(caught.value)
    assert "first nan at (1,); look at where it was made" in str(caught.value)
    with detect_anomaly(), pytest.raises(FloatingPointError, match="add: argument y already"):
        tensor([1.0]) + np.array([np.nan], "float32")


def test_infinities_from_outside_may_pass():
    """A mask of minus infinity before a softmax is no mistake."""
    with detect_anomaly():
        y = minigen.softmax(tensor([0.0, -np.inf]))
        assert (tensor([1, 2]) + np.array([3, 4])).numpy().tolist() == [4, 6]
    assert y.numpy().tolist() == [1.0, 0.0]


def test_a_cotangent_that_comes_in_infinite_is_not_blamed_on_the_next_rule():
    @primitive
    def steep(x):
        return x * 1.0

    @steep.vjp
    def _(gy, _y, _x):
        return gy * np.inf

    x = leaf([1.0])
    with detect_anomaly(), pytest.raises(FloatingPointError, match="steep .backward"):
        steep(x * 2.0).sum().backward()
    with detect_anomaly():
        (x * 2.0).backward(np.array([np.inf]))
    assert x.grad.numpy().tolist() == [np.inf]


def test_without_it_nothing_is_looked_at():
    assert minigen.log(tensor(0.0)).item() == -np.inf
    with detect_anomaly(), pytest.raises(FloatingPointError):
        minigen.log(tensor(0.0))
    assert minigen.log(tensor(0.0)).item() == -np.inf  # off again after the block


def test_a_nan_made_of_infinities_is_named():
    """softmax of scores that are all hidden: infinities came in, and no NaN did."""
    with (
        detect_anomaly(),
        pytest.raises(FloatingPointError, match=r"softmax \(forward\) .* first nan at .* no NaN"),
    ):
        minigen.softmax(leaf([[-np.inf, -np.inf]]))


def test_a_gradient_that_is_nan_of_an_infinite_one_is_named():
    x = leaf([0.0, 1.0])
    with detect_anomaly():
        y = x * np.array([0.0, 1.0])
        with pytest.raises(FloatingPointError, match=r"multiply \(backward, .* but no NaN"):
            y.backward(np.array([np.inf, 1.0]))
