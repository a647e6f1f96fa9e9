"""The chain of dense layers that the dense models are made of."""

from collections.abc import Sequence

from minigen import nn
from minigen.backend import Generator
from minigen.nn.initialisers import he_normal, xavier_uniform

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def activation_class(activation: str | type[nn.Module]) -> type[nn.Module]:
    """The layer class that a name such as "relu" stands for; a class stands for itself."""
    if isinstance(activation, type):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation: must be one of {', '.join(ACTIVATIONS)}, or a Module class; got "
            f"{activation!r}"
        )
    return ACTIVATIONS[activation]


def dense_chain(
    widths: Sequence[int],
    activation: str | type[nn.Module],
    rng: Generator,
    last: str | type[nn.Module] | None = None,
) -> nn.Sequential:
    """Dense layers of these widths with ``activation`` between them, and ``last`` at the end.

    widths: at least two, from the input's to the output's; activation, last: a name from
    ``ACTIVATIONS`` or a class of layers without arguments. Layers in front of a ReLU begin
    with He's variance [E.HE], all others with Glorot's [E.XAVIER].
    """
    if len(widths) < 2:
        raise ValueError(f"dense_chain: needs at least two widths; got {list(widths)}")
    between = activation_class(activation)
    end = None if last is None else activation_class(last)
    layers: list[nn.Module] = []
    for i in range(len(widths) - 1):
        after = end if i == len(widths) - 2 else between
        init = he_normal if after is nn.ReLU else xavier_uniform
        layers.append(nn.Dense(widths[i], widths[i + 1], rng=rng, init=init))
        if after is not None:
            layers.append(after())
    return nn.Sequential(*layers)
