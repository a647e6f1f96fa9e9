"""The three maps of convolution where the image has few channels, such as one of grey values.

Windows of one channel are runs of three or four numbers, too short to copy fast. Here each tap
of the kernel sees a plane instead, all positions of one channel at once: a strided slice of the
image. The other array, which has many channels, is read as it lies.
"""

from typing import Any

from minigen.backend import Array, gemm, in_parts, xp
from minigen.ops.convolve import Geometry, Pair, cropped, seen_by, taps
from minigen.ops.convolve_windows import channels_last

FEW = 4  # channels


def planes(x: Array, kernel: Pair, out: Pair, g: Geometry) -> Array:
    """What each tap of each channel sees: (c kh kw, n oh ow), for x (n, c, h, w)."""
    n, c = x.shape[:2]
    (ph, pw) = g.padding
    wide = xp(x).zeros((c, n, x.shape[2] + 2 * ph, x.shape[3] + 2 * pw), dtype=x.dtype)
    wide[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]] = x.swapaxes(0, 1)
    seen = xp(x).empty((c, len(taps(kernel)), n, *out), dtype=x.dtype)
    for i, tap in enumerate(taps(kernel)):
        seen[:, i] = wide[:, :, *seen_by(tap, out, g)]
    return seen.reshape(c * len(taps(kernel)), -1)


def conv(x: Array, weight: Array, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_conv`` for few input channels."""
    o, _, *kernel = weight.shape
    out = g.output(x.shape[2:], kernel)
    y = xp(x).empty((len(x), *out, o), dtype=x.dtype)
    matrix = weight.reshape(o, -1).T

    def work(part: slice) -> None:
        result = y[part].reshape(-1, o)
        gemm(planes(x[part], tuple(kernel), out, g).T, matrix, out=result)
        if bias is not None:
            result += bias

    in_parts(work, x)
    return y.transpose(0, 3, 1, 2)


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    """``plain_weight`` for few channels of x."""
    o, c = y.shape[1], x.shape[1]
    found: list[Any] = []

    def add(part: slice) -> None:
        seen = planes(x[part], kernel, y.shape[2:], g)
        found.append((part.start, gemm(seen, channels_last(y[part]).reshape(-1, o))))

    in_parts(add, x)
    matrix = sum(matrix for _, matrix in sorted(found, key=lambda pair: pair[0]))
    return matrix.T.reshape(o, c, *kernel)


def transpose(y: Array, weight: Array, size: Pair, g: Geometry, bias: Array | None = None) -> Array:
    """``plain_transpose`` for few channels of x: one product, then each tap's plane is added."""
    o, c, *kernel = weight.shape
    (ph, pw), out = g.padding, y.shape[2:]
    x = xp(y).zeros((c, len(y), size[0] + 2 * ph, size[1] + 2 * pw), dtype=y.dtype)
    matrix = weight.reshape(o, -1).T

    def work(part: slice) -> None:
        rows = channels_last(y[part]).reshape(-1, o)
        made = gemm(matrix, rows.T).reshape(c, kernel[0] * kernel[1], len(y[part]), *out)
        for i, tap in enumerate(taps(tuple(kernel))):
            x[:, part, *seen_by(tap, out, g)] += made[:, i]

    in_parts(work, y)
    if bias is not None:
        x += bias.reshape(-1, 1, 1, 1)
    return cropped(x.swapaxes(0, 1), g.padding, size)
