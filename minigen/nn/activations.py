"""Activation functions as layers without parameters, for use in ``Sequential``."""

from typing import Any

from minigen import ops
from minigen.backend import Generator, check_generator
from minigen.functional import dropout
from minigen.nn.module import Module


class Identity(Module):
    """y = x"""

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """y = max(x, 0)    [E.RELU]"""

    def forward(self, x: Any) -> Any:
        return ops.relu(x)


class LeakyReLU(Module):
    """y = max(x, 0) + slope · min(x, 0)    [E.LEAKYRELU]"""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(x, slope=self.slope)

    def describe(self) -> str:
        return f"slope={self.slope}"


class Tanh(Module):
    """y = tanh(x)    [E.TANH]"""

    def forward(self, x: Any) -> Any:
        return ops.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e^-x)    [E.SIGMOID]"""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


class Softplus(Module):
    """y = log(1 + e^x)    [E.SOFTPLUS]"""

    def forward(self, x: Any) -> Any:
        return ops.softplus(x)


class ELU(Module):
    """y = x where x > 0, else α (e^x - 1)    [E.ELU]"""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(x, alpha=self.alpha)

    def describe(self) -> str:
        return f"alpha={self.alpha}"


class GELU(Module):
    """y = x · Φ(x)    [E.GELU]"""

    def forward(self, x: Any) -> Any:
        return ops.gelu(x)


class Dropout(Module):
    """y = x · m / (1 - p) while training, x after ``eval()``    [E.DROPOUT]

    p: the probability that an element is set to 0, in [0, 1). rng: where masks are drawn.
    """

    def __init__(self, p: float, *, rng: Generator) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must lie in [0, 1); got {p!r}")
        check_generator("Dropout", rng)
        self.p = p
        self.rng = rng

    def forward(self, x: Any) -> Any:
        return dropout(x, self.p, self.rng) if self.training else x

    def describe(self) -> str:
        return f"p={self.p}"
