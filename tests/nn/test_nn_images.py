"""Layers for images: what they are made of, what they refuse, what changes after eval().

[E.BATCHNORM] [E.SPECTRALNORM] [E.CONV2D] [E.CONVTRANSPOSE2D]
"""

import copy

import numpy as np
import pytest

from minigen import Generator, nn, no_grad, ops, tensor
from minigen.equations import REGISTER

RNG = Generator(0)


# ---------------------------------------------------------------- convolutions
@pytest.mark.parametrize("layer", [nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d])
def test_weights_begin_as_told(layer):
    made = layer(8, 6, 3, rng=Generator(3), init=nn.initialisers.he_normal)
    taps = 3 if layer is nn.Conv1d else 9
    expected = np.sqrt(2 / (8 * taps))  # fan_in counts input channels times taps [E.HE]
    assert made.weight.numpy().std() == pytest.approx(expected, rel=0.15)
    assert not made.bias.numpy().any()
    assert layer(8, 6, 3, rng=RNG, bias=False).bias is None
    with pytest.raises(ValueError, match="at least 1; got in_channels 0, out_channels 6"):
        layer(0, 6, 3, rng=RNG)


def test_layers_describe_themselves():
    assert repr(nn.Conv2d(3, 8, (3, 5), rng=RNG, stride=2)) == (
        "Conv2d(3 -> 8, kernel 3 x 5, stride 2)"
    )
    assert repr(nn.ConvTranspose2d(8, 3, 4, rng=RNG, bias=False)) == (
        "ConvTranspose2d(8 -> 3, kernel 4 x 4, stride 1, no bias)"
    )
    assert repr(nn.Conv1d(2, 4, 5, rng=RNG)) == "Conv1d(2 -> 4, kernel 5, stride 1)"
    assert repr(nn.BatchNorm2d(7)) == "BatchNorm2d(7)"
    assert repr(nn.LayerNorm((2, 3))) == "LayerNorm(2 x 3)"
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(2)"
    assert repr(nn.Unflatten(1, 8, 8)) == "Unflatten(1 x 8 x 8)"
    assert repr(nn.Unpool2d(2)) == "Unpool2d(2)"


def test_flatten_and_unflatten_undo_each_other():
    x = np.arange(24.0).reshape(2, 3, 4)
    rows = nn.Flatten()(x)
    assert rows.shape == (2, 12)
    np.testing.assert_array_equal(nn.Unflatten(3, 4)(rows), x)
    with pytest.raises(ValueError, match=r"rows must have 10 numbers .* got \(2, 12\)"):
        nn.Unflatten(2, 5)(rows)


def test_max_unpool_layer_puts_numbers_back():
    x = np.random.default_rng(0).normal(size=(1, 2, 4, 4))
    y, indices = ops.max_pool2d_indices(x, 2)
    np.testing.assert_array_equal(nn.MaxPool2d(2)(x), y)
    back = nn.MaxUnpool2d()(y, indices, (4, 4))
    np.testing.assert_array_equal(back[back != 0], x[back != 0])


# ---------------------------------------------------------------- batch normalisation
def test_training_normalises_by_the_batch_and_eval_by_what_was_seen():
    layer, rng = nn.BatchNorm2d(3, momentum=0.5), np.random.default_rng(1)
    layer.weight.assign(np.array([1.0, 2.0, -1.0], "float32"))
    for _ in range(30):
        x = rng.normal([[[[4.0]], [[0.0]], [[-2.0]]]], 3.0, (16, 3, 6, 6)).astype("float32")
        y = layer(x).numpy()
        np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(y.std((0, 2, 3)), [1, 2, 1], rtol=1e-4)
    np.testing.assert_allclose(layer.running_mean.numpy(), [4, 0, -2], atol=0.4)
    np.testing.assert_allclose(layer.running_var.numpy(), [9, 9, 9], rtol=0.15)
    before = layer.state_dict()
    layer.eval()
    one, many = layer(x[:1]).numpy(), layer(x).numpy()
    np.testing.assert_array_equal(one[0], many[0])  # examples no longer see one another
    assert all(np.array_equal(v, before[k]) for k, v in layer.state_dict().items())
    expected = (x - before["running_mean"].reshape(3, 1, 1)) / np.sqrt(
        before["running_var"].reshape(3, 1, 1) + 1e-5
    )
    np.testing.assert_allclose(many[:, 0], expected[:, 0], rtol=1e-4, atol=1e-5)


