"""A language model's training step, truncated backpropagation through time, and its method."""

from collections.abc import Iterator
from typing import Any, ClassVar

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, on_host, xp
from minigen.data import Text, streams, windows
from minigen.ops import cross_entropy, mean, reshape
from minigen.optim import UpdateRule, clip_by_norm
from minigen.tensor import Tensor
from minigen.training.method import Method, check_limit

TEST_STREAMS = 32  # pieces of the held-back text that are read side by side after each epoch
TEST_STEPS = 256


def surprise(logits: Any, y: Any) -> Any:
    """-mean log p(y_t | x_1, ..., x_t), nats a symbol; logits (steps, n, symbols), y (steps, n).

    Raises ValueError for targets in another layout: their order would be scrambled.
    """
    if tuple(y.shape) != tuple(logits.shape[:-1]):
        raise ValueError(
            "surprise: the symbols that follow must be laid out as the logits, (steps, n); got "
            f"{tuple(y.shape)} for logits {tuple(logits.shape)}"
        )
    return mean(cross_entropy(reshape(logits, shape=(-1, logits.shape[-1])), y.reshape(-1)))


def cut_off(state: Any) -> Any:
    """The state without its graph: the gradient stops here."""
    return tuple(part.detach() if isinstance(part, Tensor) else part for part in state)


def at_once(model: Any, steps: int) -> int:
    """How many symbols to read at once: ``steps``, or half of what the model can look back on, so
    that each symbol has at least the other half before it."""
    context = getattr(model, "context", None)
    return steps if context is None else max(1, min(steps, context // 2))


def language_step(
    model: Any, rule: UpdateRule, x: Any, y: Any, state: Any = None, max_norm: float | None = None
) -> tuple[Any, Any]:
    """Descend the mean surprise -log p(next symbol) once, on one window of several texts.

    x, y: (steps, n) integers, y being the symbols after those of x; state: the model's after the
    window before, or None at the beginning of the texts; max_norm: where the gradient's norm is
    clipped, or None. Returns the loss before the step, in nats a symbol, and the state after the
    window, cut off from its graph. Source: Williams and Peng 1990.
    """
    # (1) logits of the next symbol at every step; the state comes from the window before
    logits, state = model(x, state)
    # (2) loss = -mean log p(y_t | x_1, ..., x_t)                            [E.CROSSENTROPY]
    loss = surprise(logits, y)
    # (3) the gradient reaches back to the window's first step and no further
    rule.zero_grad()
    loss.backward()
    # (4) steep places are rare, but in recurrent nets very steep               [E.CLIPNORM]
    if max_norm is not None:
        clip_by_norm(rule.params, max_norm)
    # (5) one step of the update rule
    rule.step()
    return loss, cut_off(state)


def stream_loss(model: Any, codes: Any, n: int, steps: int) -> float:
    """The mean surprise over a text (length,) in nats a symbol, in evaluation mode.

    The text is read in n pieces side by side, each with its state carried from window to window;
    with n = 1 it is one stream, every symbol foretold from all before it.
    """
    total, state = 0.0, None
    pieces, steps = streams(codes, n), at_once(model, steps)
    with no_grad(), model.evaluating():
        for x, y in windows(pieces, steps):
            logits, state = model(asarray(x), state)
            total += float(surprise(logits, asarray(y))) * y.size
    return total / (pieces.size - n)


class LanguageTraining(Method):
    """How a language model is trained and judged.

    model, rule: what is trained, and by which update rule. steps: symbols in a window, over
    which the gradient reaches back. max_norm: where the gradient's norm is clipped, or None.

    The text is laid out in as many streams as a batch has examples, beginning somewhere within
    the first window, elsewhere in each epoch; their states are carried along.
    """

    name = "language"
    data: ClassVar[type] = Text

    def __init__(
        self, model: Any, rule: UpdateRule, steps: int = 64, max_norm: float | None = 5.0
    ) -> None:
        if not isinstance(steps, int) or steps < 1:
            raise ValueError(f"LanguageTraining: steps must be at least 1, an integer; got {steps}")
        check_limit("LanguageTraining", max_norm)
        self.model = model
        self.rules = {"language": rule}
        self.window = steps
        self.max_norm = max_norm
        self.held: dict[Any, list[Any]] = {}  # where a device keeps states, by their shapes

    def steps(self, flat: Any, batch_size: int) -> int:
        """Windows an epoch; one less where the beginning is late. Raises DataError for a text too
        short for so many streams."""
        return -(-(len(streams(flat, batch_size)) - 1) // self.window)

    def epoch(self, flat: Any, batch_size: int, rng: Generator) -> Iterator[Any]:
        """One epoch: windows of all streams, and the symbols that follow, in their order."""
        self.state = None
        spare = len(flat) - 2 * batch_size + 1  # every stream keeps two symbols
        late = int(rng.integers(0, max(1, min(self.window, len(flat) // 4, spare)), 1)[0])
        return windows(streams(flat[late:], batch_size), self.window)

    def step(self, x: Any) -> dict[str, Any]:
        window, following = (asarray(each) for each in x)
        rule = self.rules["language"]
        loss, state = language_step(self.model, rule, window, following, self.state, self.max_norm)
        self.state = state if on_host(window) else self._held(state)
        return {"loss": loss}

    def kind(self) -> Any:
        """Whether a state is carried into the step, and its shapes."""
        return None if self.state is None else tuple(part.shape for part in self.state)

    def _held(self, state: Any) -> Any:
        """The state in memory that stays where it is, for captured steps read it there."""
        arrays = [part.array if isinstance(part, Tensor) else part for part in state]
        shapes = tuple(a.shape for a in arrays)
        if shapes not in self.held:
            self.held[shapes] = [xp(a).empty_like(a) for a in arrays]
        for held, a in zip(self.held[shapes], arrays, strict=True):
            held[...] = a
        return tuple(self.held[shapes])

    def evaluate(self, flat: Any) -> dict[str, float]:
        """The loss over text that was not trained on, in nats a symbol; 32 pieces at a time."""
        n = min(TEST_STREAMS, len(flat) // 2)
        return {"test_loss": stream_loss(self.model, flat, n, TEST_STEPS)}
