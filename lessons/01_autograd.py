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
from matplotlib.patches import FancyBboxPatch

import minigen
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Take a function of a million numbers with one result, the sum of
# $x_i \sin x_i$. Who changes one number at a time and looks at the result
# evaluates it a million times.
#
# **Predict.** Let one evaluation take one second. How long does it take to get
# the result and all million partial derivatives, exactly: eleven days, a
# quarter of an hour, or a few seconds?
#
# Derivation
# ----------
# **The chain rule.** A program is a row of steps $x_k = f_k(x_{k-1})$, from
# the input $x_0$ to the result $x_n$, and each of these may be a vector. The
# Jacobian $J_k$ is the matrix of the partial derivatives of step $k$, a row
# for each output and a column for each input. A step has a derivative if, for
# a small change $d$ of its input, $J_k d$ is all that matters:
#
# $$
# f_k(x + d) = f_k(x) + J_k d + r_k(d), \qquad
# \frac{|r_k(d)|}{|d|} \to 0 \quad \text{as} \quad d \to 0
# \tag{1.1}
# $$
#
# Change $x_0$ by $d_0$. By (1.1) the output of step 1 changes by
# $d_1 = J_1 d_0 + r_1(d_0)$. That is the change of the input of step 2, whose
# output therefore changes by
#
# $$
# d_2 = J_2 d_1 + r_2(d_1)
# = J_2 J_1 d_0 + \left[ J_2 r_1(d_0) + r_2(d_1) \right]
# \tag{1.2}
# $$
#
# The bracket is small beside $|d_0|$: its first part because $J_2$ is a fixed
# matrix, its second because for small $d_0$ the length of $d_1$ is at most a
# fixed multiple of $|d_0|$. So $J_2 J_1$ does for two steps what (1.1) asks of
# a Jacobian. Add step 3 in the same way, and so on to the last:
#
# $$
# \frac{\partial x_n}{\partial x_0} = J_n \, J_{n-1} \cdots J_2 \, J_1
# \tag{1.3}
# $$
#
# **Which product first?** The order does not change the result, but it changes
# the work. Let each step have $N$ inputs and $N$ outputs, but the last only
# one output: the loss. Then $J_n$ is a single row. From the right, (1.3)
# multiplies matrices by matrices, $N^3$ multiplications for each. From the
# left it is a row times a matrix, which is a row again: $N^2$ for each, and
# never more than one row to keep. So begin at the end:
#
# $$
# \bar{x}_n = 1, \qquad \bar{x}_{k-1} = \bar{x}_k \, J_k
# \tag{1.4}
# $$
#
# The row $\bar{x}_k$ holds the derivatives of the loss with respect to the
# values after step $k$. It is called their cotangent, and in code it is ``g``
# and the name of the value. A row times a Jacobian is a vector-Jacobian
# product. It is all that a step must be able to compute: the Jacobian itself
# is never written down. (With many outputs and one input, the other order
# would be the cheap one. A loss is the opposite case.)
#
# **A value that is used twice.** To use $x$ in two places is a step as well:
# it makes two copies, $u = x$ and $v = x$. Its Jacobian is two identity
# matrices, one above the other, and (1.4) with the row $(\bar{u}, \bar{v})$
# gives $\bar{u} I + \bar{v} I$. Where a value fans out, cotangents add:
#
# $$
# u = x, \quad v = x, \qquad \bar{x} = \bar{u} + \bar{v}
# \tag{1.5}
# $$
#
# **Broadcasting is a fan-out.** If a row $x_j$ is added to each row of a
# matrix, there is a copy of it for every $i$. By (1.5) their cotangents add:
#
# $$
# y_{ij} = x_j, \qquad \bar{x}_j = \sum_i \bar{y}_{ij}
# \tag{1.6}
# $$
#
# **The sum.** Each element enters with the derivative 1, so each gets the
# whole cotangent of the result [E.SUM]:
#
# $$
# y = \sum_i x_i, \qquad \bar{x}_i = \bar{y}
# \tag{1.7, E.SUM}
# $$
#
# (1.6) and (1.7) are mirror images. Copying goes back as a sum, and a sum
# goes back as copying: the Jacobian of one is the transpose of the other's,
# which is called its adjoint.
#
# **The product.** Let $z_i = x_i y_i$. By (1.4),
# $\bar{x}_j = \sum_i \bar{z}_i \, \partial z_i / \partial x_j$. The derivative
# is $y_j$ for $i = j$ and zero otherwise, so of $N^2$ terms only $N$ are left;
# and the same for $y$ [E.PRODUCT]:
#
# $$
# z = x y, \qquad \bar{x} = \bar{z} y, \qquad \bar{y} = \bar{z} x
# \tag{1.8, E.PRODUCT}
# $$
#
# **Functions of single elements.** In the same way, because the derivative of
# the sine is the cosine [E.SIN], and because $e^x$ is its own derivative, so
# that the rule can use the result again [E.EXP]:
#
# $$
# y = \sin x, \qquad \bar{x} = \bar{y} \cos x
# \tag{1.9, E.SIN}
# $$
#
# $$
# y = e^x, \qquad \bar{x} = \bar{y} y
# \tag{1.10, E.EXP}
# $$
#
# **The matrix product.** From $C_{ij} = \sum_k A_{ik} B_{kj}$ we read
# $\partial C_{ij} / \partial A_{ik} = B_{kj}$, and $A_{ik}$ is used in every
# column $j$ of row $i$. So $\bar{A}_{ik} = \sum_j \bar{C}_{ij} B_{kj}$, which
# is a matrix product again. $B_{kj}$ is used in every row $i$ of column $j$,
# so $\bar{B}_{kj} = \sum_i A_{ik} \bar{C}_{ij}$ [E.MATMUL]:
#
# $$
# C_{ij} = \sum_k A_{ik} B_{kj}, \qquad \bar{A} = \bar{C} B^\top,
# \qquad \bar{B} = A^\top \bar{C}
# \tag{1.11, E.MATMUL}
# $$
#
# **What it costs.** Look at the rules: a product needs two products on the
# way back, a sine a cosine and a product, a matrix product two of its size.
# Whatever the number of inputs, the way back costs a small multiple of the
# way there.
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


