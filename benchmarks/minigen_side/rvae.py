"""RVAE: embedding 64, two LSTMs of 128, code 16, 1,000 words, 32 sentences of 16 words, Adam.

minigen's own model and training step with its defaults: all words seen, the KL in full.
"""

from collections.abc import Callable

import numpy as np

import minigen
from minigen.models import RVAE
from minigen.optim import Adam
from minigen.training import RVAETraining

BATCH, STEPS, VOCABULARY = 32, 16, 1000


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on the next batch of sentences of one length."""
    rng = minigen.generator(0)
    model = RVAE(VOCABULARY, embedding_size=64, hidden_size=128, code_size=16, rng=rng)
    training = RVAETraining(model, Adam(model.parameters(), alpha=1e-3), rng, max_norm=None)
    text = rng.integers(1, VOCABULARY, (64, STEPS, BATCH))
    lengths = np.full(BATCH, STEPS)
    turn = 0

    def step() -> None:
        nonlocal turn
        turn += 1
        training.step((text[turn % len(text)], lengths))

    return step
