"""One training step, held to the same step written out in NumPy, derivative by derivative.

[E.ELBO] [E.REPARAM] [E.BERNOULLI]
"""

import numpy as np
import pytest

from minigen import Generator
from minigen.models import VAE, Autoencoder
from minigen.objectives import binomial_log_likelihood
from minigen.optim import SGD, Adam
from minigen.training.autoencoder import autoencoder_step
from minigen.training.vae import vae_step

ALPHA = 0.3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def vae_by_hand(p, x, noise, beta):
    """(reconstruction, kl, gradient of -ELBO for each parameter), as the chain rule gives them."""
    n = len(x)
    h = np.tanh(x @ p["encoder.0.weight"].T + p["encoder.0.bias"])
    mean = h @ p["mean.weight"].T + p["mean.bias"]
    log_var = h @ p["log_var.weight"].T + p["log_var.bias"]
    sigma = np.exp(log_var / 2)
    z = mean + sigma * noise
    a = np.tanh(z @ p["decoder.0.weight"].T + p["decoder.0.bias"])
    logits = a @ p["decoder.2.weight"].T + p["decoder.2.bias"]
    reconstruction = (x * logits - np.log(1 + np.exp(logits))).sum() / n
    kl = 0.5 * (mean**2 + sigma**2 - 1 - log_var).sum() / n

    g = {}

    def dense(name, gy, into):
        g[f"{name}.weight"], g[f"{name}.bias"] = gy.T @ into, gy.sum(axis=0)
        return gy @ p[f"{name}.weight"]

    ga = dense("decoder.2", (sigmoid(logits) - x) / n, a)
    gz = dense("decoder.0", ga * (1 - a**2), z)
    g_mean = gz + beta * mean / n
    g_log_var = gz * noise * sigma / 2 + beta * (sigma**2 - 1) / (2 * n)
    gh = dense("mean", g_mean, h) + dense("log_var", g_log_var, h)
    dense("encoder.0", gh * (1 - h**2), x)
    return reconstruction, kl, g


@pytest.fixture
def model():
    return VAE(5, hidden=(3,), code_size=2, rng=Generator(0)).astype("float64")


X = np.random.default_rng(0).random((4, 5))
NOISE = np.random.default_rng(1).normal(size=(4, 2))


def sgd(theta, g):
    return theta - ALPHA * g


def adam(theta, g):
    """[E.ADAM] The first step, from m = v = 0."""
    return theta - ALPHA * 0.1 * g / (np.sqrt(0.001 * g**2) + 1e-8)


@pytest.mark.parametrize("beta", [1.0, 0.3])
@pytest.mark.parametrize("rule_class, formula", [(SGD, sgd), (Adam, adam)], ids=["SGD", "Adam"])
def test_vae_step_is_the_step_by_hand(model, beta, rule_class, formula):
    before = model.state_dict()
    reconstruction, kl, g = vae_by_hand(before, X, NOISE, beta)
    parts = vae_step(model, rule_class(model.parameters(), ALPHA), X, NOISE, beta)
    np.testing.assert_allclose(float(parts.reconstruction), reconstruction, rtol=1e-12)
    np.testing.assert_allclose(float(parts.kl), kl, rtol=1e-12)
    np.testing.assert_allclose(float(parts.value), reconstruction - beta * kl, rtol=1e-12)
    after = model.state_dict()
    assert set(g) == set(after)
    for name, theta in before.items():
        np.testing.assert_allclose(after[name], formula(theta, g[name]), rtol=1e-10, atol=1e-12)
        assert abs(after[name] - theta).max() > 1e-4


def test_gradients_of_the_step_before_do_not_add_up(model):
    """Two steps by hand, the second from where the first ended."""
    rule, theta = SGD(model.parameters(), ALPHA), model.state_dict()
    for _ in range(2):
        vae_step(model, rule, X, NOISE)
        _, _, g = vae_by_hand(theta, X, NOISE, 1.0)
        theta = {name: value - ALPHA * g[name] for name, value in theta.items()}
    for name, value in model.state_dict().items():
        np.testing.assert_allclose(value, theta[name], rtol=1e-10, atol=1e-12)


def test_vae_step_takes_another_likelihood(model):
    """[E.BINOMIAL] Grey values that are counts of 4 points."""
    x = np.random.default_rng(2).integers(0, 5, (4, 5)) / 4
    logits, _, _ = model(x, NOISE)
    expected = binomial_log_likelihood(x, logits, 4).mean()
    parts = vae_step(
        model,
        SGD(model.parameters(), ALPHA),
        x,
        NOISE,
        log_likelihood=lambda x, logits: binomial_log_likelihood(x, logits, 4),
    )
    np.testing.assert_allclose(float(parts.reconstruction), float(expected), rtol=1e-14)


def test_vae_step_climbs(model):
    """On the same batch and noise, every step of plain descent raises the bound."""
    rule = SGD(model.parameters(), 0.05)
    values = [float(vae_step(model, rule, X, NOISE).value) for _ in range(50)]
    assert np.diff(values).min() > 0


def test_autoencoder_step_reaches_the_entropy_of_grey_pixels():
    """[E.BERNOULLI] No reconstruction costs less than the data's own entropy; a code for every
    example costs just that."""
    x = np.random.default_rng(3).uniform(0.1, 0.9, (4, 6))
    entropy = -(x * np.log(x) + (1 - x) * np.log(1 - x)).sum(axis=1).mean()
    model = Autoencoder(6, hidden=(8,), code_size=2, rng=Generator(1)).astype("float64")
    rule = Adam(model.parameters(), alpha=0.01)
    losses = [float(autoencoder_step(model, rule, x)) for _ in range(600)]
    assert losses[0] > entropy + 0.3
    assert min(losses) >= entropy
    np.testing.assert_allclose(losses[-1], entropy, atol=1e-3)
