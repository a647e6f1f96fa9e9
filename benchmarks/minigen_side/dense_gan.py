"""GAN 100-256-784 (ReLU, sigmoid) against 784-256-1 (ReLU), batch 100, Adam, D and G step.

minigen's own model and training step with its defaults: the non-saturating loss from logits,
and noise drawn anew for either player.
"""

from collections.abc import Callable

import minigen
from benchmarks.minigen_side import random_batches
from minigen.models import GAN
from minigen.optim import Adam
from minigen.training import GANTraining


def make_training(rng: minigen.Generator) -> GANTraining:
    """The model with its update rules."""
    model = GAN(784, noise_size=100, hidden=256, rng=rng)
    discriminator_rule = Adam(model.discriminator.parameters(), alpha=2e-4, beta1=0.5)
    generator_rule = Adam(model.generator.parameters(), alpha=2e-4, beta1=0.5)
    return GANTraining(model, discriminator_rule, generator_rule, rng)


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    rng = minigen.generator(0)
    training = make_training(rng)
    batch = random_batches(rng)

    def step() -> None:
        training.step(batch())

    return step
