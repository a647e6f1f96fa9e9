"""The chain of dense layers that the dense models are made of."""

from collections.abc import Sequence

from minigen import nn
from minigen.backend import Generator
from minigen.nn.initialisers import he_normal, xavier_uniform


def dense_chain(
    widths: Sequence[int],
    activation: type[nn.Module],
    rng: Generator,
    last: type[nn.Module] | None = None,
) -> nn.Sequential:
    """Dense layers of these widths with ``activation`` between them, and ``last`` at the end.

    widths: at least two, from the input's to the output's. Layers in front of a ReLU begin
    with He's variance [E.HE], all others with Glorot's [E.XAVIER].
    """
    if len(widths) < 2:
        raise ValueError(f"dense_chain: needs at least two widths; got {list(widths)}")
    layers: list[nn.Module] = []
    for i in range(len(widths) - 1):
        final = i == len(widths) - 2
        init = he_normal if activation is nn.ReLU and not final else xavier_uniform
        layers.append(nn.Dense(widths[i], widths[i + 1], rng=rng, init=init))
        if not final:
            layers.append(activation())
    if last is not None:
        layers.append(last())
    return nn.Sequential(*layers)
