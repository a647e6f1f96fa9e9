"""What all methods over sentences of unequal length have in common."""

from collections.abc import Iterator
from typing import Any, ClassVar

from minigen.backend import Generator, asarray, xp
from minigen.data import batches
from minigen.data.sentences import Sentences, side_by_side
from minigen.ops import cross_entropy, reduce_sum, reshape, where
from minigen.ops.lstm import check_lengths
from minigen.training.method import Method

AT_ONCE = 100  # sentences that are judged together


def within(x: Any, lengths: Any) -> Any:
    """True for the words of a sentence and its end, False behind: (steps, n) for x (steps, n)."""
    return xp(x).arange(x.shape[0])[:, None] < asarray(lengths)


def sentence_log_likelihood(x: Any, lengths: Any, logits: Any) -> Any:
    """Σ_t log p(x_t) of each sentence, (n,), in nats.

    x: (steps, n) integers; lengths: (n,), the words with the end; logits (steps, n, symbols), of
    x_t given whatever the model reads. What lies behind a sentence's end does not count. Raises
    ValueError for another layout, and for lengths that are none.
    """
    steps, n = x.shape
    if tuple(logits.shape[:2]) != (steps, n):
        raise ValueError(
            "sentence_log_likelihood: logits must be (steps, n, symbols), laid out as x (steps, n);"
            f" got logits {tuple(logits.shape)}, x {tuple(x.shape)}"
        )
    lengths = check_lengths("sentence_log_likelihood", lengths, x)
    flat = reshape(logits, shape=(steps * n, logits.shape[2]))
    log_p = reshape(-cross_entropy(flat, x.reshape(-1)), shape=(steps, n))
    return reduce_sum(where(within(x, lengths), log_p, 0.0), axis=0)


def judged_together(flat: Any) -> Iterator[tuple[Any, Any]]:
    """(words, lengths) of all sentences in their order, a hundred side by side, on the active
    backend."""
    for start in range(0, len(flat), AT_ONCE):
        words, lengths = side_by_side(flat[start : start + AT_ONCE])
        yield asarray(words), asarray(lengths)


class SentenceMethod(Method):
    """A method whose examples are sentences, those of one batch side by side."""

    data: ClassVar[type] = Sentences
    why_not_captured: ClassVar[str] = "its batches have other lengths from step to step"

    def epoch(self, flat: Any, batch_size: int, rng: Generator) -> Iterator[Any]:
        """All sentences once, in a new order."""
        for index in batches(len(flat), batch_size, rng):
            yield side_by_side([flat[i] for i in index])
