"""The dense layer and the chain of layers."""

from collections.abc import Iterator
from typing import Any

from minigen.backend import Generator
from minigen.nn.checks import check_sizes
from minigen.nn.initialisers import Initialiser, xavier_uniform, zeros
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.ops import linear


class Dense(Module):
    """y = x Wᵀ + b    [E.LINEAR]

    in_features, out_features: sizes, integers >= 1. rng: where the weights are drawn. bias:
    whether there is a b. init: how W begins (b begins at 0); nn.initialisers has the choices,
    He's for layers before a ReLU. Parameters: ``weight`` (out, in), ``bias`` (out,), as in
    PyTorch's Linear. Input (..., in) -> output (..., out).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: Generator,
        bias: bool = True,
        init: Initialiser = xavier_uniform,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("Dense", in_features=in_features, out_features=out_features)
        self.weight = Parameter(init((out_features, in_features), rng, dtype))
        self.bias = Parameter(zeros((out_features,), rng, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        return linear(x, self.weight, self.bias)

    def describe(self) -> str:
        out, size = self.weight.shape
        return f"{size} -> {out}" + ("" if self.bias is not None else ", no bias")


class Sequential(Module):
    """Modules one after the other: y = f_n(... f_2(f_1(x))). Named "0", "1", ... as in PyTorch."""

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                what = module.__name__ if isinstance(module, type) else repr(module)
                raise TypeError(
                    f"Sequential: every part must be a Module; part {i} is {what}; write "
                    "nn.ReLU() for an activation, with brackets"
                )
            setattr(self, str(i), module)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self.children())

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]
