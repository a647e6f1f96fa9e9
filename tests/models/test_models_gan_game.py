"""The adversarial game in one dimension, where its best moves are known.

[E.GAND] The best discriminator is D* = p / (p + q); at the end of the game the generator's
distribution has the data's mean. [E.GANNONSATURATING]
"""

from statistics import NormalDist

import numpy as np

from minigen import Generator, nn
from minigen.models import GAN, dense_chain
from minigen.objectives import discriminator_loss
from minigen.optim import AdamBiasCorrected
from minigen.training.gan import gan_step


def quantiles(normal, n):
    """n points that carry the same probability each, as a column."""
    return np.array([[normal.inv_cdf((i + 0.5) / n)] for i in range(n)])


def test_the_discriminator_alone_finds_the_ratio_of_densities():
    """[E.GAND] Against a fixed generator: D(x) = p(x) / (p(x) + q(x)) within 0.02."""
    p, q = NormalDist(-1.0, 1.0), NormalDist(1.0, 0.6)
    real, fake = quantiles(p, 400), quantiles(q, 400)
    net = dense_chain([1, 16, 1], nn.Tanh, Generator(0)).astype("float64")
    rule = AdamBiasCorrected(net.parameters(), alpha=0.05)
    for t in range(600):
        if t == 400:
            rule.alpha = 0.01
        rule.zero_grad()
        discriminator_loss(net(real), net(fake)).value.backward()
        rule.step()
    x = np.linspace(-3, 2.5, 56)
    best = np.array([p.pdf(v) / (p.pdf(v) + q.pdf(v)) for v in x])
    found = 1 / (1 + np.exp(-net(x[:, None]).numpy()[:, 0]))
    assert best.min() < 0.1 and best.max() > 0.98
    np.testing.assert_allclose(found, best, atol=0.02)


class LineGAN(GAN):
    """G(z) = wz + b on the line; D a small net."""

    def __init__(self, rng):
        self.generator = nn.Dense(1, 1, rng=rng)
        self.discriminator = dense_chain([1, 16, 1], nn.Tanh, rng)

    def prior(self, n, rng):
        return rng.normal((n, 1))


def test_an_affine_generator_learns_the_mean_and_the_spread():
    """[E.GANNONSATURATING] Data from N(3, 0.5^2): the average over the last rounds."""
    model = LineGAN(Generator(0))
    discriminator_rule = AdamBiasCorrected(model.discriminator.parameters(), 0.02, beta1=0.5)
    generator_rule = AdamBiasCorrected(model.generator.parameters(), 0.01, beta1=0.5)
    rng = Generator(1)
    means, spreads = [], []
    for _ in range(1000):
        real = 3 + 0.5 * rng.normal((64, 1))
        gan_step(model, discriminator_rule, generator_rule, real, rng)
        means.append(model.generator.bias.item())
        spreads.append(abs(model.generator.weight.item()))
    assert abs(means[0]) < 0.1
    assert abs(np.mean(means[-400:]) - 3) < 0.05
    assert abs(np.mean(spreads[-400:]) - 0.5) < 0.1
