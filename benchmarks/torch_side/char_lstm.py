"""The character LSTM in PyTorch: its fused LSTM, its embedding, its cross-entropy, its Adam."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.torch_side import Batch, Compile, Train, as_it_is, step_of

BATCH, STEPS, VOCABULARY = 32, 64, 96


class CharLSTM(nn.Module):
    """Embedding of 64, an LSTM, dense to the logits of the next character."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.lstm = nn.LSTM(64, hidden_size)
        self.head = nn.Linear(hidden_size, VOCABULARY)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        h, state = self.lstm(self.embedding(x), state)
        return self.head(h), state


def make_training(
    batch_size: int = BATCH,
    device: str = "cpu",
    compiled: Compile = as_it_is,
    hidden_size: int = 256,
    **adam: Any,
) -> tuple[Train, Batch]:
    """What trains on a window of texts and carries the state on, and what takes the next window.

    The state is carried in memory of its own, where a captured step finds it again. compiled:
    what is done to loss functions; adam: more settings of the optimiser.
    """
    torch.manual_seed(0)
    model = CharLSTM(hidden_size).to(device)
    optimizer = torch.optim.Adam(model.parameters(), **{"lr": 1e-3, **adam})
    text = torch.randint(VOCABULARY, (64, STEPS + 1, batch_size), device=device)
    held = tuple(torch.zeros(1, batch_size, hidden_size, device=device) for _ in "hc")
    turn = 0

    @compiled
    def loss_of(window: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        logits, state = model(window[:-1], (held[0], held[1]))
        return cross_entropy(logits.reshape(-1, VOCABULARY), window[1:].reshape(-1)), state

    def train(window: torch.Tensor) -> None:
        loss, state = loss_of(window)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for part, after in zip(held, state, strict=True):
                part.copy_(after)

    def batch() -> torch.Tensor:
        nonlocal turn
        turn += 1
        return text[turn % len(text)]

    return train, batch


def make_step() -> Callable[[], None]:
    """One step of truncated backpropagation through time; the state goes on to the next."""
    return step_of(make_training())
