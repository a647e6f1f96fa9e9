r"""
Adam, as stated and as published
================================

A net has millions of parameters, and their gradients differ by factors of
thousands. One step size for all of them is too long for some and too short
for the rest. Can every parameter find its own? And why do two rules, both
called Adam, take a different first step?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import nn, optim
from minigen.equations import REGISTER
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Two valleys: in one the loss is $\tfrac{1}{2} \theta^2$, in the other
# $\tfrac{1}{2} \cdot 10^4 \, \theta^2$. Both walkers stand at $\theta = 1$,
# so their gradients are $1$ and $10^4$. Both use the same Adam with
# $\alpha = 0.1$, $\beta_1 = 0.9$ and $\beta_2 = 0.999$.
#
# **Predict.** How long is the first step of each: $0.1$ and $1000$, as for
# gradient descent, or something else? Write down two numbers.
#
# Derivation
# ----------
# **A step without a scale.** Multiply the loss by $c$, and every gradient is
# multiplied by $c$. A quotient of the gradient and its typical size is not:
#
# $$
# \frac{c \, g}{\sqrt{E[(c \, g)^2]}} = \frac{g}{\sqrt{E[g^2]}}, \qquad c > 0
# \tag{5.1}
# $$
#
# **The typical size, as we go.** The expectation is not known, but a running
# mean of $g^2$ is. Dividing by its root, with a small $\epsilon$ against a
# division by zero, gives RMSprop [E.RMSPROP]:
#
# $$
# \begin{aligned}
# v_{t+1} &= \beta v_t + (1 - \beta) g_t^2 \\
# \theta_{t+1} &= \theta_t - \alpha \frac{g_t}{\sqrt{v_{t+1}} + \epsilon}
# \end{aligned}
# \tag{5.2, E.RMSPROP}
# $$
#
# **The direction, as we go.** Gradients of small batches are noisy. Take a
# running mean of $g$ as well, and move along that one. This is Adam as it is
# stated here [E.ADAM]; $m_0 = v_0 = 0$:
#
# $$
# \begin{aligned}
# m_{t+1} &= \beta_1 m_t + (1 - \beta_1) g \\
# v_{t+1} &= \beta_2 v_t + (1 - \beta_2) g^2 \\
# \theta_{t+1} &= \theta_t - \alpha \frac{m_{t+1}}{\sqrt{v_{t+1}} + \epsilon}
# \end{aligned}
# \tag{5.3, E.ADAM}
# $$
#
# **What a running mean remembers.** Put the first line of (5.3) into itself,
# again and again, down to $m_0 = 0$. The gradient of step $i$, counted from
# $1$, has been multiplied by $\beta_1$ once for each later step:
#
# $$
# m_t = (1 - \beta_1) \sum_{i=1}^{t} \beta_1^{t-i} g_i
# \tag{5.4}
# $$
#
# Let every $g_i$ have the same expectation $E[g]$. It can be taken out of the
# sum, and what is left is a geometric series,
# $\sum_{i=1}^{t} \beta_1^{t-i} = (1 - \beta_1^t) / (1 - \beta_1)$:
#
# $$
# E[m_t] = (1 - \beta_1) \frac{1 - \beta_1^t}{1 - \beta_1} E[g]
# = (1 - \beta_1^t) \, E[g]
# \tag{5.5}
# $$
#
# The weights do not add up to one, because $m_0 = 0$ had no gradient to tell
# of. So $m_t$ is too small, and by the same sum $v_t$ is too small by the
# factor $1 - \beta_2^t$. With $\beta_2 = 0.999$ that lasts for thousands of
# steps.
#
# **How long are the first steps?** Let the gradient be constant and $\epsilon$
# too small to matter. Then (5.5) holds without the expectations, and the step
# of (5.3) is
#
# $$
# |\theta_t - \theta_{t-1}|
# = \alpha \frac{(1 - \beta_1^t) |g|}{\sqrt{(1 - \beta_2^t) g^2}}
# = \alpha \frac{1 - \beta_1^t}{\sqrt{1 - \beta_2^t}}
# \tag{5.6}
# $$
#
# The gradient is gone, as (5.1) promised. At $t = 1$ there remains
# $\alpha (1 - \beta_1) / \sqrt{1 - \beta_2} = 3.16 \, \alpha$: the root of a
# mean that is a thousand times too small is small itself.
#
# **The published rule** (Kingma and Ba 2015) divides both means by what (5.5)
# says they are short of, and so makes the factor one in every step
# [E.ADAMBC]:
#
# $$
# \begin{aligned}
# m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\
# v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
# \hat{m}_t &= \frac{m_t}{1 - \beta_1^t} \\
# \hat{v}_t &= \frac{v_t}{1 - \beta_2^t} \\
# \theta_t &= \theta_{t-1}
#   - \alpha \frac{\hat{m}_t}{\sqrt{\hat{v}_t} + \epsilon}
# \end{aligned}
# \tag{5.7, E.ADAMBC}
# $$
#
# The step index is the only other difference: (5.3) calls the new mean
# $m_{t+1}$, (5.7) calls it $m_t$. In both, the exponent in the first step
# is $1$.
#
# By hand
# -------
# One line for each line of (5.3), and two more for (5.7).

# %%
# symbols: m=m; v=v; m_hat=\hat{m}; v_hat=\hat{v}; theta=\theta; alpha=\alpha
beta1, beta2, epsilon = 0.9, 0.999, 1e-8


def adam(theta, gradients, alpha):
    """Positions after each step of (5.3)."""
    m = v = np.zeros_like(theta)
    path = [theta]
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - alpha * m / (np.sqrt(v) + epsilon)
        path.append(theta)
    return np.array(path)


def adam_bias_corrected(theta, gradients, alpha):
    """Positions after each step of (5.7)."""
    m = v = np.zeros_like(theta)
    path = [theta]
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(theta)
    return np.array(path)


start, gradient = np.array([1.0, 1.0]), np.array([1.0, 1e4])
stated = adam(start, [gradient], alpha=0.1)
published = adam_bias_corrected(start, [gradient], alpha=0.1)
print("first step, stated:   ", np.round(start - stated[1], 3))
print("first step, published:", np.round(start - published[1], 3))

# %% [markdown]
# You should see ``[0.316 0.316]`` and ``[0.1 0.1]``: the same step in the
# flat and in the steep valley. As stated, it is $\sqrt{10}$ times
# $\alpha$; as published, it is $\alpha$ itself. (The two differ from the
# seventh digit on, where $\epsilon$ is not quite nothing beside $\sqrt{v}$.)
#
# With minigen
# ------------
# ``minigen.optim.Adam`` is (5.3) and ``minigen.optim.AdamBiasCorrected`` is
# (5.7). ``minigen.optim.RMSprop`` is (5.2), with $\beta = 0.9$. What they move
# are parameters, each a ``minigen.nn.Parameter``.

# %%
rules = {
    "stated": optim.Adam,
    "published": optim.AdamBiasCorrected,
    "RMSprop": optim.RMSprop,
}


def walk(rule, curvature, alpha, steps):
    """Positions on the loss 1/2 sum(curvature theta^2), and its gradients."""
    theta = nn.Parameter(np.ones_like(curvature))
    update = rule([theta], alpha=alpha)
    weight = minigen.tensor(curvature)
    path, gradients = [minigen.to_numpy(theta.array).copy()], []
    for _ in range(steps):
        loss = (weight * theta * theta).sum() * 0.5
        loss.backward()
        gradients.append(minigen.to_numpy(theta.grad.array).copy())
        update.step()
        update.zero_grad()
        path.append(minigen.to_numpy(theta.array).copy())
    return np.array(path), gradients


curvature = np.array([1.0, 1e4])
steps = 60 if SMOKE else 200
walks = {
    name: walk(rule, curvature, 0.1, steps) for name, rule in rules.items()
}
for name, (path, _) in walks.items():
    first_step = np.round(path[0] - path[1], 3)
    end = np.round(path[-1], 3) + 0.0  # no -0
    print(f"{name:10} first step {first_step}  after {steps} {end}")

# %% [markdown]
# You should see the same two first steps as by hand. RMSprop's first is
# ``[0.316 0.316]`` too, for with its $\beta = 0.9$ the first root is too
# small by $\sqrt{1 - \beta}$. In each rule both valleys are walked alike: the
# path does not know how steep they are. And RMSprop has not arrived: without
# $m$ it moves by $\alpha$ whatever the size of $g$, and hops from
# $\alpha / 2$ to $-\alpha / 2$ and back.
#
# Check
# -----
# Three claims: minigen walks as the lines by hand do; the first step is the
# one of (5.6); and both elements move alike although their gradients differ by
# four powers of ten.

# %%
path, gradients = walks["stated"]
by_hand = adam(path[0], gradients, 0.1)
assert np.allclose(path, by_hand, rtol=1e-9, atol=1e-12)

path, gradients = walks["published"]
by_hand = adam_bias_corrected(path[0], gradients, 0.1)
assert np.allclose(path, by_hand, rtol=1e-9, atol=1e-12)

first = {
    name: float(path[0, 0] - path[1, 0]) for name, (path, _) in walks.items()
}
print(f"first step over alpha: stated {first['stated'] / 0.1:.4f}")
print(f"                    published {first['published'] / 0.1:.4f}")
assert np.isclose(first["stated"], 0.1 * 0.1 / np.sqrt(0.001), rtol=1e-6)
assert np.isclose(first["published"], 0.1, rtol=1e-6)
assert np.allclose(
    walks["stated"][0][:, 0], walks["stated"][0][:, 1], atol=1e-6
)

# %% [markdown]
# You should see ``3.1623`` and ``1.0000``.
#
# Picture
# -------
# Left, the length of a step when the gradient is constant: dots are measured,
# the line is (5.6). Its highest point is not at the beginning. Right, walks on
# $\tfrac{1}{2} \theta^2$ from $1$ with $\alpha = 0.1$: both rules, and what
# becomes of the stated one when a symbol of (5.3) is wrong. The register of
# equations keeps such mistakes by name; most were found in published code.

# %%
t = np.arange(1, 2001)
theory = (1 - beta1**t) / np.sqrt(1 - beta2**t)
lengths = -np.diff(adam(np.zeros(1), np.ones((2000, 1)), 1.0)[:, 0])
corrected = -np.diff(
    adam_bias_corrected(np.zeros(1), np.ones((2000, 1)), 1.0)[:, 0]
)
assert np.allclose(lengths, theory, rtol=1e-5)
assert np.allclose(corrected, 1, rtol=1e-5)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), layout="constrained"
)
left.loglog(t, theory, "k", label="as stated, (5.6)")
some = np.unique(np.geomspace(1, 2000, 20).astype(int)) - 1
left.loglog(t[some], lengths[some], "ok", label="as stated, measured")
left.loglog(t, corrected, "C0", label="as published")
left.set(xlabel="step t", ylabel="length of the step / alpha")
left.set_title(
    f"at most {theory.max():.1f} alpha, in step {t[theory.argmax()]}"
)
left.legend()


def on_the_loss(rule):
    """Eighty steps on 1/2 theta^2, whose gradients are the positions."""
    path = np.ones((1, 1))
    for _ in range(80):
        path = rule(np.ones(1), path, 0.1, beta1, beta2, epsilon)
    return path[:, 0]


wrong = REGISTER["ADAM"].wrong
forms = {
    "as stated": REGISTER["ADAM"],
    "as published": REGISTER["ADAMBC"],
    "v without its factor": wrong["v_without_factor"],
    "g for m": wrong["g_for_m"],
    "betas exchanged": wrong["swapped_betas"],
}
on_loss = {name: on_the_loss(f.transcription) for name, f in forms.items()}
for name, path in on_loss.items():
    right.plot(path, "k" if name == "as stated" else "", label=name)
right.set(
    xlabel="step t", ylabel="theta", title="both rules, and wrong symbols"
)
right.legend(fontsize=8)
show(figure)

thrown = on_the_loss(wrong["v_from_before"].transcription)
print(f"the root of v from before: theta after one step {thrown[1]:.0f}")
assert np.allclose(on_loss["as stated"][:61], walks["stated"][0][:61, 0])
assert abs(on_loss["as stated"][-1]) < 0.01
assert abs(on_loss["as published"][-1]) < 0.01
assert on_loss["v without its factor"][-1] > 0.05
assert on_loss["betas exchanged"][-1] > 0.5
assert np.isclose(on_loss["g for m"][1], 1 - first["stated"] / (1 - beta1))
assert np.isclose(thrown[1], 1 - 0.1 * (1 - beta1) / epsilon)

# %% [markdown]
# You should see the stated steps grow to $6.6 \, \alpha$ in step 12 before
# they come down: $m$ catches up within ten steps, $v$ needs a thousand. Who
# uses (5.3) with the $\alpha$ of somebody's published rule begins six times
# too fast.
#
# And you should see both rules swing through the minimum and arrive. Without
# the factor $1 - \beta_2$, $v$ is a thousand times too large and a step thirty
# times too short. With $g$ in the place of $m$ the first step is ten times as
# long, $\alpha / \sqrt{1 - \beta_2}$, and then it arrives: there is no noise
# here to be averaged, and one good curve does not make a rule right. With
# $\beta_1$ and $\beta_2$ exchanged, $m$ takes in no more than a thousandth of
# each gradient. One mistake is printed, not drawn: who divides by the root of
# $v$ from before its update divides by $\epsilon$ alone in the first step, for
# $v_0 = 0$, and is thrown to ``-999999``.
#
# Break it
# --------
# (5.1) has no $\epsilon$ in it. What if the loss is multiplied by a very small
# number, as it is when somebody divides by the number of pixels, the batch
# and the time steps?
#
# **Predict.** The loss is multiplied by $10^{-8}$, so that $g = 10^{-8}$, and
# $\epsilon = 10^{-8}$. How long is the first published step, in units of
# $\alpha$?

# %%
for c in (1.0, 1e-6, 1e-8, 1e-10):
    path = adam_bias_corrected(np.zeros(1), np.full((1, 1), c), alpha=1.0)
    print(f"gradient {c:.0e}: first step {-path[1, 0]:.4f} alpha")
    assert np.isclose(-path[1, 0], c / (c + epsilon))

# %% [markdown]
# You should see ``0.5000`` for $10^{-8}$ and ``0.0099`` for $10^{-10}$: by
# (5.7) the first step is $\alpha \, g / (g + \epsilon)$. Adam is free of
# scales only as long as gradients are large beside $\epsilon$. Now make
# $\epsilon$ larger, or use (5.3) instead, and predict again.
#
# Exercises
# ---------
# ``minigen learn 5`` puts ``05_adam.py`` into your directory, and
# ``minigen learn check 5`` says what is right and which mistake is made.
#
# 1. ``adam_step``: one step of (5.3).
# 2. ``adam_bias_corrected_step``: one step of (5.7).
# 3. ``step_length``: the closed form (5.6).
#
# Where next
# ----------
# Rules move parameters. Lesson 6 asks what the parameters of a dense layer
# are, how large they should be at first, and what becomes of a gradient on
# its way through twenty layers.
