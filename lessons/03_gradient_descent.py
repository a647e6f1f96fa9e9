r"""
Downhill: gradient descent and its noisy sister
===============================================

The gradient says in which direction a loss falls fastest. How long may a step
in that direction be before it does harm? And what remains of the method when
the gradient comes from a handful of examples and is never quite right?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import minigen
from minigen import nn, optim
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# A valley $J = \tfrac{1}{2} (\theta_1^2 + 10 \, \theta_2^2)$, ten times as
# steep across as along. Gradient descent starts at $(1, 1)$.
#
# **Predict.** With the step size $\alpha = 0.19$ it arrives. What does it do
# with $0.20$, and what with $0.21$? And which $\alpha$ arrives soonest?
#
# Derivation
# ----------
# **Why the gradient.** For a small step $d$,
# $J(\theta + d) \approx J(\theta) + \langle \nabla J, d \rangle$. By the
# inequality of Cauchy and Schwarz,
# $\langle \nabla J, d \rangle \ge -\|\nabla J\| \, \|d\|$, with equality only
# if $d$ points against the gradient. Of all steps of one length, this one goes
# down most. Its length is up to us; make it proportional to the gradient
# [E.GD]:
#
# $$
# \theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t)
# \tag{3.1, E.GD}
# $$
#
# **On a quadratic.** Near a minimum every smooth loss is one, approximately,
# if its curvatures there are positive. Rotate the axes until its matrix is
# diagonal: $J = \tfrac{1}{2} \sum_j \lambda_j \theta_j^2$, with curvatures
# $0 < \mu = \lambda_{min} \le \lambda_j \le \lambda_{max} = L$. The gradient
# is $\lambda_j \theta_j$, so (3.1) multiplies each coordinate by a number of
# its own:
#
# $$
# \theta_{j,t} = (1 - \alpha \lambda_j)^t \, \theta_{j,0}
# \tag{3.2}
# $$
#
# From a start other than zero it goes to zero if and only if
# $-1 < 1 - \alpha \lambda_j < 1$. The steepest direction is the first to fail:
#
# $$
# \theta_t \to 0 \text{ from every start} \iff 0 < \alpha < \frac{2}{L}
# \tag{3.3}
# $$
#
# **The best step size.** The slowest coordinate decides:
# $\max_j |1 - \alpha \lambda_j|$ is the larger one of $1 - \alpha \mu$, which
# falls with $\alpha$, and $\alpha L - 1$, which rises. It is smallest where
# the two are equal. With $\kappa = L / \mu$:
#
# $$
# \alpha = \frac{2}{L + \mu}, \qquad
# \max_j |1 - \alpha \lambda_j| = \frac{\kappa - 1}{\kappa + 1}
# \tag{3.4}
# $$
#
# A valley with $\kappa = 1000$ shrinks by a five-hundredth in each step,
# however well $\alpha$ is chosen. That is what lessons 4 and 5 are about.
#
# **With noise.** The mean over a data set is replaced by the mean over a
# mini-batch $B_i$, whose gradient is right on average only [E.SGD]:
#
# $$
# \theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t, B_i)
# \tag{3.5, E.SGD}
# $$
#
# Take one coordinate with curvature $\lambda$. The gradient of a mini-batch is
# $\lambda \theta_t + n_t$, where the noise $n_t$ has the mean $0$ and the
# variance $\sigma^2$ and is independent in each step. Then
# $\theta_{t+1} = (1 - \alpha \lambda) \theta_t - \alpha n_t$. Let $V_t$ be the
# variance of $\theta_t$ over all the walks that the noise may cause. The
# variance of a sum of independent numbers is the sum of their variances:
#
# $$
# V_{t+1} = (1 - \alpha \lambda)^2 V_t + \alpha^2 \sigma^2
# \tag{3.6}
# $$
#
# It comes to rest where $V_{t+1} = V_t = V$. With
# $1 - (1 - \alpha \lambda)^2 = \alpha \lambda (2 - \alpha \lambda)$,
#
# $$
# V = \frac{\alpha \sigma^2}{\lambda (2 - \alpha \lambda)}
# \tag{3.7}
# $$
#
# SGD with a constant $\alpha$ does not arrive. It wanders about the minimum,
# at a distance whose square is about $\alpha \sigma^2 / 2 \lambda$. To come
# nearer, $\alpha$ must become smaller in time, for instance in jumps
# [E.STEPDECAY] or along a cosine [E.COSINE]:
#
# $$
# \alpha_t = \alpha_T + \frac{1}{2} (\alpha - \alpha_T)
#   \left(1 + \cos\left(\frac{\pi t}{T}\right)\right), \qquad t \le T
# \tag{3.8, E.COSINE}
# $$
#
# If the first steps are the dangerous ones, because nothing is near a minimum
# yet, it may also begin small and grow, which is called a warm-up [E.WARMUP].
#
# By hand
# -------
# Two lines: the step (3.1), and the noise of (3.5).

# %%
# symbols: theta=\theta; alpha=\alpha; curvature=\lambda; sigma=\sigma
curvature = np.array([1.0, 10.0])
rng = np.random.default_rng(3)


def gradient_descent(theta, curvature, alpha, steps, sigma=0.0):
    """All positions; sigma: standard deviation of the gradient's noise."""
    path = [theta]
    for _ in range(steps):
        g = curvature * theta + sigma * rng.normal(size=theta.shape)
        theta = theta - alpha * g
        path.append(theta)
    return np.array(path)


