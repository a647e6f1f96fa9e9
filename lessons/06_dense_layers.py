r"""
Dense layers, and how large their weights should be
===================================================

A net of twenty layers multiplies by twenty matrices. Twenty factors of 0.8
make 0.01, and twenty factors of 1.6 make 12,000. How large must random weights
be, so that a signal reaches the far end of a net, and a gradient the near one?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import data, nn, optim
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Twenty dense layers of width 512, a ReLU after each. The weights are drawn
# from $N(0, \sigma^2)$. One net has $\sigma = 0.05$, the other has the same
# draws times two, $\sigma = 0.1$. Numbers of size 1 go in.
#
# **Predict.** How much larger is what comes out of the second net: twice,
# forty times, or something else? And which of the two outputs is of size 1?
#
# Derivation
# ----------
# **The layer.** One row $x_n$ for each example, one row $W_o$ for each output:
#
# $$
# y_{no} = \sum_i W_{oi} x_{ni} + b_o
# \tag{6.1}
# $$
#
# Backwards, (1.5) says: add up the cotangents of all places where a number is
# used. $x_{ni}$ is used in every output $o$, with the derivative $W_{oi}$.
# $W_{oi}$ is used in every example $n$, with the derivative $x_{ni}$. $b_o$ is
# used in every example, with the derivative 1:
#
# $$
# \bar{x}_{ni} = \sum_o \bar{y}_{no} W_{oi}, \qquad
# \bar{W}_{oi} = \sum_n \bar{y}_{no} x_{ni}, \qquad
# \bar{b}_o = \sum_n \bar{y}_{no}
# \tag{6.2}
# $$
#
# The first two sums are matrix products [E.LINEAR]. All examples at once:
#
# $$
# y_o = \sum_i W_{oi} x_i + b_o, \qquad \bar{x} = \bar{y} W,
# \qquad \bar{W} = \bar{y}^\top x, \qquad \bar{b} = \sum_n \bar{y}_n
# \tag{6.3, E.LINEAR}
# $$
#
# **Between two layers.** $W_2 (W_1 x)$ is $(W_2 W_1) x$: without anything in
# between, two layers are one. The cheapest thing in between is [E.RELU]:
#
# $$
# y = \max(x, 0), \qquad \bar{x} = \bar{y} \, [y > 0]
# \tag{6.4, E.RELU}
# $$
#
# Where $x < 0$, no gradient comes through. [E.LEAKYRELU] keeps a small slope
# there, [E.ELU] bends towards $-\alpha$, and [E.GELU] multiplies $x$ by the
# probability that a normal number is below it.
#
# **At the end.** For classes, the last layer's outputs are logits $x_i$, and
# the logarithm of the softmax (2.7) makes log-probabilities of them. From
# $y_j = x_j - \log \sum_k e^{x_k}$ we get
# $\partial y_j / \partial x_i = [i = j] - e^{x_i} / \sum_k e^{x_k}
# = [i = j] - e^{y_i}$. Times $\bar{y}_j$, summed over $j$ [E.LOGSOFTMAX]:
#
# $$
# y_i = x_i - \log \sum_j e^{x_j}, \qquad
# \bar{x}_i = \bar{y}_i - e^{y_i} \sum_j \bar{y}_j
# \tag{6.5, E.LOGSOFTMAX}
# $$
#
# In float64, $e^{1000}$ is infinite. But $e^{x_j} = e^m e^{x_j - m}$, so for
# any number $m$
#
# $$
# \log \sum_j e^{x_j} = m + \log \sum_j e^{x_j - m}
# \tag{6.6}
# $$
#
# With $m = \max_j x_j$ the largest exponent is 0. The sum lies between 1 and
# the number of classes: nothing overflows, and no logarithm of 0 is taken.
#
# The loss is minus the log-probability of the right class $k$. Its cotangent
# follows from (6.5) with $\bar{y}_j = -[j = k]$, whose sum is $-1$
# [E.CROSSENTROPY]; here the logits are called $l$:
#
# $$
# y = -\log \frac{e^{l_k}}{\sum_j e^{l_j}} = \log \sum_j e^{l_j} - l_k,
# \qquad \bar{l}_j = \bar{y}
#   \left(\frac{e^{l_j}}{\sum_i e^{l_i}} - [j = k]\right)
# \tag{6.7, E.CROSSENTROPY}
# $$
#
# In words, for $\bar{y} = 1$: the probabilities $p$ minus the one-hot label.
#
# **How large is what comes out?** Draw the weights independently, with mean 0
# and variance $\sigma^2$; let $b = 0$. Then $E[W_{oi} W_{oj}]$ is $\sigma^2$
# for $i = j$ and $0$ otherwise. For a given $x$, of the double sum in $y_o^2$
# only the diagonal is left:
#
# $$
# E[y_o^2] = \sum_i \sum_j E[W_{oi} W_{oj}] \, x_i x_j
# = \sigma^2 \sum_i x_i^2 = n_{in} \sigma^2 \, q,
# \qquad q = \frac{1}{n_{in}} \sum_i x_i^2
# \tag{6.8}
# $$
#
# The mean square $q$ is kept if $n_{in} \sigma^2 = 1$ [E.LECUN]:
#
# $$
# \sigma = \sqrt{\frac{1}{n_{in}}}
# \tag{6.9, E.LECUN}
# $$
#
# **And after a ReLU?** $-W$ is as probable as $W$, so $-y$ is as probable as
# $y$: $\max(y, 0)^2$ and $\max(-y, 0)^2$ have the same expectation. One of
# them is $y^2$ and the other is 0, so together they are $y^2$. Half survives:
#
# $$
# E[\max(y, 0)^2] = \tfrac{1}{2} \, E[y^2]
# \tag{6.10}
# $$
#
# To make up for it, $n_{in} \sigma^2$ must be 2 [E.HE]:
#
# $$
# \sigma = \sqrt{\frac{2}{n_{in}}}
# \tag{6.11, E.HE}
# $$
#
# **Backwards**, $\bar{x}_i = \sum_o \bar{y}_o W_{oi}$ is a sum over $n_{out}$
# terms. Suppose that $\bar{y}$ does not depend on this layer's weights. That
# is not quite so, for what is above has seen them; we shall measure. Then
# (6.8) holds with $n_{out}$ for $n_{in}$, and the ReLU below lets half of it
# through. So forwards we want $1 / n_{in}$, backwards $1 / n_{out}$ (times 2
# for ReLU). Glorot divides by the mean of the two fans [E.XAVIER]:
#
# $$
# \sigma = \sqrt{\frac{2}{n_{in} + n_{out}}}
# \tag{6.12, E.XAVIER}
# $$
#
# This 2 is not He's: it belongs to the mean, and no ReLU is thought of.
#
# **Through $L$ layers** of width $n$ with ReLU, the root of the mean square,
# rms for short, is multiplied $L$ times by the same factor, in both
# directions:
#
# $$
# \mathrm{rms}_L = \left(\sigma \sqrt{\frac{n}{2}}\right)^L \mathrm{rms}_0
# \tag{6.13}
# $$
#
# **If gradients explode all the same**, shorten them to a norm of at most $c$,
# which we choose [E.CLIPNORM]. Here $n$ is the norm that they have, no width:
#
# $$
# \hat{g}_i = g_i \min\left(1, \frac{c}{n}\right), \qquad
# n = \sqrt{\sum_i g_i^2}
# \tag{6.14, E.CLIPNORM}
# $$
#
# It is the norm of all parameters together, so the direction stays.
# Limiting each number by itself, [E.CLIPVALUE], changes it.
#
# **Weights that may grow later** are held back by a penalty on the loss:
#
# $$
# R = \lambda \sum_i |\theta_i|
# \tag{6.15, E.L1}
# $$
#
# $$
# R = \frac{\lambda}{2} \sum_i \theta_i^2
# \tag{6.16, E.L2}
# $$
#
# What do [E.L1] and [E.L2] do to one weight whose loss alone is
# $\tfrac{1}{2} (\theta - a)^2$? With L2 the slope $\theta - a + \lambda
# \theta$ is 0 at $\theta = a / (1 + \lambda)$: smaller, never 0. With L1 the
# slope is $\theta - a + \lambda$ for $\theta > 0$, which is 0 at
# $a - \lambda$, if that is positive. For $\theta < 0$ it is
# $\theta - a - \lambda$, which is 0 at $a + \lambda$, if that is negative. If
# neither is so, $|a| \le \lambda$, then the slope is not negative on the
# right of 0 and not positive on its left: the minimum is 0 itself.
#
# $$
# \theta = \mathrm{sign}(a) \max(|a| - \lambda, 0)
# \tag{6.17}
# $$
#
# This is the soft threshold: L1 makes weights exactly 0.
#
# **Noise instead of a penalty.** Dropout sets numbers to 0 with probability
# $p$. What stays is divided by $1 - p$ [E.DROPOUT]:
#
# $$
# y = \frac{x \, m}{1 - p}, \qquad m = [u \ge p], \quad u \sim U[0, 1)
# \tag{6.18, E.DROPOUT}
# $$
#
# The mask $m$ is 1 with probability $1 - p$, so
# $E[y] = x (1 - p) / (1 - p) = x$: the mean is what it is without dropout.
#
# By hand
# -------
# A net is a list of matrices, its biases are 0. Forwards it keeps what each
# layer puts out, backwards it needs that again.

# %%
# symbols: weight=W; g=\bar{y}; p=p; sigma=\sigma; kept=x


def log_softmax(logits):
    """(6.5) with the shift (6.6), row by row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def forward(x, weights):
    """The input, what each layer puts out after its ReLU, and the logits."""
    kept = [x]
    for weight in weights[:-1]:
        kept.append(np.maximum(kept[-1] @ weight.T, 0))
    return [*kept, kept[-1] @ weights[-1].T]


