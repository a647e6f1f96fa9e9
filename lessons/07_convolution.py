r"""
Convolution, and the way back
=============================

To a dense layer, a digit that has moved by one pixel is a stranger: every
pixel meets another weight. What if a few weights slide over the whole image?
And what slides the other way, from a few numbers to an image? Often enough, a
chessboard.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import data, nn, optim
from minigen.equations import REGISTER
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# A net shall paint an even grey. Its last layer takes an image of ones,
# 6 x 6, and makes one of about 12 x 12 with a kernel of 3 x 3 ones: each
# number of the input is written to a square of 3 x 3 pixels, and the squares
# begin 2 pixels apart. Where squares overlap, they add up.
#
# **Predict.** Which values do the pixels have, away from the border? If there
# is more than one value, how far apart are the largest and the smallest?
#
# Derivation
# ----------
# **The layer.** A kernel $W$ looks at a window of the image $x$. The same
# weights look at each window, and each output channel $o$ has its own. The
# windows begin $s$ pixels apart (stride), $p$ pixels outside the image
# (padding, all zeros), and look at every $d$-th pixel (dilation) [E.CONV2D]:
#
# $$
# y_{noij} = b_o + \sum_{c,u,v} x_{n,c,\, si + du - p,\, sj + dv - p}
#   \, W_{ocuv}
# \tag{7.1, E.CONV2D}
# $$
#
# Mathematicians turn the kernel round and call this one cross-correlation.
# Where $W$ is learned, it makes no difference.
#
# **How many windows fit?** The last tap of the last window must not lie
# beyond the padding: $s (h' - 1) + d (k - 1) \le h + 2p - 1$. So
#
# $$
# h' = \left\lfloor \frac{h + 2p - d (k - 1) - 1}{s} \right\rfloor + 1
# \tag{7.2}
# $$
#
# **The way back.** Take a cotangent $\bar{y}$ of the shape of $y$, leave out
# $b$, and multiply:
#
# $$
# \sum_{n,o,i,j} \bar{y}_{noij} \, y_{noij}
# = \sum \bar{y}_{noij} \; x_{n,c,\, si + du - p,\, sj + dv - p} \; W_{ocuv}
# \tag{7.3}
# $$
#
# On the right is one sum over everything, of products of three numbers. By
# (1.5) the cotangent of $x$ is whatever multiplies it: for each pixel all
# $\bar{y} W$ that lead there. The cotangent of $W$ is all $\bar{y} x$. Read
# for one of its three factors, one sum is a layer, its gradient for the input
# and its gradient for the weights. Each of the three is linear in two, so the
# gradients of each are the other two, and nothing else is ever needed.
#
# The sum read towards $x$, with $x$ and $y$ having changed names, is a layer
# of its own: it makes images larger [E.CONVTRANSPOSE2D].
#
# $$
# y_{n,o,\, si + du - p,\, sj + dv - p} = b_o + \sum x_{ncij} \, W_{couv}
# \tag{7.4, E.CONVTRANSPOSE2D}
# $$
#
# It is no inverse. It is the transposed map: with (7.3),
# $\langle \mathrm{conv}(x), \bar{y} \rangle =
# \langle x, \mathrm{transposed}(\bar{y}) \rangle$.
#
# **The chessboard.** Along one axis with $d = 1$, which inputs $i$ reach the
# pixel $P$? Those with $s i + u - p = P$ for some tap $u = 0, ..., k - 1$,
# that is with $u = P + p - s i$: every $s$-th tap, beginning at the remainder
# $r$ of $P + p$ by $s$. Away from the border there are
#
# $$
# m_r = \left\lceil \frac{k - r}{s} \right\rceil, \qquad r = 0, ..., s - 1
# \tag{7.5}
# $$
#
# If $s$ divides $k$, this is $k / s$ for each $r$. If not, neighbours get
# different numbers of terms. In two dimensions the numbers multiply.
#
# **Other ways down.** The largest number of a window [E.MAXPOOL], or the mean
# [E.AVGPOOL]; $s = k$ where nothing else is said, and channels do not mix:
#
# $$
# y_{ncij} = \max_{u,v} \, x_{n,c,\, si + u - p,\, sj + v - p}
# \tag{7.6, E.MAXPOOL}
# $$
#
# $$
# y_{ncij} = \frac{1}{k^2} \sum_{u,v} x_{n,c,\, si + u - p,\, sj + v - p}
# \tag{7.7, E.AVGPOOL}
# $$
#
# The derivative of a maximum is 1 for the winner and 0 for the others: the
# way back puts the cotangent where the winner was.
#
# **Other ways up.** If the winners' places were kept, here $k$, numbers can
# be put back there [E.MAXUNPOOL]. A decoder has no winners; it puts each
# number into the corner of its block [E.UNPOOL], or into all of the block
# [E.NEAREST]:
#
# $$
# y_{nc,\, k_{ncij}} = x_{ncij}, \qquad y = 0 \text{ elsewhere}
# \tag{7.8, E.MAXUNPOOL}
# $$
#
# $$
# y_{n,c,\,si,\,sj} = x_{ncij}, \qquad y = 0 \text{ elsewhere}
# \tag{7.9, E.UNPOOL}
# $$
#
# $$
# y_{ncij} = x_{n,\,c,\,\lfloor i / s \rfloor,\, \lfloor j / s \rfloor}
# \tag{7.10, E.NEAREST}
# $$
#
# After (7.10), a convolution with $s = 1$ and a kernel of size $k$ gives
# every pixel $k$ terms: no chessboard, whatever $k$ is.
#
# **Keeping sizes right.** Lesson 6 chose the weights once. Batch
# normalisation sets each channel to mean 0 and variance 1 in every step, over
# the batch and all pixels, and then lets it have a scale and a shift again
# [E.BATCHNORM]. Layer normalisation [E.LAYERNORM] is the same formula over
# one example; it needs no batch. With a channel's mean $m$ and variance $v$,
# and $\epsilon$ against a division by 0:
#
# $$
# y = \gamma \, \hat{x} + \beta, \qquad
# \hat{x} = \frac{x - m}{\sqrt{v + \epsilon}}
# \tag{7.11, E.BATCHNORM}
# $$
#
# Its gradient need not be worked out to know two things about it. Add $h$ to
# all $x$ of a channel: $m$ grows by $h$, and $y$ stays. So the derivative
# with respect to $h$ is 0, and that is $\sum \bar{x}$. Multiply all $x$ by
# $1 + h$: if $\epsilon = 0$, $y$ stays again, so $\sum \bar{x} x = 0$.
#
# $$
# \sum \bar{x} = 0, \qquad \sum \bar{x} \, x = 0 \quad (\epsilon = 0)
# \tag{7.12}
# $$
#
# A bias in front of a batch normalisation is such an $h$: it has no gradient,
# and is left out.
#
# **Keeping slopes small.** A dense layer stretches nothing by more than the
# largest singular value $\sigma$ of its weight. Dividing by it, now with
# vectors $u$ and $v$ [E.SPECTRALNORM],
#
# $$
# \bar{W} = \frac{W}{\sigma}, \qquad \sigma = u^\top W v, \qquad
# v \leftarrow \frac{W^\top u}{\|W^\top u\|}, \quad
# u \leftarrow \frac{W v}{\|W v\|}
# \tag{7.13, E.SPECTRALNORM}
# $$
#
# makes the slope 1 at most once $u$ and $v$ have settled (before, $u^\top W v$
# is below the largest singular value), which lesson 12 will want of a critic.
# For a convolution, whose $W$ is written as a matrix of $o$ rows, it keeps the
# size right but is no bound: a pixel is seen by several taps. Why do $u$ and
# $v$ find $\sigma$? Write $v = \sum_i a_i v_i$ with the singular vectors
# $v_i$ of $W$. One round multiplies $a_i$ by $\sigma_i^2$, and the norm is
# divided out. After $t$ rounds, $a_2 / a_1$ is
# $(\sigma_2 / \sigma_1)^{2t}$ of what it was: if $\sigma_1 > \sigma_2$ and
# $a_1$ was not 0, only $v_1$ is left.
#
# By hand
# -------
# One tap of the kernel sees a slice of the image, at all positions at once.
# The three readings of (7.3) differ in what is multiplied and what is added.

# %%
# symbols: x=x; weight=W; y=y; gy=\bar{y}; s=s; p=p


def seen(tap, out, s):
    """The pixels of a padded image that a tap (u, v) sees."""
    return tuple(
        slice(t, t + s * (n - 1) + 1, s) for t, n in zip(tap, out, strict=True)
    )


def widen(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def conv(x, weight, s, p):
    """(7.1) without bias, d = 1."""
    out = [
        (n + 2 * p - k) // s + 1
        for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)
    ]
    y, x = np.zeros((len(x), len(weight), *out)), widen(x, p)
    for u, v in np.ndindex(weight.shape[2:]):
        part = x[:, :, *seen((u, v), out, s)]
        y += np.einsum("ncij,oc->noij", part, weight[:, :, u, v])
    return y


def transposed(gy, weight, size, s, p):
    """(7.3) read towards x: each cotangent goes where its tap looked."""
    gx = widen(np.zeros((len(gy), weight.shape[1], *size)), p)
    for u, v in np.ndindex(weight.shape[2:]):
        part = np.einsum("noij,oc->ncij", gy, weight[:, :, u, v])
        gx[:, :, *seen((u, v), gy.shape[2:], s)] += part
    return gx[:, :, p : p + size[0], p : p + size[1]]


def weight_gradient(x, gy, kernel, s, p):
    """(7.3) read towards W."""
    gw, x = np.zeros((gy.shape[1], x.shape[1], *kernel)), widen(x, p)
    for u, v in np.ndindex(kernel):
        part = x[:, :, *seen((u, v), gy.shape[2:], s)]
        gw[:, :, u, v] = np.einsum("ncij,noij->oc", part, gy)
    return gw


grey = np.ones((1, 1, 6, 6))
for k in (3, 4):
    size = 2 * 5 + k
    painted = transposed(grey, np.ones((1, 1, k, k)), (size, size), 2, 0)
    print(f"kernel {k} x {k}:\n{painted[0, 0, 4:8, 4:8].astype(int)}")

# %% [markdown]
# You should see 4, 2, 2 and 1 for the kernel of 3 x 3: (7.5) gives 2 and 1
# along each axis, and the products are a chessboard with a factor of four
# between its fields. For 4 x 4 all pixels are 4. Weights that are learned can
# make up for it, each anew; but they begin with the chessboard.
#
# With minigen
# ------------
# ``minigen.conv2d`` is (7.1), ``minigen.conv_transpose2d`` is (7.4), and
# ``minigen.max_pool2d``, ``minigen.avg_pool2d``, ``minigen.unpool2d`` and
# ``minigen.upsample_nearest2d`` are (7.6), (7.7), (7.9) and (7.10). As layers
# with weights of their own: ``minigen.nn.Conv2d`` and
# ``minigen.nn.MaxPool2d``. ``minigen.nn.Unflatten`` makes images (channels,
# height, width) of rows, and ``minigen.nn.Flatten`` rows of images.
# ``minigen.data.augmentation`` changes images: its ``shift`` moves each by
# whole pixels. ``minigen.batch_norm`` is (7.11); it also returns $m$ and $v$.
# ``minigen.nn.SpectralDense`` is a dense layer with (7.13), whose ``.weight``
# is $\bar{W}$ and whose ``.weight_orig`` is $W$.
#
# **Predict.** Two nets with 6,000 weights each learn the 8 x 8 digits, one
# dense, one with two convolutions and poolings. Then the test digits move by
# one pixel. Of 100 test digits about 92 and 95 were right; how many now?

# %%
train, test = data.digits("train"), data.digits("test")
steps = 60 if SMOKE else 300


def learned(*layers):
    """A net of these layers after some steps of Adam on the digits."""
    net, pick = nn.Sequential(*layers), np.random.default_rng(0)
    rule = optim.Adam(net.parameters(), alpha=1e-3)
    for _ in range(steps):
        batch = pick.integers(0, len(train), 100)
        logits = net(minigen.tensor(train.flat[batch]))
        labels = minigen.asarray(train.labels[batch])
        minigen.cross_entropy(logits, labels).mean().backward()
        rule.step()
        rule.zero_grad()
    return net


def right(net, down, across):
    """Share of the test digits that are recognised after this shift."""
    n = len(test)
    moved = data.augmentation.shift(
        test.images, np.full(n, down), np.full(n, across)
    )
    logits = net(minigen.tensor(moved.reshape(n, 64)))
    found = minigen.to_numpy(logits.array).argmax(axis=1)
    return (found == test.labels).mean()


like = {"rng": minigen.generator(0), "init": nn.initialisers.he_normal}
dense = learned(nn.Dense(64, 80, **like), nn.ReLU(), nn.Dense(80, 10, **like))
convolved = learned(
    nn.Unflatten(1, 8, 8),
    *[nn.Conv2d(1, 16, 3, padding=1, **like), nn.ReLU(), nn.MaxPool2d(2)],
    *[nn.Conv2d(16, 32, 3, padding=1, **like), nn.ReLU(), nn.MaxPool2d(2)],
    *[nn.Flatten(), nn.Dense(128, 10, **like)],
)
moves = [(0, 1), (0, -1), (1, 0), (-1, 0)]
for name, net in (("dense", dense), ("convolved", convolved)):
    still, moved = right(net, 0, 0), np.mean([right(net, *m) for m in moves])
    print(f"{name:10} in place {still:.2f}, moved by one pixel {moved:.2f}")

# %% [markdown]
# You should see about 0.45 for the dense net and 0.6 for the other, in the
# full run. What moves with the image are the feature maps, and pooling
# forgets moves within its windows. But the last layer is dense: it still asks
# where things are. (And a digit that fills its 8 x 8 pixels loses a row.)
#
# Check
# -----
# By hand and by minigen, the three readings of (7.3) agree, and so do the
# three inner products. A convolution of a moved image is the convolution,
# moved. The two sums of (7.12) vanish. The power method finds $\sigma$.

# %%
rng = np.random.default_rng(7)
x, weight = rng.normal(size=(2, 3, 9, 9)), rng.normal(size=(4, 3, 3, 3))
settings = {"stride": 2, "padding": 1}
leaves = [minigen.tensor(a, requires_grad=True) for a in (x, weight)]
result = minigen.conv2d(*leaves, **settings)
gy = rng.normal(size=result.shape)
(result * minigen.tensor(gy)).sum().backward()
y, gx = conv(x, weight, 2, 1), transposed(gy, weight, (9, 9), 2, 1)
gw = weight_gradient(x, gy, (3, 3), 2, 1)
assert np.allclose(minigen.to_numpy(result.array), y)
for leaf, by_hand in zip(leaves, (gx, gw), strict=True):
    assert np.allclose(minigen.to_numpy(leaf.grad.array), by_hand)
assert np.allclose((y * gy).sum(), [(x * gx).sum(), (weight * gw).sum()])

moved = np.roll(x, (2, 2), axis=(2, 3))  # two pixels: one step of stride 2
assert np.allclose(conv(moved, weight, 2, 0)[:, :, 1:, 1:],
                   conv(x, weight, 2, 0)[:, :, :-1, :-1])  # fmt: skip

channel = minigen.tensor(rng.normal(size=(8, 1, 3, 3)), requires_grad=True)
one = minigen.tensor(np.ones(1))
z = minigen.batch_norm(channel, one, one, epsilon=1e-12)[0]
(z * minigen.tensor(rng.normal(size=z.shape))).sum().backward()
assert abs(channel.grad.sum().item()) < 1e-9
assert abs((channel.grad * channel).sum().item()) < 1e-6

spectral = nn.SpectralDense(30, 20, rng=minigen.generator(3))
for _ in range(200):
    spectral(minigen.tensor(np.zeros((1, 30), "float32")))
values = [
    np.linalg.svd(minigen.to_numpy(w.array), compute_uv=False)[0]
    for w in (spectral.weight_orig, spectral.weight)
]
print(f"largest singular value {values[0]:.3f}, then {values[1]:.4f}")
assert abs(values[1] - 1) < 1e-3

# %% [markdown]
# Picture
# -------
# Grey, painted by random kernels of mean 1: transposed 3 x 3, transposed
# 4 x 4, and (7.10) followed by a convolution 3 x 3. Below, the first layer's
# kernels that the digits have taught.

# %%
weights = {k: 1 + 0.3 * rng.normal(size=(1, 1, k, k)) for k in (3, 4)}
large = np.ones((1, 1, 20, 20))
up = minigen.to_numpy(minigen.upsample_nearest2d(large, 2))
sheets = {
    "transposed, 3 x 3": transposed(large, weights[3], (41, 41), 2, 0),
    "transposed, 4 x 4": transposed(large, weights[4], (42, 42), 2, 0),
    "up-sampled, then 3 x 3": conv(up, weights[3], 1, 1),
}
figure, axes = plt.subplots(2, 4, figsize=(10, 5.2))
for ax, (name, sheet) in zip(axes[0], sheets.items(), strict=False):
    middle = sheet[0, 0, 8:28, 8:28]
    ax.imshow(middle / middle.mean(), cmap="gray", vmin=0.2, vmax=1.8)
    ax.set_title(f"{name}\nspread {middle.std() / middle.mean():.2f}")
axes[0, 3].imshow(test.images[0], cmap="gray_r")
axes[0, 3].set_title("a digit")
kernels = minigen.to_numpy(convolved[1].weight.array)
for i, ax in enumerate(axes[1]):
    ax.imshow(kernels[i, 0], cmap="seismic", vmin=-1, vmax=1)
    ax.set_title(f"kernel {i + 1}: blue < 0 < red", fontsize=10)
for ax in axes.flat:
    ax.set_axis_off()
show(figure)

# %% [markdown]
# Break it
# --------
# Where windows overlap, cotangents add up. What if they overwrite one another
# instead, one ``=`` in the place of ``+=``? The register knows the mistake,
# and a sum of (7.3) finds it at once.

# %%
wrong = REGISTER["CONVTRANSPOSE2D"].wrong["assigned"]
print(wrong.explanation)
for k in (2, 3):
    image, kernel = (
        rng.normal(size=(1, 1, 6, 6)),
        rng.normal(size=(1, 1, k, k)),
    )
    gy = rng.normal(size=conv(image, kernel, 2, 0).shape)
    gx = wrong.transcription(gy, kernel, None, 2, 0, 0, 1)
    found = (image[:, :, : gx.shape[2], : gx.shape[3]] * gx).sum()
    print(
        f"k = {k}: {(conv(image, kernel, 2, 0) * gy).sum():.4f}, {found:.4f}"
    )

# %% [markdown]
# For $k = 2$ the two numbers are equal: windows with $s = k$ do not overlap,
# and a test with such a kernel proves nothing. For $k = 3$ they are not.
#
# Exercises
# ---------
# ``minigen learn 7`` puts ``07_convolution.py`` into your directory, and
# ``minigen learn check 7`` says what is right and which mistake is made.
#
# 1. ``conv2d``: the layer (7.1), with stride, padding and dilation.
# 2. ``conv_transpose2d``: the way back (7.4).
# 3. ``max_pool2d``: (7.6), where padding must never win.
# 4. ``terms``: how many numbers meet in each pixel, counted with (7.5).
#
# Where next
# ----------
# An image is a grid; a text is a line without an end. Lesson 8 gives a net a
# memory. With convolutions at hand, try ``minigen train conv-vae`` and
# ``minigen train dcgan``: the models of lessons 10 and 11, with the layers of
# this one.
