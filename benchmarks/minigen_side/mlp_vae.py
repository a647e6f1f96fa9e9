"""VAE 784-200-200-50 (tanh), Bernoulli decoder of the same widths, batch 100, Adam.

minigen's own model and training step with its defaults: the evidence lower bound with its KL in
closed form and one noise sample an image.
"""

from collections.abc import Callable

import minigen
from benchmarks.minigen_side import random_batches
from minigen.models import VAE
from minigen.optim import Adam
from minigen.training import VAETraining


def make_training(rng: minigen.Generator) -> VAETraining:
    """The model with its update rules."""
    model = VAE(784, hidden=(200, 200), code_size=50, rng=rng)
    return VAETraining(model, Adam(model.parameters(), alpha=1e-3), rng)


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on a fresh mini-batch."""
    rng = minigen.generator(0)
    training = make_training(rng)
    batch = random_batches(rng)

    def step() -> None:
        training.step(batch())

    return step