start = np.ones(2)
for alpha in (0.05, 2 / 11, 0.19, 0.20, 0.21):
    path = gradient_descent(start, curvature, alpha, 100)
    size = np.linalg.norm(path[-1])
    print(f"alpha {alpha:.3f}: distance after 100 steps {size:.1e}")

# %% [markdown]
# You should see ``2.7e-05`` for 0.19, ``1.0e+00`` for 0.20 and ``1.4e+04`` for
# 0.21: at $2 / L = 0.2$ it hops from side to side for ever, just above it
# explodes. Soonest arrives $2 / (L + \mu) = 2 / 11$, with ``2.7e-09``.
#
# With minigen
# ------------
# The numbers to be trained are a ``minigen.nn.Parameter``, an array that
# always asks for its gradient. ``minigen.optim.GD`` is (3.1),
# ``minigen.optim.SGD`` is (3.5). Both have ``.step()``, which moves the
# parameters along their gradients, and ``.zero_grad()``, which forgets these.
# The step size is ``.alpha``, and a schedule such as ``minigen.optim.cosine``
# says what it should be in step t.


# %%
def train(rule, loss, theta, alpha, steps, schedule=None):
    """All positions of a parameter that follows a rule of minigen."""
    theta = nn.Parameter(np.array(theta))
    update = rule([theta], alpha=alpha)
    path = [minigen.to_numpy(theta.array).copy()]
    for t in range(steps):
        if schedule is not None:
            update.alpha = schedule(t)
        loss(theta).backward()
        update.step()
        update.zero_grad()
        path.append(minigen.to_numpy(theta.array).copy())
    return np.array(path)


weight = minigen.tensor(curvature)


def valley(theta):
    return 0.5 * (weight * theta * theta).sum()


alphas = {"below": 0.1, "best": 2 / 11, "at 2/L": 0.2, "above": 0.205}
paths = {
    name: train(optim.GD, valley, start, alpha, 30)
    for name, alpha in alphas.items()
}
for name, path in paths.items():
    end = (curvature * path[-1] ** 2).sum() / 2
    print(f"{name:7} J after 30 steps {end:.2e}")

# %% [markdown]
# You should see the loss fall for the first two, stay at ``5.00e+00`` at
# $2 / L$, and grow above.
#
# Now the noise. Many numbers $x$ with mean 0 are given; $\theta$ shall become
# their mean, from mini-batches of four. We let 2,000 walkers do it at once,
# each with batches of its own, so that their variance can be seen.

# %%
walkers, batch = (400 if SMOKE else 2000), 4
data_sigma = 2.0  # of one x; the mean of a batch has data_sigma / sqrt(batch)


def noisy(theta):
    """Half the squared distance to a batch's mean: curvature 1, sigma 1."""
    x = data_sigma * rng.normal(size=(batch, walkers))
    return 0.5 * ((theta - minigen.tensor(x.mean(axis=0))) ** 2).sum()


def variance(alpha, schedule=None, steps=150):
    path = train(optim.SGD, noisy, np.zeros(walkers), alpha, steps, schedule)
    return (path[-50:] ** 2).mean(), (path[-1] ** 2).mean()


sizes = (0.05, 0.2, 0.5, 1.0, 1.5, 1.8)
measured = [variance(alpha)[0] for alpha in sizes]
floors = [alpha / (2 - alpha) for alpha in sizes]  # (3.7), lambda = sigma = 1
for alpha, seen, floor in zip(sizes, measured, floors, strict=True):
    print(f"alpha {alpha}: variance {seen:.4f}, by (3.7) {floor:.4f}")
falling = optim.cosine(0.5, 0.001, 150)
_, cooled = variance(0.5, falling)
print(f"alpha from 0.5 to 0.001 along (3.8): variance at the end {cooled:.4f}")

# %% [markdown]
# You should see each variance within a few percent of (3.7), a third for
# $\alpha = 0.5$, and about ``0.02`` at the end of the cosine.
#
# Check
# -----
# The rules of minigen walk as the lines by hand do, the edge lies at $2 / L$,
# (3.4) is the best rate, and the noise floor is (3.7).

