r"""
Autoencoders: everything through two numbers
============================================

A digit of 8 by 8 pixels is 64 numbers, but nobody needs 64 numbers to say
which digit it is and how it leans. An autoencoder is a net that must pass an
image through a narrow place and draw it again. What does it put into the
narrow place, and can we draw new digits by putting in numbers of our own?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import minigen
from minigen import data, models, nn, objectives, optim, training
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# The net of this lesson has no nonlinearity at first: 64 numbers, a dense
# layer to 2, a dense layer back to 64, trained by gradient descent.
#
# **Predict.** How good can it become? Is there a number that no training,
# however long, can get below, and that can be known without any training?
#
# Derivation
# ----------
# **The problem.** Row $n$ of the matrix $X$ is an image, with the mean image
# subtracted. Encoder and decoder are matrices, so the reconstruction of all
# images is $Y = X M$, with a matrix $M$ whose rank is at most the size $k$ of
# the code. The loss is the mean squared error over all $N$ pixels of
# all images [E.MSE]:
#
# $$
# L = \frac{1}{N} \sum_i (x_i - \hat{x}_i)^2
# \tag{9.1, E.MSE}
# $$
#
# **A subspace is all that matters.** All rows of $Y$ lie in a subspace of $k$
# dimensions. Let the columns of $Q$ be an orthonormal basis of it. Of all
# points in the subspace, the one nearest to a row $x$ is its projection
# $x Q Q^\top$. By Pythagoras the squared distance is $\|x\|^2 - \|x Q\|^2$, so
#
# $$
# \|X - Y\|^2 \ge \|X\|^2 - \|X Q\|^2
# \tag{9.2}
# $$
#
# with equality if the net projects. Norms of matrices here are the root of the
# sum of all squares.
#
# **The best subspace.** Write $X = U S V^\top$, its singular value
# decomposition, with $s_1 \ge s_2 \ge \dots$ in $S$ and orthonormal columns
# $v_i$ in $V$. Then $\|X Q\|^2 = \|S V^\top Q\|^2$, because $U$ does not
# change lengths:
#
# $$
# \|X Q\|^2 = \sum_i s_i^2 \, c_i, \qquad c_i = \|v_i^\top Q\|^2
# \tag{9.3}
# $$
#
# Each $c_i$ is the squared length of a projected unit vector, so
# $0 \le c_i \le 1$. And $\sum_i c_i = \|V^\top Q\|^2 = \|Q\|^2 = k$. How large
# can (9.3) be? Compare it with weight 1 on each of the $k$ largest $s_i^2$.
# What those lack is at least $s_k^2$ each, what the rest have is at most that:
#
# $$
# \sum_{i \le k} s_i^2 (1 - c_i) - \sum_{i > k} s_i^2 c_i
# \ge s_k^2 \left(\sum_{i \le k} (1 - c_i) - \sum_{i > k} c_i\right)
# = s_k^2 \left(k - \sum_i c_i\right) = 0
# $$
#
# So (9.3) is at most $s_1^2 + \dots + s_k^2$, and it is that if $Q$ spans
# $v_1, \dots, v_k$. Because $\|X\|^2 = \sum_i s_i^2$, (9.2) becomes
#
# $$
# \min \|X - Y\|^2 = \sum_{i > k} s_i^2
# \tag{9.4}
# $$
#
# The $v_i$ are the principal components of the images. A linear autoencoder
# can do what principal component analysis does, and nothing better; (9.4) is
# the number that no training gets below.
#
# **What is not determined.** Any invertible $k \times k$ matrix $A$ may stand
# behind the encoder if $A^{-1}$ stands before the decoder. So the two numbers
# of the code need not be principal components. Only the subspace is the same.
# Two subspaces with orthonormal bases $Q$ and $R$ are compared by their unit
# vectors $Q a$ and $R b$. The cosine of the angle between them is
# $a^\top Q^\top R \, b$, and the largest that it can be is the first singular
# value of $Q^\top R$. The next is the largest for $a$ and $b$ perpendicular to
# those, and so on. These are the cosines of the principal angles, all 1 if the
# subspaces are equal.
#
# By hand
# -------
# (9.4) needs one call. ``minigen.data.digits`` gives the 1,797 handwritten
# digits that come with minigen: ``.flat`` has a row for each image.

# %%
# symbols: X=X; s=s_i; V=V; k=k
train, test = data.digits("train"), data.digits("test")
mean = train.flat.mean(axis=0)
X = train.flat.astype(float) - mean
U, s, Vt = np.linalg.svd(X, full_matrices=False)
V = Vt.T
floor = {k: (s[k:] ** 2).sum() / X.size for k in (0, 2, 10, 64)}
for k, error in floor.items():
    print(f"code of {k:2d} numbers: mean squared error at least {error:.5f}")
Q = V[:, :2]
projected = X @ Q @ Q.T
print(f"measured for 2: {((X - projected) ** 2).mean():.5f}")

# %% [markdown]
# You should see ``0.05247`` for two numbers, by (9.4) and measured. With 10
# numbers it is less than half of that, and with 64 zero.
#
# With minigen
# ------------
# First the linear net of the prediction, with ``minigen.nn.Dense`` and
# ``minigen.objectives.mean_squared_error``. We train longer than a practical
# person would.

# %%
rng = minigen.generator(9)
linear = nn.Sequential(
    nn.Dense(64, 2, rng=rng, bias=False), nn.Dense(2, 64, rng=rng, bias=False)
)
rule = optim.AdamBiasCorrected(linear.parameters(), alpha=0.01)
images = minigen.asarray(X.astype("float32"))
for _ in range(300 if SMOKE else 1500):
    loss = objectives.mean_squared_error(linear(images), images)
    loss.backward()
    rule.step()
    rule.zero_grad()
reached = float(minigen.to_numpy(loss.array))
R, _ = np.linalg.qr(minigen.to_numpy(linear[1].weight.array))
cosines = np.linalg.svd(Q.T @ R, compute_uv=False)
print(f"linear autoencoder: {reached:.5f}, floor {floor[2]:.5f}")
print("cosines of the principal angles:", cosines.round(4))

# %% [markdown]
# You should see the floor reached, and two cosines of ``1.``: after all that
# descent, the decoder spans the plane of the first two principal components.
#
# Now a net that is not linear: ``minigen.models.Autoencoder`` with a hidden
# layer on each side of the code. ``minigen.training.AutoencoderTraining``
# knows its step, ``minigen.data.batches`` splits the images into mini-batches,
# and ``.encode`` and ``.decode`` are its halves. We keep the codes of the
# images as the training goes on.

# %%
net = models.Autoencoder(64, hidden=(128,), code_size=2, rng=rng)
method = training.AutoencoderTraining(
    net, optim.AdamBiasCorrected(net.parameters(), alpha=0.003)
)
planes = []
epochs = 30 if SMOKE else 120
for epoch in range(epochs):
    if epoch % max(1, epochs // 15) == 0:
        planes.append(
            minigen.to_numpy(net.encode(minigen.asarray(train.flat)).array)
        )
    for batch in data.batches(len(train), 100, rng):
        method.step(train.flat[batch])
errors = {}
for name, part in (("training", train), ("test", test)):
    back = net.decode(net.encode(minigen.asarray(part.flat)))
    errors[name] = ((minigen.to_numpy(back.array) - part.flat) ** 2).mean()
    print(f"nonlinear autoencoder, {name}: {errors[name]:.5f}")

# %% [markdown]
# You should see an error well below the floor of all linear ones, about
# ``0.032`` on the training images in the full run, and ``0.044`` on test
# images. A curved surface comes nearer to the digits than any plane.
#
# Check
# -----
# The linear net reaches (9.4) and its plane; nothing linear gets below; the
# curved one does.

# %%
assert np.isclose(((X - projected) ** 2).mean(), floor[2], rtol=1e-10)
assert floor[2] * (1 - 1e-4) < reached < floor[2] * (1.05 if SMOKE else 1.001)
assert (cosines > (0.9 if SMOKE else 0.999)).all()
draws = np.random.default_rng(0)
for _ in range(20):
    other, _ = np.linalg.qr(draws.normal(size=(64, 2)))
    assert ((X - X @ other @ other.T) ** 2).mean() > floor[2]
assert errors["training"] < 0.85 * floor[2]

# %% [markdown]
# Picture
# -------
# The plane of codes while it fills, each digit in its own colour; and test
# images with what is left of them.

# %%
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
dots = axes.scatter(*planes[0].T, c=train.labels, cmap="tab10", s=6)
dots.set_clim(-0.5, 9.5)  # so that each tick is in the middle of its colour
figure.colorbar(dots, ticks=range(10), label="digit")
axes.set(xlabel="code 1", ylabel="code 2")


def draw(i):
    plane = planes[i]
    dots.set_offsets(plane)
    axes.set(
        xlim=(plane[:, 0].min(), plane[:, 0].max()),
        ylim=(plane[:, 1].min(), plane[:, 1].max()),
    )
    axes.set_title(f"the plane of codes, epoch {i * max(1, epochs // 15)}")


frames = range(0, len(planes), 5 if SMOKE else 1)
animation = FuncAnimation(figure, draw, frames=frames, interval=400)
show(animation)


def sheet(rows, titles, columns=12):
    """Rows of 8 x 8 images under each other."""
    figure, panels = plt.subplots(
        len(rows), 1, figsize=(8, 0.95 * len(rows)), layout="constrained"
    )
    for panel, images, title in zip(panels, rows, titles, strict=True):
        strip = np.hstack(list(images[:columns].reshape(-1, 8, 8)))
        panel.imshow(strip, cmap="gray_r", vmin=0, vmax=1)
        panel.set_title(title, fontsize=9)
        panel.axis("off")
    show(figure)


def pixels(tensor):
    return minigen.to_numpy(tensor.array)


flat = test.flat.astype(float) - mean
sheet(
    [
        test.flat,
        flat @ Q @ Q.T + mean,
        pixels(net.decode(net.encode(minigen.asarray(test.flat)))),
    ],
    ["test images", "two principal components", "nonlinear, two numbers"],
)

# %% [markdown]
# You should see the codes of each digit gather in a region of their own,
# though no label was ever used; blurs in the second row and mostly digits in
# the third.
#
# Break it
# --------
# The decoder turns any two numbers into an image. Does that make it a source
# of new digits?
#
# **Predict.** Codes are drawn evenly from the rectangle that the training
# codes fill. Are the decoded images as near to some real digit as the
# reconstructions are?

# %%
codes = pixels(net.encode(minigen.asarray(train.flat)))
corner, size = codes.min(axis=0), np.ptp(codes, axis=0)
anywhere = (corner + size * draws.random((200, 2))).astype("float32")
drawn = pixels(net.decode(minigen.asarray(anywhere)))


def distance(images):
    """Mean squared distance to the nearest training image."""
    square = ((images[:, None] - train.flat[None]) ** 2).mean(axis=2)
    return square.min(axis=1)


near = distance(
    pixels(net.decode(net.encode(minigen.asarray(test.flat[:200]))))
)
far = distance(drawn)
limit = np.quantile(near, 0.95)
strange = (far > limit).mean()
print(f"farther from all digits than 95% of reconstructions: {strange:.0%}")
sheet(
    [drawn[far.argsort()], drawn[far.argsort()[::-1]]],
    ["drawn codes: the best", "drawn codes: the worst"],
)
assert strange > 0.08

# %% [markdown]
# You should see that of the drawn codes not 5% but nearly a fifth are that
# far from every digit, and that those are no digits at all. Nothing told the
# net where codes should lie, so there are holes, and no rule says how to draw.
# A wide code is no way out: with $k = 64$, (9.4) is zero, for noise as well as
# for digits.
#
# Exercises
# ---------
# ``minigen learn 9`` puts ``09_autoencoders.py`` into your directory, and
# ``minigen learn check 9`` says what is right and which mistake is made.
#
# 1. ``smallest_error``: the floor (9.4) for any data.
# 2. ``cosines_of_angles``: compare two subspaces.
# 3. ``best_decoder``: the decoder that fits given codes.
#
# Where next
# ----------
# Lesson 10 gives the codes a distribution to follow, and with it a way to
# draw.
