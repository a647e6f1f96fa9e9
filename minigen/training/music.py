"""A model of music: its training step over pieces of unequal length, and its method."""

from collections.abc import Iterator
from typing import Any, ClassVar

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, to_numpy, xp
from minigen.data import batches
from minigen.data.music import Music, padded
from minigen.ops import bernoulli_log_prob, reduce_sum, where
from minigen.optim import UpdateRule, clip_by_norm
from minigen.training.method import Method, check_limit

TEST_BATCH = 16  # pieces that are judged together


def log_likelihood(model: Any, rolls: Any, lengths: Any) -> tuple[Any, int]:
    """Σ log p(frame t | frames before t) over t = 2, 3, ..., and how many frames these are.

    rolls: (frames, n, keys) of zeros and ones; lengths: (n,) integers >= 2 on the host. In a frame
    log p = Σ over the keys [E.BERNOULLI]; what lies behind a piece's end does not count.
    """
    logits, _ = model(rolls[:-1], None, lengths - 1)
    log_p = reduce_sum(bernoulli_log_prob(rolls[1:], logits), axis=2)  # (frames - 1, n)
    counts = xp(rolls).arange(1, len(rolls))[:, None] < asarray(lengths)
    return reduce_sum(where(counts, log_p, 0.0)), int((lengths - 1).sum())


def music_step(
    model: Any, rule: UpdateRule, rolls: Any, lengths: Any, max_norm: float | None = None
) -> Any:
    """Descend the mean surprise at the next frame once, on several pieces.

    Arguments as for ``log_likelihood``; max_norm: where the gradient's norm is clipped, or None.
    Returns the loss before the step, in nats a frame.
    """
    # (1) loss = -Σ log p(frame t | frames before t) / number of frames           [E.BERNOULLI]
    total, frames = log_likelihood(model, rolls, lengths)
    loss = -total / frames
    # (2) its gradient, backwards through all frames
    rule.zero_grad()
    loss.backward()
    # (3) steep places are rare, but in recurrent nets very steep               [E.CLIPNORM]
    if max_norm is not None:
        clip_by_norm(rule.params, max_norm)
    # (4) one step of the update rule
    rule.step()
    return loss


def frame_loss(model: Any, rolls: Any) -> float:
    """The mean surprise over pieces, -log p in nats a frame, in evaluation mode."""
    total, frames = 0.0, 0
    with no_grad(), model.evaluating():
        for start in range(0, len(rolls), TEST_BATCH):
            x, lengths = padded(rolls[start : start + TEST_BATCH])
            found, count = log_likelihood(model, asarray(x), lengths)
            total, frames = total + float(found), frames + count
    return -total / frames


class MusicTraining(Method):
    """How a model of music is trained and judged.

    model, rule: what is trained, and by which update rule. max_norm: where the gradient's norm is
    clipped, or None. The weights of the epoch with the lowest loss over the pieces held back are
    put back after the last epoch: a model of 229 chorales begins to learn them by heart.
    """

    name = "music"
    data: ClassVar[type] = Music
    why_not_captured: ClassVar[str] = "its batches have other lengths from step to step"

    def __init__(self, model: Any, rule: UpdateRule, max_norm: float | None = 5.0) -> None:
        self.model = model
        self.rules = {"music": rule}
        check_limit("MusicTraining", max_norm)
        self.max_norm = max_norm
        self.lowest = float("inf")
        self.best: dict[str, Any] = {}

    def epoch(self, flat: Any, batch_size: int, rng: Generator) -> Iterator[Any]:
        """All pieces once, in a new order, filled up with silence."""
        for index in batches(len(flat), batch_size, rng):
            yield padded([flat[i] for i in index])

    def step(self, x: Any) -> dict[str, Any]:
        rolls, lengths = x
        rule = self.rules["music"]
        return {"loss": music_step(self.model, rule, asarray(rolls), lengths, self.max_norm)}

    def evaluate(self, flat: Any) -> dict[str, float]:
        """The loss over pieces that were not trained on, in nats a frame."""
        return {"valid_loss": frame_loss(self.model, flat)}

    def judged(self, figures: dict[str, float]) -> dict[str, float]:
        if figures["valid_loss"] < self.lowest:
            self.lowest = figures["valid_loss"]
            self.best = {k: to_numpy(v).copy() for k, v in self.model.state_dict().items()}
        return figures

    def finish(self, flat: Any) -> dict[str, float]:
        if self.best:
            self.model.load_state_dict(self.best)
        return {}
