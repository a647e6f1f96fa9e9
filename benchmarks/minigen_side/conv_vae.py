"""Conv VAE 28x28: conv 32 and 64 (3x3, pooling), 20 latents, two 4x4 transposed, batch 128, Adam.

minigen's own model and training step with its defaults: the evidence lower bound with its KL in
closed form and one noise sample an image.
"""

from collections.abc import Callable

import minigen
from benchmarks.minigen_side import random_batches
from minigen.models import TransposedConvVAE
from minigen.optim import Adam
from minigen.training import VAETraining


def make_training(rng: minigen.Generator) -> VAETraining:
    """The model with its update rules."""
    model = TransposedConvVAE((28, 28), code_size=20, channels=(32, 64), rng=rng)
    return VAETraining(model, Adam(model.parameters(), alpha=1e-3), rng)


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on a fresh mini-batch."""
    rng = minigen.generator(0)
    training = make_training(rng)
    batch = random_batches(rng, 128)

    def step() -> None:
        training.step(batch())

    return step
