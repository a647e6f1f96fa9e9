r"""Entries for convolution, as loops over every output, channel and tap.

The wrong variants are the usual ones: a kernel that is turned round, a padding that counts
once, a stride that forgets the dilation.
"""

import numpy

from minigen.equations.equation import Wrong, equation

SYMBOLS = {
    "x": "images (n, c, h, w), 0 outside",
    "W": "weight (o, c, kh, kw)",
    "b": "bias (o,), or none",
    "y": "result (n, o, h', w')",
    "s, p, d": "stride, padding and dilation, in pixels",
}


def pair(value):
    return (value, value) if isinstance(value, int) else value


def tap(stride, padding, dilation, i, u):
    """The pixel that tap u of the kernel sees from position i."""
    return stride * i + dilation * u - padding


def steps(x_size, w_size, stride, padding, dilation, where=tap):
    """All (i, j, u, v, row, column) in which a tap sees a pixel of the image."""
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    height = (x_size[0] + 2 * ph - dh * (w_size[0] - 1) - 1) // sh + 1
    width = (x_size[1] + 2 * pw - dw * (w_size[1] - 1) - 1) // sw + 1
    found = []
    for i, j, u, v in numpy.ndindex(height, width, *w_size):
        row, column = where(sh, ph, dh, i, u), where(sw, pw, dw, j, v)
        if 0 <= row < x_size[0] and 0 <= column < x_size[1]:
            found.append((i, j, u, v, row, column))
    return height, width, found


def plus(y, bias):
    return y if bias is None else y + numpy.asarray(bias).reshape(1, -1, 1, 1)


def convolve(x, weight, bias, stride, padding, dilation, where=tap):
    height, width, found = steps(x.shape[2:], weight.shape[2:], stride, padding, dilation, where)
    y = numpy.zeros((x.shape[0], weight.shape[0], height, width))
    for i, j, u, v, row, column in found:
        for n, o, c in numpy.ndindex(len(x), len(weight), x.shape[1]):
            y[n, o, i, j] += x[n, c, row, column] * weight[o, c, u, v]
    return plus(y, bias)


def conv_where(where):
    return lambda x, weight, bias, stride, padding, dilation: convolve(
        x, weight, bias, stride, padding, dilation, where
    )


def some(*shape):
    """Numbers without symmetry, the same ones for the same shape."""
    return numpy.random.default_rng(sum(shape)).normal(size=shape)


IMAGE = numpy.arange(1.0, 25.0).reshape(1, 2, 4, 3) ** 0.5
KERNEL = numpy.array([0.3, -1.0, 2.0, 0.7, 1.1, -0.4, 0.9, 0.2]).reshape(1, 2, 2, 2)
BIAS = numpy.array([0.25])


@equation(
    "CONV2D",
    title="Convolution of images",
    latex=r"y_{noij} = b_o + \sum_{c,u,v} x_{n,c,\, si + du - p,\, sj + dv - p} \, W_{ocuv}",
    symbols=SYMBOLS,
    source="Dumoulin and Visin 2016, relationship 6, with dilation as in section 5.1",
    code="minigen.ops.convolution.conv2d",
    wrong={
        "turned_round": Wrong(
            "the kernel is turned round: the convolution of mathematics, not that of nets",
            lambda x, w, b, s, p, d: convolve(x, w[:, :, ::-1, ::-1], b, s, p, d),
        ),
        "padding_forgotten": Wrong(
            "the first window begins at the first pixel: the padding stands at the end only",
            conv_where(lambda s, p, d, i, u: s * i + d * u),
        ),
        "dilation_of_steps": Wrong(
            "the steps are dilated and not the taps",
            conv_where(lambda s, p, d, i, u: s * d * i + u - p),
        ),
        "stride_of_taps": Wrong(
            "the taps are strided and not the steps",
            conv_where(lambda s, p, d, i, u: i + s * d * u - p),
        ),
        "bias_forgotten": Wrong(
            "the bias is left out",
            lambda x, w, b, s, p, d: convolve(x, w, None, s, p, d),
        ),
        "bias_along_columns": Wrong(
            "the bias is added along the columns: b_o belongs to the second axis, the channels",
            lambda x, w, b, s, p, d: convolve(x, w, None, s, p, d) + (0 if b is None else b),
        ),
        "kernel_transposed": Wrong(
            "rows and columns of the kernel are exchanged",
            lambda x, w, b, s, p, d: convolve(x, w.swapaxes(2, 3), b, s, p, d),
        ),
    },
    probes=(
        (IMAGE, KERNEL, BIAS, 2, 1, 2),
        (some(2, 2, 5, 4), some(3, 2, 2, 2), some(3), 2, 1, 1),
        (some(1, 2, 5, 4), some(3, 2, 2, 3), None, 1, 1, 2),
    ),
)
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return convolve(x, weight, bias, stride, padding, dilation)


