"""Char LSTM: embedding 64, LSTM 256, 96 symbols, 32 texts of 64 characters, Adam.

minigen's own model and step: the state goes on from window to window, the gradient does not.
"""

from collections.abc import Callable
from typing import Any

import minigen
from minigen.models import CharLSTM
from minigen.optim import Adam
from minigen.training import language_step

BATCH, STEPS, VOCABULARY = 32, 64, 96


def make_model(rng: minigen.Generator, hidden_size: int = 256) -> tuple[CharLSTM, Adam]:
    """The model and its update rule."""
    model = CharLSTM(VOCABULARY, embedding_size=64, hidden_size=hidden_size, rng=rng)
    return model, Adam(model.parameters(), alpha=1e-3)


def make_step() -> Callable[[], None]:
    """One step of truncated backpropagation through time on the next window."""
    rng = minigen.generator(0)
    model, rule = make_model(rng)
    text = rng.integers(0, VOCABULARY, (64, STEPS + 1, BATCH))
    state: Any = None
    turn = 0

    def step() -> None:
        nonlocal state, turn
        window, turn = text[turn % len(text)], turn + 1
        _, state = language_step(model, rule, window[:-1], window[1:], state)

    return step