def test_a_forward_pass_without_gradient_also_moves_the_averages():
    """As when a GAN's generator makes examples for the discriminator; and a graph survives it."""
    layer = nn.BatchNorm1d(2, dtype="float64")
    x = np.random.default_rng(2).normal(size=(5, 2))
    y = (layer(tensor(x)) ** 2 * np.arange(10.0).reshape(5, 2)).sum()
    with no_grad():
        layer(x + 1)
    y.backward()
    assert layer.num_batches_tracked.numpy() == 2
    alone = nn.BatchNorm1d(2, dtype="float64")
    (alone(tensor(x)) ** 2 * np.arange(10.0).reshape(5, 2)).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), alone.weight.grad.numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.BatchNorm1d(0), "at least 1; got num_features 0"),
        (lambda: nn.BatchNorm2d(2, momentum=1.5), r"momentum must lie in \[0, 1\]; got 1.5"),
        (lambda: nn.BatchNorm2d(2)(np.zeros((4, 2))), r"BatchNorm2d: x must have 4 axes"),
        (lambda: nn.BatchNorm1d(2)(np.zeros((4, 2, 3, 3))), "must have 2 or 3 axes"),
        (lambda: nn.BatchNorm1d(2).eval()(np.zeros((4, 3))), r"running_mean \(channels,\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- spectral normalisation
def test_the_largest_singular_value_becomes_one():
    layer = nn.SpectralConv2d(3, 5, 3, rng=Generator(4), dtype="float64")
    for _ in range(200):
        layer.iterate()
    matrix = layer.weight.numpy().reshape(5, -1)
    assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, rel=1e-9)
    ratio = layer.weight.numpy() / layer.weight_orig.numpy()
    np.testing.assert_allclose(ratio, ratio.flat[0])


def test_one_call_is_one_step_of_the_power_method():
    """[E.SPECTRALNORM]"""
    layer = nn.SpectralDense(4, 3, rng=Generator(5), dtype="float64")
    u, x = layer.weight_u.numpy().copy(), np.eye(4)
    expected = REGISTER["SPECTRALNORM"].transcription(layer.weight_orig.numpy(), u, 1)
    np.testing.assert_allclose(layer(x).numpy().T, expected, rtol=1e-12)
    layer.eval()
    again = layer(x).numpy()
    np.testing.assert_array_equal(layer(x).numpy(), again)


def test_two_calls_before_one_backward():
    """A discriminator sees real and made examples in one step; each graph keeps its own sigma."""
    layer = nn.SpectralDense(3, 2, rng=Generator(6), dtype="float64")
    a, b = layer(np.ones((1, 3))).sum(), layer(np.full((1, 3), 2.0)).sum()
    (a - b).backward()
    assert np.isfinite(layer.weight_orig.grad.numpy()).all()
    assert [name for name, _ in layer.named_parameters()] == ["weight_orig", "bias"]


def test_models_with_computed_weights_can_be_copied():
    layer = nn.Sequential(nn.SpectralDense(3, 2, rng=Generator(7)), nn.BatchNorm1d(2)).eval()
    twin = copy.deepcopy(layer)
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(twin(x).numpy(), layer(x).numpy())
    twin[0].weight_orig.assign(np.zeros((2, 3), "float32") + np.eye(2, 3, dtype="float32"))
    assert not np.array_equal(twin(x).numpy(), layer(x).numpy())


@pytest.mark.parametrize("scale", [0.0, 1e-14])
def test_a_weight_that_cannot_be_divided_by_its_length_is_named(scale):
    def faint(shape, rng, dtype):
        return nn.initialisers.xavier_uniform(shape, rng, dtype) * np.float32(scale)

    with pytest.raises(ValueError, match="SpectralDense: the weight must begin with a singular v"):
        nn.SpectralDense(3, 2, rng=Generator(0), init=faint)
