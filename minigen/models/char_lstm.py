"""A language model: the probability of the next symbol, given all before it."""

from typing import Any

from minigen import nn
from minigen.backend import Generator
from minigen.functional import dropout
from minigen.nn.recurrent import State


class CharLSTM(nn.Module):
    """Embedding -> LSTM -> logits of the next symbol: log p(x) = Σ log p(x_t | x_1 ... x_{t-1}).

    symbols: size of the vocabulary; embedding_size, hidden_size, num_layers: of the parts; rng:
    where weights and masks are drawn; dropout: the probability with which a number in front of,
    between and behind the LSTM's layers is left out while training (Zaremba et al. 2014).
    Sequences are integers (steps, n), time first.
    """

    def __init__(
        self,
        symbols: int,
        embedding_size: int = 64,
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        rng: Generator,
        dropout: float = 0.0,
    ) -> None:
        self.embedding = nn.Embedding(symbols, embedding_size, rng=rng)
        self.lstm = nn.LSTM(embedding_size, hidden_size, num_layers, rng=rng, dropout=dropout)
        self.head = nn.Dense(hidden_size, symbols, rng=rng)
        self.symbols, self.dropout, self.rng = symbols, dropout, rng

    def forward(self, x: Any, state: State | None = None) -> tuple[Any, State]:
        """Logits of the symbol after each one: (steps, n) -> (steps, n, symbols), and the state
        after the last; handed to the next call, it goes on with the same texts."""
        h = self._dropped(self.embedding(x))
        h, state = self.lstm(h, state)
        return self.head(self._dropped(h)), state

    def _dropped(self, h: Any) -> Any:
        return dropout(h, self.dropout, self.rng) if self.training else h
