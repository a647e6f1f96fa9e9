"""The three maps of convolution as matrix products of windows and weights.

* Arrays keep the shape (n, channels, h, w) but lie in memory as (n, h, w, channels), so that
  a row of a window is one run of numbers, and a whole net flows without transpositions.
* Windows are copied out a few images at a time, into a buffer that fits the cache.
* A transposed convolution with stride s is s x s ordinary convolutions, one for each phase.
* Parts of the batch run on several threads: while one copies, another multiplies.
"""

from collections.abc import Iterator

from minigen.backend import Array, gemm, in_parts, xp
from minigen.ops.convolve import Geometry, Pair, plain_transpose

CHUNK_BYTES = 1 << 20  # of copied windows at a time: measured
AS_IS = Geometry((1, 1), (0, 0), (1, 1))


def channels_last(x: Array) -> Array:
    """x as (n, h, w, c) in memory, without a copy where it lies so."""
    return xp(x).ascontiguousarray(x.transpose(0, 2, 3, 1))


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


def chunks(
    last: Array, kernel: Pair, out: Pair, g: Geometry, before: Pair, after: Pair
) -> Iterator[tuple[slice, Array]]:
    """(slice of images, their windows as rows of a matrix), as many as fit the cache.

    before, after: rows and columns of zeros put around the images, where they are copied out too.
    """
    n, h, w, c = last.shape
    (top, left), (below, right) = before, after
    size = kernel[0] * kernel[1] * c
    images = max(1, min(n, CHUNK_BYTES // (out[0] * out[1] * size * last.itemsize)))
    buffer = xp(last).empty((images, *out, *kernel, c), dtype=last.dtype)
    bordered = before != (0, 0) or after != (0, 0)
    wide_shape = (images if bordered else 0, top + h + below, left + w + right, c)
    wide = xp(last).zeros(wide_shape, dtype=last.dtype)  # the border stays zero
    for first in range(0, n, images):
        few = last[first : first + images]
        if bordered:
            wide[: len(few), top : top + h, left : left + w] = few
            few = wide[: len(few)]
        rows = buffer[: len(few)]
        rows[...] = windows(few, kernel, out, g)
        yield slice(first, first + images), rows.reshape(len(few) * out[0] * out[1], size)


def conv(x: Array, weight: Array, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_conv``, a product of windows and weights for a few images at a time, plus bias."""
    o, _, kh, kw = weight.shape
    out = g.output(x.shape[2:], (kh, kw))
    y = xp(x).empty((len(x), *out, o), dtype=x.dtype)
    matrix = weight.transpose(2, 3, 1, 0).reshape(-1, o)

    def work(part: slice) -> None:
        last = channels_last(x[part])
        for images, rows in chunks(last, (kh, kw), out, g, g.padding, g.padding):
            result = y[part][images].reshape(-1, o)
            gemm(rows, matrix, out=result)
            if bias is not None:
                result += bias

    in_parts(work, x)
    return y.transpose(0, 3, 1, 2)


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """``plain_weight``; windows are copied out again rather than kept since the forward pass."""
    o, c = y.shape[1], x.shape[1]
    found = []

    def add(part: slice) -> None:
        last, seen = channels_last(y[part]), channels_last(x[part])
        matrix = xp(x).zeros((kernel[0] * kernel[1] * c, o), dtype=x.dtype)
        for images, rows in chunks(seen, kernel, y.shape[2:], g, g.padding, g.padding):
            matrix += gemm(rows.T, last[images].reshape(-1, o))
        found.append((part.start, matrix))

    in_parts(add, x)
    matrix = sum(matrix for _, matrix in sorted(found, key=lambda pair: pair[0]))
    return matrix.reshape(*kernel, c, o).transpose(3, 2, 0, 1)


def transpose(y: Array, weight: Array, size: Pair, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_transpose``, an ordinary convolution to s x s times the channels, interleaved.

    Pixel s q + r - p gets y[q - j] W[r + s j], summed over j: for each of the s phases r the same
    numbers of y, and other taps of the kernel (Shi et al. 2016, sub-pixel convolution).
    """
    if g.dilation != (1, 1):
        x = plain_transpose(y, weight, size, g)
        return x if bias is None else x + bias.reshape(1, -1, 1, 1)
    c, taps = weight.shape[1], by_phase(weight, g.stride)
    matrix = taps.reshape(-1, g.stride[0] * g.stride[1] * c)
    kernel = taps.shape[:2]
    height, width = (-(-(n + p) // s) for n, p, s in zip(size, g.padding, g.stride, strict=True))
    y = y[:, :, :height, :width]  # what lies beyond reaches no pixel
    before, after = (kernel[0] - 1, kernel[1] - 1), (height - y.shape[2], width - y.shape[3])
    x = xp(y).empty((len(y), *size, c), dtype=y.dtype)

    def work(part: slice) -> None:
        last = channels_last(y[part])
        for images, rows in chunks(last, kernel, (height, width), AS_IS, before, after):
            made = gemm(rows, matrix).reshape(-1, height, width, *g.stride, c)
            interleave(made, x[part][images], g)
            if bias is not None:
                x[part][images] += bias

    in_parts(work, y)
    return x.transpose(0, 3, 1, 2)


def by_phase(weight: Array, stride: Pair) -> Array:
    """W[r + s j] of (o, c, kh, kw) as (jh, jw, o, rh, rw, c), the j turned round: zeros where the
    kernel has no such tap."""
    o, c, kh, kw = weight.shape
    jh, jw = -(-kh // stride[0]), -(-kw // stride[1])
    wide = xp(weight).zeros((o, c, jh * stride[0], jw * stride[1]), dtype=weight.dtype)
    wide[:, :, :kh, :kw] = weight
    split = wide.reshape(o, c, jh, stride[0], jw, stride[1])[:, :, ::-1, :, ::-1]
    return split.transpose(2, 4, 0, 3, 5, 1)


def interleave(made: Array, x: Array, g: Geometry) -> None:
    """x[s q + r - p] = made[q, r] along both axes, where there is such a pixel."""
    for rh in range(g.stride[0]):
        rows, qh = pixels(rh, x.shape[1], g.stride[0], g.padding[0])
        for rw in range(g.stride[1]):
            columns, qw = pixels(rw, x.shape[2], g.stride[1], g.padding[1])
            x[:, rows, columns] = made[:, qh, qw, rh, rw]


def pixels(r: int, size: int, stride: int, padding: int) -> tuple[slice, slice]:
    """(the pixels s q + r - p of an axis of this size, their q)."""
    first = max(0, -((r - padding) // stride))  # smallest q with s q + r - p >= 0
    start = stride * first + r - padding
    count = max(0, -(-(size - start) // stride))
    return slice(start, size, stride), slice(first, first + count)
