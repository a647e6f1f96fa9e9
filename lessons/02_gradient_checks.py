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
# The derivative of $e^x$ at $x = 1$ is $e$. We estimate it by the quotient
# $(f(x + h) - f(x - h)) / 2 h$, in ordinary float64 arithmetic, which has 16
# digits.
#
# **Predict.** With which $h$ is the estimate best, and how many of its digits
# are then right: is it $h = 10^{-15}$, because smaller is better?
#
# Derivation
# ----------
# **Two evaluations.** Taylor's formula for a step to either side. Its last
# term, the remainder, is taken at a point $\xi_\pm$ between $x$ and $x \pm h$:
#
# $$
# f(x \pm h) = f(x) \pm h f'(x) + \frac{h^2}{2} f''(x)
#   \pm \frac{h^3}{6} f'''(\xi_\pm)
# \tag{2.1}
# $$
#
# Subtract the one from the other. The even terms cancel, the odd ones double.
# Divide by $2 h$. What is left of the remainders is $h^2 / 6$ times the mean
# of two values of $f'''$. If $f'''$ is continuous, it takes this mean itself,
# at some $\xi$ between the two points:
#
# $$
# \frac{f(x + h) - f(x - h)}{2 h} = f'(x) + \frac{h^2}{6} f'''(\xi)
# \tag{2.2}
# $$
#
# This is the central difference. The one-sided one stops a term earlier, for
# nothing cancels its $f''$:
#
# $$
# \frac{f(x + h) - f(x)}{h} = f'(x) + \frac{h}{2} f''(\xi)
# $$
#
# **Rounding.** The computer does not return $f$ but a number up to
# $\epsilon |f|$ away, with $\epsilon = 2^{-53}$ in float64 and $2^{-24}$ in
# float32. Two such errors, divided by $2 h$, are at most $\epsilon |f| / h$.
# The smaller $h$, the worse. (That $x \pm h$ is rounded as well we avoid here:
# $h$ will be a power of two.) Altogether the error is at most about
#
# $$
# E(h) = \frac{h^2}{6} |f'''| + \frac{\epsilon |f|}{h}
# \tag{2.3}
# $$
#
# Its derivative $\tfrac{h}{3} |f'''| - \epsilon |f| / h^2$ is negative for
# small $h$, positive for large, and zero at the best step:
#
# $$
# h = \left(\frac{3 \epsilon |f|}{|f'''|}\right)^{1/3}
# \tag{2.4}
# $$
#
# There the first term of (2.3) is half the second, so
# $E = \tfrac{3}{2} \epsilon |f| / h$. For $e^x$ at $1$ in float64 the best
# step is $7 \cdot 10^{-6}$ and the error at most $7 \cdot 10^{-11}$: of 16
# digits, 10 or 11 are left. In float32 the same formulas give
# $6 \cdot 10^{-3}$ and $4 \cdot 10^{-5}$, which leaves 4 or 5. This is why
# gradients are checked in float64.
#
# **Without a difference.** If $f$ is made of steps that are right for complex
# numbers as well, which excludes absolute values and comparisons, put $i h$ in
# place of $h$ into the Taylor series. As $i^2 = -1$ and $i^3 = -i$,
#
# $$
# f(x + i h) = f(x) + i h f'(x) - \frac{h^2}{2} f''(x)
#   - i \frac{h^3}{6} f'''(x) + \dots
# $$
#
# The derivative stands alone in the imaginary part. Divide that by $h$:
#
# $$
# \frac{1}{h} \operatorname{Im} f(x + i h) = f'(x) - \frac{h^2}{6} f'''(x)
#   + \dots
# \tag{2.5}
# $$
#
# This is the complex step. Nothing is subtracted, so nothing cancels: $h$ may
# be $10^{-30}$, and the error is that of the last digit.
#
# **Many inputs, many outputs.** A rule takes a cotangent $u$ to $u J$. Pick a
# direction $d$ as well. The two sides of
#
# $$
# (u J) \, d = u \, (J d),
# \qquad J d \approx \frac{f(x + h d) - f(x - h d)}{2 h}
# \tag{2.6}
# $$
#
# are single numbers, the left one from the rule, the right one from two
# evaluations. If the rule computes with $J + F$, the two differ by $u F d$.
# Let $F$ be anything but zero. Those $u$ for which $u F = 0$ fill a subspace
# that is not everything; for any other $u$, those $d$ that are perpendicular
# to $u F$ fill one. A random $u$ and $d$ lie in neither, except with
# probability zero. One comparison checks the whole Jacobian, as closely as
# the quotient is known.
#
# **What is not random.** Often $f$ is made a single number by its sum, so that
# $u = (1, \dots, 1)$. Look at the softmax, $y_j = e^{x_j} / S$ with
# $S = \sum_k e^{x_k}$. By the quotient rule, and with
# $\partial S / \partial x_i = e^{x_i}$,
#
# $$
# \frac{\partial y_j}{\partial x_i}
# = \frac{[i = j] \, e^{x_j}}{S} - \frac{e^{x_j} e^{x_i}}{S^2}
# = y_j \left([i = j] - y_i\right)
# $$
#
# where $[i = j]$ is one if $i$ is $j$, and zero otherwise. The cotangent of
# $x_i$ is the sum over $j$ of $\bar{y}_j$ times this [E.SOFTMAX]:
#
# $$
# y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}, \qquad
# \bar{x}_i = y_i \left(\bar{y}_i - \sum_j \bar{y}_j y_j\right)
# \tag{2.7, E.SOFTMAX}
# $$
#
# With $\bar{y} = 1$ the bracket is $1 - \sum_j y_j = 0$. The sum of a softmax
# is 1, whatever $x$ is, so its derivative is zero. A rule that is ten times
# too large gives zero as well, and so does one that returns zeros.
#
# By hand
# -------
# First the error of three estimates at one point, then the check (2.6) of a
# wrong softmax, with ones and with a random cotangent.

