"""Operations on images against PyTorch: values, gradients, gradients of gradients.

[E.MAXPOOL] [E.AVGPOOL] [E.MAXUNPOOL] [E.NEAREST] [E.BILINEAR] [E.BATCHNORM] [E.LAYERNORM]
"""

import numpy as np
import pytest
from against_torch import compare

from minigen import ops

torch = pytest.importorskip("torch")
F = torch.nn.functional

SIZES = [(1, 1, 4, 4), (2, 3, 6, 6), (3, 2, 7, 5), (1, 4, 9, 3)]
WINDOWS = [
    (kernel, stride, padding)
    for kernel in (1, 2, 3, (2, 3))
    for stride in (None, 1, 2, (1, 3))
    for padding in (0, 1)
    if padding == 0 or kernel == 3 or (kernel == 2 and stride)
]


def images(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_pooling(shape, window):
    kernel, stride, padding = window
    settings = {"stride": stride, "padding": padding}
    x = images(shape)
    compare(
        lambda x: ops.max_pool2d(x, kernel, **settings) ** 2,
        lambda x: F.max_pool2d(x, kernel, **settings) ** 2,
        x,
    )
    compare(
        lambda x: ops.avg_pool2d(x, kernel, **settings) ** 2,
        lambda x: F.avg_pool2d(x, kernel, **settings) ** 2,
        x,
    )


@pytest.mark.parametrize("shape", SIZES[:3], ids=str)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_indices_and_what_goes_back_to_them(shape, window):
    kernel, stride, padding = window
    x = images(shape)
    y, indices = ops.max_pool2d_indices(x, kernel, stride=stride, padding=padding)
    expected, theirs = F.max_pool2d(
        torch.tensor(x), kernel, stride=stride, padding=padding, return_indices=True
    )
    np.testing.assert_array_equal(y, expected.numpy())
    np.testing.assert_array_equal(indices, theirs.numpy())
    if len(np.unique(indices)) * len(x) * x.shape[1] < indices.size:
        return  # windows that share a maximum: PyTorch's result depends on who comes last
    back = ops.max_unpool2d(y, indices, shape[2:])
    if stride is None and padding == 0:
        their_back = F.max_unpool2d(expected, theirs, kernel, output_size=shape[2:])
        np.testing.assert_array_equal(back, their_back.numpy())


def test_of_equal_pixels_the_first_gets_the_gradient():
    """As in PyTorch; after a ReLU whole windows are 0."""
    x = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]).reshape(1, 1, 2, 4)
    compare(
        lambda x: ops.max_pool2d(x, 2) * np.array([2.0, 3.0]),
        lambda x: F.max_pool2d(x, 2) * torch.tensor([2.0, 3.0]),
        x,
    )
    compare(
        lambda x: ops.max_pool2d(x, (1, 2), stride=1),
        lambda x: F.max_pool2d(x, (1, 2), stride=1),
        x,
    )


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_upsampling(shape, factor):
    x = images(shape)
    compare(
        lambda x: ops.upsample_nearest2d(x, factor) ** 2,
        lambda x: F.interpolate(x, scale_factor=factor, mode="nearest") ** 2,
        x,
    )
    compare(
        lambda x: ops.upsample_bilinear2d(x, factor) ** 2,
        lambda x: F.interpolate(x, scale_factor=factor, mode="bilinear") ** 2,
        x,
        relative=1e-9,
    )


@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 5), (3, 1, 2, 2), (8, 2)], ids=str)
def test_batch_norm(shape, epsilon):
    c = shape[1]
    compare(
        lambda x, g, b: ops.batch_norm(x, g, b, epsilon=epsilon)[0] ** 3,
        lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True, eps=epsilon) ** 3,
        images(shape),
        images((c,), 1),
        images((c,), 2),
        relative=1e-8,
    )


@pytest.mark.parametrize("last", [1, 2])
def test_layer_norm(last):
    x = images((2, 3, 4))
    wanted = x.shape[-last:]
    compare(
        lambda x, g, b: ops.layer_norm(x, g, b) ** 3,
        lambda x, g, b: F.layer_norm(x, wanted, g, b) ** 3,
        x,
        images(wanted, 1),
        images(wanted, 2),
        relative=1e-8,
    )


@pytest.mark.parametrize("function", ["conv2d", "conv_transpose2d"])
@pytest.mark.parametrize("n, c", [(1, 1), (2, 3)])
def test_second_order_of_convolutions(function, n, c):
    for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (1, 1, 2), ((2, 1), (0, 1), 1)):
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        compare(
            lambda x, w, b, s=settings: getattr(ops, function)(x, w, b, **s) ** 2,
            lambda x, w, b, s=settings: getattr(F, function)(x, w, b, **s) ** 2,
            images((n, c, 5, 6)),
            images((2, c, 3, 2) if function == "conv2d" else (c, 2, 3, 2), 1),
            images((2,), 2),
            relative=1e-9,
        )
