r"""
Dense layers, and how large their weights should be
===================================================

A dense layer is a matrix product. Stack twenty of them, and a signal that is
multiplied by 1.4 in each has grown a thousandfold at the end; with 0.7 it is
gone, and so is the gradient on its way back. How large must weights be at
first, so that neither happens?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import nn, optim
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Twenty layers of 256 units with ReLU, all weights drawn from a normal
# distribution. Their variance is $1 / 256$, so that a sum of 256 products has
# the variance of one of its inputs.
#
# **Predict.** Inputs of size 1 go in. How large is what comes out of layer 20:
# about 1, about 0.03, or about 0.001? And how large is the gradient that
# arrives at the first layer?
#
# Derivation
# ----------
# **The layer and its gradients.** Row $n$ of the batch, unit $o$ of the
# output: $y_{no} = \sum_i W_{oi} x_{ni} + b_o$. We need the rules of lesson 1.
# $x_{ni}$ occurs in every unit $o$ of row $n$, with the factor $W_{oi}$;
# $W_{oi}$ in every row $n$, with the factor $x_{ni}$; $b_o$ in every row, with
# the factor 1. Cotangents of a value that is used often add up, so
# $\bar{x}_{ni} = \sum_o \bar{y}_{no} W_{oi}$,
# $\bar{W}_{oi} = \sum_n \bar{y}_{no} x_{ni}$ and
# $\bar{b}_o = \sum_n \bar{y}_{no}$. As matrices [E.LINEAR]:
#
# $$
# y_o = \sum_i W_{oi} x_i + b_o, \qquad \bar{x} = \bar{y} W,
# \qquad \bar{W} = \bar{y}^\top x, \qquad \bar{b} = \sum_n \bar{y}_n
# \tag{6.1, E.LINEAR}
# $$
#
# **The variance of a sum.** Let the weights be independent, with mean 0 and
# variance $\sigma^2$, and independent of $x$. In the square of
# $\sum_i W_{oi} x_i$ all mixed products have mean zero. The $n_{in}$ squares
# remain:
#
# $$
# E[y_o^2] = n_{in} \, \sigma^2 \, E[x^2]
# \tag{6.2}
# $$
#
# With $\sigma^2 = 1 / n_{in}$ the layer keeps the size of its input
# [E.LECUN].
#
# **What a ReLU takes away.** It passes on $x = \max(y, 0)$ [E.RELU]. $y$ is as
# often negative as positive, by the symmetry of the weights, and the negative
# half is set to zero. So $E[x^2] = \tfrac{1}{2} E[y^2]$, and to make up for it
# the variance must be twice as large. This is He's choice [E.HE]:
#
# $$
# \sigma = \sqrt{\frac{2}{n_{in}}}
# \tag{6.3, E.HE}
# $$
#
# **The way back.** $\bar{x}_i = \sum_o \bar{y}_o W_{oi}$ is a sum over the
# $n_{out}$ outputs, so by the same argument the gradient keeps its size with
# $\sigma^2 = 1 / n_{out}$. Both at once is possible only for a square layer.
# Glorot's choice takes the mean of $n_{in}$ and $n_{out}$ [E.XAVIER]:
#
# $$
# \sigma = \sqrt{\frac{2}{n_{in} + n_{out}}}
# \tag{6.4, E.XAVIER}
# $$
#
# **Twenty layers.** Each ReLU layer multiplies the mean square by
# $n_{in} \sigma^2 / 2$, forward and, with equal widths, backward:
#
# $$
# E[x_k^2] = \left(\tfrac{1}{2} n_{in} \sigma^2\right)^k E[x_0^2]
# \tag{6.5}
# $$
#
# **The end of the net** is often a choice among classes. With scores $l$
# (logits), the loss of the right class $k$ is $-\log$ of its softmax
# probability. Because $\log(e^{l_k} / \sum_j e^{l_j}) = l_k - \log \sum_j
# e^{l_j}$, and the derivative of the last logarithm is
# $e^{l_j} / \sum_i e^{l_i} = p_j$, the gradient is $p - y$, the
# probabilities minus a one at the right class [E.CROSSENTROPY]:
#
# $$
# y = -\log \frac{e^{l_k}}{\sum_j e^{l_j}} = \log \sum_j e^{l_j} - l_k,
# \qquad \bar{l}_j = \bar{y}
# \left(\frac{e^{l_j}}{\sum_i e^{l_i}} - [j = k]\right)
# \tag{6.6, E.CROSSENTROPY}
# $$
#
# $e^{1000}$ is too large for any float. But $\log \sum_j e^{l_j} = m + \log
# \sum_j e^{l_j - m}$ for any $m$. With the largest logit for $m$, no exponent
# is above zero and one term of the sum is 1: it cannot overflow, and the
# logarithm is never of zero [E.LOGSOFTMAX].
#
# **Weights that stay small.** A penalty is added to the loss:
# $\lambda \sum |\theta_i|$ [E.L1] or $\tfrac{\lambda}{2} \sum \theta_i^2$
# [E.L2]. What they do shows in one dimension, with the loss
# $\tfrac{1}{2} (\theta - a)^2$. With the second, $\theta - a + \lambda \theta
# = 0$: everything shrinks by $1 / (1 + \lambda)$. With the first, for
# $\theta > 0$, $\theta - a + \lambda = 0$; this is positive only if
# $a > \lambda$. The same holds for $\theta < 0$ with the signs turned. In
# between, the slope is positive to the right of zero and negative to its left,
# so the minimum is zero itself:
#
# $$
# \theta = \operatorname{sign}(a) \, \max(|a| - \lambda, 0)
# \tag{6.7}
# $$
#
# By hand
# -------
# The layer of (6.1), forward and back, and twenty of them in a row.

# %%
# symbols: x=x; W=W; b=b; gy=\bar{y}; gx=\bar{x}; gW=\bar{W}; sigma=\sigma
rng = np.random.default_rng(6)


def forward(x, W, b):
    return x @ W.T + b


def backward(gy, x, W):
    gx = gy @ W
    gW = gy.T @ x
    gb = gy.sum(axis=0)
    return gx, gW, gb


width, depth, rows = 256, 20, 64 if SMOKE else 256


def sizes(sigma):
    """Root mean squares of x after each layer, and of its gradient."""
    x, kept = rng.normal(size=(rows, width)), []
    for _ in range(depth):
        W = sigma * rng.normal(size=(width, width))
        y = forward(x, W, np.zeros(width))
        kept.append((x, W, y))
        x = np.maximum(y, 0)
    up = [np.sqrt((x**2).mean()) for x, _, _ in kept] + [
        np.sqrt((x**2).mean())
    ]
    g, down = rng.normal(size=x.shape), [1.0]
    for x, W, y in reversed(kept):
        g, _, _ = backward(g * (y > 0), x, W)
        down.append(np.sqrt((g**2).mean()))
    return np.array(up), np.array(down[::-1])


choices = {"LeCun 1/n": 1.0, "He 2/n": 2.0, "too large 4/n": 4.0}
seen = {name: sizes(np.sqrt(gain / width)) for name, gain in choices.items()}
for name, (up, down) in seen.items():
    print(
        f"{name:14} output {up[-1]:9.4f}  gradient at layer 1 {down[0]:9.4f}"
    )

# %% [markdown]
# You should see about ``0.001`` for the variance $1/n$ on both ways, about
# ``1`` for He's, and about ``1000`` for twice He's: $\sqrt{2}^{20} = 1024$.
#
# With minigen
# ------------
# ``minigen.nn.Dense`` is the layer; ``init`` says how its weights begin, with
# one of ``minigen.nn.initialisers``. Random numbers come from a
# ``minigen.generator``. ``minigen.nn.Sequential`` puts layers in a row, and
# ``minigen.nn.ReLU`` stands between them.


# %%
def tower(init, seed=0):
    """Twenty dense layers with ReLU."""
    draw = minigen.generator(seed)
    layers = []
    for _ in range(depth):
        layers += [nn.Dense(width, width, rng=draw, init=init), nn.ReLU()]
    return nn.Sequential(*layers)


inputs = rng.normal(size=(rows, width)).astype("float32")
for name in ("lecun_normal", "he_normal", "xavier_normal"):
    net = tower(getattr(nn.initialisers, name))
    out = net(minigen.tensor(inputs))
    (
        out * minigen.tensor(rng.normal(size=out.shape).astype("f"))
    ).sum().backward()
    y = minigen.to_numpy(out.array)
    g = minigen.to_numpy(net[0].weight.grad.array)
    print(f"{name:14} output {np.sqrt((y**2).mean()):.4f}", end="  ")
    print(f"gradient of the first weights {np.sqrt((g**2).mean()):.4f}")

# %% [markdown]
# You should see He's output near 1. Glorot's is LeCun's here, because the
# layer is square, and both fade to 0.001.
#
# The factor of other activations is measured in the same way: what remains of
# a mean square of 1. ``minigen.relu``, ``minigen.leaky_relu`` [E.LEAKYRELU],
# ``minigen.elu`` [E.ELU], ``minigen.gelu`` [E.GELU] and ``minigen.tanh``:

# %%
normal = minigen.tensor(rng.normal(size=400_000))
for f in ("relu", "leaky_relu", "elu", "gelu", "tanh"):
    y = minigen.to_numpy(getattr(minigen, f)(normal).array)
    print(f"{f:11} keeps {(y**2).mean():.3f} of the mean square")
    if f == "relu":
        assert np.isclose((y**2).mean(), 0.5, atol=0.01)

# %% [markdown]
# You should see ``0.50`` for the ReLU, as derived, and less for GELU and tanh.
#
# Too large gradients can also be cut: ``minigen.optim.clip_by_norm``
# [E.CLIPNORM] shortens the vector of all gradients to a given length, and
# ``minigen.optim.clip_by_value`` [E.CLIPVALUE] cuts each element, which turns
# the direction. And ``minigen.dropout`` [E.DROPOUT] sets a share $p$ of the
# units to zero while training and divides the rest by $1 - p$, so that the
# mean is what it was: $(1 - p) \cdot x / (1 - p) + p \cdot 0 = x$.
#
# Check
# -----
# (6.1) by hand is what minigen computes; the sizes are those of (6.5); the
# losses stay finite at logits of 1000 (``minigen.log_softmax`` and
# ``minigen.cross_entropy``); and L1 gives the soft threshold (6.7).

# %%
layer = nn.Dense(3, 2, rng=minigen.generator(1)).astype("float64")
x = minigen.tensor(rng.normal(size=(5, 3)), requires_grad=True)
gy = rng.normal(size=(5, 2))
(layer(x) * minigen.tensor(gy)).sum().backward()
W = minigen.to_numpy(layer.weight.array)
by_hand = backward(gy, minigen.to_numpy(x.array), W)
for mine, theirs in zip(
    by_hand, (x.grad, layer.weight.grad, layer.bias.grad), strict=True
):
    assert np.allclose(mine, minigen.to_numpy(theirs.array), rtol=1e-12)

for name, gain in choices.items():
    up, down = seen[name]
    theory = (gain / 2) ** (np.arange(depth + 1) / 2)
    assert (abs(np.log10(up / theory)) < 0.4).all(), name
    assert (abs(np.log10(down / theory[::-1])) < 0.4).all(), name

logits = minigen.tensor([[1000.0, 0.0, -1000.0]], requires_grad=True)
loss = minigen.cross_entropy(logits, minigen.asarray(np.array([1]))).sum()
loss.backward()
probability_minus_one = minigen.to_numpy(logits.grad.array)
print("cross entropy", loss, " gradient", probability_minus_one)
assert float(minigen.to_numpy(loss.array)) == 1000.0
assert np.allclose(probability_minus_one, [[1, -1, 0]])
assert np.isfinite(minigen.to_numpy(minigen.log_softmax(logits).array)).all()

a = np.array([-2.0, -0.3, 0.1, 0.8])
theta = nn.Parameter(a)
rule = optim.GD([theta], alpha=0.05)
for _ in range(400):
    fit = 0.5 * ((theta - minigen.tensor(a)) ** 2).sum()
    (fit + optim.l1_penalty([theta], 0.5)).backward()
    rule.step()
    rule.zero_grad()
found = minigen.to_numpy(theta.array)
soft = np.sign(a) * np.maximum(abs(a) - 0.5, 0)
print("L1 found", found.round(2), " by (6.7)", soft)
assert np.allclose(found, soft, atol=0.03)

# %% [markdown]
# You should see a loss of 1000 with the gradient ``[[1, -1, 0]]``, which is
# $p - y$, and the two small numbers of $a$ driven to zero by
# ``minigen.optim.l1_penalty`` (``minigen.optim.l2_penalty`` would only have
# shrunk them). ``minigen.asarray`` makes an array on the active backend.
#
# Picture
# -------
# Sizes on the way up and gradients on the way down, with the lines of (6.5).

# %%
figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
layers = np.arange(depth + 1)
for name, gain in choices.items():
    up, down = seen[name]
    theory = (gain / 2) ** (layers / 2)
    (line,) = panels[0].semilogy(layers, up, "o", ms=4, label=name)
    panels[0].semilogy(layers, theory, color=line.get_color())
    panels[1].semilogy(layers, down, "o", ms=4, color=line.get_color())
    panels[1].semilogy(layers, theory[::-1], color=line.get_color())
panels[0].set(xlabel="layer", ylabel="root mean square", title="activations")
panels[1].set(xlabel="layer", title="gradients: they fade on their way to 0")
panels[0].legend()
show(figure)

# %% [markdown]
# You should see three fans in each panel, with the dots on the lines:
# exploding above, He's level line, vanishing below.
#
# Break it
# --------
# Zero is a small weight, and nothing explodes.
#
# **Predict.** A net of two layers begins with all weights at zero. After
# a hundred steps towards some target, what has its first layer learned?

# %%
zero = nn.initialisers.zeros
draw = minigen.generator(0)
net = nn.Sequential(
    nn.Dense(4, 8, rng=draw, init=zero),
    nn.ReLU(),
    nn.Dense(8, 1, rng=draw, init=zero),
)
rule = optim.Adam(net.parameters(), alpha=0.1)
x = minigen.tensor(rng.normal(size=(50, 4)).astype("f"))
target = (x[:, :1] - x[:, 1:2]).detach()
for _ in range(100):
    ((net(x) - target) ** 2).mean().backward()
    rule.step()
    rule.zero_grad()
first = minigen.to_numpy(net[0].weight.array)
print("largest weight of the first layer:", abs(first).max())
assert not first.any()

# %% [markdown]
# You should see ``0.0``: by (6.1), $\bar{x} = \bar{y} W$ is zero where $W$ is,
# so nothing ever comes back to the first layer. Equal weights that are not
# zero are no better: all units then get the same gradient and stay equal for
# ever. Weights must differ, which is why they are random. ``.detach()`` cuts a
# value off its tape.
#
# Exercises
# ---------
# ``minigen learn 6`` puts ``06_dense_layers.py`` into your directory, and
# ``minigen learn check 6`` says what is right and which mistake is made.
#
# 1. ``linear_backward``: the three gradients of (6.1).
# 2. ``log_softmax``: stable at logits of 1000.
# 3. ``he_std``: the formula (6.3) for the shape of a kernel.
# 4. ``soft_threshold``: the formula (6.7).
#
# Where next
# ----------
# A layer that looks at a window instead of at everything is a convolution.
# Lesson 9 needs dense layers only: it lets a net squeeze digits through two
# numbers.