# %%
# symbols: h=h; u=u; d=d
steps = 2.0 ** -np.arange(2, 61)


def errors(dtype):
    """Errors of the one-sided, central and complex-step estimates of e."""
    f, x, h = np.exp, dtype(1), steps.astype(dtype)
    one_sided = (f(x + h) - f(x)) / h
    central = (f(x + h) - f(x - h)) / (2 * h)  # (2.2)
    complex_step = f(x + 1j * h).imag / h  # (2.5)
    estimates = {
        "one-sided": one_sided,
        "central": central,
        "complex step": complex_step,
    }
    return {
        name: abs(estimate.astype(float) - np.e)
        for name, estimate in estimates.items()
    }


measured = errors(np.float64)
for name, error in measured.items():
    best = error.argmin()
    print(
        f"{name:12}: best {error[best]:.0e} at h = {steps[best]:.0e}", end=""
    )
    print(f", error {error[48]:.0e} at h = {steps[48]:.0e}")


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def wrong_rule(u, x):
    y = softmax(x)
    return 10 * y * (u - (u * y).sum())  # ten times (2.7)


rng = np.random.default_rng(0)
x, d, h = rng.normal(size=5), rng.normal(size=5), 1e-5
for name, u in (("ones", np.ones(5)), ("random", rng.normal(size=5))):
    rule = wrong_rule(u, x) @ d
    quotient = u @ (softmax(x + h * d) - softmax(x - h * d)) / (2 * h)
    print(f"cotangent {name:6}: rule {rule:9.6f}, quotient {quotient:9.6f}")

# %% [markdown]
# You should see the central difference best near $10^{-6}$, where 11 digits
# are right, and at $9 \cdot 10^{-16}$ no more than two of them. The complex
# step is right to the last digit at either step. And the wrong rule agrees
# with the quotient for a cotangent of ones, zero against zero; a random one
# shows the factor ten, ``-2.352305`` against ``-0.235230``.
#
# With minigen
# ------------
# ``minigen.gradcheck`` does (2.6) in float64 with a random cotangent and two
# random directions, by the complex step where every operation is declared to
# take complex numbers, else by central differences. ``order=2`` checks the
# gradient of the gradient too. It raises ``minigen.GradientError`` where the
# two sides differ.
#
# A function with a rule of its own is made by ``minigen.autograd.primitive``.
# Its rule gets the cotangent ``gy``, the result and the arguments, and returns
# the cotangent of the argument. An underscore, as in ``_x``, says that the
# rule does not need the values, so that the tape need not keep them. Written
# in operators, a rule works on arrays and on tensors, and so can be
# differentiated itself. Here is ``minigen.tanh`` with a rule of our own, once
# right and once 0.1% off.


# %%
def tanh_with(factor):
    """The hyperbolic tangent, with a rule that is too large by a factor."""

    @primitive
    def own_tanh(x):
        return minigen.tanh(x)

    @own_tanh.vjp
    def _(gy, y, _x):
        return factor * gy * (1 - y * y)

    return own_tanh


point = [0.3, -1.2]
assert minigen.gradcheck(minigen.softmax, [1.0, -2.0, 0.5], order=2)
assert minigen.gradcheck(tanh_with(1.0), point, order=2)
print("minigen.softmax and our own tanh: right to second order")
try:
    minigen.gradcheck(tanh_with(1.001), point)
    found = ""
except minigen.GradientError as error:
    found = str(error)
print(found.replace("; ", ";\n    "))

# %% [markdown]
# You should see that ``minigen.softmax`` and the right rule pass, and for the
# other the message: which function, argument and index, ``1.042011491`` where
# ``1.04097052`` was expected, and a relative error of ``0.001``.
#
# Check
# -----
# The errors are below (2.3), or hardly above it, and reach it where Taylor's
# term rules; the best step is about where (2.4) says; the complex step errs in
# the last digit; and the rule that is 0.1% off was found.

