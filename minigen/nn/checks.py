"""What layers ask of their arguments when they are made, so that no mistake waits until the first
batch."""

from operator import index
from typing import Any

from minigen.backend import active, smallest_number


def check_sizes(layer: str, **sizes: int) -> None:
    """Raise ValueError unless all sizes are integers >= 1."""
    try:
        right = all(index(size) >= 1 for size in sizes.values())
    except TypeError:
        right = False
    if not right:
        got = ", ".join(f"{name} {size!r}" for name, size in sizes.items())
        raise ValueError(f"{layer}: sizes must be integers and at least 1; got {got}")


def check_epsilon(layer: str, epsilon: float, dtype: Any) -> None:
    """Raise ValueError unless epsilon is above 0 in this precision, which NaN is not."""
    like = active().zeros((), dtype=dtype)
    if not like.dtype.type(epsilon) >= smallest_number(like):
        raise ValueError(f"{layer}: must be above 0 in {dtype}; got epsilon {epsilon!r}")