def add(i, j):
    return push(values[i] + values[j], (i, lambda g: g), (j, lambda g: g))


def multiply(i, j):
    x, y = values[i], values[j]
    return push(x * y, (i, lambda g: g * y), (j, lambda g: g * x))


def sine(i):
    x = values[i]
    return push(np.sin(x), (i, lambda g: g * np.cos(x)))


def total(i):
    x = values[i]
    return push(x.sum(), (i, lambda g: g * np.ones_like(x)))


def backward(last):
    """The derivative of the last value with respect to every one."""
    g = [0.0] * len(values)
    g[last] = 1.0
    for k in range(last, -1, -1):
        for parent, rule in tape[k]:
            g[parent] += rule(g[k])  # (1.4), and (1.5) in the +=
    return g


n = 10_000 if SMOKE else 1_000_000
many = np.linspace(0, 1, n)


def loss():
    values.clear()
    tape.clear()
    x = push(many)
    return total(multiply(x, sine(x)))


def seconds(work):
    """The shortest of seven runs."""
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


factor = seconds(lambda: backward(loss())) / seconds(loss)
print(f"{n:,} derivatives and the result: {factor:.1f} times the function")
assert np.allclose(backward(loss())[0], np.sin(many) + many * np.cos(many))
assert factor < n / 100

# %% [markdown]
# You should see a factor of about 2 or 3, which depends on your machine: a few
# seconds, where changing one number at a time would take eleven days. And the
# derivatives are exact, $\sin x_i + x_i \cos x_i$, up to rounding.
#
# Now one that is small enough to do on paper: $f = x y + \sin x$ at $x = 2$
# and $y = 3$, with $\partial f / \partial x = y + \cos x$ and
# $\partial f / \partial y = x$.

# %%
values.clear()
tape.clear()
x, y = push(2.0), push(3.0)
f = add(multiply(x, y), sine(x))
by_hand = backward(f)
print(f"f = {values[f]:.4f}")
print(f"df/dx = {by_hand[x]:.4f}, df/dy = {by_hand[y]:.4f}")

