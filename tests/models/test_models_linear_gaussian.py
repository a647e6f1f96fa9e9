"""A variational autoencoder whose best evidence is known: probabilistic principal components.

z ~ N(0, I), x given z ~ N(Wz + b, s^2 I), linear encoder. The largest log evidence of any such
model follows from the eigenvalues of the data's covariance (Tipping and Bishop 1999, section
3.2), and the bound can reach it, for W may turn until the posterior is diagonal. [E.ELBO]
"""

import itertools
import math

import numpy as np
import pytest

from minigen import Generator, broadcast_to, nn
from minigen.autograd import no_grad
from minigen.functional import reparameterise
from minigen.objectives import elbo, gaussian_log_likelihood
from minigen.optim import Adam, AdamBiasCorrected
from minigen.training.vae import vae_step

DATA_SIZE, CODE_SIZE = 4, 2


class LinearGaussian(nn.Module):
    """Encoder N(Ax + c, diag(e^v)), decoder N(Wz + b, e^u I)."""

    def __init__(self, rng):
        self.encoder = nn.Dense(DATA_SIZE, CODE_SIZE, rng=rng)
        self.code_log_var = nn.Parameter(np.zeros(CODE_SIZE))
        self.decoder = nn.Dense(CODE_SIZE, DATA_SIZE, rng=rng)
        self.data_log_var = nn.Parameter(np.zeros(1))
        self.astype("float64")

    def forward(self, x, noise):
        mean = self.encoder(x)
        log_var = broadcast_to(self.code_log_var, shape=mean.shape)
        return self.decoder(reparameterise(mean, log_var, noise)), mean, log_var

    def log_likelihood(self, x, decoded):
        return gaussian_log_likelihood(x, decoded, broadcast_to(self.data_log_var, shape=x.shape))

    def log_evidence(self, x):
        """Mean log N(x; b, W W' + s^2 I), in closed form."""
        weight, shift = self.decoder.weight.numpy(), self.decoder.bias.numpy()
        s2 = math.exp(self.data_log_var.item())
        covariance = weight @ weight.T + s2 * np.eye(DATA_SIZE)
        distance = x - shift
        quadratic = (distance @ np.linalg.inv(covariance) * distance).sum(axis=1).mean()
        log_det = np.linalg.slogdet(covariance)[1]
        return -0.5 * (DATA_SIZE * math.log(2 * math.pi) + log_det + quadratic)


def best_log_evidence(x):
    """The largest mean log evidence of all models of this kind."""
    values = np.sort(np.linalg.eigvalsh(np.cov(x.T, bias=True)))[::-1]
    s2 = values[CODE_SIZE:].mean()
    log_det = np.log(values[:CODE_SIZE]).sum() + (DATA_SIZE - CODE_SIZE) * math.log(s2)
    return -0.5 * (DATA_SIZE * math.log(2 * math.pi) + log_det + DATA_SIZE)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    weight = np.linalg.qr(rng.normal(size=(DATA_SIZE, CODE_SIZE)))[0] * [2.0, 1.0]
    z, noise = rng.normal(size=(100, CODE_SIZE)), rng.normal(size=(100, DATA_SIZE))
    return z @ weight.T + 0.5 * noise + [1.0, 0.0, -1.0, 0.5]


def with_exact_expectation(x):
    """(x, noise) whose mean over rows is E_q: log p(x|z) is quadratic in z, so noise of +-1 in
    all combinations has every moment that counts."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=CODE_SIZE)))
    return np.repeat(x, len(signs), axis=0), np.tile(signs, (len(x), 1))


def bound(model, x):
    """The ELBO with its expectation exact, over the same rows as in training."""
    xs, noise = with_exact_expectation(x)
    with no_grad():
        decoded, mean, log_var = model(xs, noise)
        return elbo(model.log_likelihood(xs, decoded), mean, log_var).value.item()


@pytest.mark.parametrize("rule_class", [Adam, AdamBiasCorrected])
def test_training_reaches_the_best_evidence(data, rule_class):
    """[E.ELBO] [E.ADAM] [E.ADAMBC] Below the evidence at every step, equal to it at the end."""
    model = LinearGaussian(Generator(1))
    rule = rule_class(model.parameters(), alpha=0.05)
    x, noise = with_exact_expectation(data)
    best = best_log_evidence(data)
    assert bound(model, data) < best - 1
    for t in range(400):
        if t == 250:
            rule.alpha = 0.005
        evidence = model.log_evidence(data)
        parts = vae_step(model, rule, x, noise, log_likelihood=model.log_likelihood)
        assert parts.value.item() <= evidence + 1e-12 <= best + 2e-12
    np.testing.assert_allclose(bound(model, data), best, atol=1e-5)


def test_training_with_fresh_noise_comes_close(data):
    """[E.ELBO] [E.REPARAM] One draw for each x and step, as in real training: within 0.015 nats."""
    model = LinearGaussian(Generator(1))
    rule = AdamBiasCorrected(model.parameters(), alpha=0.03)
    rng = Generator(2)
    for t in range(800):
        if t == 400:
            rule.alpha = 0.005
        noise = rng.normal((len(data), CODE_SIZE), "float64")
        vae_step(model, rule, data, noise, log_likelihood=model.log_likelihood)
    assert best_log_evidence(data) - 0.015 < bound(model, data) < best_log_evidence(data)
