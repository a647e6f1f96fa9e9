"""Rows of the table of cases for operations on images: convolution, pooling, normalisation."""

import numpy as np
from case import anywhere, distinct, positive, row

from minigen import ops
from minigen.equations import REGISTER
from minigen.ops import pooling
from minigen.ops.convolve import Geometry


# ---------------------------------------------------------------- convolution
def weight_oracle(x, gy, kernel, stride=1, padding=0, dilation=1):
    """The inner product of gy with conv2d of each unit weight, for conv2d is linear in it."""
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    gw = np.zeros((gy.shape[1], x.shape[1], *kernel))
    for index in np.ndindex(gw.shape):
        unit = np.zeros_like(gw)
        unit[index] = 1
        y = REGISTER["CONV2D"].transcription(x, unit, None, stride, padding, dilation)
        gw[index] = (y * gy).sum()
    return gw


def conv1d_oracle(x, weight, bias, stride=1, padding=0, dilation=1):
    """Every output number as one inner product over the padded sequence."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    reach = dilation * (weight.shape[2] - 1) + 1
    starts = range(0, x.shape[2] - reach + 1, stride)
    seen = np.stack([x[:, :, i : i + reach : dilation] for i in starts])
    return np.einsum("incu,ocu->noi", seen, weight) + bias[:, None]


CONVOLUTION = [
    *[
        row("[E.CONV2D]", ops.conv2d, anywhere(*x), anywhere(*w), *bias, **settings)
        for x, w, settings in (
            ((2, 2, 5, 4), (3, 2, 3, 2), {}),
            ((1, 1, 4, 4), (2, 1, 2, 2), {"stride": 2}),
            ((2, 3, 5, 5), (1, 3, 4, 4), {"stride": 2, "padding": 1}),
            ((1, 2, 6, 5), (2, 2, 2, 3), {"stride": (1, 2), "padding": (0, 2), "dilation": (2, 1)}),
            ((1, 1, 3, 7), (1, 1, 1, 1), {"stride": 3}),
            ((1, 2, 5, 5), (2, 2, 2, 2), {"stride": 3, "padding": 1, "dilation": 3}),
        )
        for bias in ((), (anywhere(w[0]),))
    ],
    *[
        row("[E.CONVTRANSPOSE2D]", ops.conv_transpose2d, anywhere(*x), anywhere(*w), *bias, **s)
        for x, w, s in (
            ((2, 2, 3, 2), (2, 3, 3, 2), {}),
            ((1, 2, 3, 3), (2, 1, 4, 4), {"stride": 2, "padding": 1}),
            ((1, 1, 2, 3), (1, 2, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
            ((2, 2, 2, 2), (2, 1, 2, 2), {"stride": 3, "output_padding": (0, 2)}),
            ((1, 2, 3, 3), (2, 2, 2, 2), {"stride": (1, 2), "dilation": 2, "padding": (1, 0)}),
            ((1, 1, 2, 2), (1, 1, 1, 2), {"stride": 3}),
        )
        for bias in ((), (anywhere(w[1]),))
    ],
    *[
        row("[E.CONV2D]", ops.conv2d_weight, anywhere(*x), anywhere(*gy), oracle=weight_oracle, **s)
        for x, gy, s in (
            ((2, 2, 4, 3), (2, 3, 2, 2), {"kernel": (3, 2)}),
            ((2, 1, 4, 4), (2, 1, 2, 2), {"kernel": 4, "stride": 2, "padding": 1}),
            ((1, 2, 5, 4), (1, 2, 3, 2), {"kernel": 2, "dilation": 2}),
        )
    ],
    *[
        row("[E.CONV2D]", ops.conv1d, anywhere(2, 3, 7), anywhere(2, 3, 3), anywhere(2),
            oracle=conv1d_oracle, **settings)
        for settings in ({}, {"stride": 2, "padding": 1}, {"dilation": 2})
    ],
]  # fmt: skip

# ---------------------------------------------------------------- pooling, up-sampling, norms
STRIDE = Geometry((2, 2), (0, 0), (1, 1))
OVERLAP = Geometry((1, 2), (1, 0), (1, 1))
IMAGES = np.random.default_rng(5).permutation(40).astype(float)  # no two are equal


def largest(size, geometry):
    """Images (1, 2, *size) and what 2 x 2 max pooling makes of them, as settings."""
    x = IMAGES[: 2 * size[0] * size[1]].reshape(1, 2, *size)
    y = REGISTER["MAXPOOL"].transcription(x, 2, geometry.stride, geometry.padding)
    return {"x": x, "y": y, "kernel": (2, 2), "geometry": geometry}


def winners(x, y, geometry):
    """The number of the tap that sees each window's largest number, found one by one."""
    (sh, sw), (ph, pw), _ = geometry
    wide = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    found = np.zeros(y.shape, int)
    for n, c, i, j in np.ndindex(*y.shape):
        window = wide[n, c, sh * i : sh * i + 2, sw * j : sw * j + 2]
        found[n, c, i, j] = window.argmax()
    return found