# %%
epsilon = {np.float64: 2.0**-53, np.float32: 2.0**-24}
predicted = {
    dtype: (3 * e * np.e / np.e) ** (1 / 3) for dtype, e in epsilon.items()
}


def bound(dtype, h=steps):
    """(2.3) for e^x at 1, whose derivatives are all e."""
    return h**2 / 6 * np.e + epsilon[dtype] * np.e / h


central = measured["central"]
print(f"best step by (2.4): {predicted[np.float64]:.1e}", end="")
print(f", error at most {bound(np.float64, predicted[np.float64]):.0e}")
assert (central <= 2 * bound(np.float64)).all()
large = steps > 1e-3
assert np.allclose(central[large], steps[large] ** 2 / 6 * np.e, rtol=0.01)
ratio = steps[central.argmin()] / predicted[np.float64]
assert 1 / 30 < ratio < 30
assert measured["complex step"][steps < 1e-9].max() < 1e-15
assert "own_tanh" in found

# %% [markdown]
# You should see ``best step by (2.4): 6.9e-06, error at most 7e-11``.
#
# Picture
# -------
# Error against step: the V of (2.3). On its right side the Taylor series ends
# too early, on its left side digits cancel. An error of zero is drawn at the
# lower edge.

# %%
figure, both = plt.subplots(
    1, 2, figsize=(11, 4.5), sharey=True, layout="constrained"
)
for axes, dtype in zip(both, epsilon, strict=True):
    for (name, error), mark in zip(errors(dtype).items(), "s^.", strict=True):
        shown = np.maximum(error, 1e-17)
        axes.loglog(steps, shown, mark, ms=4, label=name)
    line = steps / 2 * np.e + 2 * epsilon[dtype] * np.e / steps
    axes.loglog(steps, line, "k:", lw=1, label="one-sided, and rounding")
    axes.loglog(steps, bound(dtype), "k", lw=1, label="(2.3)")
    axes.axvline(predicted[dtype], color="0.8", zorder=0)
    axes.text(predicted[dtype] * 1.4, 3e-17, "(2.4)", color="0.4")
    axes.set(xlabel="step h", ylim=(5e-18, 1e2))
    title = f"{np.dtype(dtype).name}: best step {predicted[dtype]:.0e}"
    least = bound(dtype, predicted[dtype])
    axes.set_title(f"{title}, error at most {least:.0e}")
both[0].set_ylabel("error of the derivative")
both[1].legend(loc="lower left", fontsize=9)
show(figure)

# %% [markdown]
# You should see a V of slopes $-1$ and $2$ for the central difference, and for
# the one-sided one a V of slopes $-1$ and $1$, whose bottom is higher by three
# powers of ten. At the far left, $x \pm h$ is rounded to $x$ and the quotient
# to zero. The complex step has no left side. In float32 the V of the central
# difference ends almost six powers of ten higher, and its best step is nearly
# a thousand times longer.
#
# Break it
# --------
# All of this assumed that there is a Taylor series, and a tolerance that fits
# the error of the quotient.
#
# **Predict.** What does the central difference say about ``minigen.relu``,
# the larger of $x$ and zero, at $x = 0$, and what does the rule say? And a
# rule is 0.5% off and is checked with a tolerance of 1%: how far off is the
# gradient at the lower end of twenty such layers, each of which has passed?

# %%
quotient = (max(h, 0.0) - max(-h, 0.0)) / (2 * h)
zero = minigen.tensor([0.0], requires_grad=True)
minigen.relu(zero).sum().backward()
print("kink: central difference", quotient, " rule", zero.grad)
assert quotient == 0.5

accepted = minigen.gradcheck(tanh_with(1.005), point, tolerance=1e-2)
print(f"0.5% off, tolerance 1%: accepted {accepted}")
print(f"twenty in a row: {1.005**20 - 1:.1%} off")

# %% [markdown]
# You should see ``0.5`` against ``0``: one of the quotient's two points lies
# on the slope and one on the flat. Neither is wrong, for there is no
# derivative at a kink. A check belongs away from kinks, by more than $h$.
#
# And you should see ``accepted True`` and ``10.5% off``. Tolerances of 1% come
# from checks in float32, where a step of $10^{-6}$ misses by that much and
# more, as the picture says. The remedy is float64 and the step (2.4), not the
# tolerance.
#
# Exercises
# ---------
# ``minigen learn 2`` puts ``02_gradient_checks.py`` into your directory, and
# ``minigen learn check 2`` says what is right and which mistake is made.
#
# 1. ``central_difference``: the gradient of a function of an array by (2.2).
# 2. ``best_step``: the formula (2.4).
# 3. ``complex_step``: the same gradient by (2.5).
# 4. ``find_the_wrong_rule``: six functions with rules, one of them wrong in
#    one element.
#
# Where next
# ----------
# Gradients that can be trusted are there to be followed: lesson 3 goes
# downhill.
