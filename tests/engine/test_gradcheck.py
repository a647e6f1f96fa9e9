"""The gradient check itself: it must fail when a gradient is wrong, and say where.

Rules that are off by 0.05 %, rules whose second derivative alone is wrong, and a softmax whose
rule returns zeros: all of these have passed the test-suites of published engines.
"""

import numpy as np
import pytest

from minigen import ops
from minigen.autograd import primitive
from minigen.creation import tensor
from minigen.gradcheck import GradientError, gradcheck
from minigen.tensor import Tensor

X = np.array([[0.3, -1.2, 0.8], [1.5, 0.4, -0.6]])


def square_with_slope(slope, holomorphic=True):
    """A primitive x² whose rule says slope · x."""

    @primitive(holomorphic=holomorphic)
    def square(x):
        return x * x

    @square.vjp
    def _(gy, _y, x):
        return gy * (slope * x)

    return square


# ---------------------------------------------------------------- it finds what is wrong
@pytest.mark.parametrize("holomorphic", [True, False])
@pytest.mark.parametrize("full", [True, False])
def test_a_slope_off_by_a_twentieth_of_a_percent_fails(holomorphic, full):
    assert gradcheck(square_with_slope(2.0, holomorphic), X, order=2, full_jacobian=full)
    with pytest.raises(GradientError):
        gradcheck(square_with_slope(2.001, holomorphic), X, full_jacobian=full)


@pytest.mark.parametrize("seed", range(20))
def test_no_seed_lets_it_pass(seed):
    with pytest.raises(GradientError):
        gradcheck(square_with_slope(2.001), X, seed=seed)


@pytest.mark.parametrize("full", [True, False])
def test_a_single_wrong_element_is_found_and_named(full):
    @primitive(holomorphic=True)
    def double(x):
        return 2 * x

    @double.vjp
    def _(gy, _y, _x):
        g = 2 * gy
        if isinstance(g, Tensor):
            return g
        g[1, 2] *= 1.0005
        return g

    with pytest.raises(GradientError, match=r"double, argument 0, index \(1, 2\)"):
        gradcheck(double, X, full_jacobian=full)


def test_a_wrong_second_derivative_fails_at_order_two_only():
    @primitive(holomorphic=True)
    def square(x):
        return x * x

    @square.vjp
    def _(gy, _y, x):
        return gy * (2 * getattr(x, "array", x))  # the right number, cut off from the graph

    assert gradcheck(square, X, order=1)
    with pytest.raises(GradientError, match="gradient of the gradient is wrong"):
        gradcheck(square, X, order=2)


def test_a_second_derivative_off_by_a_twentieth_of_a_percent_fails():
    @primitive(holomorphic=True)
    def twice(x):
        return 2 * x

    @twice.vjp
    def _(gy, _y, _x):
        return gy * 2.001

    @primitive(holomorphic=True)
    def square(x):
        return x * x

    @square.vjp
    def _(gy, _y, x):
        return gy * twice(x)

    assert gradcheck(square, X, order=1)
    with pytest.raises(GradientError, match="order 2"):
        gradcheck(square, X, order=2)


def test_a_softmax_whose_rule_returns_zeros_fails(monkeypatch):
    """Although the sum of the outputs, a cotangent of ones, has the slope 0 for any softmax."""
    monkeypatch.setitem(ops.softmax.rules, 0, lambda gy, y, _x, axis=-1: gy * 0)
    x = tensor(X, requires_grad=True)
    ops.softmax(x).sum().backward()
    h = 1e-5
    difference = ops.softmax(X + h * X).sum() - ops.softmax(X - h * X).sum()
    assert abs(float((x.grad.numpy() * X).sum()) - difference / (2 * h)) < 1e-9  # no alarm here
    with pytest.raises(GradientError, match="softmax"):
        gradcheck(ops.softmax, X)