def backward(kept, weights, labels):
    """Cotangents of what each layer puts out, gradients of its weights."""
    p = np.exp(log_softmax(kept[-1]))
    g = (p - np.eye(p.shape[1])[labels]) / len(p)  # (6.7) of a mean loss
    cotangents, gradients = [g], []
    for x, weight in zip(kept[-2::-1], weights[::-1], strict=True):
        gradients.insert(0, g.T @ x)  # (6.3)
        cotangents.insert(0, g @ weight)
        g = cotangents[0] * (x > 0)  # (6.4)
    return cotangents, gradients


def rms(x):
    return np.sqrt(np.mean(x**2))


rng = np.random.default_rng(6)
width, depth = 512, 20
x, labels = rng.normal(size=(32, width)), rng.integers(0, 10, 32)
draws = [rng.normal(size=(width, width)) for _ in range(depth)]
last = rng.normal(size=(10, width)) / np.sqrt(width)
sigmas = {"LeCun": np.sqrt(1 / width), "0.05": 0.05}
sigmas |= {"He": np.sqrt(2 / width), "0.1": 0.1}
passes = {}
for name, sigma in sigmas.items():
    weights = [*(sigma * draw for draw in draws), last]
    kept = forward(x, weights)
    factor = sigma * np.sqrt(width / 2)
    passes[name] = (factor, weights, kept, *backward(kept, weights, labels))
    out, theory = rms(kept[-2]), factor**depth
    print(f"{name:5} sigma {sigma:.4f}: out {out:.2e}, (6.13) {theory:.2e}")
