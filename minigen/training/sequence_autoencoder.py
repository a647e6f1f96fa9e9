"""Training a sequence autoencoder: one step, its test error, and the Gaussian over its codes."""

from typing import Any

from minigen.autograd import no_grad
from minigen.backend import asarray, xp
from minigen.optim import UpdateRule, clip_by_norm
from minigen.training.sentences import (
    SentenceMethod,
    judged_together,
    sentence_log_likelihood,
    within,
)


def sequence_autoencoder_step(
    model: Any, rule: UpdateRule, x: Any, lengths: Any, max_norm: float | None = None
) -> Any:
    """Descend the cross-entropy of the reconstructed sentences once, on one batch.

    x: (steps, n) integers; lengths: (n,); max_norm: where the gradient's norm is clipped, or
    None. Returns the cross-entropy before the step: nats a sentence, the mean over the batch.
    """
    # (1) words -> code -> logits of the words
    logits = model(x, lengths)
    # (2) L = -1/n Σ_i Σ_t log p(x_it | code_i)                                [E.CROSSENTROPY]
    loss = -sentence_log_likelihood(x, lengths, logits).mean()
    # (3) its gradient with respect to all weights, backwards through decoder and encoder
    rule.zero_grad()
    loss.backward()
    # (4) steep places are rare, but in recurrent nets very steep                  [E.CLIPNORM]
    if max_norm is not None:
        clip_by_norm(rule.params, max_norm)
    # (5) one step of the update rule
    rule.step()
    return loss


class SequenceAutoencoderTraining(SentenceMethod):
    """How a sequence autoencoder is trained and judged.

    model, rule: what is trained, and by which update rule; max_norm: where the gradient's norm is
    clipped, or None.
    """

    name = "sequence-autoencoder"

    def __init__(self, model: Any, rule: UpdateRule, max_norm: float | None = 5.0) -> None:
        self.model = model
        self.rules = {"sequence-autoencoder": rule}
        self.max_norm = max_norm

    def step(self, x: Any) -> dict[str, Any]:
        words, lengths = asarray(x[0]), asarray(x[1])
        rule = self.rules["sequence-autoencoder"]
        loss = sequence_autoencoder_step(self.model, rule, words, lengths, self.max_norm)
        return {"cross_entropy": loss}

    def evaluate(self, flat: Any) -> dict[str, float]:
        """Cross-entropy (nats a sentence), and the share of words that come back right."""
        total, right, words_read = 0.0, 0, 0
        with no_grad():
            for x, lengths in judged_together(flat):
                logits = self.model(x, lengths)
                total -= float(sentence_log_likelihood(x, lengths, logits).sum())
                counts = within(x, lengths)
                right += int(((logits.array.argmax(axis=2) == x) & counts).sum())
                words_read += int(counts.sum())
        return {"test_cross_entropy": total / len(flat), "test_words_right": right / words_read}

    def finish(self, flat: Any) -> dict[str, float]:
        """Fit a Gaussian to the codes of the training sentences, for ``sample``."""
        with no_grad():
            parts = [self.model.codes(x, lengths).array for x, lengths in judged_together(flat)]
        self.model.gaussian.fit(xp(parts[0]).concatenate(parts))
        return {}
