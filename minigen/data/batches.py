"""Going through a data set in mini-batches, and turning grey pixels into black and white.

Both draw random numbers from a generator that the caller passes in, so that a run can be
repeated exactly from its seed.
"""

import operator
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minigen.backend import Array, is_array, on_host
from minigen.data.errors import DataError
from minigen.data.images import check_unit_interval


class Permutes(Protocol):
    """Anything that can shuffle, such as numpy.random.Generator."""

    def permutation(self, n: int, /) -> Any:
        """The numbers 0 to n - 1 in random order."""


class Draws(Protocol):
    """Anything that can draw uniform numbers, such as numpy.random.Generator."""

    def random(self, shape: tuple[int, ...], /, *, dtype: Any) -> Any:
        """Independent uniform numbers in [0, 1)."""


def batches(
    n: int, batch_size: int, rng: Permutes | None, shuffle: bool = True
) -> Iterator[NDArray[np.int64]]:
    """Split the indices 0 to n - 1 into the mini-batches of one epoch.

    The order is drawn, and the arguments are checked, when the function is called and not at
    the first batch: what the generator does later has no influence on this epoch.

    Args:
        n: number of items in the data set, at least 1.
        batch_size: items in a batch, at least 1. The last batch holds the rest, if any.
        rng: has `.permutation(n)`, as numpy.random.Generator does; the same generator state gives
            the same batches. Not used, and may be None, when `shuffle` is False.
        shuffle: False keeps the order 0, 1, 2, ...

    Returns:
        An iterator over int64 arrays of shape (batch_size,), the last one perhaps shorter. Each
        index occurs exactly once.

    Raises:
        DataError: a size is not a whole number of at least 1, or `rng` cannot shuffle.
    """
    n = _positive("n", n)
    batch_size = _positive("batch_size", batch_size)
    if not shuffle:
        return _slices(np.arange(n, dtype=np.int64), batch_size)
    _check_generator("batches", rng, "permutation")
    assert rng is not None  # it has .permutation
    return _slices(np.asarray(rng.permutation(n), dtype=np.int64), batch_size)


def _slices(order: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def binarise(x: Array, rng: Draws) -> Array:
    """Draw black-and-white pixels: each is 1 with the probability that its grey value states.

    Args:
        x: float32 or float64 array of any shape and of any backend, probabilities in [0, 1].
        rng: has `.random(shape, dtype=)` with values in [0, 1), as numpy.random.Generator does,
            and draws on x's backend.

    Returns:
        A new array of 0.0 and 1.0 with the shape and dtype of `x`. Where `x` is 0 or 1 the
        result equals it.

    Raises:
        DataError: `x` is not a float array, or holds a value outside [0, 1] or not finite (which is
            looked at on the host only).

    Source: R. Salakhutdinov and I. Murray, On the quantitative analysis of deep belief networks,
    ICML 2008 (each pixel of MNIST sampled in proportion to its intensity).
    """
    if not is_array(x) or x.dtype not in (np.float32, np.float64):
        raise DataError(
            "binarise",
            "x must be an array of float32 or float64",
            f"{x.dtype} of shape {x.shape}" if is_array(x) else type(x).__name__,
            "scale the pixels to [0, 1] as floats first",
        )
    _check_generator("binarise", rng, "random")
    if on_host(x):  # a device is not made to wait for a look at its values
        check_unit_interval("binarise", "x", x)
    # The draws never reach 1, so "<" gives 1 for certain at x = 1 and 0 for certain at x = 0.
    drawn: Any = rng.random(x.shape, dtype=x.dtype)
    return (drawn < x).astype(x.dtype)


def _positive(what: str, value: int) -> int:
    rule = f"{what} must be a whole number of at least 1"
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise DataError("batches", rule, repr(value), f"check how {what} was computed")
    return number


def _check_generator(operation: str, rng: object, method: str) -> None:
    if not callable(getattr(rng, method, None)):
        raise DataError(
            operation,
            f"rng must have a method .{method}",
            repr(rng),
            "pass a generator such as numpy.random.default_rng(0)",
        )
