r"""
The same code on a GPU
======================

A GPU adds numbers a hundred times as fast as a processor core. Yet a small net
can train faster without one, and by calculation the same net, on the same GPU,
is seven times as fast when nobody asks for its operations one by one. Where
does the time go? Which line makes the GPU stop? And what must a training step
leave alone so that it can be repeated without being asked for again?
"""

import sys
import time

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import nn, optim
from minigen.backend import double
from minigen.backend.double import tally
from minigen.equations import REGISTER
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# A generator 100 - 256 - 784 and a discriminator 784 - 256 - 1, batches of
# 100: lesson 11's game, for images. A training step makes some twenty products
# of matrices and whatever else autograd, losses and two update rules need.
#
# **Predict.** A device is asked for each array operation by itself. How many
# times in one step of this GAN: about 20, about 60, or about 180?
#
# Derivation
# ----------
# **One operation.** Three things take time: asking for it, bringing its
# numbers from memory and back, and computing. With $B$ bytes moved at a
# bandwidth $\beta$ and $F$ additions and multiplications at a rate $\varphi$,
# and with the two going on at the same time,
#
# $$
# T = t_0 + \max\left(\frac{B}{\beta}, \frac{F}{\varphi}\right)
# \tag{19.1}
# $$
#
# An addition of two arrays of $n$ float32 numbers moves $B = 12 n$ bytes for
# $F = n$: it waits for the memory, always. A product of two matrices
# $n \times n$ moves $12 n^2$ bytes for $2 n^3$ operations: a large one keeps
# the arithmetic busy, a small one does not.
#
# **The crossing point.** Take elementwise work on a processor ($t_0$ and
# $\beta$ with an index c) and on a GPU (index g). The GPU is asked for more
# slowly and works faster. They are equal where
#
# $$
# B^* = \frac{t_0^g - t_0^c}{1 / \beta_c - 1 / \beta_g}
# \tag{19.2}
# $$
#
# Below $B^*$ bytes an operation, the processor is ahead.
#
# **Many operations.** The host asks, and goes on; the device has a queue. As
# long as the host is ahead, a step takes
#
# $$
# T_{\mathrm{step}} = \max\left(N t_0,
# \sum_{i=1}^{N} \max\left(\frac{B_i}{\beta}, \frac{F_i}{\varphi}\right)\right)
# \tag{19.3}
# $$
#
# In a small net the first is larger: the device is idle most of the time, and
# a faster one would help nothing.
#
# **Waiting.** A line that needs a number from the device (``float(loss)``, an
# ``if`` on an array) must wait until the queue is empty. Where every operation
# is waited for, host and device take turns, and the maximum in (19.3) becomes
# a sum. One wait a step costs what is still in the queue, and what the host
# could have prepared meanwhile: much where a step is asked for at once.
#
# **Asking once.** A captured step is a list of operations that the device
# keeps. It is asked for once, and goes from one operation to the next by
# itself: measurements published for a laptop's GPU have about 15 microseconds
# for the list and 0.6 for each operation in it (issue 488 of ocannl; there
# $t_0$ is 2.7). But the list repeats
# exactly what was done when it was captured: the same operations on the same
# memory, with the same numbers of the host in them. What changes from step to
# step must lie in the device's memory. In Adam with bias correction that is
# one number, the step count $t$ [E.ADAMBC]:
#
# $$
# \begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\
# v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
# \hat{m}_t &= \frac{m_t}{1 - \beta_1^t} \\
# \hat{v}_t &= \frac{v_t}{1 - \beta_2^t} \\
# \theta_t &= \theta_{t-1}
# - \alpha \frac{\hat{m}_t}{\sqrt{\hat{v}_t} + \epsilon} \end{aligned}
# \tag{19.4, E.ADAMBC}
# $$
#
# By hand
# -------
# (19.1) for your processor: additions of growing arrays, timed. The GPU beside
# it is not measured here. Its numbers are those of an H100's data sheet, 3.35
# TB/s and 67 TFLOP/s, and a launch time of 5 microseconds, which is usual.

# %%
# symbols: t0=t_0; bandwidth=\beta; bytes_moved=B; crossing=B^*


