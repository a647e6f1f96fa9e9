"""One round of the adversarial game, held to the same round written out in NumPy.

The generator must move through the discriminator as it is after its own move: published code
has sent it through new weights with old activations. [E.GAND] [E.GANNONSATURATING] [E.GANMINIMAX]
"""

import numpy as np
import pytest

from minigen import Generator, GraphError
from minigen.models import GAN
from minigen.objectives import (
    discriminator_loss,
    generator_loss_minimax,
    generator_loss_nonsaturating,
)
from minigen.ops import linalg
from minigen.optim import SGD
from minigen.training.gan import gan_step

ALPHA, SEED, N = 0.4, 5, 6
REAL = np.random.default_rng(0).random((N, 5))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu_net(p, name, x):
    """(result, hidden layer) of Dense, ReLU, Dense."""
    h = np.maximum(x @ p[f"{name}.0.weight"].T + p[f"{name}.0.bias"], 0)
    return h @ p[f"{name}.2.weight"].T + p[f"{name}.2.bias"], h


def relu_net_gradients(p, name, gy, x, h):
    """(gradient of x, gradients of the parameters) from the gradient of the result."""
    ga = gy @ p[f"{name}.2.weight"] * (h > 0)
    g = {
        f"{name}.0.weight": ga.T @ x,
        f"{name}.0.bias": ga.sum(axis=0),
        f"{name}.2.weight": gy.T @ h,
        f"{name}.2.bias": gy.sum(axis=0),
    }
    return ga @ p[f"{name}.0.weight"], g


def discriminator_gradients(p, real, fake, weight, label):
    """(loss, gradients): -w [s log D + (1 - s) log(1 - D)] on real, -log(1 - D) on made ones."""
    lr, hr = relu_net(p, "discriminator", real)
    lf, hf = relu_net(p, "discriminator", fake)
    dr, df = sigmoid(lr), sigmoid(lf)
    loss = -weight * (label * np.log(dr) + (1 - label) * np.log(1 - dr)).mean()
    loss -= np.log(1 - df).mean()
    _, gr = relu_net_gradients(p, "discriminator", weight * (dr - label) / len(real), real, hr)
    _, gf = relu_net_gradients(p, "discriminator", df / len(fake), fake, hf)
    return loss, {name: gr[name] + gf[name] for name in gr}


def generator_gradients(p, z, minimax):
    """(loss, gradients) of E log(1 - D(G(z))), or of -E log D(G(z))."""
    y, h = relu_net(p, "generator", z)
    fake = sigmoid(y)
    logits, hd = relu_net(p, "discriminator", fake)
    d = sigmoid(logits)
    loss = np.log(1 - d).mean() if minimax else -np.log(d).mean()
    g_logits = (-d if minimax else d - 1) / len(z)
    g_fake, _ = relu_net_gradients(p, "discriminator", g_logits, fake, hd)
    _, g = relu_net_gradients(p, "generator", g_fake * fake * (1 - fake), z, h)
    return loss, g


@pytest.fixture
def model():
    return GAN(5, noise_size=3, hidden=4, rng=Generator(1)).astype("float64")


def rules(model, cls=SGD):
    return [cls(net.parameters(), ALPHA) for net in (model.discriminator, model.generator)]


@pytest.mark.parametrize("weight, label", [(1.0, 1.0), (0.9, 1.0), (1.0, 0.9)])
@pytest.mark.parametrize("loss", [generator_loss_nonsaturating, generator_loss_minimax])
def test_gan_step_is_the_round_by_hand(model, loss, weight, label):
    p = model.state_dict()
    rng, minimax = Generator(SEED), loss is generator_loss_minimax
    z1, z2 = (rng.normal((N, 3), "float64") for _ in range(2))
    fake = sigmoid(relu_net(p, "generator", z1)[0])
    d_loss, gd = discriminator_gradients(p, REAL, fake, weight, label)
    moved = p | {name: p[name] - ALPHA * g for name, g in gd.items()}
    g_loss, gg = generator_gradients(moved, z2, minimax)
    moved = moved | {name: p[name] - ALPHA * g for name, g in gg.items()}

    losses = gan_step(model, *rules(model), REAL, Generator(SEED), loss, weight, label)
    np.testing.assert_allclose(float(losses.discriminator), d_loss, rtol=1e-12)
    np.testing.assert_allclose(float(losses.generator), g_loss, rtol=1e-12)
    for name, theta in model.state_dict().items():
        np.testing.assert_allclose(theta, moved[name], rtol=1e-10, atol=1e-13)
        assert abs(theta - p[name]).max() > 1e-6