# %%
for name, alpha in alphas.items():
    by_hand = gradient_descent(start, curvature, alpha, 30)
    assert np.allclose(paths[name], by_hand, rtol=1e-9)


def rate(alpha):
    """By what the distance shrinks in a step, in the long run."""
    path = gradient_descent(start, curvature, alpha, 400)
    return (np.linalg.norm(path[-1]) / np.linalg.norm(path[-101])) ** 0.01


tried = np.linspace(0.02, 0.22, 41)
rates = np.array([rate(alpha) for alpha in tried])
assert rate(0.199) < 1 < rate(0.201)
assert np.isclose(rate(2 / 11), 9 / 11, rtol=1e-3)
assert rates.min() >= 9 / 11 - 1e-3
assert np.allclose(measured, floors, rtol=0.12)
assert cooled < 0.1 * floors[2]
print(f"rate at the best alpha {rate(2 / 11):.4f}, by (3.4) {9 / 11:.4f}")

# %% [markdown]
# You should see ``0.8182`` twice.
#
# Picture
# -------
# The four walks, step by step; then the two formulas with what was measured.

# %%
figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
across, up = np.meshgrid(
    np.linspace(-1.2, 1.2, 81), np.linspace(-2.2, 2.2, 81)
)
axes.contour(across, up, (across**2 + 10 * up**2) / 2, 12, colors="0.85")
axes.set(xlabel="theta 1, curvature 1", ylabel="theta 2, curvature 10")
axes.set(xlim=(-0.3, 1.1), ylim=(-2.2, 2.2))
lines = {
    name: axes.plot([], [], ".-", label=f"{name}, alpha {alphas[name]:.3f}")[0]
    for name in paths
}
axes.legend(loc="lower left")


def draw(t):
    axes.set_title(f"gradient descent below, at and above the edge, step {t}")
    for name, line in lines.items():
        line.set_data(*paths[name][: t + 1].T)


frames = range(0, 26, 5 if SMOKE else 1)
animation = FuncAnimation(figure, draw, frames=frames, interval=250)
show(animation)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), layout="constrained"
)
theory = np.maximum(abs(1 - tried), abs(1 - 10 * tried))
left.plot(tried, theory, label="the larger of (3.2)")
left.plot(tried, rates, "o", ms=4, label="measured")
left.axhline(1, color="0.7")
left.set(
    xlabel="alpha", ylabel="factor in each step", title="edge at 2/L = 0.2"
)
left.legend()
fine = np.linspace(0.01, 1.85, 100)
right.plot(fine, fine / (2 - fine), label="by (3.7)")
right.plot(sizes, measured, "o", label="measured")
right.set(xlabel="alpha", ylabel="variance", title="SGD does not arrive")
right.legend()
show(figure)

# %% [markdown]
# You should see the walk at the edge hop across the valley without end, and
# the dots on both lines.
#
# Break it
# --------
# It is often said that gradient descent finds the global minimum. It goes
# down, and stops where it is flat. Take two valleys,
# $J = (\theta^2 - 1)^2 + 0.3 \, \theta$: the left one is the deeper.
#
# **Predict.** From which of the starting points -2, -0.5, 0.5 and 2 does it
# find the deeper one?


# %%
def two_valleys(theta):
    return ((theta * theta - 1) ** 2 + 0.3 * theta).sum()


begin = np.array([-2.0, -0.5, 0.5, 2.0])
ends = train(optim.GD, two_valleys, begin, 0.02, 400)[-1]
for a, b in zip(begin, ends, strict=True):
    print(f"from {a:4.1f} to {b:6.3f}: J = {(b * b - 1) ** 2 + 0.3 * b:.3f}")
assert (ends[:2] < -1).all() and (ends[2:] > 0.9).all()

# %% [markdown]
# You should see that the two from the right end at ``0.960`` with
# ``J = 0.294``, the two from the left at ``-1.036`` with ``J = -0.305``. It
# finds the minimum of the valley in which it begins. If there is only one
# valley, for instance because $J$ is convex, that is the global one, and the
# saying is true. Try a larger $\alpha$: some walks jump over the hill, by
# luck.
#
# Exercises
# ---------
# ``minigen learn 3`` puts ``03_gradient_descent.py`` into your directory, and
# ``minigen learn check 3`` says what is right and which mistake is made.
#
# 1. ``largest_stable_step``: the edge for a quadratic in any axes.
# 2. ``noise_floor``: the formula (3.7).
# 3. ``cosine_step``: the schedule (3.8).
#
# Where next
# ----------
# Where the valley is narrow, (3.4) is slow whatever $\alpha$ is. Lesson 4
# gives the walker a memory.
