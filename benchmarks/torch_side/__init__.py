"""The same workloads as a user of PyTorch writes them, eager, and what PyTorch runs on.

Sizes, losses and the data are those of minigen's side. Nothing is slowed down and nothing is
tuned: default optimiser implementation, default threads.
"""

import re
from collections.abc import Callable
from typing import Any

import torch

BATCH = 100


def environment() -> dict[str, Any]:
    """PyTorch's version, threads, BLAS and instruction set."""
    blas = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": blas[1] if blas else "unknown",
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def random_batches(size: int = BATCH) -> Callable[[], torch.Tensor]:
    """A function that draws ``size`` rows out of 60,000 images of 784 random pixels in [0, 1)."""
    pixels = torch.rand(60_000, 784)
    return lambda: pixels[torch.randint(len(pixels), (size,))]