def test_the_generator_meets_the_discriminator_after_its_move(model):
    """The gradient through the old discriminator, or through its old activations, is another."""
    p = model.state_dict()
    rng = Generator(SEED)
    rng.normal((N, 3), "float64")
    z2 = rng.normal((N, 3), "float64")
    _, stale = generator_gradients(p, z2, minimax=False)
    gan_step(model, *rules(model), REAL, Generator(SEED))
    now = model.state_dict() | {k: v for k, v in p.items() if k.startswith("generator")}
    _, fresh = generator_gradients(now, z2, minimax=False)
    for name, parameter in model.generator.named_parameters():
        g = parameter.grad.numpy()
        np.testing.assert_allclose(g, fresh[f"generator.{name}"], rtol=1e-10, atol=1e-14)
        difference = abs(g - stale[f"generator.{name}"]).max()
        assert difference > 0.01 * abs(g).max()


def test_old_activations_with_new_weights_are_refused(model):
    """The mistake itself: logits from before the move, sent back after it."""
    fake = model.generator(model.prior(N, Generator(SEED)))
    logits = model.discriminator(fake)
    rule, _ = rules(model)
    discriminator_loss(model.discriminator(REAL), logits).value.backward(retain_graph=True)
    rule.step()
    with pytest.raises(GraphError, match="changed in place"):
        generator_loss_nonsaturating(logits).backward(inputs=model.generator.parameters())


@pytest.fixture
def events(monkeypatch):
    """What happens in order: shapes of weight gradients that are computed, update steps."""
    found = []
    position = linalg._linear.arguments.index("weight")
    rule = linalg._linear.rules[position]

    def watched(*args, **settings):
        g = rule(*args, **settings)
        found.append(g.shape)
        return g

    monkeypatch.setitem(linalg._linear.rules, position, watched)
    return found


def test_each_phase_computes_its_own_weight_gradients_only(model, events):
    """None of the discriminator's in the generator's phase, nor the other way round."""
    seen = {}

    def step(name, rule, other):
        def call():
            events.append(name)
            seen[name] = [p.grad for p in other.parameters()]
            SGD.step(rule)

        return call

    d_rule, g_rule = rules(model)
    d_rule.step = step("d steps", d_rule, model.generator)
    g_rule.step = step("g steps", g_rule, model.discriminator)
    gan_step(model, d_rule, g_rule, REAL, Generator(SEED))
    d_steps, g_steps = events.index("d steps"), events.index("g steps")
    assert set(events[:d_steps]) == {(4, 5), (1, 4)}
    assert sorted(events[d_steps + 1 : g_steps]) == [(4, 3), (5, 4)]
    assert events[g_steps + 1 :] == []
    assert seen["d steps"] == [None] * 4  # the generator had no gradient yet


def test_the_discriminators_gradients_are_left_alone(model):
    """What its parameters hold after the round is the gradient of its own loss."""
    p = model.state_dict()
    fake = sigmoid(relu_net(p, "generator", Generator(SEED).normal((N, 3), "float64"))[0])
    _, gd = discriminator_gradients(p, REAL, fake, 1.0, 1.0)
    gan_step(model, *rules(model), REAL, Generator(SEED))
    for name, parameter in model.discriminator.named_parameters():
        expected = gd[f"discriminator.{name}"]
        np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=1e-10, atol=1e-14)


def test_rounds_do_not_add_up_gradients(model):
    """Two rounds in one go and one after the other, the second from a saved state."""
    twin = GAN(5, noise_size=3, hidden=4, rng=Generator(9)).astype("float64")
    rng = Generator(SEED)
    both = rules(model)
    gan_step(model, *both, REAL, rng)
    twin.load_state_dict(model.state_dict())
    again = Generator(SEED)
    for _ in range(2):
        again.normal((N, 3), "float64")
    gan_step(model, *both, REAL, rng)
    gan_step(twin, *rules(twin), REAL, again)
    for name, theta in model.state_dict().items():
        assert np.array_equal(theta, twin.state_dict()[name])
