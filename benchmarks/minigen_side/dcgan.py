"""DCGAN 28x28: 64 and 128 channels, 4x4 with stride 2, batch norm, batch 128, Adam, D and G step.

minigen's own model and training step with its defaults: the non-saturating loss from logits,
and noise drawn anew for either player.
"""

from collections.abc import Callable

import minigen
from benchmarks.minigen_side import random_batches
from minigen.models import DCGAN
from minigen.optim import Adam
from minigen.training import GANTraining


def make_training(rng: minigen.Generator) -> GANTraining:
    """The model with its update rules."""
    model = DCGAN((28, 28), noise_size=100, channels=(64, 128), rng=rng)
    discriminator_rule = Adam(model.discriminator.parameters(), alpha=2e-4, beta1=0.5)
    generator_rule = Adam(model.generator.parameters(), alpha=2e-4, beta1=0.5)
    return GANTraining(model, discriminator_rule, generator_rule, rng)


def make_step() -> Callable[[], None]:
    """One step of the discriminator and one of the generator on a fresh mini-batch."""
    rng = minigen.generator(0)
    training = make_training(rng)
    batch = random_batches(rng, 128)

    def step() -> None:
        training.step(batch())

    return step
