"""Likelihoods are probabilities: they add up to 1, and they stay finite far out."""

import itertools
import math

import numpy as np
import pytest

from minigen import autograd
from minigen.backend import asarray, to_numpy
from minigen.creation import tensor
from minigen.functional import gaussian_log_prob
from minigen.objectives import (
    bernoulli_log_likelihood,
    binomial_log_likelihood,
    gaussian_log_likelihood,
    mean_squared_error,
)
from minigen.objectives.likelihoods import log_binomials

FAR = 1e4
both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


# ---------------------------------------------------------------- totals
@pytest.mark.parametrize("count", [1, 3, 16])
def test_binomial_probabilities_add_up_to_one(count):
    """[E.BINOMIAL] Over all images of two pixels."""
    levels = np.arange(count + 1) / count
    x = np.array(list(itertools.product(levels, repeat=2)))
    logits = np.tile([0.4, -1.3], (len(x), 1))
    total = np.exp(binomial_log_likelihood(x, logits, count)).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-13)


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 255])
def test_binomial_coefficients(count, backend):
    """The outermost are 1, and have no rounding in their logarithm."""
    found = to_numpy(log_binomials(asarray([0.5]), count))
    expected = [math.log(math.comb(count, k)) for k in range(count + 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert found[0] == found[-1] == 0


def test_bernoulli_probabilities_add_up_to_one():
    """[E.BERNOULLI] Over all black and white images of 2 x 2 pixels."""
    x = np.array(list(itertools.product([0.0, 1.0], repeat=4))).reshape(16, 2, 2)
    logits = np.tile(np.array([[0.4, -1.3], [2.0, 0.0]]), (16, 1, 1))
    total = np.exp(bernoulli_log_likelihood(x, logits)).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_gaussian_densities_integrate_to_one():
    """[E.GAUSSIAN] In one dimension, by the trapezoid rule, which is exact for such functions."""
    x = np.linspace(-15, 15, 3001)
    density = np.exp(gaussian_log_prob(x, np.full_like(x, 0.7), np.full_like(x, math.log(1.9))))
    step = x[1] - x[0]
    np.testing.assert_allclose(density.sum() * step, 1, rtol=1e-12)
    np.testing.assert_allclose((density * x).sum() * step, 0.7, rtol=1e-12)
    np.testing.assert_allclose((density * (x - 0.7) ** 2).sum() * step, 1.9, rtol=1e-12)


def test_binomial_of_one_point_is_bernoulli():
    """[E.BINOMIAL] [E.BERNOULLI]"""
    x, logits = np.array([[0.0, 1.0, 1.0]]), np.array([[0.3, -2.0, 4.0]])
    np.testing.assert_allclose(
        binomial_log_likelihood(x, logits, 1), bernoulli_log_likelihood(x, logits), rtol=1e-14
    )


@pytest.mark.parametrize("likelihood", [bernoulli_log_likelihood, binomial_log_likelihood])
def test_the_best_logits_are_the_log_odds_of_the_data(likelihood):
    x = np.array([[0.25, 0.5, 0.75]])
    logits = tensor(np.log(x / (1 - x)), requires_grad=True)
    count = [4] if likelihood is binomial_log_likelihood else []
    likelihood(x, logits, *count).sum().backward()
    np.testing.assert_allclose(logits.grad.numpy(), 0, atol=1e-15)


def test_sums_over_all_axes_but_the_first():
    rng = np.random.default_rng(0)
    x, mean, log_var = rng.normal(size=(3, 2, 4, 5, 1))
    images = gaussian_log_likelihood(x, mean, log_var)
    assert images.shape == (2,)
    rows = [a.reshape(2, 20) for a in (x, mean, log_var)]
    np.testing.assert_allclose(images, gaussian_log_likelihood(*rows), rtol=1e-13)
    np.testing.assert_allclose(images[0], gaussian_log_prob(*(r[0] for r in rows)).sum())


def test_gaussian_by_hand():
    """[E.GAUSSIAN] x = 3, mu = 1, sigma^2 = 4: -(log 2 pi + log 4 + 1) / 2."""
    expected = -0.5 * (math.log(2 * math.pi) + math.log(4) + 1)
    x = np.array([[3.0]])
    for mean, log_var in ((1.0, math.log(4)), (np.array([[1.0]]), np.array([[math.log(4)]]))):
        np.testing.assert_allclose(gaussian_log_likelihood(x, mean, log_var), expected, rtol=1e-14)


def test_numbers_for_mean_and_log_var_have_gradients_too():
    """[E.GAUSSIAN] x alone is differentiated: minus (x - mu) / sigma^2."""
    x = tensor([[1.0, -2.0]], dtype="float64", requires_grad=True)
    gaussian_log_likelihood(x, 0.5, math.log(2)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[-0.25, 1.25]], rtol=1e-14)


def test_mean_squared_error_by_hand():
    """[E.MSE] Not the sum: (1 + 4 + 0 + 9) / 4."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    prediction = tensor([[2.0, 4.0], [3.0, 1.0]], dtype="float64", requires_grad=True)
    loss = mean_squared_error(x, prediction)
    assert loss.item() == 3.5
    loss.backward()
    np.testing.assert_allclose(prediction.grad.numpy(), [[0.5, 1.0], [0.0, -1.5]])


# ---------------------------------------------------------------- far out
@both_precisions
def test_logits_of_ten_thousand(dtype):
    """[E.BERNOULLI] [E.BINOMIAL] Right answers cost 0, wrong ones |l|, with slopes 0 and 1."""
    x = np.array([[1.0], [0.0], [1.0], [0.0]], dtype)
    logits = tensor([[FAR], [-FAR], [-FAR], [FAR]], dtype=dtype, requires_grad=True)
    for likelihood, n in (
        (lambda: bernoulli_log_likelihood(x, logits), 1),
        (lambda: binomial_log_likelihood(x, logits, 8), 8),
    ):
        y = likelihood()
        np.testing.assert_allclose(y.numpy(), [0, 0, -FAR * n, -FAR * n])
        (g,) = autograd.grad(y.sum(), [logits])
        np.testing.assert_allclose(g.numpy(), [[0], [0], [n], [-n]])


@both_precisions
@pytest.mark.parametrize("log_var", [-FAR, 0.0, FAR])
def test_gaussian_far_out_is_finite(dtype, log_var):
    """[E.GAUSSIAN] Values and gradients, at distances and log-variances of +-10,000."""
    leaves = [
        tensor(np.full((2, 1), v), dtype=dtype, requires_grad=True) for v in (FAR, -FAR, log_var)
    ]
    y = gaussian_log_likelihood(*leaves)
    grads = autograd.grad(y.sum(), leaves)
    assert all(np.isfinite(v.numpy()).all() for v in [y, *grads])
    if log_var >= 0:
        expected = -0.5 * (math.log(2 * math.pi) + log_var + 4 * FAR**2 * math.exp(-log_var))
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)


@both_precisions
def test_variances_below_the_bound_count_as_the_bound(dtype):
    """[E.GAUSSIAN] For arrays and for numbers alike; the gradient to log_var is then 0."""
    lowest = {"float32": -60.0, "float64": -600.0}[dtype]
    x = np.full((1, 2), 1e-3, dtype)
    below = tensor(np.full((1, 2), 2 * lowest), dtype=dtype, requires_grad=True)
    at_bound = gaussian_log_likelihood(x, 0.0, lowest)
    y = gaussian_log_likelihood(x, 0.0, below)
    np.testing.assert_allclose(y.numpy(), at_bound, rtol=1e-6)
    np.testing.assert_allclose(gaussian_log_likelihood(x, 0.0, 2 * lowest), at_bound, rtol=1e-6)
    y.sum().backward()
    assert np.array_equal(below.grad.numpy(), np.zeros((1, 2)))


# ---------------------------------------------------------------- errors
PAIRS = [((3,), (3, 1)), ((3, 1), (3,)), ((2, 3), (3, 2)), ((4, 1), (4, 2))]


@pytest.mark.parametrize("shapes", PAIRS, ids=str)
@pytest.mark.parametrize(
    "loss",
    [
        bernoulli_log_likelihood,
        lambda x, y: binomial_log_likelihood(x, y, 1),
        mean_squared_error,
        lambda x, y: gaussian_log_likelihood(x, y, 0.0),
        lambda x, y: gaussian_log_likelihood(x, 0.0, y),
    ],
    ids=["bernoulli", "binomial", "mse", "gaussian mean", "gaussian log_var"],
)
def test_nothing_is_broadcast(loss, shapes):
    """(n,) against (n, 1) would become (n, n)."""
    x, y = (tensor(np.zeros(s)) for s in shapes)
    with pytest.raises(ValueError, match="shape") as error:
        loss(x, y)
    assert str(shapes[0]) in str(error.value)
    assert str(shapes[1]) in str(error.value)
    assert "reshape one of them" in str(error.value)


@pytest.mark.parametrize("x", [0.3, -0.25, 1.25, 2.0, math.nan])
def test_binomial_refuses_what_is_no_count(x):
    """[E.BINOMIAL] A negative index would wrap around to another coefficient, silently."""
    with pytest.raises(ValueError, match=r"multiples of 1/4 in \[0, 1\].*bernoulli_log_likelihood"):
        binomial_log_likelihood(np.array([[0.5, x]]), np.zeros((1, 2)), 4)


def test_binomial_says_how_far_off():
    with pytest.raises(ValueError, match="the largest distance from one is 0.05;"):
        binomial_log_likelihood(np.array([[0.5, 0.3]]), np.zeros((1, 2)), 4)


@pytest.mark.parametrize("count", [0, -3])
def test_binomial_refuses_counts_below_one(count):
    with pytest.raises(ValueError, match=f"count must be at least 1; got {count}"):
        binomial_log_likelihood(np.array([[0.5]]), np.zeros((1, 1)), count)
