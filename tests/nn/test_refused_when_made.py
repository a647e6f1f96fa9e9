"""Layers refuse what cannot work when they are made, not at the first batch; functions name the
argument that is no array."""

import numpy as np
import pytest

import minigen
from minigen import nn
from minigen.backend import Generator

RNG = Generator(0)
IMAGES = np.ones((2, 1, 5, 5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Dense(3.0, 2, rng=RNG), "Dense: sizes must be integers .* in_features 3.0"),
        (lambda: nn.Embedding(0, 2, rng=RNG), "Embedding: sizes must be .* symbols 0"),
        (lambda: nn.Conv2d(1, 1, 3, stride=0, rng=RNG), "Conv2d: stride must be an integer >= 1"),
        (lambda: nn.Conv2d(1, 1, 2.5, rng=RNG), "Conv2d: kernel_size must be an integer >= 1"),
        (lambda: nn.Conv2d(1, 1, 3, padding=(1, 1, 1), rng=RNG), "Conv2d: padding must be"),
        (lambda: nn.Conv1d(1, 1, 0, rng=RNG), "Conv1d: sizes must be .* kernel_size 0"),
        (lambda: nn.Conv1d(1, 1, 3, dilation=0, rng=RNG), "Conv1d: stride and dilation must be"),
        (
            lambda: nn.ConvTranspose2d(1, 1, 3, output_padding=1, rng=RNG),
            "ConvTranspose2d: output_padding must be smaller than stride or dilation",
        ),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: kernel must be"),
        (lambda: nn.AvgPool2d(2, padding=2), "AvgPool2d: padding must be at most half"),
        (lambda: nn.UpsampleNearest2d(0), "UpsampleNearest2d: sizes must be .* factor 0"),
        (
            lambda: nn.LayerNorm(3, epsilon=-1.0),
            "must be above 0 in float32; got epsilon -1.0",
        ),
        (lambda: nn.LayerNorm((2, 0)), "LayerNorm: sizes must be .* axis 1 0"),
        (lambda: nn.BatchNorm1d(3, epsilon=float("nan")), "BatchNorm1d: must be above 0"),
        (lambda: nn.BatchNorm1d(3)(np.ones((0, 3))), r"at least two numbers .* got x \(0, 3\)"),
        (lambda: minigen.clip(np.ones(2), low=2.0, high=1.0), "low must be at most high"),
        (lambda: minigen.clip(np.ones(2), low=float("nan")), "clip: low must be at most high"),
        (lambda: nn.Unflatten(-1, -4), "Unflatten: sizes must be integers and at least 1; .* -1"),
        (lambda: nn.Unflatten(2.0, 2), "Unflatten: sizes must be integers"),
    ],
)
def test_settings_that_cannot_work(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("rng", [None, 0, np.random.default_rng(0)])
@pytest.mark.parametrize(
    "make",
    [
        lambda rng: nn.Dense(3, 2, rng=rng),
        lambda rng: nn.Dense(3, 2, rng=rng, init=nn.initialisers.orthogonal()),
        lambda rng: nn.Conv2d(1, 1, 3, rng=rng, init=nn.initialisers.he_normal),
        lambda rng: nn.Embedding(3, 2, rng=rng),
        lambda rng: nn.LSTM(3, 2, rng=rng),
        lambda rng: nn.Dropout(0.5, rng=rng),
        lambda rng: minigen.functional.dropout(np.ones(3), 0.5, rng),
    ],
)
def test_a_generator_must_be_ours(make, rng):
    with pytest.raises(
        TypeError, match=r"rng must be a minigen.Generator; got .* rng=minigen.Generator\(0\)"
    ):
        make(rng)


@pytest.mark.parametrize("size", [2, np.int64(2), (2, 2), [np.int32(2), 2]])
def test_integers_of_numpy_are_integers(size):
    weight = np.ones((1, 1, 2, 2))
    found = minigen.conv2d(IMAGES, weight, stride=size)
    np.testing.assert_array_equal(found, np.full((2, 1, 2, 2), 4.0))


def test_numpy_numbers_do_not_change_the_precision():
    x = minigen.tensor(np.ones((4, 3), np.float32))
    for layer in (
        nn.Dropout(np.float64(0.5), rng=Generator(1)),
        nn.BatchNorm1d(3, epsilon=np.float64(1e-5)),
        nn.LayerNorm(3, epsilon=np.float64(1e-5)),
    ):
        assert layer(x).dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 1, 3, 3), (2, 3, 4, 4), (8, 1, 4, 4)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_batch_of_no_image_goes_through(shape, stride):
    """Forward and backward, for each of the forms in which convolution runs."""
    weight = minigen.tensor(np.ones(shape), requires_grad=True)
    x = minigen.tensor(np.ones((0, shape[1], 8, 8)), requires_grad=True)
    y = minigen.conv2d(x, weight, stride=stride)
    back = minigen.conv_transpose2d(y, weight, stride=stride)
    (y.sum() + back.sum()).backward()
    assert y.shape[:2] == (0, shape[0]) and back.shape[:2] == (0, shape[1])
    assert x.grad.shape == x.shape
    np.testing.assert_array_equal(weight.grad.numpy(), np.zeros(shape))


@pytest.mark.parametrize("function", [minigen.softmax, minigen.relu, minigen.logsumexp])
@pytest.mark.parametrize("x", [[1.0, 2.0], None])
def test_what_is_no_array_is_named(function, x):
    with pytest.raises(TypeError, match=f"x is a {type(x).__name__}; make it a tensor"):
        function(x)


Q = np.ones((2, 3, 4))


@pytest.mark.parametrize(
    ("k", "mask", "message"),
    [
        (Q[:1], None, "attention: q, k and v must agree in all axes before the last two"),
        (Q[0], None, "attention: q, k and v must agree in all axes before the last two"),
        (
            Q,
            np.ones((5, 2, 3, 3), bool),
            r"the mask must broadcast to the scores' shape \(2, 3, 3\)",
        ),
        (Q, np.ones((4, 3), bool), "the mask must broadcast"),
    ],
)
def test_attention_makes_nothing_larger(k, mask, message):
    with pytest.raises(ValueError, match=message):
        minigen.attention(Q, k, k, mask)
    y, _ = minigen.attention(Q, Q, Q, np.ones((3,), bool))
    np.testing.assert_allclose(y, Q)
