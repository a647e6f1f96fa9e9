"""The character LSTM in PyTorch: its fused LSTM, its embedding, its cross-entropy, its Adam."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy

BATCH, STEPS, VOCABULARY = 32, 64, 96


class CharLSTM(nn.Module):
    """Embedding of 64, LSTM of 256, dense to the logits of the next character."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.lstm = nn.LSTM(64, 256)
        self.head = nn.Linear(256, VOCABULARY)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        h, state = self.lstm(self.embedding(x), state)
        return self.head(h), state


def make_step() -> Callable[[], None]:
    """One step of truncated backpropagation through time; the state goes on to the next."""
    torch.manual_seed(0)
    model = CharLSTM()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    text = torch.randint(VOCABULARY, (64, STEPS + 1, BATCH))
    state, turn = None, 0

    def step() -> None:
        nonlocal state, turn
        window, turn = text[turn % len(text)], turn + 1
        logits, state = model(window[:-1], state)
        state = (state[0].detach(), state[1].detach())
        loss = cross_entropy(logits.reshape(-1, VOCABULARY), window[1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
