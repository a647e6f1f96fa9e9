r"""
The adversarial game
====================

One net draws, another one says whether what it sees is drawn or real, and
each learns from the other. Nobody computes a probability of an image. Why
should the drawings become like the real ones, and what exactly do the two
nets agree on in the end?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import minigen
from minigen import models, nn, objectives, optim
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# The generator may be trained to make the discriminator's loss as large as
# possible. Early in the game its drawings are bad, and the discriminator is
# sure of it: it gives them a probability of $1 / 22{,}000$ of being real.
#
# **Predict.** The worse the drawing, the more there is to learn from it. How
# strong is the generator's gradient then, between 0 (nothing to learn) and 1
# (as strong as it gets)?
#
# Derivation
# ----------
# **The game.** $D(x)$ is the probability that $x$ is real, in the
# discriminator's opinion. $p$ is the distribution of the data, $q$ that of
# $G(z)$ with $z$ from noise. The discriminator maximises, the generator
# minimises
#
# $$
# V(D, G) = E_p[\log D(x)] + E_q[\log (1 - D(x))]
# \tag{11.1}
# $$
#
# **The best discriminator** for a given generator. (11.1) is a sum over all
# $x$ of $p \log D + q \log (1 - D)$, and $D$ may be chosen at each $x$ by
# itself. The derivative $p / D - q / (1 - D)$ is zero at one place, and the
# second derivative $-p / D^2 - q / (1 - D)^2$ is negative, so it is the
# maximum:
#
# $$
# D^*(x) = \frac{p(x)}{p(x) + q(x)}
# \tag{11.2}
# $$
#
# **What the generator then minimises.** Let $m = (p + q) / 2$. Then
# $D^* = p / 2 m$ and $1 - D^* = q / 2 m$. Put them into (11.1):
#
# $$
# V(D^*, G) = E_p\left[\log \frac{p}{2 m}\right]
#   + E_q\left[\log \frac{q}{2 m}\right]
# = KL(p \,\|\, m) + KL(q \,\|\, m) - 2 \log 2
# \tag{11.3}
# $$
#
# Half of the two divergences is called the Jensen-Shannon divergence:
#
# $$
# V(D^*, G) = 2 \, JS(p, q) - \log 4, \qquad
# JS(p, q) = \tfrac{1}{2} KL(p \,\|\, m) + \tfrac{1}{2} KL(q \,\|\, m)
# \tag{11.4}
# $$
#
# By lesson 10 a divergence is zero if the two distributions are equal, and
# positive otherwise. So $-\log 4 = -1.386$ is the smallest value, reached only
# if $p = m = q$: the generator's distribution is that of the data. Then
# $D^* = \tfrac{1}{2}$ everywhere.
#
# **As losses.** Both nets descend. With weights for the real part, 1 in the
# game above, the discriminator's loss is $-V$ [E.GAND]:
#
# $$
# L_D = -w \, E[s \log D(x) + (1 - s) \log (1 - D(x))]
#   - E[\log (1 - D(G(z)))]
# \tag{11.5, E.GAND}
# $$
#
# Here $w = s = 1$; an $s$ of 0.9 tells $D$ not to be too sure. The generator's
# loss is what of $V$ depends on it [E.GANMINIMAX]:
#
# $$
# L_G = E[\log (1 - D(G(z)))]
# \tag{11.6, E.GANMINIMAX}
# $$
#
# **In logits.** The net returns $l$, and $D = 1 / (1 + e^{-l})$. Then
# $\log D = -\log(1 + e^{-l})$ and $\log (1 - D) = -\log(1 + e^l)$. Never
# compute $D$ first: at $l = 40$ it is 1 in float64, and $\log (1 - D)$ is
# minus infinity, instead of $-40$.
#
# **The gradient that fades.** The derivative of $-\log(1 + e^l)$ is
# $-e^l / (1 + e^l) = -D$. A sure discriminator has $D \approx 0$ for a
# drawing: no gradient, just when it is needed most. The same drawings become
# better if $G$ maximises $\log D$ instead of minimising $\log (1 - D)$
# [E.GANNONSATURATING]:
#
# $$
# L_G = -E[\log D(G(z))]
# \tag{11.7, E.GANNONSATURATING}
# $$
#
# The derivative of $\log(1 + e^{-l})$ is $-1 / (1 + e^l) = -(1 - D)$: near
# $-1$ for a bad drawing. Both losses pull $l$ upward, and at
# $D = \tfrac{1}{2}$ with the same strength. But what $G$ minimises is no
# longer what $D$ maximises, and no longer (11.4).
#
# By hand
# -------
# Everything up to (11.4) on five points instead of a line.

# %%
# symbols: p=p; q=q; m=m; D=D; V=V
p = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
q = np.array([0.5, 0.2, 0.1, 0.1, 0.1])


def V(D, p, q):
    return (p * np.log(D)).sum() + (q * np.log(1 - D)).sum()


def KL(p, q):
    return (p * np.log(p / q)).sum()


best = p / (p + q)
m = (p + q) / 2
JS = (KL(p, m) + KL(q, m)) / 2
print(f"V of the best D {V(best, p, q):.6f}", end=", ")
print(f"2 JS - log 4 = {2 * JS - np.log(4):.6f}")
for logit in (-10.0, 0.0, 10.0):
    D = 1 / (1 + np.exp(-logit))
    print(f"logit {logit:5.0f}: minimax {-D:.6f}, non-saturating {D - 1:.6f}")

# %% [markdown]
# You should see the same ``-1.127380`` twice, and at the logit $-10$, the
# $1 / 22{,}000$ of the prediction, a gradient of ``-0.000045`` for the minimax
# loss against ``-0.999955`` for the other one.
#
# With minigen
# ------------
# ``minigen.models.dense_chain`` makes a net from a list of widths,
# ``minigen.sigmoid`` turns a logit into a probability.
# ``minigen.objectives.discriminator_loss`` is (11.5),
# ``minigen.objectives.generator_loss_minimax`` (11.6) and
# ``minigen.objectives.generator_loss_nonsaturating`` (11.7), all from logits.
# First only $D$ learns, with real numbers from $N(2, 0.5^2)$ and drawn ones
# from $N(0, 1)$. Does it find (11.2)?

# %%
rng = minigen.generator(11)


def discriminator():
    return models.dense_chain([1, 32, 32, 1], "tanh", rng)


def real(n):
    return 2 + 0.5 * rng.normal((n, 1))


def train_discriminator(net, fake, steps, batch=256):
    rule = optim.AdamBiasCorrected(net.parameters(), alpha=0.003)
    for _ in range(steps):
        loss = objectives.discriminator_loss(
            net(real(batch)), net(fake(batch))
        )
        loss.value.backward()
        rule.step()
        rule.zero_grad()


judge = discriminator()
train_discriminator(
    judge, lambda n: rng.normal((n, 1)), 300 if SMOKE else 1000
)
line = np.linspace(-2.5, 4, 200)


def density(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


on_line = minigen.asarray(line[:, None].astype("float32"))
learned = minigen.to_numpy(minigen.sigmoid(judge(on_line)).array)[:, 0]
p, q = density(line, 2.0, 0.5), density(line, 0.0, 1.0)
D_star = p / (p + q)
off = abs(learned - D_star)[p + q > 0.02].max()
print(f"trained D against (11.2): largest difference {off:.3f}")

# %% [markdown]
# You should see a difference of a few hundredths, where there is any data.
#
# Now both play. The generator is a net from noise to a number. Each round is
# one step of $D$ with (11.5) and one of $G$ with (11.7).
# ``minigen.nn.Sequential`` holds both, and ``.backward(inputs=...)`` asks for
# the gradients of one player's weights only.

# %%
net = discriminator()
generator = models.dense_chain([4, 32, 1], "tanh", rng)
rules = [
    optim.AdamBiasCorrected(part.parameters(), alpha=0.002, beta1=0.5)
    for part in (net, generator)
]


def noise(n):
    return rng.normal((n, 4))


def play_round(batch=64):
    with minigen.no_grad():
        fake = generator(noise(batch))
    loss = objectives.discriminator_loss(net(real(batch)), net(fake))
    loss.value.backward()
    rules[0].step()
    rules[0].zero_grad()
    score = net(generator(noise(batch)))
    drawn = objectives.generator_loss_nonsaturating(score)
    drawn.backward(inputs=generator.parameters())
    rules[1].step()
    rules[1].zero_grad()
    return float(minigen.to_numpy(loss.value.array))


history, losses = [], []
rounds = 600 if SMOKE else 2400
for t in range(rounds):
    if t % (rounds // 20) == 0:
        with minigen.no_grad():
            drawn = minigen.to_numpy(generator(noise(2000)).array)[:, 0]
            seen = minigen.to_numpy(minigen.sigmoid(net(on_line)).array)[:, 0]
        history.append((t, drawn, seen))
    losses.append(play_round())
final = history[-1][1]
print(
    f"data: mean 2.00, std 0.50; drawn: {final.mean():.2f}, {final.std():.2f}"
)
print(f"loss of D at the end {np.mean(losses[-200:]):.3f}, log 4 = 1.386")

# %% [markdown]
# You should see a mean near 2, a spread of 0.4 or 0.5, for it sways, and a
# loss near $\log 4$: the discriminator is left guessing.
#
# Check
# -----
# (11.2) to (11.4) hold on five points to the last digit, no other $D$ is
# better, (11.2) is found by training, and the gradients are those of the
# derivation.

# %%
draws = np.random.default_rng(0)
for _ in range(200):
    a, b = draws.dirichlet(np.ones(5)), draws.dirichlet(np.ones(5))
    c = (a + b) / 2
    js = (KL(a, c) + KL(b, c)) / 2
    assert np.isclose(V(a / (a + b), a, b), 2 * js - np.log(4), rtol=1e-12)
    assert V(draws.uniform(0.01, 0.99, 5), a, b) <= V(a / (a + b), a, b)
assert off < (0.25 if SMOKE else 0.1)
assert abs(final.mean() - 2) < 0.3 and 0.1 < final.std() < 1
assert abs(np.mean(losses[-200:]) - np.log(4)) < 0.15

logits = minigen.tensor([-1000.0, -10.0, 0.0], requires_grad=True)
D = 1 / (1 + np.exp(-np.array([-1000.0, -10.0, 0.0]).clip(-700)))
for loss, expected in (
    (objectives.generator_loss_minimax, -D / 3),
    (objectives.generator_loss_nonsaturating, (D - 1) / 3),
):
    value = loss(logits)
    gradient = minigen.to_numpy(minigen.grad(value, logits).array)
    assert np.isfinite(float(minigen.to_numpy(value.array)))
    assert np.allclose(gradient, expected, atol=1e-7)

# %% [markdown]
# Picture
# -------
# First the trained $D$ on the line of (11.2); then the game. Blue is the
# data, orange what is drawn, black the discriminator's opinion.

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.fill_between(line, p, alpha=0.3, label="p, real")
axes.fill_between(line, q, alpha=0.3, label="q, drawn")
axes.plot(line, D_star, "k", lw=3, alpha=0.4, label="D* = p / (p + q)")
axes.plot(line, learned, "r--", label="D, trained")
axes.set(xlabel="x", title="the discriminator finds the ratio of densities")
axes.legend(fontsize=8)
show(figure)

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
bins = np.linspace(-2.5, 4, 66)
axes.fill_between(line, p, alpha=0.3, label="data")
heap = axes.stairs(
    0 * bins[1:], bins, fill=True, alpha=0.5, color="C1", label="drawn"
)
(opinion,) = axes.plot(line, line, "k", label="D")
axes.set(xlabel="x", ylim=(0, 1.6))
axes.legend(loc="upper left", fontsize=8)


def draw(i):
    t, drawn, seen = history[i]
    heap.set_data(np.histogram(drawn.clip(-2.5, 4), bins, density=True)[0])
    opinion.set_ydata(seen)
    axes.set_title(f"the game, round {t}")


frames = range(0, len(history), 10 if SMOKE else 1)
animation = FuncAnimation(figure, draw, frames=frames, interval=200)
show(animation)

# %% [markdown]
# You should see the red dashes on the grey line where there are data, and
# above it to the right, where there are none; and in the game, $D$ as a slope
# that pushes the drawn heap to the right until it lies on the data. From
# then on both sway a little: what is drawn becomes narrower and wider, and $D$
# follows. Lesson 12 is about that.
#
# Break it
# --------
# Train $D$ until it is sure, against a generator that draws far away, at $-6$.
# Then hold $D$ and let the generator walk, once with each loss.
#
# **Predict.** How far does the mean of the drawings move in 200 steps with the
# minimax loss (11.6), and how far with (11.7)?

# %%
sure = discriminator()
train_discriminator(sure, lambda n: rng.normal((n, 1)) - 6, 200)
moved = {}
for name, loss in (
    ("minimax", objectives.generator_loss_minimax),
    ("non-saturating", objectives.generator_loss_nonsaturating),
):
    shift = nn.Parameter(np.full((1, 1), -6.0, "float32"))
    rule = optim.SGD([shift], alpha=0.5)
    for _ in range(200):
        loss(sure(shift + rng.normal((64, 1)))).backward(inputs=[shift])
        rule.step()
        rule.zero_grad()
    moved[name] = float(minigen.to_numpy(shift.array)[0, 0]) + 6
    print(f"{name:15} moved by {moved[name]:.4f}")
assert moved["non-saturating"] > 10 * abs(moved["minimax"])

# %% [markdown]
# You should see the minimax generator stand still, while the other one moves
# by 9: past the data, for this $D$ is held and calls nothing back. That is all
# there is between a game that is beautiful and one that can be played.
#
# Exercises
# ---------
# ``minigen learn 11`` puts ``11_adversarial_game.py`` into your directory, and
# ``minigen learn check 11`` says what is right and which mistake is made.
#
# 1. ``discriminator_loss``: the formula (11.5) from logits.
# 2. ``generator_loss``: the formula (11.7) from logits.
# 3. ``jensen_shannon``: the divergence of (11.4).
#
# Where next
# ----------
# This game went well. Lesson 12 shows the ways in which it does not.
