"""How a GAN is trained in PyTorch, in the order of pytorch/examples: discriminator, then generator.

As there, real and made examples go through the discriminator one after the other, and the
generator's step also computes gradients of the discriminator's weights, which the discriminator's
next step throws away.
"""

from typing import Any

import torch
from torch import nn
from torch.nn.functional import softplus

from benchmarks.torch_side import Compile, Train


def gan_training(
    generator: nn.Module, discriminator: nn.Module, compiled: Compile, **adam: Any
) -> Train:
    """What trains both on a mini-batch. compiled: what is done to the loss functions; adam: more
    settings of the optimiser."""
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), **adam}
    optimizer_g = torch.optim.Adam(generator.parameters(), **adam)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), **adam)

    @compiled
    def discriminator_loss(real: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            fake = generator(torch.randn(len(real), 100, device=real.device))
        return softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()

    @compiled
    def generator_loss(real: torch.Tensor) -> torch.Tensor:
        fake = generator(torch.randn(len(real), 100, device=real.device))
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

    return train
