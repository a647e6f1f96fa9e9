"""The dense GAN in PyTorch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.torch_gan import gan_training
from benchmarks.torch_side import BATCH, Batch, Compile, Train, as_it_is, random_batches, step_of


def make_training(
    batch_size: int = BATCH, device: str = "cpu", compiled: Compile = as_it_is, **adam: Any
) -> tuple[Train, Batch]:
    """What trains on a mini-batch, and what draws one. compiled: what is done to loss functions;
    adam: more settings of the optimiser."""
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid())
    generator.to(device)
    discriminator = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 1))
    discriminator.to(device)
    train = gan_training(generator, discriminator, compiled, **adam)
    return train, random_batches(batch_size, device)


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    return step_of(make_training())