# %% [markdown]
# You should see ``df/dx = 2.5839`` and ``df/dy = 2.0000``.
#
# With minigen
# ------------
# ``minigen.tensor`` makes an array that writes its own tape, if asked with
# ``requires_grad``. Operators, functions such as ``minigen.sin`` and
# ``minigen.exp``, and methods such as ``.sum()`` record themselves,
# ``.backward()`` walks back, and the cotangent lands in ``.grad``.
# ``minigen.draw_graph`` shows the tape. The values of a tensor are its
# ``.array``, of which ``minigen.to_numpy`` makes a plain array of NumPy's;
# ``.numpy()`` of the tensor does both.

# %%
x = minigen.tensor([2.0], requires_grad=True, dtype="float64")
y = minigen.tensor([3.0], requires_grad=True, dtype="float64")
f = (x * y + minigen.sin(x)).sum()
print(minigen.draw_graph(f, names={"x": x, "y": y, "f": f}).text)
f.backward()
gx, gy = minigen.to_numpy(x.grad.array), minigen.to_numpy(y.grad.array)
print("df/dx =", gx, " df/dy =", gy)

# %% [markdown]
# You should see the same two numbers as by hand, and above them the tape: row
# ``#1``, which is $x$, is an argument of two others.
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
# its copies (1.6); the matrix product goes back as (1.11) says; and minigen
# finds a million derivatives in a few times the time of the function. Inside
# ``minigen.no_grad`` nothing is recorded, and ``minigen.zeros`` makes an array
# of zeros.

# %%
assert np.allclose(gx, 3 + np.cos(2.0), rtol=1e-14)
assert np.allclose(by_hand[:2], [gx[0], gy[0]], rtol=1e-14)
assert np.allclose(second, -np.sin(2.0), rtol=1e-14)

row = minigen.tensor([1.0, 2.0, 3.0], requires_grad=True)
(row + minigen.zeros((5, 3))).sum().backward()
print("cotangent of a row that was added to five:", row.grad)
assert np.array_equal(minigen.to_numpy(row.grad.array), [5, 5, 5])

rng = np.random.default_rng(0)
a, b, gc = (rng.normal(size=shape) for shape in ((2, 3), (3, 4), (2, 4)))
A = minigen.tensor(a, requires_grad=True)
B = minigen.tensor(b, requires_grad=True)
(minigen.tensor(gc) * (A @ B)).sum().backward()
assert np.allclose(minigen.to_numpy(A.grad.array), gc @ b.T, rtol=1e-5)
assert np.allclose(minigen.to_numpy(B.grad.array), a.T @ gc, rtol=1e-5)

inputs = minigen.tensor(many, requires_grad=True)


def loss_of_tensors():
    return (inputs * minigen.sin(inputs)).sum()


with minigen.no_grad():
    alone = seconds(loss_of_tensors)
both = seconds(lambda: minigen.grad(loss_of_tensors(), inputs))
print(f"{n:,} derivatives with minigen: {both / alone:.1f} times the function")
assert both / alone < n / 100

# %% [markdown]
# You should see ``[5. 5. 5.]``, and a factor of about 2 or 3 again.
#
# Picture
# -------
# The tape of $f$ by hand, walked back one edge at a time. The edge in use is
# red and carries what its rule gives; below each value stands its gradient,
# which is its cotangent, as far as it is known.

# %%
names = ["x", "y", "a = x y", "b = sin x", "f = a + b"]
place = [(0, 1), (0, 0), (1.1, 0), (1.1, 1), (2.2, 0.5)]
# (from, to, what the rule gives), in the order of the backward pass.
walk = [
    (k, parent, rule(by_hand[k]))
    for k in range(len(tape) - 1, -1, -1)
    for parent, rule in tape[k]
]
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
RED, STYLE = "#c8321e", "round,pad=0,rounding_size=.06"
CENTRED = {"ha": "center", "va": "center", "fontsize": 11}


