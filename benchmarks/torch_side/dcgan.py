"""The DCGAN in PyTorch, in the order of pytorch/examples: discriminator, then generator.

As there, real and made examples go through the discriminator one after the other, and the
generator's step also computes gradients of the discriminator's weights.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from benchmarks.torch_side import random_batches

BATCH = 128


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
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
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    batch = random_batches(BATCH)

    def step() -> None:
        real = batch()
        with torch.no_grad():
            fake = generator(torch.randn(BATCH, 100))
        loss_d = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
        optimizer_d.zero_grad(set_to_none=True)
        loss_d.backward()
        optimizer_d.step()

        loss_g = softplus(-discriminator(generator(torch.randn(BATCH, 100)))).mean()
        optimizer_g.zero_grad(set_to_none=True)
        loss_g.backward()
        optimizer_g.step()

    return step