ratio = rms(passes["0.1"][2][-2]) / rms(passes["0.05"][2][-2])
print(f"second net over first: {ratio:,.0f}")

# %% [markdown]
# You should see ``1,048,576``, which is $2^{20}$: every layer doubles it once
# more. Neither output is of size 1: about 0.01 and 12,000. He's
# $\sigma = 0.0625$ keeps the size, and LeCun's loses a factor
# $1 / \sqrt{2}$ in every layer, a thousand in all.
#
# With minigen
# ------------
# ``minigen.nn.Dense`` is (6.3), with ``.weight`` and ``.bias``, and
# ``minigen.nn.Sequential`` calls layers one after the other. Between them
# stand ``minigen.nn.ReLU`` and the like. ``minigen.nn.initialisers`` has the
# choices of ``init``, such as ``he_normal``, and draws from
# ``minigen.generator``, a source of random numbers with a seed. Left to
# itself, a dense layer begins with Glorot's (6.12). ``.parameters()`` lists
# what is to be trained.
#
# ``minigen.cross_entropy`` is (6.7) and ``minigen.log_softmax`` is (6.5). The
# labels stay whole numbers; ``minigen.asarray`` puts them beside the logits.
# ``minigen.data.digits`` gives 1,797 handwritten digits of 8 x 8 pixels with
# their labels: as images, or ``.flat``, one row of 64 for each.
#
# **Predict.** Twenty layers of width 100 shall tell the ten digits apart.
# Guessing has the loss $\log 10 = 2.303$. Where is the loss after some SGD
# if the layers begin as Glorot has it, and where if they begin as He has it?
# (Glorot's is what Keras does unless told otherwise. PyTorch's ``Linear``
# begins smaller still, at $1 / \sqrt{3 n_{in}}$.)