def draw_value(k, got, colour):
    """A box with a value and, if it is known, its gradient; the box."""
    across, up = place[k]
    box = FancyBboxPatch((across - 0.3, up - 0.2), 0.6, 0.4, boxstyle=STYLE)
    box.set(fc="#eef3fa", ec=colour, lw=2 if colour == RED else 1)
    axes.text(across, up + 0.09, f"{names[k]} = {values[k]:.3f}", **CENTRED)
    if got:
        gradient = f"gradient {sum(got):.3f}"
        axes.text(across, up - 0.09, gradient, color=RED, **CENTRED)
    return axes.add_patch(box)


def draw(step):
    """The tape after ``step`` edges have been walked."""
    axes.clear()
    axes.set(xlim=(-0.4, 2.6), ylim=(-0.35, 1.35))
    axes.axis("off")
    got = {len(tape) - 1: [1.0]}
    for _, parent, given in walk[:step]:
        got.setdefault(parent, []).append(given)
    now = walk[step - 1][:2] if step else (None, len(tape) - 1)
    boxes = [
        draw_value(k, got.get(k), RED if k == now[1] else "0.5")
        for k in range(len(tape))
    ]
    for k, parent, given in walk:
        style = {"color": "0.7", "lw": 1.5, "arrowstyle": "-|>"}
        if (k, parent) == now:
            style |= {"color": RED, "lw": 3}
            middle = np.add(place[k], place[parent]) / 2
            label = CENTRED | {"color": RED, "zorder": 9}
            label["bbox"] = {"fc": "white", "ec": "none", "pad": 1}
            axes.text(*middle, f"{given:.3f}", **label)
        style |= {"patchA": boxes[k], "patchB": boxes[parent]}
        axes.annotate("", place[parent], place[k], arrowprops=style)
    gets = " + ".join(f"{given:.3f}" for given in got[now[1]])
    axes.set_title(f"step {step}: {names[now[1]][0]} gets {gets}")


frames = [*range(len(walk) + 1), len(walk), len(walk)]
animation = FuncAnimation(figure, draw, frames=frames, interval=1500)
show(animation)

# %% [markdown]
# You should see $x$ receive $-0.416$ from the sine first and $3$ from the
# product after it, and end with their sum, $2.584$.
#
# Break it
# --------
# The ``+=`` in ``backward`` is (1.5). It is the sign that is most often
# forgotten when somebody writes a tape for the first time. Here is the walk
# with ``=``, on the tape of $x y + \sin x$ and on that of $\sin x + x y$.
#
# **Predict.** What does each of the two say for $\partial f / \partial x$,
# where $2.584$ is right? Does it matter which term was written first?


# %%
def backward_that_assigns(last):
    g = [0.0] * len(values)
    g[last] = 1.0
    for k in range(last, -1, -1):
        for parent, rule in tape[k]:
            g[parent] = rule(g[k])
    return g


wrong = backward_that_assigns(len(values) - 1)
print(f"x y + sin x: df/dx = {wrong[0]:.4f}, df/dy = {wrong[1]:.4f}")
x, y = push(2.0), push(3.0)
swapped = backward_that_assigns(add(sine(x), multiply(x, y)))
print(f"sin x + x y: df/dx = {swapped[x]:.4f}, df/dy = {swapped[y]:.4f}")
assert wrong[0] == 3.0
assert np.isclose(swapped[x], np.cos(2.0))

# %% [markdown]
# You should see ``3.0000`` and ``-0.4161``: what was recorded first is visited
# last, and overwrites what the other use had said. Two ways to write one
# function get derivatives of different sign. The derivative with respect to
# $y$, which is used once, is right in both, which makes the mistake hard to
# find: a function without a fan-out never shows it.
#
# Exercises
# ---------
# ``minigen learn 1`` puts ``01_autograd.py`` into your directory, and
# ``minigen learn check 1`` says what is right and which mistake is made.
#
# 1. ``product_vjp``: the rule (1.8) where both factors are broadcast.
# 2. ``walk_back``: the backward pass over a tape of numbers.
# 3. ``matmul_vjp``: the rule (1.11).
#
# Where next
# ----------
# A rule with a wrong sign gives numbers that look as good as right ones.
# Lesson 2 is about how to find out.