@equation(
    "CONVTRANSPOSE2D",
    title="Transposed convolution of images",
    latex=r"y_{n,o,\, si + du - p,\, sj + dv - p} = b_o + \sum x_{ncij} \, W_{couv}",
    symbols=SYMBOLS
    | {
        "x": "images (n, c, h, w)",
        "W": "weight (c, o, kh, kw)",
        r"\sum": "over all c, i, j, u, v that lead to the pixel",
    },
    source="Dumoulin and Visin 2016, chapter 4",
    code="minigen.ops.convolution.conv_transpose2d",
    wrong={
        "turned_round": Wrong(
            "the kernel is turned round",
            lambda x, w, b, s, p, e, d: transposed(x, w[:, :, ::-1, ::-1], b, s, p, e, d),
        ),
        "padding_added": Wrong(
            "the padding makes the image larger instead of smaller",
            lambda x, w, b, s, p, e, d: transposed(x, w, b, s, -p, e, d),
        ),
        "output_padding_forgotten": Wrong(
            "the rows and columns of output_padding are missing",
            lambda x, w, b, s, p, e, d: transposed(x, w, b, s, p, 0, d),
        ),
        "assigned": Wrong(
            "contributions to one pixel overwrite each other instead of adding up",
            lambda x, w, b, s, p, e, d: overwritten(x, w, b, s, p, e, d, ("ij", "uv")),
        ),
        "assigned_tap_by_tap": Wrong(
            "contributions to one pixel overwrite each other, the last tap's wins",
            lambda x, w, b, s, p, e, d: overwritten(x, w, b, s, p, e, d, ("uv", "ij")),
        ),
        "zeros_appended": Wrong(
            "output_padding appends zeros: it only says how large y is, and terms fall there too",
            lambda x, w, b, s, p, e, d: appended(transposed(x, w, None, s, p, 0, d), b, e),
        ),
        "wrapped": Wrong(
            "pixels above and left of the image come in again on the other side: negative indices",
            lambda x, w, b, s, p, e, d: transposed(x, w, b, s, p, e, d, first=None),
        ),
        "bias_forgotten": Wrong(
            "the bias is left out",
            lambda x, w, b, s, p, e, d: transposed(x, w, None, s, p, e, d),
        ),
        "exchanged": Wrong(
            "stride and dilation are exchanged: places are s apart, taps are d apart",
            lambda x, w, b, s, p, e, d: transposed(x, w, b, d, p, e, s),
        ),
    },
    probes=(
        (
            IMAGE,
            numpy.concatenate([KERNEL, KERNEL[:, ::-1]]),
            numpy.array([0.25, -1.0]),
            2,
            1,
            1,
            2,
        ),
        (some(2, 2, 4, 3), some(2, 3, 2, 2), some(3), 2, 1, 1, 1),
        (some(1, 2, 4, 3), some(2, 3, 3, 2), None, 1, 1, 0, 2),
    ),
)
def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, dilation=1):
    return transposed(x, weight, bias, stride, padding, output_padding, dilation)


def large(x, weight, stride, padding, output_padding, dilation):
    """Height and width of a transposed convolution's result."""
    settings = zip(*map(pair, (stride, padding, output_padding, dilation)), strict=True)
    return [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, (s, p, e, d) in zip(x.shape[2:], weight.shape[2:], settings, strict=True)
    ]


def transposed(x, weight, bias, stride, padding, output_padding, dilation, first=0):
    """first: the smallest index of a pixel; with None, negative ones count from the end."""
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    height, width = large(x, weight, stride, padding, output_padding, dilation)
    top, left = (-height, -width) if first is None else (first, first)
    y = numpy.zeros((x.shape[0], weight.shape[1], height, width))
    for n, c, i, j, o, u, v in numpy.ndindex(*x.shape, *weight.shape[1:]):
        row, column = tap(sh, ph, dh, i, u), tap(sw, pw, dw, j, v)
        if top <= row < height and left <= column < width:
            y[n, o, row, column] += x[n, c, i, j] * weight[c, o, u, v]
    return plus(y, bias)


def overwritten(x, weight, bias, stride, padding, output_padding, dilation, order):
    """= in the place of +=; order: which loops are outside, over places or over taps."""
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    height, width = large(x, weight, stride, padding, output_padding, dilation)
    y = numpy.zeros((x.shape[0], weight.shape[1], height, width))
    sizes = {"ij": x.shape[2:], "uv": weight.shape[2:]}
    for first in numpy.ndindex(*sizes[order[0]]):
        for second in numpy.ndindex(*sizes[order[1]]):
            at = dict(zip(order, (first, second), strict=True))
            (i, j), (u, v) = at["ij"], at["uv"]
            row, column = tap(sh, ph, dh, i, u), tap(sw, pw, dw, j, v)
            if 0 <= row < height and 0 <= column < width:
                y[:, :, row, column] = x[:, :, i, j] @ weight[:, :, u, v]
    return plus(y, bias)


def appended(y, bias, output_padding):
    eh, ew = pair(output_padding)
    y = numpy.pad(y, ((0, 0), (0, 0), (0, eh), (0, ew)))
    return plus(y, bias)