# %%
digits = data.digits("train")
pixels = digits.flat - digits.flat.mean(axis=0)
pixels = pixels / rms(pixels)  # so that their mean square is 1
steps = 60 if SMOKE else 200


def deep_net(init):
    """Twenty layers with ReLU, and the logits of ten classes."""
    generator, layers = minigen.generator(1), []
    for n in [64, *[100] * (depth - 1)]:
        layers += [nn.Dense(n, 100, rng=generator, init=init), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dense(100, 10, rng=generator))


def train(init, max_norm=None):
    """The loss of each step; stops where it is no longer a number."""
    net, pick = deep_net(init), np.random.default_rng(0)
    update, losses = optim.SGD(net.parameters(), alpha=0.02), []
    for _ in range(steps):
        batch = pick.integers(0, len(digits), 64)
        logits = net(minigen.tensor(pixels[batch]))
        labels = minigen.asarray(digits.labels[batch])
        loss = minigen.cross_entropy(logits, labels).mean()
        losses.append(float(loss))
        if not np.isfinite(losses[-1]):
            break
        loss.backward()
        if max_norm is not None:
            optim.clip_by_norm(net.parameters(), max_norm)
        update.step()
        update.zero_grad()
    return losses


curves = {}
for name in ("xavier_normal", "he_normal"):
    curves[name] = train(getattr(nn.initialisers, name))
    print(f"{name:13} loss {np.round(curves[name][:: steps // 4], 3)}")

# %% [markdown]
# You should see the loss at four times. Glorot's net still guesses, He's has
# learned, and goes below 0.2 in the full run. The layers have one width, so
# (6.12) is (6.9), and what reaches the last layer is a thousand times too
# small to tell one digit from another.
#
# The 2 in (6.11) is one over the share that survives a ReLU. Other activations
# leave other shares. ``minigen.elu``, ``minigen.gelu``,
# ``minigen.leaky_relu`` and ``minigen.relu`` are the functions of (6.4) and
# below it; ``minigen.tanh`` is that of lesson 2.

# %%
normal = minigen.tensor(rng.normal(size=200_000))
for name in ("relu", "leaky_relu", "elu", "gelu", "tanh"):
    share = float((getattr(minigen, name)(normal) ** 2).mean())
    print(f"{name:10} keeps {share:.3f} of the mean square")