def seconds(bytes_moved, t0, bandwidth):
    """(19.1) for an operation that waits for the memory."""
    return t0 + bytes_moved / bandwidth


def timed(n, repeats):
    """Median seconds of an addition of n float32 numbers."""
    a, b, out = (np.ones(n, dtype="float32") for _ in range(3))
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        np.add(a, b, out=out)
        found.append(time.perf_counter() - begin)
    return float(np.median(found))


sizes = 4 ** np.arange(4, 10 if SMOKE else 12)
measured = np.array([timed(n, 5 if SMOKE else 25) for n in sizes])
t0 = measured[0]
bandwidth = 12 * sizes[-1] / (measured[-1] - t0)
gpu_t0, gpu_bandwidth = 5e-6, 3.35e12
crossing = (gpu_t0 - t0) / (1 / bandwidth - 1 / gpu_bandwidth)  # (19.2)
print(f"here: {t0 * 1e6:.1f} us an operation, {bandwidth / 1e9:.0f} GB/s")
print(f"equal at {crossing / 12:,.0f} numbers an addition")
assert measured[-1] > 10 * t0  # many numbers take longer than few

# %% [markdown]
# You should see that an addition must have some thousands of numbers before
# the GPU is ahead, and tens of thousands before it is far ahead. (Arrays of
# some thousands stay in the cache, which is faster than the memory of (19.2):
# what was timed crosses at two or three times as many.)
#
# With minigen
# ------------
# Operations ask their arguments which module they belong to,
# ``minigen.backend.xp``, and so the same net runs on NumPy and, after
# ``minigen.use_backend`` with "cupy", on a GPU. Arrays of two backends in one
# operation are a ``minigen.backend.BackendError``, which names them.
# ``minigen.softplus`` of minus a logit is $-\log D$.
#
# For a machine without a GPU there is ``minigen.backend.double``, a strict
# stand-in: it computes with NumPy, but keeps its arrays apart and refuses what
# would go wrong on a GPU. Its ``minigen.backend.double.tally`` counts launches
# and waits.
#
# **Predict.** The step below asks for the loss with ``.item()``. How many
# waits will the tally show for ten steps? And how many without that line?

# %%
minigen.use_backend("double")


def gan(rng):
    """Two nets and their update rules."""
    make = nn.Sequential(
        nn.Dense(100, 256, rng=rng), nn.ReLU(), nn.Dense(256, 784, rng=rng)
    )
    tell = nn.Sequential(
        nn.Dense(784, 256, rng=rng), nn.ReLU(), nn.Dense(256, 1, rng=rng)
    )
    adam = optim.AdamBiasCorrected
    rules = [adam(net.parameters(), alpha=2e-4) for net in (tell, make)]
    return make, tell, *rules


def step(make, tell, tell_rule, make_rule, real, rng):
    """One round of lesson 11's game; the discriminator's loss."""
    n = len(real)
    with minigen.no_grad():
        fake = minigen.sigmoid(make(rng.normal((n, 100))))
    wrong = minigen.softplus(-tell(real)) + minigen.softplus(tell(fake))
    loss = wrong.mean()
    tell_rule.zero_grad()
    loss.backward()
    tell_rule.step()
    made = minigen.sigmoid(make(rng.normal((n, 100))))
    game = minigen.softplus(-tell(made)).mean()
    make_rule.zero_grad()
    game.backward(inputs=make_rule.params)
    make_rule.step()
    return loss


game = gan(minigen.generator(0))
rng = minigen.generator(1)
real = rng.random((100, 784))
counts = {}
for reads in (True, False):
    tally.reset()
    for _ in range(10):
        loss = step(*game, real, rng)
        if reads:
            loss.item()
    counts[reads] = tally.launches // 10
    print(f"{counts[reads]} launches a step; in ten, waits: {tally.waits}")
assert tally.waits == {}

# %% [markdown]
# You should see 175 launches a step. At 5 microseconds each they take longer
# than an H100 needs for the arithmetic, by far.
#
# Check
# -----
# A captured step repeats the eager one bit for bit, because everything that
# changes lies in the device's memory: weights, moments, $t$, the step size and
# the position in the stream of random numbers. ``minigen.backend.capturer``
# is what the trainer uses where it is told ``capture=True``.


