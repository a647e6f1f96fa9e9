r"""
A derivative that a program can take
====================================

A loss is a program: a few thousand multiplications and additions in a row.
Training needs its derivative with respect to every number that went in, and
there may be millions of those. Can a program find them all, exactly, without
anybody doing calculus on paper, and what does it cost?
"""

import sys
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import minigen
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Take a function of a million numbers with one result, such as the sum of
# $x_i \sin x_i$. Changing one number at a time and looking at the result would
# take a million evaluations.
#
# **Predict.** How much longer than the function itself does it take to get
# all million partial derivatives: a million times, a thousand times, or
# something like three times? We come back to it after the derivation.
#
# Derivation
# ----------
# **The chain rule.** A program is a composition $y = f_n(\dots f_2(f_1(x)))$.
# Write $J_k$ for the Jacobian of step $k$, the matrix of all its partial
# derivatives. The derivative of a composition is the product of the Jacobians:
#
# $$
# \frac{\partial y}{\partial x} = J_n \, J_{n-1} \cdots J_2 \, J_1
# \tag{1.1}
# $$
#
# **Begin at the end.** The result of a loss is one number, so $J_n$ has a
# single row. Multiplied from the left, (1.1) is a row times a matrix, which is
# a row again, and so on. No product of two matrices is ever needed:
#
# $$
# \bar{x}_n = 1, \qquad \bar{x}_{k-1} = \bar{x}_k \, J_k
# \tag{1.2}
# $$
#
# The row $\bar{x}_k$ holds the derivatives of the result with respect to the
# values after step $k$. It is called their cotangent; in minigen's code it is
# ``g`` and the name of the value. A row times a Jacobian is called a
# vector-Jacobian product, and it is all that a step must be able to compute.
# The Jacobian itself is never written down.
#
# **One step: the product.** Let $z_i = x_i y_i$. By (1.2),
# $\bar{x}_j = \sum_i \bar{z}_i \, \partial z_i / \partial x_j$. The derivative
# is $y_j$ for $i = j$ and zero otherwise, so one term is left; and the same
# for $y$ [E.PRODUCT]:
#
# $$
# z = x y, \qquad \bar{x} = \bar{z} y, \qquad \bar{y} = \bar{z} x
# \tag{1.3, E.PRODUCT}
# $$
#
# In the same way, because the derivative of the sine is the cosine [E.SIN]:
#
# $$
# y = \sin x, \qquad \bar{x} = \bar{y} \cos x
# \tag{1.4, E.SIN}
# $$
#
# **A value that is used twice.** Let $u = x$ and $v = x$ be two uses. A small
# change $dx$ changes both, and the result by $\bar{u} \, dx + \bar{v} \, dx$.
# So cotangents add where a value fans out:
#
# $$
# \bar{x} = \bar{u} + \bar{v}
# \tag{1.5}
# $$
#
# **Broadcasting is a fan-out.** If a row $x_j$ is added to each row of a
# matrix, it is used once for every $i$. By (1.5), its cotangent is the sum of
# the cotangents of all its copies, $\bar{x}_j = \sum_i \bar{y}_{ij}$. Read the
# other way round, this is the rule of the sum [E.SUM]:
#
# $$
# y = \sum_i x_i, \qquad \bar{x}_i = \bar{y}
# \tag{1.6, E.SUM}
# $$
#
# **The matrix product.** From $C_{ij} = \sum_k A_{ik} B_{kj}$ we read
# $\partial C_{ij} / \partial A_{ik} = B_{kj}$, and $A_{ik}$ is used in every
# column $j$ of row $i$. So $\bar{A}_{ik} = \sum_j \bar{C}_{ij} B_{kj}$, which
# is a matrix product again; and the same for $B$ [E.MATMUL]:
#
# $$
# C_{ij} = \sum_k A_{ik} B_{kj}, \qquad \bar{A} = \bar{C} B^\top,
# \qquad \bar{B} = A^\top \bar{C}
# \tag{1.7, E.MATMUL}
# $$
#
# By hand
# -------
# A tape: a list of values, and for each value the earlier ones that it came
# from, with the rule that takes its cotangent to theirs. The backward pass
# walks the tape from its end.

