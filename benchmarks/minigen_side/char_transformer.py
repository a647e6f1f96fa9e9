"""Char transformer: 2 blocks of 128 with 4 heads, 96 symbols, 32 texts of 64 characters, Adam.

minigen's own model and step; every window is read anew, nothing is carried on.
"""

from collections.abc import Callable

import minigen
from minigen.models import CharTransformer
from minigen.optim import Adam
from minigen.training import language_step

BATCH, STEPS, VOCABULARY = 32, 64, 96


def make_step() -> Callable[[], None]:
    """One step down the mean surprise of the next window."""
    rng = minigen.generator(0)
    model = CharTransformer(VOCABULARY, size=128, heads=4, layers=2, context=STEPS, rng=rng)
    rule = Adam(model.parameters(), alpha=1e-3)
    text = rng.integers(0, VOCABULARY, (64, STEPS + 1, BATCH))
    turn = 0

    def step() -> None:
        nonlocal turn
        window, turn = text[turn % len(text)], turn + 1
        language_step(model, rule, window[:-1], window[1:])

    return step
