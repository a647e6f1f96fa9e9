"""What layers ask of their arguments when they are made, so that no mistake waits until the first
batch."""

from operator import index


def check_sizes(layer: str, **sizes: int) -> None:
    """Raise ValueError unless all sizes are integers >= 1."""
    try:
        right = all(index(size) >= 1 for size in sizes.values())
    except TypeError:
        right = False
    if not right:
        got = ", ".join(f"{name} {size!r}" for name, size in sizes.items())
        raise ValueError(f"{layer}: sizes must be integers and at least 1; got {got}")


def check_positive(layer: str, **numbers: float) -> None:
    """Raise ValueError unless all numbers are above 0, which NaN is not."""
    if not all(number > 0 for number in numbers.values()):
        got = ", ".join(f"{name} {number!r}" for name, number in numbers.items())
        raise ValueError(f"{layer}: must be above 0; got {got}")
