"""Floor 5: layers, their parameters and how these begin.

Names, shapes and layouts of parameters are PyTorch's, so that files go either way.
"""

from minigen.nn import initialisers
from minigen.nn.activations import (
    ELU,
    GELU,
    Dropout,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softplus,
    Tanh,
)
from minigen.nn.attention import AdditiveAttention, MultiHeadAttention
from minigen.nn.checkpoint import load_tensors, save_tensors
from minigen.nn.convolution import Conv1d, Conv2d, ConvTranspose2d
from minigen.nn.dense import Dense, Sequential
from minigen.nn.module import Module, new_buffer
from minigen.nn.normalisation import BatchNorm1d, BatchNorm2d, LayerNorm
from minigen.nn.parameter import Parameter
from minigen.nn.pooling import (
    AvgPool2d,
    Flatten,
    MaxPool2d,
    MaxUnpool2d,
    Unflatten,
    Unpool2d,
    UpsampleBilinear2d,
    UpsampleNearest2d,
)
from minigen.nn.recurrent import LSTM, RNN
from minigen.nn.sequences import Embedding, RepeatVector
from minigen.nn.spectral_norm import SpectralConv2d, SpectralDense, SpectralNorm

__all__ = [
    "ELU",
    "GELU",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2d",
    "MaxUnpool2d",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "ReLU",
    "RepeatVector",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "SpectralConv2d",
    "SpectralDense",
    "SpectralNorm",
    "Tanh",
    "Unflatten",
    "Unpool2d",
    "UpsampleBilinear2d",
    "UpsampleNearest2d",
    "initialisers",
    "load_tensors",
    "new_buffer",
    "save_tensors",
]
