"""One training step of a language model: truncated backpropagation through time."""

from typing import Any

from minigen.ops import cross_entropy, mean, reshape
from minigen.optim import UpdateRule, clip_by_norm


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
    loss = mean(cross_entropy(reshape(logits, shape=(-1, logits.shape[-1])), y.reshape(-1)))
    # (3) the gradient reaches back to the window's first step and no further
    rule.zero_grad()
    loss.backward()
    # (4) steep places are rare, but in recurrent nets very steep               [E.CLIPNORM]
    if max_norm is not None:
        clip_by_norm(rule.params, max_norm)
    # (5) one step of the update rule
    rule.step()
    return loss, tuple(part.detach() for part in state)
