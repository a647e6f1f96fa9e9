"""A language model: the probability of the next symbol, given all before it."""

import math
from collections.abc import Iterator
from typing import Any

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, check_generator, to_numpy, xp
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


def next_symbol(logits: Any, rng: Generator, temperature: float, top_k: int | None) -> int:
    """A draw from softmax(logits / temperature), from the top_k most probable symbols.

    logits: (symbols,) on the host; temperature: > 0, and 0 takes the most probable symbol.
    """
    module = xp(logits)
    order = module.argsort(-logits, kind="stable")[:top_k]
    if temperature == 0:
        return int(order[0])
    falling = logits[order].astype("float64")
    weights = module.exp((falling - falling[0]) / temperature)
    edges = module.cumsum(weights) / weights.sum()
    place = int(module.searchsorted(edges, float(to_numpy(rng.random((1,)))[0])))
    return int(order[min(place, len(order) - 1)])  # rounding may leave the last edge below 1


def write_on(
    model: Any,
    codes: Any,
    length: int,
    rng: Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> Iterator[int]:
    """Go on with a text, symbol by symbol, each drawn from p(next | all before).

    model: a language model, called with symbols (steps, 1) and its state; codes: (n,) the numbers
    of the text so far, at least one; length: how many symbols to add; rng: where they are drawn;
    temperature: below 1 the probable becomes more probable, 0 always takes the most probable;
    top_k: draw from so many most probable symbols. Raises ValueError for numbers out of range.
    """
    whole = all(isinstance(n, int) for n in (length, 1 if top_k is None else top_k))
    fits = whole and length >= 0 and (top_k is None or top_k >= 1)
    if len(codes) < 1 or not 0 <= temperature < math.inf or not fits:
        raise ValueError(
            "write_on: needs at least one symbol, a length >= 0, temperature >= 0 and top_k >= 1 or"
            f" None; got {len(codes)} symbols, length {length}, temperature {temperature}, top_k "
            f"{top_k}"
        )
    check_generator("write_on", rng)
    return _written(model, asarray(codes), length, rng, temperature, top_k)


def _written(
    model: Any, x: Any, length: int, rng: Generator, temperature: float, top_k: int | None
) -> Iterator[int]:
    state, context = None, getattr(model, "context", None)
    x = x if context is None else x[-context:]
    for _ in range(length):
        with no_grad(), model.evaluating():
            logits, state = model(x[:, None], state)
        code = next_symbol(to_numpy(logits.array[-1, 0]), rng, temperature, top_k)
        yield code
        x = asarray([code])