# %% [markdown]
# You should see a half for ReLU, as (6.10) says, and about 0.64 for ELU, 0.42
# for GELU, 0.39 for tanh.
#
# Last the two penalties. ``minigen.optim.l1_penalty`` is (6.15) and
# ``minigen.optim.l2_penalty`` is (6.16); both are added to the loss. Here 41
# weights have the 41 targets $a$, and $\lambda = 0.5$. (Dropout is a layer:
# ``minigen.nn.Dropout`` is (6.18) until ``.eval()`` is called.)

# %%
a, strength, alpha = np.linspace(-2, 2, 41), 0.5, 0.02
target = minigen.tensor(a)


def shrink(penalty):
    """Where gradient descent on 1/2 (theta - a)^2 and a penalty ends."""
    theta = nn.Parameter(np.ones_like(a))
    update = optim.GD([theta], alpha=alpha)
    for _ in range(600):
        loss = 0.5 * ((theta - target) ** 2).sum()
        (loss + penalty([theta], strength)).backward()
        update.step()
        update.zero_grad()
    return minigen.to_numpy(theta.array)


ends = {"L1": shrink(optim.l1_penalty), "L2": shrink(optim.l2_penalty)}
print(np.column_stack([a, ends["L1"], ends["L2"]])[[22, 30, 40]].round(3))

# %% [markdown]
# You should see $a = 0.2$ come to ``0.011`` with L1 and to ``0.133`` with L2,
# $a = 1$ to ``0.5`` and ``0.667``. Descent on L1 does not rest at 0 but hops
# about it, by at most $2 \alpha \lambda$; (6.17) itself gives the exact 0.
#
# Check
# -----
# The passes by hand are minigen's. Sizes follow (6.13) in both directions.
# The soft threshold is where descent ends, and (6.5) stands 1000.
#
# One more, which needs no random numbers. Multiply one $W$ of a net with ReLU
# and without biases by $1 + h$: all logits are multiplied by $1 + h$. So the
# derivative of the loss with respect to $h$, which is
# $\sum_{oi} W_{oi} \bar{W}_{oi}$, is the same number for every layer.

# %%
net, labels = deep_net(nn.initialisers.he_normal), digits.labels[:32]
logits = net(minigen.tensor(pixels[:32]))
minigen.cross_entropy(logits, minigen.asarray(labels)).mean().backward()
layers = [net[i] for i in range(0, 2 * depth + 1, 2)]
weights = [minigen.to_numpy(m.weight.array).astype("float64") for m in layers]
_, gradients = backward(forward(pixels[:32], weights), weights, labels)
for layer, gradient in zip(layers, gradients, strict=True):
    found = minigen.to_numpy(layer.weight.grad.array)
    assert np.allclose(found, gradient, rtol=1e-3, atol=1e-5)

for name, (factor, weights, kept, cotangents, gradients) in passes.items():
    up, down = rms(kept[-2]) / rms(x), rms(cotangents[0]) / rms(cotangents[-2])
    up, down = up / factor**depth, down / factor**depth
    print(f"{name:5} measured over (6.13): {up:.2f}, {down:.2f}")
    assert 0.4 < up < 2.5 and 0.4 < down < 2.5
    same = [(w * gw).sum() for w, gw in zip(weights, gradients, strict=True)]
    assert np.allclose(same, same[0], rtol=1e-8)
assert curves["xavier_normal"][-1] > 2.2 and curves["he_normal"][-1] < 1.8

soft = np.sign(a) * np.maximum(abs(a) - strength, 0)
assert abs(ends["L1"] - soft).max() < 2 * strength * alpha + 1e-4
assert np.allclose(ends["L2"], a / (1 + strength), atol=1e-4)
far = minigen.log_softmax(minigen.tensor([[1000.0, 0.0]]))
assert np.array_equal(minigen.to_numpy(far.array), [[0, -1000]])

