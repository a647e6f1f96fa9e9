"""Drawing computes again what was not kept, and leaves what the backward pass needs alone."""

import numpy as np
import pytest

import minigen
from minigen import nn, tensor
from minigen.autograd import GraphError
from minigen.backend import Generator


def test_an_lstm_drawn_with_other_numbers_keeps_what_it_left_for_its_backward_pass():
    layer = nn.LSTM(3, 2, rng=Generator(0))
    values = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    expected = gradient_of(layer, tensor(values))
    x = tensor(values)
    y = (layer(x)[0] ** 2).sum()
    x.array[...] = 0  # behind the tape's back, as only a defect would
    with pytest.raises(GraphError, match="changed"):
        minigen.draw_graph(y)
    x.array[...] = values
    y.backward()
    np.testing.assert_array_equal(layer.parameters()[0].grad.numpy(), expected)


def gradient_of(layer, x):
    (layer(x)[0] ** 2).sum().backward()
    found = layer.parameters()[0].grad.numpy().copy()
    layer.zero_grad()
    return found