# %%
def weights(captured):
    """The generator's weights after five steps."""
    game, rng = gan(minigen.generator(0)), minigen.generator(1)
    real = rng.random((100, 784))
    take = one = lambda: step(*game, real, rng)
    with minigen.backend.capturer(double) as device:
        for i in range(5):
            if captured and i == 2:  # two steps to warm up, then one list
                take = device.capture(one)
            take()
    return minigen.to_numpy(game[0].parameters()[0].array)


assert np.array_equal(weights(False), weights(True))

host = np.ones((2, 100), dtype="float32")  # forgot to move it over
try:
    game[0](host)
    raise RuntimeError("a host array was taken")
except minigen.backend.BackendError as error:
    print(error)

# %% [markdown]
# Picture
# -------
# Left, (19.1) for an addition: what was timed here, the line through it, and
# the line of the data sheet. The points in the middle lie below their line:
# arrays of that size stay in the processor's cache. Right, (19.3) for the step
# above, were it run on a GPU of that data sheet, asked for one by one and
# captured: a calculation, not a measurement. The work in it is more than there
# is: six products for each weight, and every operation with three of the
# largest arrays.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
n = np.geomspace(sizes[0], sizes[-1], 50)
left.loglog(sizes, measured, "o", label="timed here")
left.loglog(n, seconds(12 * n, t0, bandwidth), label="(19.1), here")
sheet = seconds(12 * n, gpu_t0, gpu_bandwidth)
left.loglog(n, sheet, "--", label="(19.1), H100's data sheet")
left.axvline(crossing / 12, color="grey", lw=0.8)
left.set_xlabel("numbers in an addition")
left.set_ylabel("seconds")
left.legend(fontsize=8)
flops = 100 * 2 * (100 * 256 + 256 * 784 + 784 * 256 + 256) * 6
moved = counts[False] * 3 * 4 * 100 * 784
work = flops / 67e12 + moved / gpu_bandwidth
asked, listed = counts[False] * gpu_t0, 15e-6 + counts[False] * 0.6e-6
right.bar(
    ["one by one", "captured"],
    [1e3 * max(asked, work), 1e3 * max(listed, work)],
    color=["tab:orange", "tab:green"],
)
right.set_ylabel("calculated milliseconds a step")
show(figure)

# %% [markdown]
# Break it
# --------
# Keep $t$ in a number of the host. The list then repeats the first $t$ for
# ever, and nothing looks wrong: the loss still falls. The register knows this
# mistake; the tally's tape, played back, makes it.

# %%
wrong = REGISTER["ADAMBC"].wrong["t_stays_1"]
print(wrong.explanation)
theta = minigen.tensor([1.0]).array
beta2, host_t = 0.999, 1


def shrink():
    """theta times 1 - beta2^t, with t on the host."""
    global theta, host_t
    theta *= 1 - beta2**host_t
    host_t += 1


with minigen.backend.capturer(double) as device:
    launch = device.capture(shrink)
    for _ in range(3):
        launch()
got, right_one = theta.item(), np.prod([1 - beta2**t for t in (1, 2, 3)])
print(f"played back {got:.1e}, right {right_one:.1e}")
assert right_one > 5 * got
minigen.use_backend("numpy")

# %% [markdown]
# Six times too small after three steps, without a message. Captured and eager
# steps must be compared, number by number.
#
# Exercises
# ---------
# ``minigen learn 19`` puts ``19_the_same_code_on_a_gpu.py`` into your
# directory, and ``minigen learn check 19`` says what is right and which
# mistake is made.
#
# 1. ``step_time``: (19.3), the time of a step from its operations.
# 2. ``crossing``: (19.2), where the device overtakes.
# 3. ``standardise``: a function of arrays that runs on any backend and makes
#    no device wait.
#
# Where next
# ----------
# On a machine with a GPU, ``MINIGEN_BACKEND=cupy`` before any other lesson
# runs it there, and ``minigen train gan --backend cupy --capture`` trains with
# captured steps. ``pytest -m gpu`` checks that the numbers are the same.
