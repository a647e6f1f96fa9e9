"""Convolution of plain arrays as its equation says it: three maps, each a few lines.

Each is a sum over the taps of a kernel of strided slices. What runs are the faster forms in
``convolve_windows.py`` (many channels) and ``convolve_planes.py`` (few); tests hold them to
these.
"""

from typing import NamedTuple

from minigen.backend import Array, xp

Pair = tuple[int, int]


class Geometry(NamedTuple):
    """How a kernel moves over an image: (vertical, horizontal) each."""

    stride: Pair
    padding: Pair
    dilation: Pair

    def output(self, size: Pair, kernel: Pair) -> Pair:
        """Positions of the kernel over an image of this size; < 1 where it does not fit."""
        rows, columns = (
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(size, kernel, *self, strict=True)
        )
        return rows, columns


def taps(kernel: Pair) -> list[Pair]:
    return [(u, v) for u in range(kernel[0]) for v in range(kernel[1])]


def seen_by(tap: Pair, out: Pair, g: Geometry) -> tuple[slice, slice]:
    """The pixels of a padded image that a tap of the kernel sees at all its positions."""
    rows, columns = (
        slice(t * d, t * d + s * (n - 1) + 1, s)
        for t, n, s, d in zip(tap, out, g.stride, g.dilation, strict=True)
    )
    return rows, columns


def padded(x: Array, padding: Pair) -> Array:
    """x (n, c, h, w) with zeros around, channels last in memory."""
    n, c, h, w = x.shape
    ph, pw = padding
    last = xp(x).zeros((n, h + 2 * ph, w + 2 * pw, c), dtype=x.dtype)
    last[:, ph : ph + h, pw : pw + w] = x.transpose(0, 2, 3, 1)
    return last.transpose(0, 3, 1, 2)


def cropped(x: Array, padding: Pair, size: Pair) -> Array:
    (ph, pw), (h, w) = padding, size
    return x[:, :, ph : ph + h, pw : pw + w]


def plain_conv(x: Array, weight: Array, g: Geometry) -> Array:
    """y[n, o, i, j] = sum over c, u, v of x[n, c, s i + d u - p, s j + d v - p] W[o, c, u, v]"""
    out = g.output(x.shape[2:], weight.shape[2:])
    x = padded(x, g.padding)
    return sum(
        xp(x).einsum("nchw,oc->nohw", x[:, :, *seen_by(tap, out, g)], weight[:, :, *tap])
        for tap in taps(weight.shape[2:])
    )


def plain_transpose(y: Array, weight: Array, size: Pair, g: Geometry) -> Array:
    """The same sum read from y to x: x[n, c, s i + d u - p, ...] += y[n, o, i, j] W[o, c, u, v]"""
    x = padded(xp(y).zeros((y.shape[0], weight.shape[1], *size), dtype=y.dtype), g.padding)
    for tap in taps(weight.shape[2:]):
        part = xp(y).einsum("nohw,oc->nchw", y, weight[:, :, *tap])
        x[:, :, *seen_by(tap, y.shape[2:], g)] += part
    return cropped(x, g.padding, size)


def plain_weight(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """The same sum read to W: W[o, c, u, v] = sum of x[n, c, s i + d u - p, ...] y[n, o, i, j]"""
    weight = xp(x).empty((y.shape[1], x.shape[1], *kernel), dtype=x.dtype)
    x = padded(x, g.padding)
    for tap in taps(kernel):
        seen = x[:, :, *seen_by(tap, y.shape[2:], g)]
        weight[:, :, *tap] = xp(x).einsum("nchw,nohw->oc", seen, y)
    return weight
