r"""
Trust, but check
================

A derivative with a wrong factor still goes downhill, only worse. Nothing
crashes, the loss falls, and the mistake stays for years. How can a program
find out whether a rule such as those of lesson 1 is right, to how many digits,
and which checks let a wrong rule pass?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen.autograd import primitive
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# The derivative of $e^x$ at $x = 1$ is $e$. We estimate it by a difference
# quotient with the step $h$, in ordinary float64 arithmetic, which has 16
# digits.
#
# **Predict.** With which $h$ is the estimate best, and how many digits of it
# are then right: is it $h = 10^{-15}$, because smaller is better?
#
# Derivation
# ----------
# **Two evaluations.** Taylor's series at $x$, for a step to either side:
#
# $$
# f(x \pm h) = f(x) \pm h f'(x) + \frac{h^2}{2} f''(x)
#   \pm \frac{h^3}{6} f'''(x) + \dots
# \tag{2.1}
# $$
#
# Subtract the one from the other. All even terms cancel. Divide by $2 h$:
#
# $$
# \frac{f(x + h) - f(x - h)}{2 h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots
# \tag{2.2}
# $$
#
# This is the central difference. With $f(x)$ in place of $f(x - h)$, the even
# terms stay, and the error begins with $\tfrac{h}{2} f''$: far larger.
#
# **Rounding.** The computer does not return $f$ but a number up to
# $\epsilon |f|$ away, with $\epsilon = 2^{-53}$ in float64. Two such errors,
# divided by $2 h$, are at most $\epsilon |f| / h$. The smaller $h$, the worse.
# Altogether the error is at most
#
# $$
# E(h) = \frac{h^2}{6} |f'''| + \frac{\epsilon |f|}{h}
# \tag{2.3}
# $$
#
# Its derivative $\tfrac{h}{3} |f'''| - \epsilon |f| / h^2$ is zero at the best
# step:
#
# $$
# h = \left(\frac{3 \epsilon |f|}{|f'''|}\right)^{1/3}
# \tag{2.4}
# $$
#
# For $e^x$ that is $7 \cdot 10^{-6}$, and the error there is about
# $10^{-11}$: of 16 digits, 11 are left. In float32 there remain 4 or 5. This
# is why gradients are checked in float64.
#
# **Without a difference.** If $f$ accepts complex numbers, take the step along
# the imaginary axis. In (2.1) with $i h$ for $h$, the first real term and the
# first imaginary one are
#
# $$
# f(x + i h) = f(x) + i h f'(x) - \frac{h^2}{2} f''(x) - \dots,
# \qquad f'(x) \approx \frac{1}{h} \operatorname{Im} f(x + i h)
# \tag{2.5}
# $$
#
# Nothing is subtracted, so nothing cancels, and $h$ may be $10^{-100}$.
#
# **Many inputs, many outputs.** A vector-Jacobian product takes a cotangent
# $u$ to $u J$. Pick a direction $d$ as well: both sides of
#
# $$
# \langle u J, \, d \rangle = \langle u, \, J d \rangle,
# \qquad J d \approx \frac{f(x + h d) - f(x - h d)}{2 h}
# \tag{2.6}
# $$
#
# are single numbers, the left one from the rule, the right one from two
# evaluations. If the rule computes with $J + F$, the two differ by $u F d$.
# Let $F$ be anything but zero. Those $u$ for which $u F = 0$ fill a subspace
# that is not everything; for any other $u$, those $d$ that are perpendicular
# to $u F$ fill one. A random $u$ and $d$ lie in neither, except with
# probability zero. One comparison checks the whole Jacobian.
#
# **What is not random.** Often $f$ is made a single number by its sum, so that
# $u = (1, \dots, 1)$. Look at the softmax. From
# $\partial y_j / \partial x_i = y_j ([i = j] - y_i)$, summed over $j$ with
# $\bar{y}_j$, its rule is [E.SOFTMAX]:
#
# $$
# y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}, \qquad
# \bar{x}_i = y_i \left(\bar{y}_i - \sum_j \bar{y}_j y_j\right)
# \tag{2.7, E.SOFTMAX}
# $$
#
# With $\bar{y} = 1$ the bracket is $1 - \sum_j y_j = 0$. The sum of a softmax
# is 1, whatever $x$ is, so its derivative is zero. A rule that is ten times
# too large gives zero as well, and so does one that does nothing.
#
# By hand
# -------
# First the error of three estimates at one point, then the check (2.6) of a
# wrong softmax, with ones and with a random cotangent.

# %%
# symbols: h=h; u=u; d=d
steps = np.logspace(-16, 0, 33 if SMOKE else 161)


def errors(f, dtype, h):
    """Errors of the central, one-sided and complex-step estimates at x = 1."""
    x, h = dtype(1), h.astype(dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        central = (f(x + h) - f(x - h)) / (2 * h)
        one_sided = (f(x + h) - f(x)) / h
        complex_step = np.imag(f(x + 1j * h)) / h
    exact = np.exp(1.0)
    return [
        abs(e.astype(float) - exact)
        for e in (central, one_sided, complex_step)
    ]


central, one_sided, complex_step = errors(np.exp, np.float64, steps)
best = steps[central.argmin()]
print(f"central difference: best h {best:.0e}, error {central.min():.0e}")
print(f"with h = 1e-15: error {central[abs(steps - 1e-15).argmin()]:.0e}")
print(f"complex step with h = 1e-15: error {complex_step[2]:.0e}")


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def wrong_rule(u, x):
    y = softmax(x)
    return 10 * y * (u - (u * y).sum())  # ten times too large


rng = np.random.default_rng(0)
x, d, h = rng.normal(size=5), rng.normal(size=5), 1e-5
for name, u in (("ones", np.ones(5)), ("random", rng.normal(size=5))):
    rule = wrong_rule(u, x) @ d
    quotient = u @ (softmax(x + h * d) - softmax(x - h * d)) / (2 * h)
    print(f"cotangent of {name}: rule {rule:.6f}, quotient {quotient:.6f}")

# %% [markdown]
# You should see that the best step is near $10^{-5}$ and leaves 11 or 12
# digits, while $10^{-15}$ leaves none. And the wrong rule agrees with the
# quotient for a cotangent of ones, zero against zero, and is found by a random
# one.
#
# With minigen
# ------------
# ``minigen.gradcheck`` does (2.6) in float64 with a random cotangent and a
# random direction, by the complex step where a function takes complex numbers.
# ``order=2`` checks the gradient of the gradient too. It raises
# ``minigen.GradientError`` where the two sides differ.
#
# A function with a rule of its own is made by ``minigen.autograd.primitive``.
# The rule gets the cotangent ``gy``, the result and the arguments, and is
# written in operations that work on arrays as well as on tensors. We take
# ``minigen.tanh``, give it a rule that is 0.1% off, and let it be checked.


# %%
@primitive
def almost_tanh(x):
    return minigen.tanh(x)


@almost_tanh.vjp
def _(gy, y, x):
    return 1.001 * gy * (1 - y * y)


minigen.gradcheck(minigen.softmax, [1.0, -2.0, 0.5], order=2)
print("minigen.softmax: right to second order")
try:
    minigen.gradcheck(almost_tanh, [0.3, -1.2])
    found = ""
except minigen.GradientError as error:
    found = str(error)
print(found)

# %% [markdown]
# You should see that ``minigen.softmax`` passes, and the message for the wrong
# rule: the function, the argument, what came and what was expected.
#
# Check
# -----
# The best step is where (2.4) says, the errors are as (2.3) says, and 0.1% is
# found.

# %%
epsilon = 2.0**-53
predicted = (3 * epsilon * np.e / np.e) ** (1 / 3)
print(f"best step by (2.4): {predicted:.1e}")
assert predicted / 30 < best < predicted * 30
assert central.min() < 1e-10
truncation = steps**2 / 6 * np.e
large = (steps > 1e-4) & (steps < 1e-1)
assert np.allclose(central[large], truncation[large], rtol=0.01)
bound = truncation * 1.1 + 4 * epsilon * np.e / steps
assert (central <= bound)[steps < 0.1].all()
assert complex_step[steps < 1e-9].max() < 1e-15
assert "almost_tanh" in found

# %% [markdown]
# You should see ``best step by (2.4): 6.9e-06``.
#
# Picture
# -------
# Error against step: the V of (2.3). On its right side the Taylor series ends
# too early, on its left side digits cancel.

# %%
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
axes.loglog(steps, one_sided, ".", label="one-sided, float64")
axes.loglog(steps, central, ".", label="central, float64")
single, *_ = errors(np.exp, np.float32, steps)
axes.loglog(steps, single, ".", ms=3, label="central, float32")
axes.loglog(steps, np.maximum(complex_step, 1e-17), ".", label="complex step")
axes.loglog(steps, truncation + epsilon * np.e / steps, "k", lw=1)
axes.loglog(steps, truncation + 2.0**-24 * np.e / steps, "k--", lw=1)
axes.axvline(predicted, color="0.7")
axes.text(predicted * 1.3, 1e-16, "best step (2.4)", color="0.4")
axes.set(xlabel="step h", ylabel="error of the derivative", ylim=(1e-17, 1e2))
axes.set_title("smaller is not better; lines: (2.3) for float64 and float32")
axes.legend(loc="lower left", bbox_to_anchor=(0.02, 0.12), fontsize=8)
show(figure)

# %% [markdown]
# You should see two V shapes, one for each precision, below the lines of
# (2.3), and a complex step that needs no best $h$.
#
# Break it
# --------
# All of this assumed that there is a Taylor series.
#
# **Predict.** What does the central difference say about
# ``minigen.relu`` at $x = 0$, where the function has a kink, and what does
# the rule say?

# %%
quotient = (max(h, 0.0) - max(-h, 0.0)) / (2 * h)
zero = minigen.tensor([0.0], requires_grad=True)
minigen.relu(zero).sum().backward()
print("central difference:", quotient, " rule:", zero.grad)
assert quotient == 0.5

# %% [markdown]
# You should see ``0.5`` against ``0``: half of the quotient's points lie on
# the slope. Neither is wrong, for there is no derivative at a kink. A check
# belongs away from kinks, and a tolerance of 1%, which lets such points pass,
# lets wrong factors pass as well.
#
# Exercises
# ---------
# ``minigen learn 2`` puts ``02_gradient_checks.py`` into your directory, and
# ``minigen learn check 2`` says what is right and which mistake is made.
#
# 1. ``central_difference``: the gradient of a function of an array by (2.2).
# 2. ``best_step``: the formula (2.4).
# 3. ``find_the_wrong_rule``: five functions with rules, one of them wrong in
#    one element.
#
# Where next
# ----------
# Gradients that can be trusted are there to be followed: lesson 3 goes
# downhill.
