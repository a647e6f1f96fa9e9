"""The dense layer, chains of layers, activations and dropout as layers."""

import numpy as np
import pytest

from minigen import Generator, gradcheck, nn
from minigen.backend import asarray, to_numpy
from minigen.creation import tensor
from minigen.equations import REGISTER


# ---------------------------------------------------------------- Dense
def dense_by_hand(x, weight, bias):
    """[E.LINEAR] One sum after the other."""
    y = np.zeros((len(x), len(weight)))
    for i in range(len(x)):
        for j in range(len(weight)):
            y[i, j] = sum(x[i, k] * weight[j, k] for k in range(x.shape[1])) + bias[j]
    return y


@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_the_sum_by_hand(bias, backend):
    """[E.LINEAR]"""
    layer = nn.Dense(3, 4, rng=Generator(0), bias=bias, dtype="float64")
    if bias:
        assert np.array_equal(layer.bias.numpy(), np.zeros(4))
        layer.bias.assign(asarray(np.arange(4.0)))
    else:
        assert layer.bias is None
        assert [name for name, _ in layer.named_parameters()] == ["weight"]
    x = np.random.default_rng(1).normal(size=(5, 3))
    expected = dense_by_hand(x, layer.weight.numpy(), np.arange(4.0) * bias)
    np.testing.assert_allclose(to_numpy(layer(asarray(x)).array), expected, rtol=1e-13)
    deep = layer(asarray(x.reshape(5, 1, 3)))
    np.testing.assert_allclose(to_numpy(deep.array), expected.reshape(5, 1, 4), rtol=1e-13)


def test_dense_gradients_reach_input_and_parameters():
    layer = nn.Dense(3, 2, rng=Generator(0), dtype="float64")

    def function(x, weight, bias):
        layer.weight, layer.bias = weight, bias
        return layer(x)

    arrays = [layer.weight.numpy(), np.array([0.1, -0.2])]
    assert gradcheck(function, np.random.default_rng(2).normal(size=(4, 3)), *arrays, order=2)


def test_dense_is_float32_and_begins_as_told():
    layer = nn.Dense(50, 40, rng=Generator(0))
    assert layer.weight.shape == (40, 50) and layer.weight.dtype == "float32"
    limit = np.sqrt(6 / 90)  # [E.XAVIER], uniform
    assert 0.98 * limit < abs(layer.weight.numpy()).max() <= limit
    same = nn.Dense(50, 40, rng=Generator(0))
    assert np.array_equal(layer.weight.numpy(), same.weight.numpy())
    zero = nn.Dense(3, 2, rng=Generator(0), init=nn.initialisers.zeros)
    assert np.array_equal(zero.weight.numpy(), np.zeros((2, 3)))


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 2)])
def test_dense_sizes_are_checked(sizes):
    with pytest.raises(ValueError, match=f"in_features {sizes[0]}, out_features {sizes[1]}"):
        nn.Dense(*sizes, rng=Generator(0))


def test_dense_names_the_sizes_that_do_not_fit():
    layer = nn.Dense(3, 2, rng=Generator(0))
    with pytest.raises(ValueError, match=r"x.shape\[-1\] must equal weight.shape\[1\]"):
        layer(np.ones((2, 4), "float32"))


# ---------------------------------------------------------------- Sequential
def test_sequential_runs_its_modules_in_order():
    rng = Generator(0)
    a, b = nn.Dense(3, 4, rng=rng), nn.Dense(4, 2, rng=rng)
    chain = nn.Sequential(a, nn.Tanh(), b)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    expected = np.tanh(x @ a.weight.numpy().T) @ b.weight.numpy().T
    np.testing.assert_allclose(chain(x).numpy(), expected, rtol=1e-5, atol=1e-7)
    assert len(chain) == 3
    assert chain[0] is a and chain[-1] is b
    assert [name for name, _ in chain.named_parameters()] == [
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    ]


def test_an_empty_chain_hands_its_input_on():
    x = np.ones(2)
    assert nn.Sequential()(x) is x
    assert len(nn.Sequential()) == 0
    with pytest.raises(IndexError):
        nn.Sequential()[0]


# ---------------------------------------------------------------- activations
LAYERS = [
    (nn.ReLU(), "RELU", (), "ReLU()"),
    (nn.LeakyReLU(), "LEAKYRELU", (0.01,), "LeakyReLU(slope=0.01)"),
    (nn.LeakyReLU(0.3), "LEAKYRELU", (0.3,), "LeakyReLU(slope=0.3)"),
    (nn.Tanh(), "TANH", (), "Tanh()"),
    (nn.Sigmoid(), "SIGMOID", (), "Sigmoid()"),
    (nn.Softplus(), "SOFTPLUS", (), "Softplus()"),
    (nn.ELU(), "ELU", (1.0,), "ELU(alpha=1.0)"),
    (nn.ELU(0.5), "ELU", (0.5,), "ELU(alpha=0.5)"),
    (nn.GELU(), "GELU", (), "GELU()"),
]


@pytest.mark.parametrize("layer, name, settings, text", LAYERS, ids=[row[3] for row in LAYERS])
def test_activation_is_its_formula(layer, name, settings, text, backend):
    """[E.RELU] [E.LEAKYRELU] [E.TANH] [E.SIGMOID] [E.SOFTPLUS] [E.ELU] [E.GELU]"""
    x = np.array([[-2.0, -0.3, 0.4, 3.0]])
    y = layer(tensor(asarray(x)))
    np.testing.assert_allclose(
        to_numpy(y.array), REGISTER[name].transcription(x, *settings), rtol=1e-12
    )
    assert layer.parameters() == []
    assert f"[E.{name}]" in type(layer).__doc__
    assert repr(layer) == text


def test_identity():
    x = np.ones(3)
    assert nn.Identity()(x) is x


# ---------------------------------------------------------------- dropout
def test_dropout_is_active_only_while_training():
    """[E.DROPOUT]"""
    layer, x = nn.Dropout(0.5, rng=Generator(0)), np.ones((4, 50))
    y = layer(x)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert np.array_equal(y, nn.Dropout(0.5, rng=Generator(0))(x))
    assert not np.array_equal(y, layer(x))
    assert layer.eval()(x) is x
    assert repr(layer) == "Dropout(p=0.5)"


@pytest.mark.parametrize("p", [1, 2.0, -0.1, float("nan")])
def test_dropout_probability_is_checked_when_the_layer_is_made(p):
    with pytest.raises(ValueError, match=r"Dropout: p must lie in \[0, 1\); got"):
        nn.Dropout(p, rng=Generator(0))
