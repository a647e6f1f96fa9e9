"""The same workloads as a user of PyTorch writes them, eager, and what PyTorch runs on.

Sizes, losses and the data are those of minigen's side. Nothing is slowed down and nothing is
tuned: default optimiser implementation, default threads. On a GPU the same training functions
run on its memory, and may be compiled.
"""

import re
from collections.abc import Callable
from typing import Any

import torch

BATCH = 100
IMAGES = 60_000

Train = Callable[[torch.Tensor], None]  # one step on a batch
Batch = Callable[[], torch.Tensor]
Compile = Callable[[Callable[..., Any]], Callable[..., Any]]


def environment() -> dict[str, Any]:
    """PyTorch's version, threads, BLAS and instruction set."""
    blas = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": blas[1] if blas else "unknown",
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is done to a loss function that is not compiled."""
    return function


def random_batches(size: int = BATCH, device: str = "cpu") -> Batch:
    """A function that draws ``size`` rows out of 60,000 images of 784 random pixels in [0, 1)."""
    pixels = torch.rand(IMAGES, 784, device=device)
    return lambda: pixels[torch.randint(len(pixels), (size,), device=device)]


def step_of(training: tuple[Train, Batch]) -> Callable[[], None]:
    """A step on a fresh mini-batch."""
    train, batch = training
    return lambda: train(batch())