# %%
# symbols: g=\bar{x}
values, tape = [], []


def push(value, *edges):
    """Write a value down, with (position, rule) of what it came from."""
    values.append(value)
    tape.append(edges)
    return len(values) - 1


def multiply(i, j):
    x, y = values[i], values[j]
    return push(x * y, (i, lambda g: g * y), (j, lambda g: g * x))


def sine(i):
    x = values[i]
    return push(np.sin(x), (i, lambda g: g * np.cos(x)))


def add(i, j):
    return push(values[i] + values[j], (i, lambda g: g), (j, lambda g: g))


def backward(last):
    """The derivative of the last value with respect to every one."""
    g = [0.0] * len(values)
    g[last] = 1.0
    for k in range(last, -1, -1):
        for parent, rule in tape[k]:
            g[parent] += rule(g[k])  # (1.2), and (1.5) in the +=
    return g


x, y = push(2.0), push(3.0)
f = add(multiply(x, y), sine(x))
by_hand = backward(f)
print(f"f = x y + sin x = {values[f]:.4f} at x = 2, y = 3")
print(f"df/dx = {by_hand[x]:.4f}, df/dy = {by_hand[y]:.4f}")

# %% [markdown]
# You should see ``df/dx = 2.5839`` and ``df/dy = 2.0000``. On paper,
# $\partial f / \partial x = y + \cos x$ and $\partial f / \partial y = x$.
#
# With minigen
# ------------
# ``minigen.tensor`` makes an array that writes its own tape, if asked with
# ``requires_grad``. Operators and functions such as ``minigen.sin`` record
# themselves, ``.backward()`` walks back, and the cotangent lands in ``.grad``.
# ``minigen.draw_graph`` shows the tape. ``minigen.to_numpy`` makes a plain
# array of any of minigen's.

# %%
x = minigen.tensor([2.0], requires_grad=True, dtype="float64")
y = minigen.tensor([3.0], requires_grad=True, dtype="float64")
f = (x * y + minigen.sin(x)).sum()
print(minigen.draw_graph(f).text)
f.backward()
gx, gy = minigen.to_numpy(x.grad.array), minigen.to_numpy(y.grad.array)
print("df/dx =", gx, " df/dy =", gy)

# %% [markdown]
# You should see the same two numbers as by hand, and above them the tape with
# $x$ in it twice.
#
# The rules are written in minigen's own operations, so a backward pass can
# leave a tape as well. ``minigen.grad`` returns a derivative instead of
# storing it, and with ``create_graph=True`` it can be differentiated again.

# %%
first = minigen.grad((x * y + minigen.sin(x)).sum(), x, create_graph=True)
second = minigen.to_numpy(minigen.grad(first.sum(), x).array)
print(f"second derivative {second[0]:.4f}, on paper {-np.sin(2.0):.4f}")

# %% [markdown]
# You should see ``-0.9093`` twice: the second derivative is $-\sin x$.
#
# Check
# -----
# The tape by hand, minigen and paper agree; a broadcast row gets the sum over
# its copies; and the million derivatives of the beginning are found in a few
# times the time of the function.

# %%
assert np.allclose(gx, 3 + np.cos(2.0), rtol=1e-14)
assert np.isclose(by_hand[0], gx[0], rtol=1e-14)
assert np.allclose(second, -np.sin(2.0), rtol=1e-14)

row = minigen.tensor([1.0, 2.0, 3.0], requires_grad=True)
(row + minigen.zeros((5, 3))).sum().backward()
print("cotangent of a row that was added to five:", row.grad)
assert np.array_equal(minigen.to_numpy(row.grad.array), [5, 5, 5])

n = 10_000 if SMOKE else 1_000_000
many = minigen.tensor(np.linspace(0, 1, n), requires_grad=True)


def seconds(work):
    """The shortest of seven runs."""
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def loss():
    return (many * minigen.sin(many)).sum()


with minigen.no_grad():
    alone = seconds(loss)
both = seconds(lambda: minigen.grad(loss(), many))
print(f"{n:,} derivatives take {both / alone:.1f} times the function")
assert both / alone < n / 100

