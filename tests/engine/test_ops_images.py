"""Pooling and normalisation: refusals, ties, and the fast forms beside the readable ones.

[E.MAXPOOL] [E.BATCHNORM] [E.UNPOOL] [E.NEAREST]
"""

import numpy as np
import pytest

from minigen import ops, tensor
from minigen.ops import normalisation, normalise

X = np.zeros((2, 3, 5, 5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.max_pool2d(X[0], 2), r"max_pool2d: x must be \(n, c, h, w\); got x \(3, 5"),
        (lambda: ops.max_pool2d(X, 2, padding=2), "padding must be at most half of the kernel"),
        (lambda: ops.avg_pool2d(X, 6), "avg_pool2d: a window must fit into the padded image"),
        (lambda: ops.avg_pool2d(X, 0), "kernel must be an integer >= 1"),
        (lambda: ops.max_unpool2d(X, np.zeros((2, 3, 5, 4), int), (9, 9)), "indices of its shape"),
        (lambda: ops.unpool2d(X, factor=0), "unpool2d: .* factor a whole number >= 1"),
        (lambda: ops.upsample_nearest2d(X, 1.5), "upsample_nearest2d: .* whole number >= 1"),
        (lambda: ops.upsample_bilinear2d(X[0], 2), "upsample_bilinear2d: x must be"),
        (lambda: ops.batch_norm(X, np.ones(4), np.zeros(3)), r"gamma \(channels,\).* \(4,\)"),
        (lambda: ops.batch_norm(X[:1, :, 0, 0], np.ones(3), np.zeros(3)), "at least two numbers"),
        (lambda: ops.layer_norm(X, np.ones(4), np.zeros(4)), "shape of x's last axes"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_index_outside_the_image_is_refused():
    x = np.ones((1, 1, 1, 2))
    with pytest.raises(IndexError, match="max_unpool2d: indices must lie between -4 and 3"):
        ops.max_unpool2d(x, np.array([[[[0, 4]]]]), (2, 2))


def test_padding_never_wins():
    y, indices = ops.max_pool2d_indices(np.full((1, 1, 3, 3), -7.0), 3, stride=1, padding=1)
    assert (y == -7).all()
    assert indices.min() >= 0 and indices.max() <= 8


def test_pooling_and_unpooling_return_each_number_to_its_pixel():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 4))
    y, indices = ops.max_pool2d_indices(x, 2)
    back = ops.max_unpool2d(y, indices, (6, 4))
    assert ((back == x) | (back == 0)).all()
    np.testing.assert_array_equal(np.sort(back[back != 0]), np.sort(y.ravel()))


def test_nearest_upsampling_then_the_mean_is_the_identity():
    x = np.random.default_rng(1).normal(size=(2, 2, 3, 4))
    np.testing.assert_allclose(ops.avg_pool2d(ops.upsample_nearest2d(x, 3), 3), x, rtol=1e-14)
    corner = ops.unpool2d(x, factor=3)
    np.testing.assert_array_equal(corner.sum((2, 3)), x.sum((2, 3)))
    np.testing.assert_array_equal(corner[:, :, ::3, ::3], x)


@pytest.mark.parametrize("shape", [(6, 5), (3, 4, 7), (2, 3, 5, 5), (128, 64, 14, 14)])
def test_fused_batch_norm_is_the_composition(shape):
    rng = np.random.default_rng(2)
    x, gy = rng.normal(3.0, 2.0, (2, *shape))
    gamma, beta = rng.normal(size=(2, shape[1]))
    leaves = [tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    y, moments = ops.batch_norm(*leaves, epsilon=1e-3)
    expected = normalisation.plain_batch_norm(x, gamma, beta, 1e-3)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-9, atol=1e-10)
    axes = normalisation.channel_axes(x)
    np.testing.assert_allclose(moments.mean, x.mean(axes), rtol=1e-12)
    np.testing.assert_allclose(moments.var, x.var(axes), rtol=1e-12)
    (y * gy).sum().backward()
    wanted = normalisation.plain_gradients(gy, x, gamma, 1e-3)
    for leaf, g in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(leaf.grad.numpy(), g, rtol=1e-8, atol=1e-9)


def test_small_blocks_give_what_large_ones_give(monkeypatch):
    x = np.random.default_rng(3).normal(size=(5, 3, 4, 6))
    whole = normalise.moments(x)
    monkeypatch.setattr(normalise, "BLOCK_BYTES", 1)
    for one, other in zip(normalise.moments(x), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_large_mean_costs_no_digits_of_the_variance():
    """E[x²] - m² in float32 would be off by a hundred per cent and more here."""
    x = (1e4 + np.random.default_rng(4).normal(size=(64, 2, 8, 8))).astype("float32")
    expected = x.astype("float64").var((0, 2, 3))
    np.testing.assert_allclose(normalise.moments(x).var, expected, rtol=1e-3)


def test_channels_last_goes_in_and_comes_out():
    x = np.zeros((2, 4, 4, 8), "float32").transpose(0, 3, 1, 2)
    y = ops.batch_norm(x, np.ones(8, "float32"), np.zeros(8, "float32"))[0]
    assert y.shape == x.shape and y.dtype == "float32"
    for result in (y, ops.max_pool2d(x, 2), ops.avg_pool2d(x, 2), ops.unpool2d(x, factor=2)):
        assert result.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
def test_wide_images_of_few_bits_are_made_larger_rightly(dtype):
    """[E.BILINEAR] 400 positions do not fit a byte."""
    wide = np.tile(np.arange(200) % 2 if dtype == "bool" else np.arange(200), (1, 1, 3, 1))
    found = ops.upsample_bilinear2d(wide.astype(dtype), 2)
    np.testing.assert_allclose(found, ops.upsample_bilinear2d(wide.astype("float64"), 2))


@pytest.mark.parametrize("larger", [ops.unpool2d, ops.upsample_nearest2d, ops.upsample_bilinear2d])
def test_a_factor_is_a_whole_number(larger):
    np.testing.assert_array_equal(larger(X, factor=np.int64(2)), larger(X, factor=2))
    with pytest.raises(ValueError, match="factor a whole number >= 1; got .* factor 2.0"):
        larger(X, factor=2.0)
    with pytest.raises(ValueError, match="with h and w >= 1"):
        larger(X[..., :0], factor=2)