def test_a_path_that_leaves_the_graph_fails():
    with pytest.raises(GradientError, match="got -?0"):
        gradcheck(lambda x: x.detach() + 0 * x, X)


def test_each_of_several_inputs_and_outputs_is_checked():
    def halves(x, y):
        return [x * y, square_with_slope(2.001)(y)]

    with pytest.raises(GradientError, match="halves, argument 1"):
        gradcheck(halves, X, X + 2)
    assert gradcheck(lambda x, y: (x * y, x + y), X, X + 2, order=2)


def test_a_kink_is_reported_with_a_hint():
    with pytest.raises(GradientError, match="kink"):
        gradcheck(ops.relu, np.array([1.0, 0.0]))


# ---------------------------------------------------------------- what it says
def test_the_message_names_function_argument_index_got_and_expected():
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda a, b: a * square_with_slope(3.0)(b), 2.0, np.array([1.0, 4.0]))
    message = str(caught.value)
    assert "<lambda>, argument 1, index (1,): the gradient is wrong" in message
    got, expected = message.split("; got ")[1].split(" (relative")[0].split(", expected ")
    assert float(got) / float(expected) == pytest.approx(1.5)
    assert "relative error 0.5" in message
    assert "order 1, complex difference" in message


def test_an_input_without_axes_has_the_index_of_no_numbers():
    with pytest.raises(GradientError, match=r"square, argument 0, index \(\)"):
        gradcheck(square_with_slope(2.001), 3.0)


# ---------------------------------------------------------------- how it measures
def test_complex_step_where_every_operation_allows_it_else_central_differences():
    with pytest.raises(GradientError, match="complex difference"):
        gradcheck(lambda x: ops.exp(square_with_slope(3.0)(x)), X)
    with pytest.raises(GradientError, match="central difference"):
        gradcheck(lambda x: ops.relu(square_with_slope(3.0)(x)), X)
    with pytest.raises(GradientError, match="central difference"):
        gradcheck(square_with_slope(3.0), X, method="central")


def test_the_complex_step_sees_a_hundred_millionth():
    nearly = 2 * (1 + 1e-8)
    assert gradcheck(square_with_slope(nearly), X, method="central")
    with pytest.raises(GradientError):
        gradcheck(square_with_slope(nearly), X, method="complex")
    assert gradcheck(square_with_slope(nearly), X, tolerance=1e-7)


def test_float32_inputs_are_checked_in_float64_and_left_alone():
    seen = set()

    def f(x):
        seen.add(str(x.dtype))
        return x * x

    x = tensor([1.0, 2.0])
    assert gradcheck(f, x)
    assert "float32" not in seen
    assert x.dtype == "float32" and x.grad is None and not x.requires_grad


def test_integers_and_masks_are_handed_through():
    labels = np.array([2, 0])
    assert gradcheck(ops.cross_entropy, X, labels)
    assert gradcheck(lambda c, x: ops.where(c, x, 2 * x), X > 0, X)


def test_a_function_that_does_not_depend_on_its_input_has_the_gradient_zero():
    assert gradcheck(lambda x: tensor([1.0, 2.0], dtype="float64"), X, order=2)
    assert gradcheck(lambda x, y: x * x, X, X, order=2)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "order must be 1 or 2; got 3", {"order": 3}),
        (
            ValueError,
            "method must be auto, complex or central; got 'forward'",
            {"method": "forward"},
        ),
    ],
)
def test_bad_settings_are_named(error, message, arguments):
    with pytest.raises(error, match=message):
        gradcheck(ops.exp, X, **arguments)


def test_inputs_and_results_that_cannot_be_checked_are_named():
    with pytest.raises(TypeError, match="at least one input must be floating-point"):
        gradcheck(ops.exp, np.array([1, 2]))
    with pytest.raises(TypeError, match="f must return tensors; got ndarray"):
        gradcheck(lambda x: x.array, X)
    with pytest.raises(TypeError, match="f must return tensors; got float"):
        gradcheck(lambda x: 3.0, X)
