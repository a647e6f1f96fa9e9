"""The evidence lower bound on a model whose evidence is known in closed form.

z ~ N(0, I), x given z ~ N(Wz + b, s^2 I): then x ~ N(b, W W' + s^2 I), and where the columns of W
are orthogonal the true posterior is a diagonal Gaussian, which the bound can reach.
"""

import math

import numpy as np
import pytest

from minigen.creation import tensor
from minigen.equations import REGISTER
from minigen.functional import reparameterise
from minigen.objectives import (
    elbo,
    gaussian_kl,
    gaussian_kl_between,
    gaussian_log_likelihood,
)

S2 = 0.3  # s^2
SCALES = np.array([1.5, 0.6])  # lengths of W's columns
W = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 2)))[0] * SCALES
SHIFT = np.array([0.5, -1.0, 0.2, 0.0])
X = np.random.default_rng(1).normal(size=(7, 4)) + SHIFT


def log_evidence(x):
    """log N(x; b, W W' + s^2 I) of each row."""
    covariance = W @ W.T + S2 * np.eye(4)
    distance = x - SHIFT
    quadratic = (distance @ np.linalg.inv(covariance) * distance).sum(axis=1)
    return -0.5 * (4 * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1] + quadratic)


def true_posterior(x):
    """Mean and log-variance of p(z|x), both (n, 2)."""
    variance = 1 / (1 + SCALES**2 / S2)
    return variance * ((x - SHIFT) @ W) / S2, np.tile(np.log(variance), (len(x), 1))


def expected_log_likelihood(x, mean, log_var):
    """E_q[log p(x|z)] by Gauss-Hermite quadrature: exact, for log p(x|z) is quadratic in z."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    total = 0.0
    for e1, w1 in zip(nodes, weights, strict=True):
        for e2, w2 in zip(nodes, weights, strict=True):
            z = reparameterise(mean, log_var, np.tile([e1, e2], (len(x), 1)))
            total = total + w1 * w2 * gaussian_log_likelihood(x, z @ W.T + SHIFT, math.log(S2))
    return total / (2 * math.pi)


def bound(mean, log_var, beta=1.0):
    return elbo(expected_log_likelihood(X, mean, log_var), mean, log_var, beta)


def test_equal_to_the_evidence_at_the_true_posterior():
    """[E.ELBO]"""
    np.testing.assert_allclose(bound(*true_posterior(X)).value, log_evidence(X).mean(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_below_the_evidence_by_the_divergence_from_the_posterior(seed):
    """[E.ELBO] log p(x) - ELBO = KL(q(z|x) || p(z|x)), [E.KLGAUSS]."""
    mean, log_var = true_posterior(X)
    shift, stretch = 0.5 * np.random.default_rng(seed).normal(size=(2, 7, 2))
    q = (mean + shift, log_var + stretch)
    gap = log_evidence(X).mean() - bound(*q).value
    assert gap > 0.01
    np.testing.assert_allclose(gap, gaussian_kl_between(*q, mean, log_var).mean(), rtol=1e-10)


def slope_of_the_bound(offset):
    """The largest component of the gradient to q's parameters, ``offset`` from the posterior."""
    mean, log_var = (tensor(v + offset, requires_grad=True) for v in true_posterior(X))
    bound(mean, log_var).value.backward()
    return max(abs(mean.grad.numpy()).max(), abs(log_var.grad.numpy()).max())


def test_the_gradient_vanishes_at_the_true_posterior():
    """[E.ELBO]"""
    assert slope_of_the_bound(0.0) < 1e-14
    assert slope_of_the_bound(0.1) > 1e-3


def test_parts():
    """[E.ELBO] value = reconstruction - beta kl, with the parts as they are without beta."""
    mean, log_var = true_posterior(X)
    likelihood = expected_log_likelihood(X, mean, log_var)
    for beta in (0.0, 0.5, 1.0, 4.0):
        parts = elbo(likelihood, mean, log_var, beta)
        assert parts._fields == ("value", "reconstruction", "kl")
        np.testing.assert_allclose(parts.value, parts.reconstruction - beta * parts.kl, rtol=1e-15)
        np.testing.assert_allclose(parts.reconstruction, likelihood.mean(), rtol=1e-15)
        np.testing.assert_allclose(parts.kl, gaussian_kl(mean, log_var).mean(), rtol=1e-15)


def test_no_bound_for_beta_below_one_nor_for_the_usual_mistake():
    """[E.ELBO] Both climb over the evidence, which a bound cannot."""
    mean, log_var = true_posterior(X)
    evidence = log_evidence(X).mean()
    assert bound(mean, log_var, beta=0.5).value > evidence
    likelihood = expected_log_likelihood(X, mean, log_var)
    mistake = REGISTER["ELBO"].wrong["kl_mean_over_codes"].transcription
    assert mistake(likelihood, mean, log_var)[0] > evidence


# ---------------------------------------------------------------- errors
@pytest.mark.parametrize("beta", [-0.1, math.nan])
def test_beta_must_not_be_negative(beta):
    with pytest.raises(ValueError, match="beta must be at least 0; got"):
        elbo(np.zeros(2), np.zeros((2, 1)), np.zeros((2, 1)), beta)


@pytest.mark.parametrize(
    "likelihood, mean",
    [((3, 1), (3, 2)), ((2,), (3, 2)), ((3, 4), (3, 2)), ((), (3, 2)), ((3,), (3,)), ((3,), ())],
)
def test_one_likelihood_for_each_row_of_codes(likelihood, mean):
    with pytest.raises(ValueError, match="log_likelihood") as error:
        elbo(np.zeros(likelihood), np.zeros(mean), np.zeros(mean))
    assert str(likelihood) in str(error.value)
    assert str(mean) in str(error.value)


def test_mean_and_log_var_of_one_shape():
    with pytest.raises(ValueError, match=r"gaussian_kl: all shapes.*\(3, 2\).*\(3, 1\)"):
        elbo(np.zeros(3), np.zeros((3, 2)), np.zeros((3, 1)))
