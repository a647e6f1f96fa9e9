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
from minigen.nn.checkpoint import load_tensors, save_tensors
from minigen.nn.dense import Dense, Sequential
from minigen.nn.module import Module, new_buffer
from minigen.nn.parameter import Parameter

__all__ = [
    "ELU",
    "GELU",
    "Dense",
    "Dropout",
    "Identity",
    "LeakyReLU",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "initialisers",
    "load_tensors",
    "new_buffer",
    "save_tensors",
]
