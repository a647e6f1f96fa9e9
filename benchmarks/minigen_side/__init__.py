"""The workloads as a user of minigen runs them, and what minigen runs on.

Nothing in this package imports another engine: two libraries that each bring their own threads
and allocator settings would disturb one another in one process.
"""

from collections.abc import Callable
from typing import Any

import minigen

BATCH = 100
IMAGES = 60_000


def environment() -> dict[str, Any]:
    """minigen's version, NumPy's, and the BLAS with its kernels and threads."""
    return {key: value for key, value in minigen.info().items() if key != "gpu"}


def random_batches(rng: minigen.Generator, size: int = BATCH) -> Callable[[], Any]:
    """A function that draws ``size`` rows out of 60,000 images of 784 random pixels in [0, 1)."""
    pixels = rng.random((IMAGES, 784))
    return lambda: pixels[rng.integers(0, len(pixels), size)]
