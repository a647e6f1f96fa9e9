"""Divergences of Gaussians: the closed forms against integrals, draws and each other."""

import math

import numpy as np
import pytest

from minigen import Generator, autograd
from minigen.creation import tensor
from minigen.functional import reparameterise
from minigen.objectives import gaussian_kl, gaussian_kl_between, gaussian_kl_monte_carlo

CASES = [(0.0, 0.0), (1.3, 0.5), (-0.7, -1.2), (0.2, 1.0), (2.0, -2.0)]


def log_density(x, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * math.exp(-log_var))


def kl_by_integration(mean_q, log_var_q, mean_p, log_var_p):
    """Integral of q log(q / p) by the trapezoid rule over 30 standard deviations of q."""
    half = 15 * math.exp(log_var_q / 2)
    x, step = np.linspace(mean_q - half, mean_q + half, 6001, retstep=True)
    log_q, log_p = log_density(x, mean_q, log_var_q), log_density(x, mean_p, log_var_p)
    return (np.exp(log_q) * (log_q - log_p)).sum() * step


@pytest.mark.parametrize("mean, log_var", CASES)
def test_closed_form_is_the_integral(mean, log_var):
    """[E.KLSTANDARD] In one dimension."""
    found = gaussian_kl(np.array([[mean]]), np.array([[log_var]]))
    expected = kl_by_integration(mean, log_var, 0.0, 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("q", CASES)
@pytest.mark.parametrize("p", CASES)
def test_closed_form_between_two_is_the_integral(q, p):
    """[E.KLGAUSS] In one dimension."""
    found = gaussian_kl_between(*(np.array([[v]]) for v in (*q, *p)))
    np.testing.assert_allclose(found, kl_by_integration(*q, *p), rtol=1e-10, atol=1e-12)


def test_dimensions_add_up():
    """[E.KLSTANDARD] [E.KLGAUSS] The sum over j, not the mean; one number for each row."""
    rng = np.random.default_rng(0)
    a, b, c, d = rng.normal(size=(4, 3, 5))
    assert gaussian_kl(a, b).shape == (3,)
    by_column = sum(gaussian_kl(a[:, [j]], b[:, [j]]) for j in range(5))
    np.testing.assert_allclose(gaussian_kl(a, b), by_column, rtol=1e-13)
    by_column = sum(gaussian_kl_between(*(m[:, [j]] for m in (a, b, c, d))) for j in range(5))
    np.testing.assert_allclose(gaussian_kl_between(a, b, c, d), by_column, rtol=1e-13)


def test_between_holds_the_standard_one():
    """[E.KLGAUSS] [E.KLSTANDARD] With p = N(0, I)."""
    mean, log_var = np.random.default_rng(1).normal(size=(2, 6, 4))
    zero = np.zeros((6, 4))
    np.testing.assert_allclose(
        gaussian_kl_between(mean, log_var, zero, zero), gaussian_kl(mean, log_var), rtol=1e-13
    )


def test_zero_only_where_the_two_are_one():
    """[E.KLGAUSS] [E.KLSTANDARD] Never negative; no gradient at 0."""
    rng = np.random.default_rng(2)
    a, b, c, d = rng.normal(size=(4, 200, 2))
    assert gaussian_kl_between(a, b, c, d).min() > 0
    np.testing.assert_allclose(gaussian_kl_between(a, b, a, b), 0, atol=1e-15)
    leaves = [tensor(np.zeros((2, 3)), requires_grad=True) for _ in range(2)]
    y = gaussian_kl(*leaves)
    assert np.array_equal(y.numpy(), [0, 0])
    for g in autograd.grad(y.sum(), leaves):
        assert np.array_equal(g.numpy(), np.zeros((2, 3)))


def test_estimate_by_sampling_is_within_four_standard_errors():
    """[E.KLSAMPLED] [E.KLSTANDARD] 20,000 independent estimates of 3 draws each."""
    mean, log_var = np.array([0.8, -0.3]), np.array([-1.0, 0.6])
    n = 20_000
    estimates = gaussian_kl_monte_carlo(
        np.tile(mean, (n, 1)), np.tile(log_var, (n, 1)), 3, Generator(5)
    )
    exact = gaussian_kl(mean[None], log_var[None])[0]
    error = estimates.std(ddof=1) / math.sqrt(n)
    assert abs(estimates.mean() - exact) < 4 * error
    assert error < 0.01 * exact  # the check could see an estimate that is off by 4 %


def test_more_draws_have_a_smaller_error():
    """[E.KLSAMPLED] The variance falls as 1/S."""
    mean, log_var = np.full((4000, 1), 0.5), np.full((4000, 1), -0.7)
    few = gaussian_kl_monte_carlo(mean, log_var, 1, Generator(6)).var()
    many = gaussian_kl_monte_carlo(mean, log_var, 16, Generator(7)).var()
    assert 13 < few / many < 19


def test_sampling_reaches_tensors_in_their_precision():
    """[E.KLSAMPLED] A float32 tensor is met by float32 noise, and gets a gradient."""
    mean = tensor(np.full((3, 2), 0.5), dtype="float32", requires_grad=True)
    y = gaussian_kl_monte_carlo(mean, tensor(np.zeros((3, 2)), dtype="float32"), 2, Generator(0))
    assert y.dtype == "float32"
    y.sum().backward()
    assert abs(mean.grad.numpy()).min() > 0


def test_draws_have_the_stated_mean_and_variance():
    """[E.REPARAM] log_var is log sigma^2: 50,000 draws within 4 standard errors."""
    n, mean, log_var = 50_000, 1.5, math.log(0.3)
    noise = Generator(8).normal((n, 1), "float64")
    z = reparameterise(np.full((n, 1), mean), np.full((n, 1), log_var), noise)
    assert abs(z.mean() - mean) < 4 * math.sqrt(0.3 / n)
    assert abs(z.var() - 0.3) < 4 * 0.3 * math.sqrt(2 / n)


def test_no_noise_gives_the_mean():
    """[E.REPARAM]"""
    mean = np.array([[1.0, -2.0]])
    assert np.array_equal(reparameterise(mean, np.ones((1, 2)), np.zeros((1, 2))), mean)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_means_of_ten_thousand(dtype):
    """[E.KLSTANDARD] [E.KLGAUSS] mu^2 / 2, with gradient mu."""
    mean = tensor([[1e4], [-1e4]], dtype=dtype, requires_grad=True)
    zero = tensor(np.zeros((2, 1)), dtype=dtype)
    for y in (gaussian_kl(mean, zero), gaussian_kl_between(mean, zero, zero, zero)):
        np.testing.assert_allclose(y.numpy(), 0.5e8, rtol=1e-7)
        np.testing.assert_allclose(autograd.grad(y.sum(), mean).numpy(), [[1e4], [-1e4]])


def test_very_negative_log_variances():
    """[E.KLSTANDARD] The variance is 0 to the last bit, the divergence |log sigma^2| / 2."""
    found = gaussian_kl(np.zeros((1, 1)), np.array([[-1e4]]))
    np.testing.assert_allclose(found, 0.5 * (1e4 - 1), rtol=1e-15)


# ---------------------------------------------------------------- errors
@pytest.mark.parametrize("position", range(4))
def test_shapes_must_be_equal(position):
    def shaped(n):
        return [np.zeros((4, 1) if i == position else (4,)) for i in range(n)]

    with pytest.raises(ValueError, match=r"gaussian_kl_between: all shapes.*\(4, 1\)"):
        gaussian_kl_between(*shaped(4))
    if position < 3:
        with pytest.raises(ValueError, match=r"reparameterise: all shapes.*\(4, 1\)"):
            reparameterise(*shaped(3))
    if position < 2:
        with pytest.raises(ValueError, match=r"gaussian_kl: all shapes.*\(4, 1\)"):
            gaussian_kl(*shaped(2))
        with pytest.raises(ValueError, match=r"all shapes must be equal.*\(4, 1\)"):
            gaussian_kl_monte_carlo(*shaped(2), 1, Generator(0))


def test_sampling_needs_a_draw():
    with pytest.raises(ValueError, match="samples must be at least 1; got 0"):
        gaussian_kl_monte_carlo(np.zeros((1, 1)), np.zeros((1, 1)), 0, Generator(0))
