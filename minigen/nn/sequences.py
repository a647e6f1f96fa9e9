"""Layers between symbols, vectors and sequences."""

from typing import Any

from minigen.backend import Generator
from minigen.nn.checks import check_sizes
from minigen.nn.initialisers import Initialiser, normal
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.ops import broadcast_to, embedding, reshape


class Embedding(Module):
    """y_i = W[x_i]: a vector for each symbol    [E.EMBEDDING]

    num_embeddings: how many symbols; embedding_dim: numbers in a vector; integers >= 1. rng:
    where the weights are drawn; init: how they begin. Parameter ``weight`` (symbols, numbers), as
    in PyTorch. Input: integers (...) -> output (..., embedding_dim).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: Generator,
        init: Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("Embedding", symbols=num_embeddings, numbers=embedding_dim)
        init = init or normal(1.0)
        self.weight = Parameter(init((num_embeddings, embedding_dim), rng, dtype))

    def forward(self, x: Any) -> Any:
        return embedding(self.weight, x)

    def describe(self) -> str:
        symbols, size = self.weight.shape
        return f"{symbols} symbols -> {size}"


class RepeatVector(Module):
    """y_t = x for t = 1..steps: one vector as a sequence, time first.

    steps: an integer >= 1. Input (n, d) -> output (steps, n, d).
    """

    def __init__(self, steps: int) -> None:
        check_sizes("RepeatVector", steps=steps)
        self.steps = steps

    def forward(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"RepeatVector: x must be (n, d); got {tuple(x.shape)}")
        return broadcast_to(reshape(x, shape=(1, *x.shape)), shape=(self.steps, *x.shape))

    def describe(self) -> str:
        return f"{self.steps} steps"
