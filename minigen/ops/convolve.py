"""Convolution of plain arrays: three bilinear maps, written so that they run fast.

Each is the sum over kernel taps of strided slices (the ``plain_`` functions say it in a few
lines, and tests hold the fast ones to them). The fast ones turn it into matrix products:

  * arrays keep the shape (n, channels, h, w) but lie in memory as (n, h, w, channels), so that
    a row of a window is one run of numbers, and a whole net flows without transpositions;
  * windows are copied out a few images at a time, into a buffer that fits the cache;
  * a transposed convolution with stride s is s x s ordinary convolutions, one for each phase.
"""

from typing import Any, NamedTuple

from minigen.backend import Array, xp
from minigen.backend.halves import in_halves

Pair = tuple[int, int]
CHUNK_BYTES = 1 << 21  # of copied windows at a time: measured; half of a core's cache


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


# ---------------------------------------------------------------- as the equations say it
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


# ---------------------------------------------------------------- the same as matrix products
def channels_last(x: Array, padding: Pair) -> Array:
    """x as contiguous (n, h, w, c), with zeros around; without a copy where it lies so."""
    if padding == (0, 0):
        return xp(x).ascontiguousarray(x.transpose(0, 2, 3, 1))
    return padded(x, padding).transpose(0, 2, 3, 1)


def windows(last: Array, kernel: Pair, out: Pair, g: Geometry) -> Array:
    """A view (n, i, j, u, v, c) of a channels-last image: the window at each position."""
    n, _, _, c = last.shape
    along = last.strides
    return xp(last).lib.stride_tricks.as_strided(
        last,
        (n, *out, *kernel, c),
        (
            along[0],
            along[1] * g.stride[0],
            along[2] * g.stride[1],
            along[1] * g.dilation[0],
            along[2] * g.dilation[1],
            along[3],
        ),
    )


def chunks(view: Array) -> Any:
    """(slice of images, their windows as rows of a matrix), as many as fit the cache."""
    n, h, w, *window = view.shape
    size = 1
    for axis in window:
        size *= axis
    images = max(1, min(n, CHUNK_BYTES // (h * w * size * view.itemsize)))
    buffer = xp(view).empty((images, h, w, *window), dtype=view.dtype)
    for first in range(0, n, images):
        part = view[first : first + images]
        rows = buffer[: len(part)]
        rows[...] = part
        yield slice(first, first + images), rows.reshape(len(part) * h * w, size)


def conv(x: Array, weight: Array, g: Geometry) -> Array:
    """``plain_conv``, a product of windows and weights for a few images at a time."""
    out = g.output(x.shape[2:], weight.shape[2:])
    y = xp(x).empty((len(x), *out, len(weight)), dtype=x.dtype)
    in_halves(lambda part: conv_into(y[part], x[part], weight, g), len(x))
    return y.transpose(0, 3, 1, 2)


def conv_into(y: Array, x: Array, weight: Array, g: Geometry) -> None:
    """Fill y, channels last."""
    o, _, kh, kw = weight.shape
    matrix = weight.transpose(2, 3, 1, 0).reshape(-1, o)
    view = windows(channels_last(x, g.padding), (kh, kw), y.shape[1:3], g)
    for images, rows in chunks(view):
        xp(x).matmul(rows, matrix, out=y[images].reshape(-1, o))


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """``plain_weight``; windows are copied out again rather than kept since the forward pass."""
    o, c = y.shape[1], x.shape[1]
    found = []

    def add(part: slice) -> None:
        view = windows(channels_last(x[part], g.padding), kernel, y.shape[2:], g)
        last = channels_last(y[part], (0, 0))
        matrix = xp(x).zeros((o, kernel[0] * kernel[1] * c), dtype=x.dtype)
        for images, rows in chunks(view):
            matrix += last[images].reshape(-1, o).T @ rows
        found.append((part.start, matrix))

    in_halves(add, len(x))
    matrix = sum(matrix for _, matrix in sorted(found, key=lambda pair: pair[0]))
    return matrix.reshape(o, *kernel, c).transpose(0, 3, 1, 2)


def phases(kernel: int, stride: int, padding: int, size: int) -> list[Any]:
    """How one axis of a transposed convolution falls apart into ordinary ones.

    Pixel s q + r - p gets y[q - j] W[r + s j], summed over j. For each phase r: (the slice of
    pixels, the taps r, r + s, ..., the first q, the number of q).
    """
    found = []
    for r in range(stride):
        first = max(0, -((r - padding) // stride))  # smallest q with s q + r - p >= 0
        start = stride * first + r - padding
        count = max(0, -(-(size - start) // stride))
        found.append((slice(start, size, stride), slice(r, kernel, stride), first, count))
    return found


def transpose(y: Array, weight: Array, size: Pair, g: Geometry) -> Array:
    """``plain_transpose``, one ordinary convolution with some of the taps for each phase."""
    if g.dilation != (1, 1):
        return plain_transpose(y, weight, size, g)
    x = xp(y).zeros((len(y), *size, weight.shape[1]), dtype=y.dtype)
    in_halves(lambda part: transpose_into(x[part], y[part], weight, g), len(y))
    return x.transpose(0, 3, 1, 2)


def transpose_into(x: Array, y: Array, weight: Array, g: Geometry) -> None:
    """Fill x, channels last and zero so far."""
    kernel, size = weight.shape[2:], x.shape[1:3]
    by_axis = [phases(*args) for args in zip(kernel, g.stride, g.padding, size, strict=True)]
    for rows, taps_h, q_h, n_h in by_axis[0]:
        for columns, taps_w, q_w, n_w in by_axis[1]:
            part = weight[:, :, taps_h, taps_w][:, :, ::-1, ::-1].swapaxes(0, 1)
            if not (n_h and n_w and part.size):
                continue
            seen = around(y, (q_h, q_w), (n_h, n_w), part.shape[2:])
            if g.stride == (1, 1):
                conv_into(x, seen, part, AS_IS)
                return
            phase = xp(y).empty((len(y), n_h, n_w, x.shape[3]), dtype=y.dtype)
            conv_into(phase, seen, part, AS_IS)
            x[:, rows, columns] = phase


AS_IS = Geometry((1, 1), (0, 0), (1, 1))


def around(y: Array, first: Pair, count: Pair, kernel: Pair) -> Array:
    """The part of y that the positions first..first+count of a phase see, zeros outside y."""
    n, o, *size = y.shape
    shape = [m + k - 1 for m, k in zip(count, kernel, strict=True)]
    last = xp(y).zeros((n, *shape, o), dtype=y.dtype)
    into, outof = [], []
    for q, length, k, s in zip(first, shape, kernel, size, strict=True):
        begin = q - (k - 1)
        low, high = max(0, begin), max(0, min(s, begin + length))
        outof.append(slice(low, max(low, high)))
        into.append(slice(low - begin, max(low, high) - begin))
    last[:, *into] = y[:, :, *outof].transpose(0, 2, 3, 1)
    return last.transpose(0, 3, 1, 2)
