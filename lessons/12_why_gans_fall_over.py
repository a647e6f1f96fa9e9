r"""
Why GANs fall over
==================

Gradient descent on one loss goes down. Two players that each go down their
own loss need not get anywhere: they can circle, fly apart, or agree on a
single drawing for ever. Where does each of these come from, and what helps?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import minigen
from minigen import models, objectives, optim
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# The smallest game there is: one player holds $x$, the other $y$, and the
# value is $x y$. The first wants it small, the second large. The only
# equilibrium is $(0, 0)$. Both take gradient steps at the same time, with
# $\alpha = 0.1$, from $(1, 0)$.
#
# **Predict.** Where are they after 500 steps: at the equilibrium, on a circle
# round it, or far away?
#
# Derivation
# ----------
# **At the same time.** The first moves $x$ against
# $\partial (x y) / \partial x = y$, the second moves $y$ along $x$. In the
# words of lesson 3, each follows gradient descent on its own loss [E.GD]:
#
# $$
# \theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t)
# \tag{12.1, E.GD}
# $$
#
# with $J = x y$ for $x$ and $J = -x y$ for $y$. Together this is a matrix:
#
# $$
# \begin{pmatrix} x \\ y \end{pmatrix}_{t+1}
# = \begin{pmatrix} 1 & -\alpha \\ \alpha & 1 \end{pmatrix}
#   \begin{pmatrix} x \\ y \end{pmatrix}_t
# \tag{12.2}
# $$
#
# The new squared length is $(x - \alpha y)^2 + (y + \alpha x)^2
# = (1 + \alpha^2) (x^2 + y^2)$; the mixed terms cancel. So for every
# $\alpha > 0$, however small:
#
# $$
# \sqrt{x_t^2 + y_t^2} = (1 + \alpha^2)^{t/2} \sqrt{x_0^2 + y_0^2}
# \tag{12.3}
# $$
#
# **In turn.** The second player sees where the first one went:
# $y_{t+1} = y_t + \alpha x_{t+1} = \alpha x_t + (1 - \alpha^2) y_t$. The
# matrix now has the determinant $1 - \alpha^2 + \alpha^2 = 1$ and the trace
# $2 - \alpha^2$. Its eigenvalues solve $r^2 - (2 - \alpha^2) r + 1 = 0$; for
# $0 < \alpha < 2$ they are complex, so $|r|^2 = r \bar{r} = 1$. Indeed
# $x^2 + y^2 - \alpha x y$ keeps its value: with $y_t = y_{t+1} - \alpha
# x_{t+1}$ and $x_t = x_{t+1} + \alpha y_t$,
#
# $$
# \begin{aligned}
# y_{t+1}^2 - \alpha x_{t+1} y_{t+1} &= y_{t+1} y_t
#   = y_t^2 + \alpha x_{t+1} y_t \\
# x_{t+1}^2 + \alpha x_{t+1} y_t &= x_{t+1} x_t = x_t^2 - \alpha x_t y_t
# \end{aligned}
# $$
#
# Added, they say that it is the same before and after. The walk stays on an
# ellipse: it neither arrives nor leaves. Practice takes turns.
#
# **No overlap, no gradient.** Lesson 11 showed that $G$ minimises
# $2 \, JS(p, q) - \log 4$ against the best $D$. Let the data be a point at 0
# and the drawing a point at $d > 0$. The mean $m$ has half of each, so
# $KL(p \,\|\, m) = \log (1 / \tfrac{1}{2}) = \log 2$, and the same for $q$:
#
# $$
# JS(p, q) = \log 2 \quad \text{for every } d > 0
# \tag{12.4}
# $$
#
# The loss is the same at $d = 1000$ and at $d = 0.001$. It does not say in
# which direction to go.
#
# **A distance that does.** The Wasserstein distance $W(p, q)$ is the least
# work that moves $q$ onto $p$: the mean length of the way, over the best of
# all plans of who goes where. For the two points it is $d$. On a line with $n$
# numbers on each side the best plan keeps the order: where two ways cross, say
# $a \le b$ go to $d$ and $c$ with $c \le d$, exchanging the goals does not
# make them longer, because $|a - c| + |b - d| \le |a - d| + |b - c|$. Remove
# all crossings, and the sorted numbers are paired:
#
# $$
# W(p, q) = \frac{1}{n} \sum_i |x_{(i)} - y_{(i)}|
# \tag{12.5}
# $$
#
# **A critic instead of a judge.** Let $f$ be a function that rises nowhere
# faster than 1: $|f(a) - f(b)| \le \|a - b\|$. For any plan that moves $y$ to
# $x$, $f(x) - f(y) \le \|x - y\|$, and on average over the plan
#
# $$
# E_p[f] - E_q[f] \le W(p, q)
# \tag{12.6}
# $$
#
# So every such $f$ gives a lower bound, and the best one reaches it (the
# theorem of Kantorovich and Rubinstein, which we do not need; for the two
# points above, $f(u) = -u$ does). A net $f$, the critic, is trained to make
# the left side large, and its slope shows every drawing the way. That is a
# Wasserstein GAN (Arjovsky, Chintala and Bottou 2017). To hold the slope near
# 1, a penalty with a weight $w$ is added at points $u$ between real and drawn
# ones, the gradient penalty (Gulrajani et al. 2017):
#
# $$
# L_D = E_q[f] - E_p[f] + w \, E\left[(\|\nabla f(u)\| - 1)^2\right]
# \tag{12.7}
# $$
#
# The bound then holds roughly: for two points at distance $d$ and a slope $s$
# the loss is $-s d + w (s - 1)^2$, which is smallest at $s = 1 + d / 2 w$.
# Its own gradient needs the derivative of a derivative, which lesson 1 made.
#
# By hand
# -------
# The two ways to play $x y$, and (12.5).

# %%
# symbols: x=x; y=y; alpha=\alpha; W=W


def play(alpha, steps, in_turn):
    x, y = 1.0, 0.0
    path = [(x, y)]
    for _ in range(steps):
        new_x = x - alpha * y
        y = y + alpha * (new_x if in_turn else x)
        x = new_x
        path.append((x, y))
    return np.array(path)


def W(x, y):
    return abs(np.sort(x) - np.sort(y)).mean()


together, in_turn = play(0.1, 500, False), play(0.1, 500, True)
print(f"together: distance {np.hypot(*together[-1]):.2f} after 500 steps")
print(f"by (12.3): {(1 + 0.1**2) ** 250:.2f}")
print(f"in turn:  distance {np.hypot(*in_turn[-1]):.2f}")

# %% [markdown]
# You should see ``12.03`` twice, and about 1 for playing in turn.
#
# With minigen
# ------------
# Eight heaps of points on a circle, and a small GAN that shall draw all of
# them. ``minigen.models.dense_chain`` makes both nets. In each round the
# discriminator takes ``d_steps`` steps with
# ``minigen.objectives.discriminator_loss`` and the generator ``g_steps`` with
# ``minigen.objectives.generator_loss_nonsaturating``. If the generator moves
# often while $D$ stands still, its best answer is the one place that $D$ likes
# most.

# %%
angles = 2 * np.pi * np.arange(8) / 8
centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
draws = np.random.default_rng(12)


def heaps(n):
    points = centres[draws.integers(8, size=n)]
    return (points + 0.1 * draws.normal(size=(n, 2))).astype("float32")


def covered(points):
    """How many heaps have more than 2% of the points within 0.5 of them."""
    distance = np.linalg.norm(points[:, None] - centres[None], axis=2)
    return int(((distance < 0.5).mean(axis=0) > 0.02).sum())


def new_game(seed):
    rng = minigen.generator(seed)
    d = models.dense_chain([2, 64, 64, 1], "relu", rng)
    g = models.dense_chain([8, 64, 64, 2], "relu", rng)
    rules = [
        optim.AdamBiasCorrected(part.parameters(), alpha=0.001, beta1=0.5)
        for part in (d, g)
    ]

    def drawn(n):
        return g(rng.normal((n, 8)))

    return d, drawn, rules


def descend(loss, rule):
    loss.backward(inputs=rule.params)
    rule.step()
    rule.zero_grad()


def gan(rounds, d_steps, g_steps, seed=0, n=128):
    """Snapshots of 500 drawn points, about twenty over the rounds."""
    d, drawn, rules = new_game(seed)
    kept = []
    for t in range(rounds):
        for _ in range(d_steps):
            real, fake = minigen.asarray(heaps(n)), drawn(n).detach()
            descend(
                objectives.discriminator_loss(d(real), d(fake)).value, rules[0]
            )
        for _ in range(g_steps):
            loss = objectives.generator_loss_nonsaturating(d(drawn(n)))
            descend(loss, rules[1])
        if t % max(1, rounds // 20) == 0 or t == rounds - 1:
            kept.append(minigen.to_numpy(drawn(500).array))
    return kept


collapsed = gan(20 if SMOKE else 60, d_steps=1, g_steps=25)
print("25 steps of G:", [covered(points) for points in collapsed[-8:]])

# %% [markdown]
# You should see few of the eight heaps covered, often none or one, and not the
# same ones: the generator runs after $D$, and $D$ after the generator. (12.4)
# does not explain that: it assumes the best $D$, and here $D$ takes one step
# while $G$ takes 25. The order of the moves does, and the remedy that belongs
# to it is a fair game, five steps of $D$ for each of $G$:

# %%
fair = gan(60 if SMOKE else 320, d_steps=5, g_steps=1)
print("5 steps of D:", [covered(points) for points in fair[-5:]])

# %% [markdown]
# You should see three to six heaps in the full run: better, not yet good.
#
# Now the Wasserstein GAN: a critic with (12.7), five steps of it for each of
# the generator, which descends $-E[f]$. ``minigen.grad`` with
# ``create_graph=True`` gives the slope of the critic as a value that can be
# differentiated again; ``minigen.sqrt`` its length.

# %%
WEIGHT = 1.0  # of the penalty; 1 did better here than 0.1 and 10


def gradient_penalty(f, real, fake):
    """E[(|grad f(u)| - 1)^2] at random points u between real and fake."""
    share = draws.random((len(real), 1)).astype("float32")
    between = share * real + (1 - share) * fake
    u = minigen.tensor(between, requires_grad=True)
    slope = minigen.grad(f(u).sum(), u, create_graph=True)
    length = minigen.sqrt((slope * slope).sum(axis=1) + 1e-12)
    return ((length - 1) ** 2).mean()


def wgan(rounds, seed=0, n=128):
    f, drawn, rules = new_game(seed)
    kept = []
    for t in range(rounds):
        for _ in range(5):
            real, fake = heaps(n), minigen.to_numpy(drawn(n).array)
            gain = (
                f(minigen.asarray(real)).mean()
                - f(minigen.asarray(fake)).mean()
            )
            descend(WEIGHT * gradient_penalty(f, real, fake) - gain, rules[0])
        descend(-f(drawn(n)).mean(), rules[1])
        if t % max(1, rounds // 20) == 0 or t == rounds - 1:
            kept.append(minigen.to_numpy(drawn(500).array))
    return kept


better = wgan(60 if SMOKE else 320)
print("Wasserstein:", [covered(points) for points in better[-5:]])

# %% [markdown]
# You should see more after as many rounds of the full run, five to eight.
#
# Check
# -----
# (12.3) for the game, the ellipse of playing in turn, the distances of two
# points, (12.5) against a search over all plans, and more heaps in a fair
# game than in a hasty one, and with the critic than without.

# %%
lengths = np.hypot(*together.T)
assert np.allclose(lengths, (1 + 0.01) ** (np.arange(501) / 2), rtol=1e-12)
ellipse = (in_turn**2).sum(axis=1) - 0.1 * in_turn.prod(axis=1)
assert np.allclose(ellipse, 1.0, atol=1e-9)


def every_plan(x, y):
    """The cheapest of all ways to send each x to a y of its own."""
    if len(x) == 0:
        return 0.0
    rest = [every_plan(x[1:], np.delete(y, j)) for j in range(len(y))]
    return min(abs(x[0] - y[j]) + rest[j] for j in range(len(y)))


for _ in range(5):
    x, y = draws.normal(size=5), draws.normal(size=5)
    assert np.isclose(W(x, y), every_plan(x, y) / 5, rtol=1e-12)
tail = [covered(points) for points in collapsed[len(collapsed) // 2 :]]
assert np.mean(tail) <= 5
if not SMOKE:
    means = [np.mean([covered(p) for p in k[-9:]]) for k in (fair, better)]
    assert means[1] > means[0] > np.mean(tail)

# %% [markdown]
# Picture
# -------
# Orbits of the game; what the generator sees of a point at distance $d$; and
# both GANs at work.

# %%
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4), layout="constrained"
)
left.plot(*together[:200].T, label="at the same time")
left.plot(*in_turn[:200].T, label="in turn")
left.set(xlabel="x", ylabel="y", title="the game x y", aspect="equal")
left.legend(fontsize=8)
d = np.linspace(-2, 2, 201)
right.plot(d, np.where(d == 0, 0, np.log(2)), d, abs(d))
right.set(xlabel="d", title="two points: JS is flat, W shows the way")
show(figure)

figure, panels = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
clouds = []
for panel in panels:
    panel.plot(*centres.T, "o", ms=14, color="0.85")
    clouds.append(panel.plot([], [], ".", ms=3)[0])
    panel.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")


def draw(i):
    for panel, cloud, kept, name in zip(
        panels,
        clouds,
        (collapsed, better),
        ("GAN", "Wasserstein"),
        strict=True,
    ):
        points = kept[min(i, len(kept) - 1)]
        cloud.set_data(*points.T)
        panel.set_title(f"{name}: {covered(points)} of 8 heaps")


frames = range(0, max(len(collapsed), len(better)), 8 if SMOKE else 3)
animation = FuncAnimation(figure, draw, frames=frames, interval=500)
show(animation)

# %% [markdown]
# You should see a spiral outward and a closed curve; a flat line with a hole
# and a funnel; and on the left points that stay together and hop about, on the
# right points that spread over the whole circle. They are not on the heaps
# yet: a heap counts as covered with few points near it, and only a quarter of
# all points lie within 0.5 of one. After 1,500 rounds about 70% do.
#
# Break it
# --------
# The penalty holds the critic's slope. Without it, (12.6) is no bound at all.
#
# **Predict.** A critic is trained for 300 steps to tell a point at 0 from a
# point at 1, once with the penalty and once without. The true distance is
# one. What does each critic say?

# %%
for weight in (0.0, 10.0):
    critic, _, (rule, _) = new_game(seed=5)
    real = np.zeros((64, 2), "float32")
    fake = real + np.array([1, 0], "float32")
    for _ in range(150 if SMOKE else 300):
        a, b = critic(minigen.asarray(real)), critic(minigen.asarray(fake))
        gain = (a - b).mean()
        descend(weight * gradient_penalty(critic, real, fake) - gain, rule)
    said = float(minigen.to_numpy(gain.array))
    print(f"penalty times {weight:4.1f}: E_p[f] - E_q[f] = {said:.2f}")
    assert said > 3 if weight == 0 else abs(said - 1) < 0.2

# %% [markdown]
# You should see 1.05 with the penalty, which is $1 + 1 / (2 \cdot 10)$, and
# one that grows without end without it: a function that may be as steep as it
# likes can claim any distance.
#
# Exercises
# ---------
# ``minigen learn 12`` puts ``12_why_gans_fall_over.py`` into your directory,
# and ``minigen learn check 12`` says what is right and which mistake is made.
#
# 1. ``wasserstein``: the distance (12.5).
# 2. ``penalty``: the last part of (12.7) from given slopes.
# 3. ``steps_to_escape``: how soon playing at the same time is far away.
#
# Where next
# ----------
# Lesson 13 puts an encoder between the two players.
