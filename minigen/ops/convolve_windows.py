"""The three maps of convolution as matrix products of windows and weights.

* Arrays keep the shape (n, channels, h, w) but lie in memory as (n, h, w, channels), so that
  a row of a window is one run of numbers, and a whole net flows without transpositions.
* Windows are copied out a few images at a time, into a buffer that fits the cache.
* A transposed convolution with stride s is s x s ordinary convolutions, one for each phase.
* Parts of the batch run on several threads: while one copies, another multiplies.
"""

from typing import Any

from minigen.backend import Array, in_parts, xp
from minigen.ops.convolve import Geometry, Pair, plain_transpose

CHUNK_BYTES = 1 << 21  # of copied windows at a time: measured; half of a core's cache
AS_IS = Geometry((1, 1), (0, 0), (1, 1))


def channels_last(x: Array, before: Pair = (0, 0), after: Pair = (0, 0)) -> Array:
    """x as (n, h, w, c) in memory, with rows and columns of zeros before and after.

    Without a copy where it lies so and there is nothing to add. Only the border is set to zero.
    """
    last = x.transpose(0, 2, 3, 1)
    if before == after == (0, 0):
        return xp(x).ascontiguousarray(last)
    n, h, w, c = last.shape
    (top, left), (below, right) = before, after
    y = xp(x).empty((n, top + h + below, left + w + right, c), dtype=x.dtype)
    y[:, :top] = y[:, top + h :] = 0
    y[:, :, :left] = y[:, :, left + w :] = 0
    y[:, top : top + h, left : left + w] = last
    return y


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


def conv(x: Array, weight: Array, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_conv``, a product of windows and weights for a few images at a time, plus bias."""
    o, _, *kernel = weight.shape
    out = g.output(x.shape[2:], kernel)
    y = xp(x).empty((len(x), *out, o), dtype=x.dtype)
    matrix = weight.transpose(2, 3, 1, 0).reshape(-1, o)

    def work(part: slice) -> None:
        view = windows(channels_last(x[part], g.padding, g.padding), tuple(kernel), out, g)
        for images, rows in chunks(view):
            result = y[part][images].reshape(-1, o)
            xp(x).matmul(rows, matrix, out=result)
            if bias is not None:
                result += bias

    in_parts(work, len(x))
    return y.transpose(0, 3, 1, 2)


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """``plain_weight``; windows are copied out again rather than kept since the forward pass."""
    o, c = y.shape[1], x.shape[1]
    found = []

    def add(part: slice) -> None:
        view = windows(channels_last(x[part], g.padding, g.padding), kernel, y.shape[2:], g)
        last = channels_last(y[part])
        matrix = xp(x).zeros((o, kernel[0] * kernel[1] * c), dtype=x.dtype)
        for images, rows in chunks(view):
            matrix += last[images].reshape(-1, o).T @ rows
        found.append((part.start, matrix))

    in_parts(add, len(x))
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


def border(by_phase: list[Any], kernel: int, stride: int, size: int) -> Pair:
    """Zeros that y of this size needs before and after, for all phases to find their windows."""
    before = after = 0
    for r, (_, _, first, count) in enumerate(by_phase):
        taps = len(range(r, kernel, stride))
        if taps and count:
            before = max(before, taps - 1 - first)
            after = max(after, first + count - size)
    return before, after


def transpose(y: Array, weight: Array, size: Pair, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_transpose``, one ordinary convolution with some of the taps for each phase."""
    if g.dilation != (1, 1):
        x = plain_transpose(y, weight, size, g)
        return x if bias is None else x + bias.reshape(1, -1, 1, 1)
    c, kernel = weight.shape[1], weight.shape[2:]
    axes = [phases(*a) for a in zip(kernel, g.stride, g.padding, size, strict=True)]
    edges = [
        border(*a) for a in zip(axes, kernel, g.stride, y.shape[2:], strict=True)
    ]  # (before, after) of either axis
    before, after = zip(*edges, strict=True)
    pieces = [
        (rows, columns, plan(weight[:, :, th, tw]), (qh + before[0], qw + before[1]), (nh, nw))
        for rows, th, qh, nh in axes[0]
        for columns, tw, qw, nw in axes[1]
        if nh and nw
    ]
    x = xp(y).empty((len(y), *size, c), dtype=y.dtype)
    images = images_at_once(pieces, y)

    def work(part: slice) -> None:
        for first in range(part.start, part.stop, images):
            few = slice(first, min(first + images, part.stop))
            last = channels_last(y[few], before, after)
            for piece in pieces:
                fill_phase(x[few], last, piece, bias)

    in_parts(work, len(y))
    return x.transpose(0, 3, 1, 2)


def plan(taps: Array) -> tuple[Array, Pair]:
    """The weight of one phase, (o, c, kh, kw), turned round as a matrix; and its kernel size."""
    turned = taps[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
    return turned.reshape(-1, taps.shape[1]), taps.shape[2:]


def images_at_once(pieces: list[Any], y: Array) -> int:
    """As many images as have windows that fit the cache, in the largest phase."""
    numbers = max(
        (matrix.shape[0] * nh * nw for _, _, (matrix, _), _, (nh, nw) in pieces), default=1
    )
    return max(1, CHUNK_BYTES // max(1, numbers * y.itemsize))


def fill_phase(x: Array, last: Array, piece: Any, bias: Array | None) -> None:
    """Fill the pixels of one phase of x from the bordered, channels-last y."""
    rows, columns, (matrix, kernel), (top, left), out = piece
    if not len(matrix):  # no tap of the kernel reaches these pixels
        x[:, rows, columns] = 0 if bias is None else bias
        return
    top, left = top - kernel[0] + 1, left - kernel[1] + 1
    seen = last[:, top : top + out[0] + kernel[0] - 1, left : left + out[1] + kernel[1] - 1]
    copied = xp(x).ascontiguousarray(windows(seen, kernel, out, AS_IS))
    made = copied.reshape(-1, len(matrix)) @ matrix
    if bias is not None:
        made += bias
    x[:, rows, columns] = made.reshape(len(x), *out, -1)
