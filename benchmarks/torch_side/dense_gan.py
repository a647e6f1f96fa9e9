"""The dense GAN in PyTorch, in the order of pytorch/examples: discriminator, then generator.

As there, the generator's step also computes gradients of the discriminator's weights, which the
discriminator's next step throws away.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from benchmarks.torch_side import BATCH, random_batches


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid())
    discriminator = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 1))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    batch = random_batches()

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
