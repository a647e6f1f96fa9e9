"""Pooling on a device that has kernels for it, channels last in memory.

Where the largest pixel of each window lies is found again for a gradient rather than kept: that
takes one reading of the image.
"""

from minigen.backend import Array, xp
from minigen.ops.convolve import Geometry, Pair
from minigen.ops.convolve_kernels import launch
from minigen.ops.convolve_windows import channels_last


def max_pool(x: Array, kernel: Pair, g: Geometry) -> tuple[Array, Array]:
    """The largest pixel of each window, (n, c, oh, ow), and its place, row w + column: int64."""
    last, out = channels_last(x), g.output(x.shape[2:], kernel)
    y, winner = (xp(x).empty((len(x), *out, x.shape[1]), dtype=t) for t in (x.dtype, "int64"))
    launch("max_pool", (last, y, winner), last, kernel, out, g)
    return y.transpose(0, 3, 1, 2), winner.transpose(0, 3, 1, 2)


def place(gy: Array, x: Array, kernel: Pair, g: Geometry) -> Array:
    """Every gy added where x is the largest of its window."""
    return spread(gy, (x.shape[2], x.shape[3]), kernel, g, max_pool(x, kernel, g)[1])


def pick(z: Array, x: Array, kernel: Pair, g: Geometry) -> Array:
    """The z where x is the largest of its window."""
    winner, last = channels_last(max_pool(x, kernel, g)[1]), channels_last(z)
    picked = xp(z).empty(winner.shape, dtype=z.dtype)
    launch("pick_winners", (last, winner, picked), last, kernel, winner.shape[1:3], g)
    return picked.transpose(0, 3, 1, 2)


def window_sum(x: Array, kernel: Pair, g: Geometry) -> Array:
    """Σ of x over each window."""
    last, out = channels_last(x), g.output(x.shape[2:], kernel)
    y = xp(x).empty((len(x), *out, x.shape[1]), dtype=x.dtype)
    launch("window_sum", (last, y), last, kernel, out, g)
    return y.transpose(0, 3, 1, 2)


def spread(y: Array, size: Pair, kernel: Pair, g: Geometry, winner: Array | None = None) -> Array:
    """Every y added to all pixels of its window, or to its winner alone."""
    last, places = channels_last(y), None if winner is None else channels_last(winner)
    x = xp(y).empty((len(y), *size, y.shape[1]), dtype=y.dtype)
    launch("window_spread", (last, places, x), x, kernel, last.shape[1:3], g)
    return x.transpose(0, 3, 1, 2)
