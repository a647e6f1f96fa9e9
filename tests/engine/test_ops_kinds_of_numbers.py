"""Integers where fractions belong: right, or refused by name."""

import numpy as np
import pytest

import minigen
from minigen import nn, ops, tensor
from minigen.backend import Generator
from minigen.gradcheck import gradcheck

BYTES = np.full((1, 3, 4, 4), 200, np.uint8)
WEIGHT = np.full((3, 8, 2, 2), 0.3, np.float32)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: ops.conv_transpose2d(tensor(BYTES), tensor(WEIGHT), stride=2), "conv_transpose2d"),
        (lambda: ops.conv2d(BYTES, WEIGHT.swapaxes(0, 1)), "conv2d"),
        (lambda: ops.conv2d_weight(BYTES, BYTES[..., :3, :3], kernel=2), "conv2d_weight"),
        (lambda: ops.conv1d(BYTES[0], WEIGHT[..., 0].swapaxes(0, 1)), "conv1d"),
        (lambda: ops.avg_pool2d(BYTES, 2), "avg_pool2d"),
        (lambda: ops.batch_norm(BYTES, np.ones(3), np.zeros(3)), "batch_norm"),
        (lambda: ops.layer_norm(BYTES, np.ones(4), np.zeros(4)), "layer_norm"),
    ],
)
def test_images_are_floating_point(call, name):
    with pytest.raises(TypeError, match=f"{name}: x must be floating-point; got uint8; convert it"):
        call()


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_the_error_function_of_integers(dtype):
    x = np.array([1, 0, 1], dtype)
    np.testing.assert_allclose(ops.erf(tensor(x)).numpy(), ops.erf(x.astype("float64")))


@pytest.mark.parametrize(
    ("into", "value"),
    [
        ([1, 2], np.float32(0.7)),
        ([1, 2], [0.7, 1.9]),
        ([True, False], 2),
        ([3.0, 1.0], 1 + 2j),
        ([3.0, 1.0], np.complex64(1 + 2j)),
    ],
)
def test_nothing_is_lost_by_writing_into_a_tensor(into, value):
    x = tensor(into)
    with pytest.raises(TypeError, match="setitem: the new values must be"):
        x[:] = value
    assert x.numpy().tolist() == into


def test_what_a_tensor_can_hold_is_written():
    x, y = tensor([1, 2]), tensor([1.0, 2.0])
    x[0], x[1] = np.uint8(7), True
    y[:] = [3, 0.5]
    y[0] = np.float64(0.25)
    assert x.numpy().tolist() == [7, 1] and y.numpy().tolist() == [0.25, 0.5]


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_border_of_integers_is_an_integer(value):
    with pytest.raises(TypeError, match="pad: the border's value must be int64"):
        ops.pad(tensor([1, 2]), widths=((1, 1),), value=value)
    assert ops.pad(tensor([1, 2]), widths=((1, 1),), value=3).numpy().tolist() == [3, 1, 2, 3]


def test_repeats_are_one_number():
    with pytest.raises(TypeError):
        ops.repeat(tensor([1.0, 2.0]), repeats=[1, 2], axis=0)


def test_a_power_of_0_has_its_mixed_derivative():
    """[E.POWER] d/dp (p x^(p-1)) = x^(p-1) at p = 0."""
    gradcheck(lambda x, p: x**p, np.array([2.0, 0.5]), np.array([0.0, 0.0]), order=2)
    x, p = (tensor(np.array([v]), requires_grad=True) for v in (0.0, 0.0))
    assert minigen.grad(x**p, x).item() == 0.0


@pytest.mark.parametrize("shape", [(2, 3, 0), (0, 3, 5)])
def test_products_of_nothing(shape):
    x = np.zeros(shape)
    assert ops.matmul(x, np.ones((shape[-1], 4))).shape == (*shape[:-1], 4)
    assert ops.linear(x, np.ones((4, shape[-1]))).shape == (*shape[:-1], 4)
    assert [part.shape for part in ops.split(np.zeros((0, 3)), 2)] == [(0, 3)] * 2


def test_numpy_bounds_keep_single_precision():
    assert Generator(0).uniform(np.float64(-1), np.float64(1), (2,)).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: nn.MultiHeadAttention(8, 2, rng=rng, dropout=2.0), r"dropout must lie in"),
        (lambda rng: nn.Conv1d(1, 1, 2, stride=(2, 2), rng=rng), "Conv1d: stride and dilation"),
        (lambda rng: nn.LayerNorm(()), "must name at least one axis"),
        (lambda rng: nn.LayerNorm(2, epsilon=1e-50), "must be above 0 in float32"),
        (lambda rng: nn.BatchNorm1d(2, epsilon=1e-50), "must be above 0 in float32"),
        (
            lambda rng: ops.conv1d(np.ones((1, 2, 5)), np.ones((1, 3, 2))),
            r"conv1d: x must be .* got x \(1, 2, 5\), weight \(1, 3, 2\)",
        ),
    ],
)
def test_layers_are_looked_at_when_they_are_made(make, message):
    with pytest.raises(ValueError, match=message):
        make(Generator(0))
    assert nn.LayerNorm(np.int64(4)).weight.shape == (4,)


def test_a_shared_weight_of_nan_can_be_loaded_again():
    first, second = (nn.Dense(2, 2, rng=Generator(i)) for i in (0, 1))
    second.weight = first.weight
    net = nn.Sequential(first, second)
    first.weight.assign(np.full((2, 2), np.nan, np.float32))
    saved = net.state_dict()
    second.weight.assign(np.zeros((2, 2), np.float32))
    net.load_state_dict(saved)
    assert np.isnan(first.weight.numpy()).all() and second.weight is first.weight
