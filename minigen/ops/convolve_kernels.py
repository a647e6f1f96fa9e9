"""The three maps of convolution on a device that has kernels for windows.

One kernel lays the windows out as rows, zeros included where they reach beyond the image, or adds
rows up to the pixels that they see; the rest is one matrix product. Few large operations, for each
has to be asked for.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from minigen.backend import Array, gemm, kernels_of, xp
from minigen.ops.convolve import Geometry, Pair
from minigen.ops.convolve_windows import channels_last

CHUNK_BYTES = 1 << 29  # of rows at a time


def launch(name: str, arrays: Iterable[Array | None], image: Array, kernel: Pair, out: Pair,
           g: Geometry) -> None:  # fmt: skip
    """A kernel over the windows of images (n, h, w, c). image: any array of their shape."""
    n, h, w, c = image.shape
    sizes = dict(zip(("kh", "kw", "oh", "ow"), (*kernel, *out), strict=True))
    steps = zip(("s", "p", "d"), g, strict=True)
    along = {step + axis: v for step, both in steps for axis, v in zip("hw", both, strict=True)}
    kernels_of(image)(name, *arrays, n=n, h=h, w=w, c=c, **sizes, **along)


def few(n: int, rows: int, width: int, itemsize: int) -> Iterator[slice]:
    """Slices of n images, each with so many rows of this width that they fit a chunk."""
    images = max(1, CHUNK_BYTES // max(1, rows * width * itemsize))
    return (slice(i, min(i + images, n)) for i in range(0, n, images))


def windows(x: Array, kernel: Pair, out: Pair, g: Geometry) -> Array:
    """The windows of images (n, h, w, c) as rows (n oh ow, kh kw c)."""
    shape = (len(x) * out[0] * out[1], kernel[0] * kernel[1] * x.shape[3])
    rows = xp(x).empty(shape, dtype=x.dtype)
    launch("im2col", (x, rows), x, kernel, out, g)
    return rows


def conv(x: Array, weight: Array, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_conv``: windows times weights, plus bias."""
    o, c, kh, kw = weight.shape
    out = g.output(x.shape[2:], (kh, kw))
    x, matrix = channels_last(x), weight.transpose(2, 3, 1, 0).reshape(-1, o)
    y = xp(x).empty((len(x), *out, o), dtype=x.dtype)
    for images in few(len(x), out[0] * out[1], kh * kw * c, x.itemsize):
        gemm(windows(x[images], (kh, kw), out, g), matrix, out=y[images].reshape(-1, o))
    if bias is not None:
        y += bias
    return y.transpose(0, 3, 1, 2)


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """``plain_weight``: the cotangents times the windows, which are laid out again."""
    o, c, out = y.shape[1], x.shape[1], (y.shape[2], y.shape[3])
    x, y = channels_last(x), channels_last(y)
    matrix: Any = None
    for images in few(len(x), out[0] * out[1], kernel[0] * kernel[1] * c, x.itemsize):
        part = gemm(y[images].reshape(-1, o).T, windows(x[images], kernel, out, g))
        matrix = part if matrix is None else matrix + part
    if matrix is None:  # a batch of no image
        matrix = xp(x).zeros((o, kernel[0] * kernel[1] * c), dtype=x.dtype)
    return matrix.reshape(o, *kernel, c).transpose(0, 3, 1, 2)


def transpose(y: Array, weight: Array, size: Pair, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_transpose``: what each window gets, then each pixel sums what its windows got."""
    o, c, kh, kw = weight.shape
    y, matrix = channels_last(y), weight.transpose(0, 2, 3, 1).reshape(o, -1)
    out = (y.shape[1], y.shape[2])
    x = xp(y).empty((len(y), *size, c), dtype=y.dtype)
    for images in few(len(y), out[0] * out[1], kh * kw * c, y.itemsize):
        rows = gemm(y[images].reshape(-1, o), matrix)
        launch("col2im", (rows, x[images]), x[images], (kh, kw), out, g)
    if bias is not None:
        x += bias
    return x.transpose(0, 3, 1, 2)
