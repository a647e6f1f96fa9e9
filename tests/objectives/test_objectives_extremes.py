"""Objectives where numbers run out: variances far below rounding, integers of few bits, β = 0."""

import math

import numpy as np
import pytest

from minigen import objectives as ob
from minigen import ops, tensor
from minigen.backend import Generator
from minigen.gradcheck import gradcheck


@pytest.mark.parametrize(("dtype", "log_var"), [("float32", -100.0), ("float64", -800.0)])
def test_equal_gaussians_are_no_distance_apart_however_narrow(dtype, log_var):
    """[E.KLGAUSS] 0 · ∞ is no number."""
    mean, narrow = np.zeros((2, 3), dtype), np.full((2, 3), log_var, dtype)
    leaves = [tensor(a, requires_grad=True) for a in (mean, narrow, mean, narrow)]
    kl = ob.gaussian_kl_between(*leaves)
    kl.sum().backward()
    np.testing.assert_array_equal(kl.numpy(), np.zeros(2))
    for leaf in leaves:
        np.testing.assert_allclose(leaf.grad.numpy(), 0.0, atol=1e-6)


def test_gaussians_a_little_apart_keep_their_gradient():
    rng = np.random.default_rng(0)
    gradcheck(ob.gaussian_kl_between, *(rng.normal(size=(2, 3)) for _ in range(4)), order=2)


@pytest.mark.parametrize("log_var", [-80.0, -20.0, 1.0])
def test_sampling_finds_the_divergence_of_narrow_gaussians_too(log_var):
    """[E.KLSAMPLED] Without bias: no bound on log_var comes in."""
    mean, spread = np.full((1, 4), 0.5, "float32"), np.full((1, 4), log_var, "float32")
    found = ob.gaussian_kl_monte_carlo(mean, spread, 4000, Generator(0))
    np.testing.assert_allclose(found, ob.gaussian_kl(mean, spread), rtol=0.04)


def test_the_bound_on_log_var_is_that_of_its_own_precision():
    x, mean = np.zeros((1, 1)), np.zeros((1, 1), "float32")
    narrow = np.full((1, 1), -100, "float32")
    expected = -0.5 * (math.log(2 * math.pi) - 60)
    assert ob.gaussian_log_likelihood(x, mean, narrow).item() == pytest.approx(expected)


BYTES = np.array([[3, 200]], np.uint8)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda: ob.mean_squared_error(BYTES, BYTES), "prediction"),
        (lambda: ob.gaussian_log_likelihood(BYTES, BYTES, 0.0), "mean"),
        (lambda: ops.bernoulli_log_prob(np.ones(1), np.array([-128], np.int8)), "logits"),
        (lambda: ops.cross_entropy(BYTES, np.array([0])), "logits"),
        (lambda: ob.generator_loss_nonsaturating(BYTES), "fake_logits"),
        (lambda: ob.generator_loss_minimax(BYTES), "fake_logits"),
        (lambda: ob.discriminator_loss(BYTES, np.ones(2)), "real_logits"),
    ],
)
def test_integers_are_refused_where_their_signs_would_be_lost(f, name):
    with pytest.raises(TypeError, match=f"{name} must be floating-point; got"):
        f()


def test_integers_are_data_all_the_same():
    assert ob.mean_squared_error(BYTES, np.zeros((1, 2))) == (9 + 40000) / 2
    expected = -0.5 * (2 * math.log(2 * math.pi) + 4**2 + 193**2)
    assert ob.gaussian_log_likelihood(BYTES, 7, 0.0).item() == pytest.approx(expected)


def test_a_weight_of_0_leaves_an_infinite_divergence_out():
    """[E.ELBO] As at the first step of annealing."""
    log_var = np.full((2, 3), 90.0, "float32")
    with np.errstate(over="ignore"):
        parts = ob.elbo(np.array([1.0, 3.0], "float32"), np.zeros((2, 3), "float32"), log_var, 0.0)
    assert parts.value == parts.reconstruction == 2.0 and parts.kl == np.inf
    with pytest.raises(ValueError, match="beta must be at least 0; got inf"):
        ob.elbo(np.ones(2), np.zeros((2, 3)), np.zeros((2, 3)), math.inf)


def test_free_bits_are_counted_by_dimension():
    with pytest.raises(ValueError, match=r"free_bits_kl: mean must be \(n, d\); got \(3,\)"):
        ob.free_bits_kl(np.zeros(3), np.zeros(3), 0.1)
