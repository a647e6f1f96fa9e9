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


# in the last ones three meet, none meet, and every step is a pixel
TERMS_PROBES = ((4, 3, 2), (5, 4, 2), (3, 2, 3), (6, 5, 3), (4, 5, 2), (3, 4, 4), (5, 3, 1))
TERMS_MISTAKES = {
    "border": Wrong(
        "(7.5) everywhere: at the border some of those inputs do not exist",
        inner,
    ),
    "even": Wrong(
        "k / s for every pixel, as if the stride divided the kernel",
        lambda size, k, s: np.full((size - 1) * s + k, k / s),
    ),
    "ceil": Wrong(
        "the whole number above k / s for every pixel",
        lambda size, k, s: np.full((size - 1) * s + k, -(-k // s)),
    ),
    "floor": Wrong(
        "the whole number below k / s for every pixel",
        lambda size, k, s: np.full((size - 1) * s + k, k // s),
    ),
    "once": Wrong(
        "every pixel that is reached counts once, however many numbers meet there",
        lambda size, k, s: np.minimum(slow_terms(size, k, s), 1),
    ),
    "neighbours": Wrong(
        "at most two meet, but where k > 2 s a square reaches farther than its neighbour",
        lambda size, k, s: np.minimum(slow_terms(size, k, s), 2),
    ),
    "squares_apart": Wrong(
        "squares begin k pixels apart instead of s, and what is too far is cut off",
        lambda size, k, s: np.array([int(p < size * k) for p in range((size - 1) * s + k)]),
    ),
}


AXES = ("image", "channel", "row", "column")


def some(*shape):
    """Numbers without symmetry, the same ones for the same shape."""
    return np.random.default_rng(sum(shape)).normal(size=shape)


# besides the register's: no padding, a padding of two, three channels
CONV_PROBES = (
    (some(1, 2, 4, 5), some(3, 2, 3, 2), some(3), 1, 0, 1),
    (some(1, 3, 4, 6), some(2, 3, 2, 3), some(2), 3, 2, 1),
)
CONV_MISTAKES = {
    "stride_ignored": Wrong(
        "every window is a pixel from the next: the stride is not read",
        lambda x, w, b, s, p, d: conv2d(x, w, b, 1, p, d),
    ),
    "dilation_ignored": Wrong(
        "the taps are neighbours: the dilation is not read",
        lambda x, w, b, s, p, d: conv2d(x, w, b, s, p, 1),
    ),
    "padding_one": Wrong(
        "the padding is 1, whatever p is",
        lambda x, w, b, s, p, d: conv2d(x, w, b, s, 1, d),
    ),
    "bias_each_tap": Wrong(
        "the bias is added at every tap instead of once",
        lambda x, w, b, *a: conv2d(x, w, None if b is None else b * w[0, 0].size, *a),
    ),
    "two_channels": Wrong(
        "only the first two channels are read",
        lambda x, w, *a: conv2d(x[:, :2], w[:, :2], *a),
    ),
}


def turned(x, weight, bias, stride, padding, dilation):
    return conv2d(x, weight[:, :, ::-1, ::-1], bias, stride, padding, dilation)


def put_between(x, weight, bias, stride, padding, dilation):
    """Without padding, the slice to -0 is empty."""
    n, c, h, w = x.shape
    wide = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    wide[:, :, padding:-padding, padding:-padding] = x
    return conv2d(wide, weight, bias, stride, 0, dilation)


def pooled_over(x, kernel, stride, padding, value):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    wide = np.pad(x, border, constant_values=value)
    return max_pool2d(wide, kernel, stride, 0)


POOL_PROBES = ((-abs(np.random.default_rng(0).normal(size=(2, 3, 4, 5))) * 1e10 - 1e10, 3, 1, 1),)
POOL_MISTAKES = {
    "starts_at_zero": Wrong(
        "the running maximum starts at 0, which negative pixels never pass",
        lambda *a: np.maximum(max_pool2d(*a), 0),
    ),
    "stride_ignored": Wrong(
        "the stride is not read: windows are always k apart",
        lambda x, k, s, p: max_pool2d(x, k, None, p),
    ),
    "padding_ignored": Wrong("the padding is not read", lambda x, k, s, p: max_pool2d(x, k, s, 0)),
    "large_number": Wrong(
        "outside the image stands a large negative number, but pixels may be more negative",
        lambda *a: pooled_over(*a, -1e9),
    ),
}


def overwritten(x, weight, bias, stride, padding, output_padding, dilation):
    y = conv_transpose2d(x * 0, weight, None, stride, padding, output_padding, dilation)
    rows, columns = y.shape[2:]
    for i, j, u, v in np.ndindex(*x.shape[2:], *weight.shape[2:]):
        row = stride * i + dilation * u - padding
        column = stride * j + dilation * v - padding
        if 0 <= row < rows and 0 <= column < columns:
            y[:, :, row, column] = x[:, :, i, j] @ weight[:, :, u, v]
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def bias_each_term(x, weight, bias, *settings):
    y = conv_transpose2d(x, weight, None, *settings)
    ones = np.ones((1, 1, *x.shape[2:])), np.ones((1, 1, *weight.shape[2:]))
    number = conv_transpose2d(*ones, None, *settings)
    return y if bias is None else y + bias.reshape(1, -1, 1, 1) * number


def cut_to_minus_p(x, weight, bias, stride, padding, *rest):
    """Without padding, the slice to -0 is empty."""
    y = conv_transpose2d(x, weight, bias, stride, 0, *rest)
    return y[:, :, padding:-padding, padding:-padding]


TRANSPOSE_PROBES = (
    (some(1, 2, 3, 4), some(2, 3, 2, 3), some(3), 2, 0, 0, 1),
    (some(1, 3, 3, 4), some(3, 2, 3, 3), some(2), 3, 2, 1, 1),
)
TRANSPOSE_MISTAKES = {
    "dilation_ignored": Wrong(
        "the taps are neighbours: the dilation is not read",
        lambda x, w, b, s, p, e, d: conv_transpose2d(x, w, b, s, p, e, 1),
    ),
    "padding_one": Wrong(
        "the padding is 1, whatever p is",
        lambda x, w, b, s, p, e, d: conv_transpose2d(x, w, b, s, 1, e, d),
    ),
    "output_padding_guessed": Wrong(
        "output_padding is not read: it is 1 wherever the stride is larger than 1",
        lambda x, w, b, s, p, e, d: conv_transpose2d(x, w, b, s, p, int(s > 1), d),
    ),
    "bias_each_term": Wrong(
        "the bias is added with every term instead of once a pixel", bias_each_term
    ),
    "two_channels": Wrong(
        "only the first two channels are read",
        lambda x, w, *a: conv_transpose2d(x[:, :2], w[:2], *a),
    ),
}


EXERCISES = (
    Exercise(
        conv2d,
        checks=(registered("CONV2D", also=CONV_MISTAKES, probes=CONV_PROBES, axes=AXES),),
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
            "always padding 1": (CONV_MISTAKES["padding_one"].transcription, "whatever p is"),
            "the image put between p and -p": (put_between, "it raised ValueError"),
            "loop over two channels": (
                CONV_MISTAKES["two_channels"].transcription,
                "only the first two channels",
            ),
        },
    ),
    Exercise(
        conv_transpose2d,
        checks=(
            registered(
                "CONVTRANSPOSE2D", also=TRANSPOSE_MISTAKES, probes=TRANSPOSE_PROBES, axes=AXES
            ),
        ),
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
            "cut to -p": (cut_to_minus_p, "has the shape"),
            "output padding not read": (
                TRANSPOSE_MISTAKES["output_padding_guessed"].transcription,
                "output_padding is not read",
            ),
            "loop over two channels": (
                TRANSPOSE_MISTAKES["two_channels"].transcription,
                "only the first two channels",
            ),
        },
    ),
    Exercise(
        max_pool2d,
        checks=(registered("MAXPOOL", also=POOL_MISTAKES, probes=POOL_PROBES, axes=AXES),),
        hints=(
            "What number never wins? Pad with that one.",
            "np.pad(x, border, constant_values=-np.inf), then window.max(axis=(2, 3)).",
        ),
        mistakes={
            "padded with zeros": (lambda *a: pooled_over(*a, 0), "zeros outside the image win"),
            "padded with -1e9": (lambda *a: pooled_over(*a, -1e9), "may be more negative"),
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
        mistakes={
            "border": (inner, "at the border some"),
            "at most two": (TERMS_MISTAKES["neighbours"].transcription, "at most two meet"),
        },
    ),
)
