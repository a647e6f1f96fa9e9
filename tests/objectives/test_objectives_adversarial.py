"""The adversarial game: the values and gradients that the theory states."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from minigen import autograd
from minigen.creation import tensor
from minigen.objectives import (
    DiscriminatorLoss,
    discriminator_loss,
    generator_loss_minimax,
    generator_loss_nonsaturating,
)

P, Q = NormalDist(0.0, 1.0), NormalDist(1.5, 0.7)  # the data's distribution, the generator's
GRID, STEP = np.linspace(-12, 12, 20_001, retstep=True)


def density(normal, x):
    return np.exp(-0.5 * ((x - normal.mean) / normal.stdev) ** 2) / (
        normal.stdev * math.sqrt(2 * math.pi)
    )


def quantiles(normal, n=50_000):
    """Points that carry the same probability each: their mean is an integral."""
    return np.array([normal.inv_cdf((i + 0.5) / n) for i in range(n)])


def best_logit(x):
    """log D* / (1 - D*) = log p(x) / q(x), for D* = p / (p + q)."""
    return (
        0.5 * ((x - Q.mean) / Q.stdev) ** 2
        - 0.5 * (x - P.mean) ** 2 / P.stdev**2
        + math.log(Q.stdev / P.stdev)
    )


def jensen_shannon():
    """(KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, by the trapezoid rule."""
    p, q = density(P, GRID), density(Q, GRID)
    m = (p + q) / 2
    inside = m > 1e-300
    p, q, m = p[inside], q[inside], m[inside]

    def kl(a):
        some = a > 0
        return (a[some] * np.log(a[some] / m[some])).sum() * STEP

    return (kl(p) + kl(q)) / 2


@pytest.fixture(scope="module")
def samples():
    return quantiles(P), quantiles(Q)


def test_value_at_the_best_discriminator(samples):
    """[E.GAND] max V = -log 4 + 2 JSD: Goodfellow et al. 2014, theorem 1. The loss is -V."""
    real, fake = samples
    loss = discriminator_loss(best_logit(real), best_logit(fake))
    jsd = jensen_shannon()
    assert 0.2 < jsd < math.log(2)
    np.testing.assert_allclose(-loss.value, -math.log(4) + 2 * jsd, atol=1e-4)


def test_no_discriminator_is_better(samples):
    """[E.GAND] Every change of the best logit raises the loss: proposition 1."""
    real, fake = samples
    best = discriminator_loss(best_logit(real), best_logit(fake)).value
    for change in (
        lambda x: 0.1 + 0 * x,
        lambda x: -0.1 + 0 * x,
        lambda x: 0.1 * x,
        lambda x: 0.2 * np.sin(3 * x),
        lambda x: -0.05 * best_logit(x),
    ):
        changed = [best_logit(x) + change(x) for x in (real, fake)]
        assert discriminator_loss(*changed).value > best + 1e-5


def test_equal_distributions_cost_log_4():
    """[E.GAND] D = 1/2 everywhere."""
    loss = discriminator_loss(np.zeros((3, 1)), np.zeros((5, 1)))
    assert isinstance(loss, DiscriminatorLoss)
    np.testing.assert_allclose(loss, (math.log(4), math.log(2), math.log(2)), rtol=1e-15)


def test_weight_and_label_by_hand():
    """[E.GAND] w = 0.9 scales the real term; s = 0.9 gives 0.1 of it to log(1 - D)."""
    real, fake = np.array([math.log(3.0)]), np.array([math.log(0.25)])  # D = 3/4 and 1/5
    plain = discriminator_loss(real, fake)
    np.testing.assert_allclose(plain.real, -math.log(0.75), rtol=1e-14)
    np.testing.assert_allclose(plain.fake, -math.log(0.8), rtol=1e-14)
    weighted = discriminator_loss(real, fake, real_weight=0.9)
    np.testing.assert_allclose(weighted.real, -0.9 * math.log(0.75), rtol=1e-14)
    smoothed = discriminator_loss(real, fake, real_label=0.9)
    np.testing.assert_allclose(
        smoothed.real, -0.9 * math.log(0.75) - 0.1 * math.log(0.25), rtol=1e-14
    )
    for loss in (plain, weighted, smoothed):
        assert loss.fake == plain.fake
        assert loss.value == loss.real + loss.fake


@pytest.mark.parametrize("w, s", [(1.0, 1.0), (0.9, 1.0), (1.0, 0.9), (0.9, 0.9), (2.5, 0.3)])
def test_where_the_two_kinds_are_alike_d_is_known(w, s):
    """[E.GAND] -w (s log D + (1 - s) log(1 - D)) - log(1 - D) is least at D = ws / (1 + w)."""
    d = w * s / (1 + w)
    logit = tensor([math.log(d / (1 - d))], dtype="float64", requires_grad=True)
    discriminator_loss(logit, logit, w, s).value.backward()
    np.testing.assert_allclose(logit.grad.numpy(), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_ten_thousand(dtype):
    """[E.GAND] Nothing is clipped: the loss is |l| where D is wrong, and its slope 1."""
    real, fake = (tensor([[1e4], [-1e4]], dtype=dtype, requires_grad=True) for _ in range(2))
    for weight, label, parts, slope in (
        (1.0, 1.0, (5000, 5000), [[0], [-0.5]]),
        (0.5, 0.5, (2500, 5000), [[0.125], [-0.125]]),
    ):
        loss = discriminator_loss(real, fake, weight, label)
        np.testing.assert_allclose([float(v) for v in loss[1:]], parts, rtol=1e-6)
        g_real, g_fake = autograd.grad(loss.value, [real, fake])
        np.testing.assert_allclose(g_real.numpy(), slope)
        np.testing.assert_allclose(g_fake.numpy(), [[0.5], [0]])


# ---------------------------------------------------------------- the generator's two losses
def slope(loss, logit):
    """The gradient of ``loss`` at one logit, and its value."""
    leaf = tensor([logit], dtype="float64", requires_grad=True)
    y = loss(leaf)
    y.backward()
    return leaf.grad.item(), y.item()


@pytest.mark.parametrize("logit", [-3.0, -0.5, 0.0, 1.0, 4.0])
def test_the_two_gradients(logit):
    """[E.GANMINIMAX] -D, [E.GANNONSATURATING] -(1 - D): they differ unless D = 1/2."""
    d = 1 / (1 + math.exp(-logit))
    np.testing.assert_allclose(slope(generator_loss_minimax, logit)[0], -d, rtol=1e-13)
    np.testing.assert_allclose(slope(generator_loss_nonsaturating, logit)[0], d - 1, rtol=1e-13)


def test_only_one_gradient_survives_a_sure_discriminator():
    """[E.GANMINIMAX] [E.GANNONSATURATING] Where D(G(z)) is almost 0, as it is early on."""
    fading, _ = slope(generator_loss_minimax, -20.0)
    strong, _ = slope(generator_loss_nonsaturating, -20.0)
    assert -1e-8 < fading < 0
    assert -1 <= strong < -0.999
    assert slope(generator_loss_nonsaturating, -1e4) == (-1.0, 1e4)
    assert slope(generator_loss_minimax, 1e4) == (-1.0, -1e4)


def test_both_pull_the_logit_up():
    """[E.GANMINIMAX] [E.GANNONSATURATING] Descending either raises D(G(z)) everywhere."""
    for logit in np.linspace(-15, 15, 31):
        assert slope(generator_loss_minimax, float(logit))[0] < 0
        assert slope(generator_loss_nonsaturating, float(logit))[0] < 0


def test_minimax_is_the_zero_sum_game():
    """[E.GANMINIMAX] What the generator descends is minus the discriminator's fake term."""
    fake = np.random.default_rng(0).normal(size=(8, 1)) * 5
    loss = discriminator_loss(np.zeros((8, 1)), fake)
    np.testing.assert_allclose(generator_loss_minimax(fake), -loss.fake, rtol=1e-15)


def test_nonsaturating_is_the_real_term_of_made_examples():
    """[E.GANNONSATURATING] The made examples, labelled as real."""
    fake = np.random.default_rng(1).normal(size=(8, 1)) * 5
    loss = discriminator_loss(fake, np.zeros((8, 1)))
    np.testing.assert_allclose(generator_loss_nonsaturating(fake), loss.real, rtol=1e-15)


def test_batches_may_differ_in_size():
    """[E.GAND] Each term is the mean over its own batch."""
    loss = discriminator_loss(np.ones((2, 1)), np.full((7, 1), -1.0))
    np.testing.assert_allclose(loss.real, loss.fake, rtol=1e-15)


# ---------------------------------------------------------------- errors
@pytest.mark.parametrize("weight", [0, -1.0, math.nan])
def test_weights_are_above_zero(weight):
    with pytest.raises(ValueError, match="real_weight must be above 0; got"):
        discriminator_loss(np.zeros(2), np.zeros(2), real_weight=weight)


@pytest.mark.parametrize("label", [0, 1.1, -0.5, math.nan])
def test_labels_are_probabilities(label):
    with pytest.raises(ValueError, match=r"real_label must be in \(0, 1\]; got"):
        discriminator_loss(np.zeros(2), np.zeros(2), real_label=label)
