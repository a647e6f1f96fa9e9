"""Arguments of +-10,000: values equal to the limit, gradients finite and right.

A formula that overflows on the way to a small number trains on NaN. Overflow, 0/0 and infinity
minus infinity raise here; underflow may happen, because e^-10000 is 0 to the last bit.
"""

import numpy as np
import pytest

from minigen import autograd, ops
from minigen.backend import asarray
from minigen.creation import tensor

FAR = 1e4
both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


# op, value at -1e4, value at +1e4, slope at -1e4, slope at +1e4
LIMITS = [
    (ops.sigmoid, 0.0, 1.0, 0.0, 0.0),
    (ops.tanh, -1.0, 1.0, 0.0, 0.0),
    (ops.erf, -1.0, 1.0, 0.0, 0.0),
    (ops.relu, 0.0, FAR, 0.0, 1.0),
    (ops.leaky_relu, -FAR * 0.01, FAR, 0.01, 1.0),
    (ops.elu, -1.0, FAR, 0.0, 1.0),
    (ops.softplus, 0.0, FAR, 0.0, 1.0),
    (ops.gelu, 0.0, FAR, 0.0, 1.0),
    (ops.normal_cdf, 0.0, 1.0, 0.0, 0.0),
    (ops.normal_pdf, 0.0, 0.0, 0.0, 0.0),
]


@both_precisions
@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0].__name__)
def test_functions_of_one_variable_reach_their_limits(row, dtype, backend):
    function, *limits = row
    x = tensor(asarray([-FAR, FAR], dtype), requires_grad=True)
    y = function(x)
    gx = autograd.grad(y.sum(), x, create_graph=True)
    assert y.numpy() == pytest.approx(limits[:2], rel=1e-6, abs=0)
    assert gx.numpy() == pytest.approx(limits[2:], rel=1e-6, abs=0)
    if gx.requires_grad:  # their curvature is 0 there, and not NaN
        assert autograd.grad(gx.sum(), x, unused="zero").numpy().tolist() == [0.0, 0.0]


ROWS = [
    [FAR, -FAR, 0.0], [-FAR, -FAR, -FAR], [FAR, FAR, -FAR], [0.0, 0.0, FAR], [-FAR, 0.0, -FAR],
]  # fmt: skip
PROBABILITIES = [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0, 0, 1], [0, 1, 0]]
LOGSUMEXP = [FAR, np.log(3) - FAR, FAR + np.log(2), FAR, 0.0]
COTANGENT = np.array([[1.0, 2.0, 4.0]] * 5)


def run(function, dtype, cotangent=COTANGENT):
    """(value, gradient) of a function of ROWS, in float64."""
    x = tensor(asarray(ROWS, dtype), requires_grad=True)
    y = function(x)
    gx = autograd.grad(y, x, asarray(cotangent.astype(dtype)))
    assert np.isfinite(y.numpy()).all() and np.isfinite(gx.numpy()).all()
    return y.numpy().astype("float64"), gx.numpy().astype("float64")


@both_precisions
def test_softmax_of_rows_that_lie_far_apart(dtype, backend):
    """Shifting by the maximum of all rows, not of each, would make 0/0 of the low ones."""
    p = np.array(PROBABILITIES)
    y, gx = run(ops.softmax, dtype)
    np.testing.assert_allclose(y, p, rtol=1e-6)
    np.testing.assert_allclose(
        gx, p * (COTANGENT - (COTANGENT * p).sum(1, keepdims=True)), rtol=1e-6, atol=1e-7
    )


@both_precisions
def test_log_softmax_and_logsumexp(dtype, backend):
    p, total = np.array(PROBABILITIES), np.array(LOGSUMEXP)
    y, gx = run(ops.log_softmax, dtype)
    np.testing.assert_allclose(y, np.array(ROWS) - total[:, None], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(gx, COTANGENT - 7 * p, rtol=1e-6, atol=1e-6)
    y, gx = run(ops.logsumexp, dtype, COTANGENT[0, [0, 1, 2, 1, 0]])
    np.testing.assert_allclose(y, total, rtol=1e-6)
    np.testing.assert_allclose(gx, p * COTANGENT[0, [0, 1, 2, 1, 0]][:, None], rtol=1e-3)


@both_precisions
def test_cross_entropy(dtype, backend):
    labels = np.array([1, 2, 0, 0, 1])
    y, gx = run(lambda x: ops.cross_entropy(x, asarray(labels)), dtype, np.ones(5))
    np.testing.assert_allclose(y, [2 * FAR, np.log(3), np.log(2), FAR, 0.0], rtol=1e-6)
    np.testing.assert_allclose(gx, np.array(PROBABILITIES) - np.eye(3)[labels], rtol=1e-6)


@both_precisions
def test_bernoulli_log_prob_has_a_gradient_everywhere(dtype, backend):
    """Probabilities clipped at 0.999 would be flat beyond a logit of 7."""
    x = tensor(asarray([1.0, 1.0, 0.0, 0.0, 0.5, 1.0], dtype), requires_grad=True)
    logits = tensor(asarray([FAR, -FAR, FAR, -FAR, -FAR, 12.0], dtype), requires_grad=True)
    y = ops.bernoulli_log_prob(x, logits)
    y.sum().backward()
    tail = -1 / (1 + np.exp(12.0))
    expected = [0.0, -FAR, -FAR, 0.0, -FAR / 2, tail]
    relative = 1e-6 if dtype == "float64" else 2e-2  # 12 + 6e-6 is rounded in float32
    np.testing.assert_allclose(y.numpy()[:5], expected[:5], rtol=1e-6)
    np.testing.assert_allclose(y.numpy()[5], tail, rtol=relative, atol=1e-6)
    np.testing.assert_allclose(logits.grad.numpy()[:5], [0, 1, -1, 0, 0.5], rtol=1e-6)
    assert logits.grad.numpy()[5] > 0
    assert np.array_equal(x.grad.numpy(), logits.numpy())


@both_precisions
def test_masked_scores_of_minus_infinity_get_the_probability_zero(dtype, backend):
    x = tensor(asarray([[-np.inf, 0.0, 1.0], [2.0, -np.inf, -np.inf]], dtype), requires_grad=True)
    rest = 1 / (1 + np.e)
    np.testing.assert_allclose(ops.softmax(x).numpy(), [[0, rest, 1 - rest], [1, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(ops.logsumexp(x).numpy(), [1 - np.log(1 - rest), 2.0], rtol=1e-6)
    assert ops.log_softmax(x).numpy()[1].tolist() == [0, -np.inf, -np.inf]
    for y in (ops.softmax(x)[:, 0], ops.log_softmax(x)[0, 1:], ops.logsumexp(x)):
        assert np.isfinite(autograd.grad(y.sum(), x).numpy()).all()


@both_precisions
def test_the_log_of_an_empty_sum_is_minus_infinity(dtype, backend):
    with np.errstate(divide="ignore"):
        assert ops.logsumexp(asarray([-np.inf, -np.inf], dtype)) == -np.inf
