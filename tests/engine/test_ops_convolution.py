"""Convolution as its equation reads, as products of windows and of planes, as PyTorch's.

[E.CONV2D] [E.CONVTRANSPOSE2D]
"""

import itertools

import numpy as np
import pytest

from minigen import ops, tensor
from minigen.ops import convolve, convolve_fast, convolve_planes, convolve_windows
from minigen.ops.convolve import Geometry

GRID = [
    (stride, padding, dilation, kernel, size)
    for stride, padding, dilation, kernel, size in itertools.product(
        [(1, 1), (2, 2), (3, 3), (1, 2)], [0, 1, 2], [1, 2], [(1, 1), (3, 3), (4, 4), (2, 3)],
        [(7, 7), (8, 6)],
    )
    if min(Geometry(stride, (padding,) * 2, (dilation,) * 2).output(size, kernel)) >= 1
]  # fmt: skip


FORMS = [convolve_windows, convolve_planes, convolve_fast]
CHANNELS = [(1, 1, 1), (3, 2, 4), (2, 5, 1), (2, 1, 6), (3, 6, 5)]  # n, c, o: few on either side


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize(("n", "c", "o"), CHANNELS)
def test_matrix_products_say_what_the_equations_say(form, n, c, o):
    rng = np.random.default_rng(7)
    for stride, padding, dilation, kernel, size in GRID:
        g = Geometry(stride, (padding, padding), (dilation, dilation))
        x, weight = rng.normal(size=(n, c, *size)), rng.normal(size=(o, c, *kernel))
        bias, back = rng.normal(size=o), rng.normal(size=c)
        y = convolve.plain_conv(x, weight, g)
        gy = rng.normal(size=y.shape)
        np.testing.assert_allclose(form.conv(x, weight, g), y, atol=1e-12)
        biased = y + bias.reshape(-1, 1, 1)
        np.testing.assert_allclose(form.conv(x, weight, g, bias), biased, atol=1e-12)
        gx = convolve.plain_transpose(gy, weight, size, g)
        np.testing.assert_allclose(form.transpose(gy, weight, size, g), gx, atol=1e-12)
        biased = gx + back.reshape(-1, 1, 1)
        np.testing.assert_allclose(form.transpose(gy, weight, size, g, back), biased, atol=1e-12)
        gw = convolve.plain_weight(x, gy, kernel, g)
        np.testing.assert_allclose(form.weight_of(x, gy, kernel, g), gw, atol=1e-12)
        inner = [(y * gy).sum(), (x * gx).sum(), (weight * gw).sum()]
        np.testing.assert_allclose(inner, inner[0], rtol=1e-10)


def test_many_chunks_give_what_one_gives(monkeypatch):
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(7, 5, 9, 9)), rng.normal(size=(6, 5, 3, 3))
    g = Geometry((2, 2), (1, 1), (1, 1))
    whole = convolve_windows.conv(x, weight, g)
    back = convolve_windows.transpose(whole, weight, (9, 9), g)
    gw = convolve_windows.weight_of(x, whole, (3, 3), g)
    monkeypatch.setattr(convolve_windows, "CHUNK_BYTES", 1)
    np.testing.assert_allclose(convolve_windows.conv(x, weight, g), whole, atol=1e-12)
    np.testing.assert_allclose(
        convolve_windows.transpose(whole, weight, (9, 9), g), back, atol=1e-11
    )
    np.testing.assert_allclose(convolve_windows.weight_of(x, whole, (3, 3), g), gw, atol=1e-11)


def test_results_lie_channels_last_and_stay_so_without_a_copy():
    x = np.zeros((2, 8, 6, 6), "float32")
    y = convolve_fast.conv(x, np.zeros((5, 8, 3, 3), "float32"), convolve_windows.AS_IS)
    assert y.transpose(0, 2, 3, 1).flags.c_contiguous
    assert np.shares_memory(convolve_windows.channels_last(y), y)
    assert y.dtype == "float32"


@pytest.mark.parametrize("function", ["conv2d", "conv_transpose2d"])
def test_values_and_gradients_are_pytorchs(function):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    for stride, padding, dilation, kernel, size in GRID[::3]:
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        shape = (2, 3, *kernel)
        channels = shape[1] if function == "conv2d" else shape[0]
        arrays = [rng.normal(size=(2, channels, *size)), rng.normal(size=shape)]
        arrays.append(rng.normal(size=shape[0] if function == "conv2d" else shape[1]))
        theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
        expected = getattr(torch.nn.functional, function)(*theirs, **settings)
        ours = [tensor(a, requires_grad=True) for a in arrays]
        found = getattr(ops, function)(*ours, **settings)
        np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), atol=1e-12)
        gy = rng.normal(size=found.shape)
        (found * tensor(gy)).sum().backward()
        expected.backward(torch.tensor(gy))
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-11)


# ---------------------------------------------------------------- refusals
X, W = np.zeros((2, 3, 5, 5)), np.zeros((4, 3, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.conv2d(X, W[:, :2]),
            r"conv2d: x.shape\[1\] must equal weight.shape\[1\]; got",
        ),
        (lambda: ops.conv2d(X[0], W), r"got x \(3, 5, 5\)"),
        (lambda: ops.conv2d(X, W, np.zeros(3)), r"bias must have shape \(4,\), .* got \(3,\)"),
        (lambda: ops.conv2d(X, W, stride=0), "conv2d: stride must be an integer >= 1"),
        (lambda: ops.conv2d(X, W, padding=(1, -1)), r"padding must be .* got \(1, -1\)"),
        (lambda: ops.conv2d(X, W, dilation=3), "kernel must fit into the padded image"),
        (lambda: ops.conv_transpose2d(X, W), r"must equal weight.shape\[0\]"),
        (
            lambda: ops.conv_transpose2d(X, W[:3], stride=2, output_padding=2),
            "must be smaller than",
        ),
        (lambda: ops.conv_transpose2d(X[:, :, :1, :1], W[:3], padding=2), "nothing is left"),
        (lambda: ops.conv2d_weight(X, X, kernel=3), "gy must have the shape of conv2d's result"),
        (lambda: ops.conv1d(X, W), r"x must be \(n, in, length\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