# %% [markdown]
# You should see ``[5. 5. 5.]``, and for the million derivatives a factor
# between 2 and 5: every step of the program is visited once more, and costs
# about as much as the step itself. ``minigen.zeros`` makes an array of
# zeros, and inside ``minigen.no_grad`` nothing is recorded.
#
# Picture
# -------
# The tape of $f$, walked back one edge at a time. The edge in use is red, and
# cotangents appear as they become known. At $x$ two of them arrive, and the
# second is added to the first.

# %%
place = {"x": (0, 1), "y": (0, 0), "a = x y": (1, 0.2), "b = sin x": (1, 1)}
place["f = a + b"] = (2, 0.6)
value = {"x": 2.0, "y": 3.0, "a = x y": 6.0, "b = sin x": np.sin(2.0)}
value["f = a + b"] = 6 + np.sin(2.0)
# Edges in the order of the backward walk: (from, to, what the rule gives).
walk = [
    ("f = a + b", "b = sin x", 1.0),
    ("f = a + b", "a = x y", 1.0),
    ("b = sin x", "x", np.cos(2.0)),
    ("a = x y", "x", 3.0),
    ("a = x y", "y", 2.0),
]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")


def draw(step):
    """The tape after ``step`` edges have been walked."""
    axes.clear()
    axes.set(xlim=(-0.45, 2.45), ylim=(-0.4, 1.4))
    axes.axis("off")
    known = {"f = a + b": 1.0}
    for k, (begin, end, given) in enumerate(walk):
        active = k == step - 1
        if k < step:
            known[end] = known.get(end, 0.0) + given
        axes.annotate(
            "",
            xy=place[end],
            xytext=place[begin],
            arrowprops={
                "arrowstyle": "-|>",
                "color": "red" if active else "0.75",
                "lw": 3 if active else 1.2,
                "shrinkA": 34,
                "shrinkB": 34,
            },
        )
    for name, (across, up) in place.items():
        text = f"{name}\n= {value[name]:.3f}"
        if name in known:
            text += f"\ncotangent {known[name]:.3f}"
        box = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": "0.4"}
        axes.text(across, up, text, ha="center", va="center", bbox=box)
    axes.set_title(f"the backward walk, step {step} of {len(walk)}")


frames = [0, *range(1, len(walk) + 1), len(walk), len(walk)]
animation = FuncAnimation(figure, draw, frames=frames, interval=1200)
show(animation)

# %% [markdown]
# You should see $x$ receive $-0.416$ from the sine first and $3$ from the
# product after it, and end with their sum, $2.584$.
#
# Break it
# --------
# The ``+=`` in ``backward`` is (1.5). It is the sign that is most often
# forgotten when somebody writes a tape for the first time.
#
# **Predict.** What does the walk say for $\partial f / \partial x$ if
# it assigns instead of adding? There are two candidates.


# %%
def backward_that_assigns(last):
    g = [0.0] * len(values)
    g[last] = 1.0
    for k in range(last, -1, -1):
        for parent, rule in tape[k]:
            g[parent] = rule(g[k])
    return g


wrong = backward_that_assigns(len(values) - 1)
print(f"assigned: df/dx = {wrong[0]:.4f}, added: {by_hand[0]:.4f}")
assert np.isclose(wrong[0], 3.0)

# %% [markdown]
# You should see ``3.0000``: the product was recorded before the sine, so the
# walk back visits it last, and what the sine had said is lost. The derivative
# with respect to $y$ is still right, which makes the mistake hard to find.
#
# Exercises
# ---------
# ``minigen learn 1`` puts ``01_autograd.py`` into your directory, and
# ``minigen learn check 1`` says what is right and which mistake is made.
#
# 1. ``product_vjp``: the rule (1.3) where one factor is broadcast.
# 2. ``walk_back``: the backward pass over a tape of numbers.
# 3. ``matmul_vjp``: the rule (1.7).
#
# Where next
# ----------
# A rule with a wrong sign gives numbers that look as good as right ones.
# Lesson 2 is about how to find out.
