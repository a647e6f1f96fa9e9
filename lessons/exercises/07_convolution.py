"""Exercises of lesson 7: convolution, and the way back.

Complete each function, then run:  minigen learn check 7
A hint for the first one:  minigen learn hint 7.1
"""

import numpy as np


def conv2d(x, weight, bias, stride, padding, dilation):
    """The convolution (7.1).

    x: (n, c, h, w), zero outside; weight: W, (o, c, kh, kw); bias: b, (o,), or None.
    stride, padding, dilation: s, p, d, integers in pixels, the same along both axes.
    Returns y, (n, o, h', w') with the sizes (7.2).
    """
    n, _, h, w = x.shape
    o, _, kh, kw = weight.shape
    rows = (h + 2 * padding - dilation * (kh - 1) - 1) // stride + 1
    columns = (w + 2 * padding - dilation * (kw - 1) - 1) // stride + 1
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.zeros((n, o, rows, columns))
    for i in range(rows):
        for j in range(columns):
            for u in range(kh):
                for v in range(kw):
                    seen = wide[:, :, stride * i + dilation * u, stride * j + dilation * v]
                    y[:, :, i, j] += seen @ weight[:, :, u, v].T
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def conv_transpose2d(x, weight, bias, stride, padding, output_padding, dilation):
    """The transposed convolution (7.4).

    x: (n, c, h, w); weight: W, (c, o, kh, kw); bias: b, (o,), or None. stride, padding and
    dilation as in conv2d; output_padding: by how many rows and columns y is larger, below and
    right; terms fall there too, where s i + d u - p leads there.
    Returns y, (n, o, h', w'), h' = (h - 1) s - 2 p + d (kh - 1) + output_padding + 1.
    """
    n, _, h, w = x.shape
    _, o, kh, kw = weight.shape
    rows = (h - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1
    columns = (w - 1) * stride - 2 * padding + dilation * (kw - 1) + output_padding + 1
    y = np.zeros((n, o, rows, columns))
    for i, j, u, v in np.ndindex(h, w, kh, kw):
        row = stride * i + dilation * u - padding
        column = stride * j + dilation * v - padding
        if 0 <= row < rows and 0 <= column < columns:
            y[:, :, row, column] += x[:, :, i, j] @ weight[:, :, u, v]
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def max_pool2d(x, kernel, stride, padding):
    """Max pooling (7.6). Pixels outside the image are never the largest.

    x: (n, c, h, w); kernel: k, an integer; stride: s, an integer, or None for s = k;
    padding: p, an integer. Returns y, (n, c, h', w') with the sizes (7.2), d = 1.
    """
    stride = kernel if stride is None else stride
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    wide = np.pad(x, border, constant_values=-np.inf)
    rows = (wide.shape[2] - kernel) // stride + 1
    columns = (wide.shape[3] - kernel) // stride + 1
    y = np.zeros((*x.shape[:2], rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = stride * i, stride * j
            window = wide[:, :, top : top + kernel, left : left + kernel]
            y[:, :, i, j] = window.max(axis=(2, 3))
    return y


def terms(size, kernel, stride):
    """How many terms of a transposed convolution (7.4) meet in each pixel, along one axis.

    size: numbers that come in, h; kernel: k; stride: s; no padding and no dilation. At the
    border there are fewer than (7.5) says. Returns an array of (size - 1) s + k integers.
    """
    counts = np.zeros((size - 1) * stride + kernel, dtype=int)
    for i in range(size):
        counts[stride * i : stride * i + kernel] += 1
    return counts


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, registered


def slow_terms(size, kernel, stride):
    """Pixel by pixel: the inputs whose square reaches it."""
    found = []
    for pixel in range((size - 1) * stride + kernel):
        reach = [i for i in range(size) if 0 <= pixel - stride * i < kernel]
        found.append(len(reach))
    return np.array(found)


def inner(size, kernel, stride):
    return np.array(
        [-(-(kernel - p % stride) // stride) for p in range((size - 1) * stride + kernel)]
    )


TERMS_PROBES = ((4, 3, 2), (5, 4, 2), (3, 2, 3), (6, 5, 3))
TERMS_MISTAKES = {
    "border": Wrong(
        "(7.5) everywhere: at the border some of those inputs do not exist",
        inner,
    ),
    "even": Wrong(
        "k / s for every pixel, as if the stride divided the kernel",
        lambda size, k, s: np.full((size - 1) * s + k, k / s),
    ),
    "once": Wrong(
        "every pixel that is reached counts once, however many numbers meet there",
        lambda size, k, s: np.minimum(slow_terms(size, k, s), 1),
    ),
    "squares_apart": Wrong(
        "squares begin k pixels apart instead of s, and what is too far is cut off",
        lambda size, k, s: np.array([int(p < size * k) for p in range((size - 1) * s + k)]),
    ),
}


def turned(x, weight, bias, stride, padding, dilation):
    return conv2d(x, weight[:, :, ::-1, ::-1], bias, stride, padding, dilation)


def zeros_win(x, kernel, stride, padding):
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return max_pool2d(wide, kernel, stride, 0)


def overwritten(x, weight, bias, stride, padding, output_padding, dilation):
    y = conv_transpose2d(x * 0, weight, None, stride, padding, output_padding, dilation)
    rows, columns = y.shape[2:]
    for i, j, u, v in np.ndindex(*x.shape[2:], *weight.shape[2:]):
        row = stride * i + dilation * u - padding
        column = stride * j + dilation * v - padding
        if 0 <= row < rows and 0 <= column < columns:
            y[:, :, row, column] = x[:, :, i, j] @ weight[:, :, u, v]
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


EXERCISES = (
    Exercise(
        conv2d,
        checks=(registered("CONV2D"),),
        hints=(
            "Pad first; then the tap (u, v) of the window (i, j) looks at the pixel "
            "(s i + d u, s j + d v) of the padded image.",
            "y[:, :, i, j] += wide[:, :, row, column] @ weight[:, :, u, v].T, and the bias once.",
        ),
        mistakes={
            "turned round": (turned, "the kernel is turned round"),
            "bias along the columns": (
                lambda x, w, b, *a: conv2d(x, w, None, *a) + (0 if b is None else b),
                "along the columns",
            ),
        },
    ),
    Exercise(
        conv_transpose2d,
        checks=(registered("CONVTRANSPOSE2D"),),
        hints=(
            "The same loops as conv2d's, but x is at (i, j) and y at (s i + d u - p, ...).",
            "Skip pixels outside y, and add: several (i, u) lead to one pixel.",
        ),
        mistakes={
            "overwritten": (overwritten, "overwrite each other"),
            "stride for dilation": (
                lambda x, w, b, s, p, e, d: conv_transpose2d(x, w, b, d, p, e, s),
                "stride and dilation are exchanged",
            ),
        },
    ),
    Exercise(
        max_pool2d,
        checks=(registered("MAXPOOL"),),
        hints=(
            "What number never wins? Pad with that one.",
            "np.pad(x, border, constant_values=-np.inf), then window.max(axis=(2, 3)).",
        ),
        mistakes={
            "padded with zeros": (zeros_win, "zeros outside the image win"),
            "channels mixed": (
                lambda x, *a: max_pool2d(np.maximum(x, x.max(axis=(0, 1))), *a),
                "for each channel alone",
            ),
        },
    ),
    Exercise(
        terms,
        checks=(Formula(slow_terms, TERMS_PROBES, TERMS_MISTAKES, axes=("pixel",)),),
        hints=(
            "Each number that comes in is written to k pixels. Count the writing.",
            "counts[s i : s i + k] += 1 for every i.",
        ),
        mistakes={"border": (inner, "at the border some")},
    ),
)
