"""A model of music: which of 88 keys sound in the next frame, given all frames before."""

from typing import Any

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Array, Generator, asarray, xp
from minigen.functional import dropout
from minigen.nn.recurrent import State
from minigen.ops import sigmoid


class MusicLSTM(nn.Module):
    """Piano roll -> LSTM -> logits of the next frame: 88 Bernoullis, independent of one another
    given what went before.

    keys: numbers in a frame; hidden_size, num_layers: of the LSTM; rng: where weights and dropout
    masks are drawn; dropout: the probability with which a number in front of, between and behind
    the layers is left out while training. Sequences are (frames, n, keys), time first.
    """

    def __init__(
        self,
        keys: int = 88,
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        rng: Generator,
        dropout: float = 0.0,
    ) -> None:
        self.lstm = nn.LSTM(keys, hidden_size, num_layers, rng=rng, dropout=dropout)
        self.head = nn.Dense(hidden_size, keys, rng=rng)
        self.keys, self.dropout, self.rng = keys, dropout, rng

    def forward(self, x: Any, state: State | None = None, lengths: Any = None) -> tuple[Any, State]:
        """Logits of the frame after each one, (frames, n, keys), and the state after the last."""
        h, state = self.lstm(self._dropped(x), state, lengths)
        return self.head(self._dropped(h)), state

    def _dropped(self, h: Any) -> Any:
        return dropout(h, self.dropout, self.rng) if self.training else h

    def play(self, frames: int, n: int, rng: Generator, start: Any = None) -> Array:
        """n pieces of this many frames, (frames, n, keys) zeros and ones, each frame drawn from
        what the model expects after those before; start: frames (steps, n, keys) to go on from,
        silence if left out. Raises ValueError for another start, or no frame."""
        like = self.parameters()[0].array
        x = xp(like).zeros((1, n, self.keys), dtype=like.dtype) if start is None else asarray(start)
        if frames < 1 or x.ndim != 3 or len(x) < 1 or x.shape[1:] != (n, self.keys):
            raise ValueError(
                f"MusicLSTM.play: frames must be at least 1 and start (steps, {n}, {self.keys}); "
                f"got {frames} frames, start {tuple(x.shape)}"
            )
        x = x.astype(like.dtype)
        state, played = None, []
        with no_grad(), self.evaluating():
            for _ in range(frames):
                logits, state = self(x, state)
                expected = sigmoid(logits[-1:]).array
                x = (rng.random(expected.shape, expected.dtype) < expected).astype(like.dtype)
                played.append(x)
        return xp(like).concatenate(played)
