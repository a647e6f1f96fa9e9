r"""
Momentum, as stated and Polyak's
================================

In a narrow valley gradient descent bounces from wall to wall and hardly moves
along. A heavy ball would not: it keeps its speed. But the rule that is often
written down for it, "add a fraction of the previous gradient", is another
rule. What does each of the two do?
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
# As stated here, momentum adds $\beta$ times the gradient of the step before,
# with a plus. The usual values are $\alpha = 0.1$ and $\beta = 0.9$.
#
# **Predict.** On $J = \tfrac{1}{2} \theta^2$, from $\theta = 1$: does this
# rule arrive (reach $\theta = 0$) sooner than gradient descent, later, or
# never?
#
# Derivation
# ----------
# **Two rules.** The stated one [E.MOM] remembers a gradient, Polyak's
# [E.HEAVYBALL] a velocity $u$. In the first step there is nothing to remember:
# the last gradient of (4.1) and $u_0$ count as 0.
#
# $$
# \theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t)
#   + \beta \nabla J(\theta_{t-1})
# \tag{4.1, E.MOM}
# $$
#
# $$
# \begin{aligned}
# u_{t+1} &= \beta u_t - \alpha \nabla J(\theta_t) \\
# \theta_{t+1} &= \theta_t + u_{t+1}
# \end{aligned}
# \tag{4.2, E.HEAVYBALL}
# $$
#
# **Where the gradient hardly changes**, call it $g$. Then (4.1) moves by
# $-(\alpha - \beta) g$: the memory of the last gradient takes away from the
# step, and with $\beta > \alpha$ it climbs. In (4.2) the velocity rests where
# $u = \beta u - \alpha g$:
#
# $$
# u = -\frac{\alpha}{1 - \beta} \, g
# \tag{4.3}
# $$
#
# With $\beta = 0.9$ it is ten times faster than gradient descent. A gradient
# that changes its sign in every step, from wall to wall, is damped by the
# same memory: put $u_t = -u$ and $u_{t+1} = u$, then $u = -\beta u - \alpha g$
# and $u = -\alpha g / (1 + \beta)$.
#
# **On a quadratic** one coordinate has the gradient $\lambda \theta$. Put
# $u_t = \theta_t - \theta_{t-1}$ into (4.2). Both rules are then recurrences
# over two steps, and $\theta_t = r^t$ solves them if
#
# $$
# \begin{aligned}
# \text{stated:} \quad r^2 - (1 - \alpha \lambda) \, r - \beta \lambda &= 0 \\
# \text{heavy ball:} \quad r^2 - (1 + \beta - \alpha \lambda) \, r
#   + \beta &= 0
# \end{aligned}
# \tag{4.4}
# $$
#
# Any walk is $a r_1^t + b r_2^t$, or $(a + b t) \, r^t$ where the two roots
# are one. It goes to zero from every start if and only if both roots have
# $|r| < 1$.
#
# **When is that?** Let $p(r) = r^2 + d r + c$. The product of the roots is
# $c$. Two complex roots are conjugate, so $|r|^2 = c$, and $p > 0$ on the
# whole real axis. Two real roots: if $p(1) > 0$ and $p(-1) > 0$, no root or
# both lie in each of the intervals below $-1$, between $-1$ and $1$, and above
# $1$; outside the middle one the product would be above 1. And if both
# $|r| < 1$, then $|c| < 1$ and $p(\pm 1) = (1 \mp r_1)(1 \mp r_2) > 0$. Hence,
# in all cases:
#
# $$
# |r_1|, |r_2| < 1 \iff |c| < 1, \quad p(1) > 0, \quad p(-1) > 0
# \tag{4.5}
# $$
#
# **The stated rule.** $p(1) = (\alpha - \beta) \lambda$ and
# $p(-1) = 2 - (\alpha + \beta) \lambda$. With both positive,
# $\beta \lambda < 1$ follows. For all curvatures up to $L$:
#
# $$
# \beta < \alpha < \frac{2}{L} - \beta
# \tag{4.6}
# $$
#
# A range that is smaller than that of gradient descent, on both sides, and a
# step that is shorter. The plus sign makes it a brake.
#
# **The heavy ball.** $c = \beta$, $p(1) = \alpha \lambda$ and
# $p(-1) = 2 + 2 \beta - \alpha \lambda$, so for $0 \le \beta < 1$:
#
# $$
# 0 < \alpha < \frac{2 (1 + \beta)}{L}
# \tag{4.7}
# $$
#
# **Oscillation.** The roots are complex, or one double root, if
# $(1 + \beta - \alpha \lambda)^2 \le 4 \beta$, and then $|r| = \sqrt{\beta}$
# whatever $\lambda$ is. Taking the root, this is
# $(1 - \sqrt{\beta})^2 \le \alpha \lambda \le (1 + \sqrt{\beta})^2$. Let the
# smallest curvature $\mu$ lie at the lower end and $L$ at the upper one. Then
# $\sqrt{\alpha \mu} = 1 - \sqrt{\beta}$ and
# $\sqrt{\alpha L} = 1 + \sqrt{\beta}$. Their sum gives $\alpha$, their
# quotient $\beta$, with $\kappa = L / \mu$:
#
# $$
# \alpha = \frac{4}{(\sqrt{L} + \sqrt{\mu})^2}, \qquad
# \sqrt{\beta} = \frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}
# \tag{4.8}
# $$
#
# Every $\lambda$ from $\mu$ to $L$ then has $|r| = \sqrt{\beta}$: for
# $\kappa = 100$ that is 0.82, where the best gradient descent, (3.4), has
# 0.98. At $\mu$ and $L$ themselves the root is double, and the walk is
# $(a + b t) \, r^t$: the factor $t$ costs a little, but never wins against
# $r^t$.
#
# **Nesterov's rule** [E.NESTEROV] takes the gradient where the ball $\phi$ is
# about to be: $u_{t+1} = \beta u_t - \alpha \nabla J(\phi_t + \beta u_t)$ and
# $\phi_{t+1} = \phi_t + u_{t+1}$. Store the point ahead,
# $\theta_t = \phi_t + \beta u_t$. Then $\theta_{t+1} = \phi_t + u_{t+1} +
# \beta u_{t+1}$, and with $\phi_t = \theta_t - \beta u_t$ and the first line
# for $u_{t+1}$, the two $\beta u_t$ cancel:
#
# $$
# \begin{aligned}
# u_{t+1} &= \beta u_t - \alpha \nabla J(\theta_t) \\
# \theta_{t+1} &= \theta_t + \beta u_{t+1} - \alpha \nabla J(\theta_t)
# \end{aligned}
# \tag{4.9, E.NESTEROV}
# $$
#
# By hand
# -------
# Each rule for any gradient, and (4.4) for the largest $|r|$.

# %%
# symbols: u=u; theta=\theta; alpha=\alpha; beta=\beta; curvature=\lambda


def stated(theta, gradient, alpha, beta, steps):
    path, before = [theta], 0.0
    for _ in range(steps):
        g = gradient(theta)
        theta = theta - alpha * g + beta * before
        before = g
        path.append(theta)
    return np.array(path)


def heavy_ball(theta, gradient, alpha, beta, steps):
    path, u = [theta], 0.0
    for _ in range(steps):
        u = beta * u - alpha * gradient(theta)
        theta = theta + u
        path.append(theta)
    return np.array(path)


def largest_root(curvature, alpha, beta, rule):
    """The larger |r| of (4.4)."""
    if rule == "stated":
        polynomial = [1, -(1 - alpha * curvature), -beta * curvature]
    else:
        polynomial = [1, -(1 + beta - alpha * curvature), beta]
    return abs(np.roots(polynomial)).max()


def slope(theta):
    return theta  # of J = 1/2 theta^2


for name, rule in (("stated", stated), ("heavy ball", heavy_ball)):
    path = rule(1.0, slope, 0.1, 0.9, 20)
    print(
        f"{name:10} alpha 0.1, beta 0.9: theta after 20 steps {path[-1]:.3f}"
    )

# %% [markdown]
# You should see ``2375.183`` for the stated rule, which climbs, and ``0.345``
# for the heavy ball, which has swung to and fro. Gradient
# descent would be at 0.122.
#
# With minigen
# ------------
# ``minigen.optim.Momentum`` is (4.1), ``minigen.optim.HeavyBall`` is (4.2) and
# ``minigen.optim.Nesterov`` is (4.9). In a valley with $\kappa = 100$,
# gradient descent gets the $\alpha$ of (3.4) and the heavy ball (4.8). The
# stated rule gets a pair just inside (4.6), $0.005 < 0.0145 < 0.015$;
# Nesterov's the usual $\alpha = 1 / L$ and
# $\beta = (\sqrt{\kappa} - 1) / (\sqrt{\kappa} + 1)$.

# %%
curvature = np.array([1.0, 100.0])
best_alpha, best_beta = 4 / (10 + 1) ** 2, (9 / 11) ** 2
weight = minigen.tensor(curvature)


def train(rule, steps=120, **settings):
    """All positions on 1/2 sum(curvature theta^2), from (1, 1)."""
    theta = nn.Parameter(np.ones(2))
    update = rule([theta], **settings)
    path = [minigen.to_numpy(theta.array).copy()]
    for _ in range(steps):
        (0.5 * (weight * theta * theta).sum()).backward()
        update.step()
        update.zero_grad()
        path.append(minigen.to_numpy(theta.array).copy())
    return np.array(path)


paths = {
    "gradient descent": train(optim.GD, alpha=2 / 101),
    "stated, beta 0.005": train(optim.Momentum, alpha=0.0145, beta=0.005),
    "heavy ball, by (4.8)": train(
        optim.HeavyBall, alpha=best_alpha, beta=best_beta
    ),
    "Nesterov": train(optim.Nesterov, alpha=0.01, beta=9 / 11),
}
for name, path in paths.items():
    print(f"{name:21} distance after 120 {np.linalg.norm(path[-1]):.1e}")

# %% [markdown]
# You should see that the heavy ball is seven powers of ten nearer than
# gradient descent, and that the stated rule is farther away than that. Of the
# heavy ball's 7.7e-09, $(9/11)^{120}$ is 3.5e-11; the rest is the factor of
# the double root at $\lambda = L$, which is $1 + 120 \cdot 20 / 11 = 219$.
#
# Check
# -----
# minigen's rules are the lines by hand; the roots (4.4) predict who arrives
# anywhere in the plane of $\alpha$ and $\beta$, and (4.6), (4.7) are the
# borders.


# %%
def valley(theta):
    return curvature * theta


by_hand = heavy_ball(np.ones(2), valley, best_alpha, best_beta, 120)
assert np.allclose(paths["heavy ball, by (4.8)"], by_hand, atol=1e-12)
by_hand = stated(np.ones(2), valley, 0.0145, 0.005, 120)
assert np.allclose(paths["stated, beta 0.005"], by_hand, atol=1e-12)

n = 25 if SMOKE else 40
grid = np.meshgrid(np.linspace(0.02, 4.2, n), np.linspace(0.0, 1.2, n))
maps = {}
for name, rule in (("stated", stated), ("heavy ball", heavy_ball)):
    alpha, beta = grid
    path = rule(np.ones_like(alpha), slope, alpha, beta, 200)
    maps[name] = np.maximum(abs(path[-1]), abs(path[-2])) < 1
    flat = zip(alpha.ravel(), beta.ravel(), strict=True)
    roots = np.array([largest_root(1.0, a, b, name) for a, b in flat])
    clear = abs(roots - 1) > 0.02  # 200 steps do not tell about the border
    assert (maps[name].ravel() == (roots < 1))[clear].all()
    border = (
        (beta < alpha) & (alpha < 2 - beta)
        if name == "stated"
        else (alpha < 2 * (1 + beta)) & (beta < 1)
    )
    assert (border.ravel() == (roots < 1))[clear].all()
rate = largest_root(1.0, best_alpha, best_beta, "heavy ball")
print(f"largest root of the heavy ball by (4.8): {rate:.4f} = 9/11")
assert np.isclose(rate, 9 / 11, rtol=1e-6)
assert np.isclose(
    largest_root(100.0, best_alpha, best_beta, "heavy ball"), 9 / 11, rtol=1e-6
)

# %% [markdown]
# You should see ``0.8182 = 9/11``: both curvatures shrink alike.
#
# Picture
# -------
# Who arrives, measured by walking, with the borders (4.6) and (4.7) over it;
# how $\beta$ makes the heavy ball swing; and the walks in the valley.

# %%
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
beta = np.linspace(0, 1.2, 100)
for panel, name in zip(axes[:2], maps, strict=True):
    panel.contourf(*grid, maps[name], levels=[0.5, 1], colors=["#9ecae1"])
    panel.set(xlim=(0, 4.2), ylim=(0, 1.2), xlabel="alpha", ylabel="beta")
    panel.set_title(f"{name}: arrives (blue), curvature 1")
axes[0].plot(beta, beta, "k", 2 - beta, beta, "k", lw=1.5)
axes[1].plot(2 * (1 + beta[beta < 1]), beta[beta < 1], "k", lw=1.5)
axes[1].axhline(1, color="k", lw=1.5)
for b in (0.0, 0.5, 0.9, 0.98):
    swing = heavy_ball(1.0, slope, 0.1, b, 80)
    axes[2].plot(swing, label=f"beta {b}")
axes[2].set(xlabel="step", ylabel="theta", title="heavy ball, alpha 0.1")
axes[2].legend(fontsize=8)
show(figure)

figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
across, up = np.meshgrid(
    np.linspace(-0.5, 1.2, 81), np.linspace(-1.3, 1.3, 81)
)
axes.contour(across, up, (across**2 + 100 * up**2) / 2, 12, colors="0.85")
axes.set(xlabel="theta 1, curvature 1", ylabel="theta 2, curvature 100")
lines = {
    name: axes.plot([], [], ".-", ms=4, lw=1, label=name)[0] for name in paths
}
axes.legend(loc="lower right", fontsize=8)


def draw(t):
    axes.set_title(f"a valley a hundred times as steep across, step {t}")
    for name, line in lines.items():
        line.set_data(*paths[name][: t + 1].T)


frames = range(0, 61, 20 if SMOKE else 2)
animation = FuncAnimation(figure, draw, frames=frames, interval=200)
show(animation)

# %% [markdown]
# You should see the borders of both blue regions on the lines: a small
# triangle for the stated rule, a wide field for the heavy ball; and swings
# that last the longer, the nearer $\beta$ is to 1.
#
# Break it
# --------
# The stated rule has a plus. What if it is a minus, as in
# $\theta - \alpha g_t - \beta g_{t-1}$? Where the gradient hardly changes it
# then moves by $\alpha + \beta$: no brake any more.
#
# **Predict.** With the minus, does $\alpha = 0.1$, $\beta = 0.9$ arrive on
# $J = \tfrac{1}{2} \theta^2$? And with $\beta = 1.1$?

# %%
for beta in (0.9, 1.1):
    path = stated(1.0, slope, 0.1, -beta, 300)
    print(f"minus, beta {beta}: |theta| after 300 steps {abs(path[-1]):.1e}")
assert abs(stated(1.0, slope, 0.1, -0.9, 300)[-1]) < 1e-6
assert abs(stated(1.0, slope, 0.1, -1.1, 300)[-1]) > 1e3

# %% [markdown]
# You should see the first arrive and the second not. By (4.5), with
# $c = \beta \lambda$, it needs $\beta < 1 / L$ and $\alpha < 2 / L + \beta$.
# It has one step of memory, and so it cannot gather speed as the heavy ball
# does: $1 / (1 - \beta) = 1 + \beta + \beta^2 + \dots$ weighs all gradients so
# far.
#
# Exercises
# ---------
# ``minigen learn 4`` puts ``04_momentum.py`` into your directory, and
# ``minigen learn check 4`` says what is right and which mistake is made.
#
# 1. ``heavy_ball_step``: one step of (4.2).
# 2. ``stated_momentum_step``: one step of (4.1).
# 3. ``heavy_ball_edge``: the step size of (4.7) at which it ceases to
#    arrive.
#
# Where next
# ----------
# The heavy ball still has one $\alpha$ for all coordinates. Lesson 5 gives
# each its own.
