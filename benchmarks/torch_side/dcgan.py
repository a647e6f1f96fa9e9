"""The DCGAN in PyTorch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.torch_gan import gan_training
from benchmarks.torch_side import Batch, Compile, Train, as_it_is, random_batches, step_of

BATCH = 128


def make_training(
    batch_size: int = BATCH, device: str = "cpu", compiled: Compile = as_it_is, **adam: Any
) -> tuple[Train, Batch]:
    """What trains on a mini-batch, and what draws one. compiled: what is done to loss functions;
    adam: more settings of the optimiser."""
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(100, 128 * 7 * 7, bias=False), nn.Unflatten(1, (128, 7, 7)),
        nn.BatchNorm2d(128), nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1), nn.Sigmoid(), nn.Flatten(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(128), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(128 * 7 * 7, 1),
    )  # fmt: skip
    generator.to(device), discriminator.to(device)
    train = gan_training(generator, discriminator, compiled, **adam)
    return train, random_batches(batch_size, device)


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    return step_of(make_training())