def placed(gy, x, y, kernel, geometry):
    return place_oracle(gy, winners(x, y, geometry), x.shape[2:], kernel, geometry)


def picked(z, x, y, kernel, geometry):
    return pick_oracle(z, winners(x, y, geometry), kernel, geometry)


def place_oracle(y, winners, size, kernel, geometry):
    """Every number added at the pixel that its window's winning tap sees."""
    (sh, sw), (ph, pw), _ = geometry
    x = np.zeros((*y.shape[:2], size[0] + 2 * ph, size[1] + 2 * pw))
    for n, c, i, j in np.ndindex(*y.shape):
        u, v = divmod(int(winners[n, c, i, j]), kernel[1])
        x[n, c, sh * i + u, sw * j + v] += y[n, c, i, j]
    return x[:, :, ph : ph + size[0], pw : pw + size[1]]


def pick_oracle(x, winners, kernel, geometry):
    """The adjoint of place_oracle, number by number."""
    y = np.zeros(winners.shape)
    for index in np.ndindex(*y.shape):
        unit = np.zeros(winners.shape)
        unit[index] = 1
        y[index] = (place_oracle(unit, winners, x.shape[2:], kernel, geometry) * x).sum()
    return y


def spread_oracle(y, size, kernel, geometry):
    """All winners in turn: a value goes to each tap of its window."""
    return sum(
        place_oracle(y, np.full(y.shape, tap), size, kernel, geometry)
        for tap in range(kernel[0] * kernel[1])
    )


def batch_norm(x, gamma, beta, epsilon=1e-5):
    return ops.batch_norm(x, gamma, beta, epsilon=epsilon)[0]


POOLING = [
    *[
        row(equation, function, distinct(*x), kernel=kernel, **settings)
        for equation, function in (("[E.MAXPOOL]", ops.max_pool2d), ("[E.AVGPOOL]", ops.avg_pool2d))
        for x, kernel, settings in (
            ((2, 2, 4, 4), 2, {}),
            ((1, 1, 5, 7), (2, 3), {}),
            ((2, 1, 5, 4), 3, {"stride": 1, "padding": 1}),
            ((1, 2, 5, 5), 2, {"stride": (1, 2)}),
            ((1, 1, 4, 4), 1, {"stride": 3}),
        )
    ],
    *[
        row("", function, anywhere(1, 2, *shape), oracle=oracle, **largest(size, geometry))
        for size, out, geometry in (((4, 5), (2, 2), STRIDE), ((1, 4), (2, 2), OVERLAP),
                                    ((3, 4), (4, 2), OVERLAP))
        for function, oracle, shape in ((pooling._place, placed, out),
                                        (pooling._pick, picked, size))
    ],
    row("", pooling.window_sum, anywhere(2, 1, 3, 4), kernel=(2, 2), geometry=OVERLAP,
        oracle=lambda x, kernel, geometry: 4 * REGISTER["AVGPOOL"].transcription(
            x, kernel, geometry.stride, geometry.padding)),
    row("", pooling.window_spread, anywhere(1, 2, 2, 2), oracle=spread_oracle, size=(1, 4),
        kernel=(2, 2), geometry=OVERLAP),
    row("[E.MAXUNPOOL]", ops.max_unpool2d, anywhere(1, 2, 2, 2), size=(3, 3),
        indices=np.array([[[[0, 8], [4, 2]], [[3, 3], [7, 0]]]])),
    *[
        row(equation, function, anywhere(*x), factor=factor)
        for equation, function in (("[E.UNPOOL]", ops.unpool2d),
                                   ("[E.NEAREST]", ops.upsample_nearest2d),
                                   ("[E.BILINEAR]", ops.upsample_bilinear2d))
        for x, factor in (((2, 2, 2, 3), 2), ((1, 1, 3, 1), 3), ((1, 2, 2, 2), 1))
    ],
]  # fmt: skip
NORMALISATION = [
    *[
        row("[E.BATCHNORM]", batch_norm, anywhere(*x), positive(x[1]), anywhere(x[1]),
            epsilon=epsilon)
        for x, epsilon in (((6, 3), 1e-5), ((2, 3, 3, 2), 1e-5), ((3, 1, 4), 0.5), ((8, 2), 0.1))
    ],
    *[
        row("[E.LAYERNORM]", ops.layer_norm, anywhere(*x), positive(*s), anywhere(*s),
            epsilon=epsilon)
        for x, s, epsilon in (((3, 4), (4,), 1e-5), ((2, 3, 2, 2), (2, 2), 0.1), ((4,), (4,), 1e-5))
    ],
]  # fmt: skip