# %% [markdown]
# You should see quotients near 1: the theory is for a mean over all draws of
# weights, and this is one draw.
#
# Picture
# -------
# What each layer puts out, and the gradient that comes back to it: dots are
# measured, lines are (6.13). Right, what the penalties make of a weight.

# %%
figure, panels = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
left, middle, right = panels
layer = np.arange(depth + 1)
for name, (factor, _, kept, cotangents, _) in passes.items():
    theory, seen = rms(x) * factor**layer, [rms(k) for k in kept[:-1]]
    (line,) = left.semilogy(layer, theory, label=name)
    left.semilogy(layer, seen, "o", ms=4, color=line.get_color())
    seen = [rms(g) for g in cotangents[:-1]]
    theory = seen[-1] * factor ** (depth - layer)
    middle.semilogy(layer, theory, color=line.get_color())
    middle.semilogy(layer, seen, "o", ms=4, color=line.get_color())
left.set(xlabel="layer", ylabel="rms", title="what each layer puts out")
left.legend(title="sigma", fontsize=8)
middle.set(xlabel="layer", title="the gradient that comes back to it")
right.plot(a, soft, "C0", label="soft threshold (6.17)")
right.plot(a, a / (1 + strength), "C1", label="a / (1 + lambda)")
right.plot(a, ends["L1"], "C0.", a, ends["L2"], "C1.")
right.set(xlabel="a", ylabel="theta", title="L1 cuts to zero, L2 shrinks")
right.legend(fontsize=8)
show(figure)

# %% [markdown]
# You should see straight lines on the logarithmic axis with the dots beside
# them, He's level. In the middle they are read from the right, where the
# gradient begins.
#
# Break it
# --------
# Weights that are 1.3 times as large as He's do not sound dangerous.
#
# **Predict.** With them, the same SGD gets a first loss of some hundred. Does
# it come down, only later, or not at all? And if every gradient is shortened
# to the norm 1 by ``minigen.optim.clip_by_norm``?


# %%
def too_large(shape, rng, dtype):
    return 1.3 * nn.initialisers.he_normal(shape, rng, dtype)


with np.errstate(all="ignore"):  # it overflows, which is the point
    curves["1.3 He"] = train(too_large)
curves["1.3 He, clipped"] = train(too_large, max_norm=1.0)
for name in ("1.3 He", "1.3 He, clipped"):
    losses = curves[name]
    print(f"{name:15} {losses[0]:.0f}, {losses[-1]:.2f} in {len(losses)}")
assert not np.isfinite(curves["1.3 He"][-1])
assert np.median(losses[-10:]) < 0.2 * losses[0]

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, losses in curves.items():
    axes.semilogy(losses, "o-" if name == "1.3 He" else "-", label=name)
axes.axhline(np.log(10), color="k", ls=":", lw=1, label="guessing")
axes.set(xlabel="step", ylabel="cross-entropy, nats", ylim=(0.03, 2000))
axes.set_title("twenty layers: too small, right, too large")
axes.legend()
show(figure)

# %% [markdown]
# You should see a loss that is ``nan`` in step 3, and a clipped one
# that comes down. Clipping keeps the direction and limits the harm of a step.
# It cannot make a badly begun net a well begun one: He's curve is lower. Try
# $0.9$ times He's, or ``minigen.optim.clip_by_value``.
#
# Exercises
# ---------
# ``minigen learn 6`` puts ``06_dense_layers.py`` into your directory, and
# ``minigen learn check 6`` says what is right and which mistake is made.
#
# 1. ``linear_backward``: the backward pass (6.3).
# 2. ``log_softmax``: (6.5), for logits of 1000 too.
# 3. ``he_std``: the standard deviation (6.11).
# 4. ``soft_threshold``: the closed form (6.17).
#
# Where next
# ----------
# A dense layer joins every pixel with every other, wherever they are. Lesson 7
# lets the same few weights slide over the image.
