r"""Entries for pooling, unpooling and up-sampling, as loops over every number.

The wrong variants: windows that overlap where they should not, a mean over the wrong count,
corners instead of centres.
"""

import numpy

from minigen.equations.equation import Wrong, equation

IMAGE = numpy.array(
    [[[[0.3, -1.0, 2.0, 0.7, 0.1], [1.1, -0.4, 0.9, 0.2, -0.6], [0.5, 1.7, -0.8, 1.3, 2.4],
       [-0.9, 0.6, 1.9, -1.2, 0.4], [0.8, -0.3, 1.4, 0.05, -2.0]]]]
)  # fmt: skip
IMAGES = numpy.random.default_rng(0).normal(size=(2, 3, 5, 4))
SYMBOLS = {
    "x": "images (n, c, h, w)",
    "y": "result (n, c, h', w')",
    "k": "size of a window",
    "s, p": "stride (k where not given) and padding, in pixels",
}


def pair(value):
    return (value, value) if isinstance(value, int) else value


def pooled(x, kernel, stride, padding, reduce):
    """reduce((row, column, value) of the pixels of each window that are inside the image)."""
    (kh, kw), (ph, pw) = pair(kernel), pair(padding)
    sh, sw = (kh, kw) if stride is None else pair(stride)
    n, c, h, w = x.shape
    shape = (n, c, (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1)
    y = numpy.zeros(shape)
    for m, ch, i, j in numpy.ndindex(*shape):
        at = [(sh * i + u - ph, sw * j + v - pw) for u in range(kh) for v in range(kw)]
        inside = [x[m, ch, r, q] for r, q in at if 0 <= r < h and 0 <= q < w]
        y[m, ch, i, j] = reduce(inside, kh * kw)
    return y


def largest(values, _):
    return max(values)


def mean(values, count):
    return sum(values) / count


@equation(
    "MAXPOOL",
    title="Max pooling",
    latex=r"y_{ncij} = \max_{u,v} \, x_{n,c,\, si + u - p,\, sj + v - p}",
    symbols=SYMBOLS,
    source="Zhou and Chellappa 1988",
    code="minigen.ops.pooling.max_pool2d",
    wrong={
        "mean": Wrong("the mean of a window instead of its largest number",
                      lambda x, k, s, p: pooled(x, k, s, p, mean)),
        "stride_one": Wrong("windows a pixel apart instead of one window apart",
                            lambda x, k, s, p: pooled(x, k, s or 1, p, largest)),
        "padded_with_zeros": Wrong(
            "zeros outside the image win over negative pixels",
            lambda x, k, s, p: pooled(
                x, k, s, p, lambda v, n: max(v) if len(v) == n else max(*v, 0.0))),
        "largest_size": Wrong("the number that is largest in size, whatever its sign",
                              lambda x, k, s, p: pooled(x, k, s, p, lambda v, _: max(v, key=abs))),
        "channels_mixed": Wrong(
            "the largest of all channels and examples: pooling is for each channel alone",
            lambda x, k, s, p: pooled(
                numpy.broadcast_to(x.max(axis=(0, 1), keepdims=True), x.shape), k, s, p, largest)),
    },
    probes=(
        (IMAGE, 2, None, 0), (IMAGE, 3, 2, 1), (-abs(IMAGE), 2, 2, 1),
        (IMAGES, 2, None, 0), (IMAGES - 4, 3, 2, 1),
    ),
)  # fmt: skip
def max_pool2d(x, kernel, stride=None, padding=0):
    return pooled(x, kernel, stride, padding, largest)


@equation(
    "AVGPOOL",
    title="Average pooling",
    latex=r"y_{ncij} = \frac{1}{k^2} \sum_{u,v} x_{n,c,\, si + u - p,\, sj + v - p}",
    symbols=SYMBOLS,
    source="LeCun et al. 1998, Gradient-based learning, section II.B",
    code="minigen.ops.pooling.avg_pool2d",
    wrong={
        "sum": Wrong("the sum of a window instead of its mean",
                     lambda x, k, s, p: pooled(x, k, s, p, lambda v, _: sum(v))),
        "padding_not_counted": Wrong(
            "at the border divided by the pixels that are inside, not by the whole window",
            lambda x, k, s, p: pooled(x, k, s, p, lambda v, _: sum(v) / len(v))),
        "largest": Wrong("the largest number of a window instead of its mean",
                         lambda x, k, s, p: pooled(x, k, s, p, largest)),
    },
    probes=((IMAGE, 2, None, 0), (IMAGE, 3, 2, 1)),
)  # fmt: skip
def avg_pool2d(x, kernel, stride=None, padding=0):
    return pooled(x, kernel, stride, padding, mean)


def unpooled(x, indices, size, add=True, across=False):
    y = numpy.zeros((*x.shape[:2], size[0] * size[1]))
    for n, c, i, j in numpy.ndindex(*x.shape):
        k = indices[n, c, i, j]
        if across:
            k = k % size[1] * size[0] + k // size[1]
        y[n, c, k] = y[n, c, k] + x[n, c, i, j] if add else x[n, c, i, j]
    return y.reshape(*x.shape[:2], *size)


SMALL = numpy.array([[[[0.5, -1.0, 2.0], [0.7, 1.5, -0.3]]]])


@equation(
    "MAXUNPOOL",
    title="Unpooling to where the largest pixels were",
    latex=r"y_{nc,\, k_{ncij}} = x_{ncij}, \qquad y = 0 \text{ elsewhere}",
    symbols={
        "x": "numbers (n, c, h', w')",
        "k": "index of the pixel of y that each goes to: row times w plus column",
        "y": "result (n, c, h, w)",
    },
    source="Zeiler, Taylor and Fergus 2011",
    code="minigen.ops.pooling.max_unpool2d",
    wrong={
        "columns_first": Wrong("indices are counted down the columns",
                               lambda x, k, size: unpooled(x, k, size, across=True)),
        "overwritten": Wrong("of two numbers that go to one pixel only the last is kept",
                             lambda x, k, size: unpooled(x, k, size, add=False)),
    },
    probes=((SMALL, numpy.array([[[[0, 3, 5], [12, 3, 19]]]]), (4, 5)),),
)  # fmt: skip
def max_unpool2d(x, indices, size):
    return unpooled(x, indices, size)


def stretched(x, factor, value):
    """y[n, c, i, j] = value(image, i, j) for images ``factor`` times as large."""
    n, c, h, w = x.shape
    y = numpy.zeros((n, c, h * factor, w * factor))
    for m, ch, i, j in numpy.ndindex(*y.shape):
        y[m, ch, i, j] = value(x[m, ch], i, j)
    return y


def corner(x, factor):
    return stretched(
        x, factor, lambda a, i, j: 0.0 if i % factor or j % factor else a[i // factor, j // factor]
    )


@equation(
    "UNPOOL",
    title="Unpooling to the corner of each block",
    latex=r"y_{n,c,\,si,\,sj} = x_{ncij}, \qquad y = 0 \text{ elsewhere}",
    symbols={"x": "images (n, c, h, w)", "y": "images (n, c, s h, s w)", "s": "factor"},
    source="Dosovitskiy, Springenberg and Brox 2015",
    code="minigen.ops.upsampling.unpool2d",
    wrong={
        "copied": Wrong("the number stands in its whole block: up-sampling, not unpooling",
                        lambda x, s: stretched(x, s, lambda a, i, j: a[i // s, j // s])),
        "bottom_right": Wrong("the number stands at the other end of its block",
                              lambda x, s: corner(x[:, :, ::-1, ::-1], s)[:, :, ::-1, ::-1]),
        "spread": Wrong("the number is divided among the pixels of its block",
                        lambda x, s: stretched(x, s, lambda a, i, j: a[i // s, j // s] / s**2)),
    },
    probes=((SMALL, 2),),
)  # fmt: skip
def unpool2d(x, factor):
    return corner(x, factor)


@equation(
    "NEAREST",
    title="Nearest-neighbour up-sampling",
    latex=r"y_{ncij} = x_{n,\,c,\,\lfloor i / s \rfloor,\, \lfloor j / s \rfloor}",
    symbols={"x": "images (n, c, h, w)", "y": "images (n, c, s h, s w)", "s": "factor"},
    source="Odena, Dumoulin and Olah 2016",
    code="minigen.ops.upsampling.upsample_nearest2d",
    wrong={
        "tiled": Wrong("the whole image is repeated instead of each pixel",
                       lambda x, s: numpy.tile(x, (1, 1, s, s))),
        "corner_only": Wrong("each pixel stands once in its block, and zeros around it", corner),
        "mean_kept": Wrong("each copy is divided by their number",
                           lambda x, s: stretched(x, s, lambda a, i, j: a[i // s, j // s]) / s**2),
    },
    probes=((SMALL, 2), (SMALL, 3)),
)  # fmt: skip
def upsample_nearest2d(x, factor):
    return stretched(x, factor, lambda a, i, j: a[i // factor, j // factor])


def between(image, row, column):
    """The value at a position between pixels, each axis a straight line."""
    h, w = image.shape
    row, column = min(max(row, 0.0), h - 1.0), min(max(column, 0.0), w - 1.0)
    top, left = int(row), int(column)
    below, right = min(top + 1, h - 1), min(left + 1, w - 1)
    a, b = row - top, column - left
    upper = (1 - b) * image[top, left] + b * image[top, right]
    lower = (1 - b) * image[below, left] + b * image[below, right]
    return (1 - a) * upper + a * lower


@equation(
    "BILINEAR",
    title="Bilinear up-sampling",
    latex=r"y = A_h \, x \, A_w^\top, \qquad "
    r"A_{ik} = \max\left(0, \, 1 - \left| \frac{i + 1/2}{s} - \frac{1}{2} - k \right|\right)",
    symbols={
        "x": "images (n, c, h, w)",
        "y": "images (n, c, s h, s w)",
        "s": "factor",
        "A": "weights of the two nearest pixels, for positions inside the outermost centres",
    },
    source="definition",
    code="minigen.ops.upsampling.upsample_bilinear2d",
    wrong={
        "corners_aligned": Wrong(
            "the outermost pixels keep their places, so that the scale is (h - 1) / (s h - 1)",
            lambda x, s: stretched(
                x, s, lambda a, i, j: between(a, i * (a.shape[0] - 1) / (s * a.shape[0] - 1),
                                              j * (a.shape[1] - 1) / (s * a.shape[1] - 1)))),
        "from_the_corner": Wrong(
            "positions are those of the pixels' corners: the image shifts by half a pixel",
            lambda x, s: stretched(x, s, lambda a, i, j: between(a, i / s, j / s))),
        "nearest": Wrong("each pixel is repeated: nothing is drawn between them",
                         lambda x, s: stretched(x, s, lambda a, i, j: a[i // s, j // s])),
    },
    probes=((SMALL, 2), (SMALL, 3)),
)  # fmt: skip
def upsample_bilinear2d(x, factor):
    return stretched(
        x,
        factor,
        lambda a, i, j: between(a, (i + 0.5) / factor - 0.5, (j + 0.5) / factor - 0.5),
    )
