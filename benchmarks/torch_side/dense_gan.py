"""The dense GAN in PyTorch, in the order of pytorch/examples: discriminator, then generator.

As there, the generator's step also computes gradients of the discriminator's weights, which the
discriminator's next step throws away.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import softplus

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
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), **adam}
    optimizer_g = torch.optim.Adam(generator.parameters(), **adam)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), **adam)

    @compiled
    def discriminator_loss(real: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            fake = generator(torch.randn(len(real), 100, device=device))
        return softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()

    @compiled
    def generator_loss(real: torch.Tensor) -> torch.Tensor:
        fake = generator(torch.randn(len(real), 100, device=device))
        return softplus(-discriminator(fake)).mean()

    def train(real: torch.Tensor) -> None:
        loss_d = discriminator_loss(real)
        optimizer_d.zero_grad(set_to_none=True)
        loss_d.backward()
        optimizer_d.step()

        loss_g = generator_loss(real)
        optimizer_g.zero_grad(set_to_none=True)
        loss_g.backward()
        optimizer_g.step()

    return train, random_batches(batch_size, device)


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    return step_of(make_training())
