"""Training a dense autoencoder: one step, its test error, and the Gaussian over its codes."""

from typing import Any

from minigen.autograd import no_grad
from minigen.backend import asarray
from minigen.models import Autoencoder
from minigen.objectives import bernoulli_log_likelihood, mean_squared_error
from minigen.ops import sigmoid
from minigen.optim import UpdateRule
from minigen.training.method import Method


def autoencoder_step(model: Autoencoder, rule: UpdateRule, x: Any) -> Any:
    """Descend the cross-entropy of the reconstruction once, on one batch.

    x: (n, data_size) in [0, 1]. Returns the cross-entropy before the step: nats an example,
    summed over pixels, the mean over the batch.
    """
    # (1) x -> code -> logits of x
    logits = model(x)
    # (2) L = -1/n Σ log p(x|code)                                              [E.BERNOULLI]
    loss = -bernoulli_log_likelihood(x, logits).mean()
    # (3) its gradient with respect to all weights, (4) one step of the update rule
    rule.zero_grad()
    loss.backward()
    rule.step()
    return loss


class AutoencoderTraining(Method):
    """How an autoencoder is trained and judged. model, rule: what is trained, and by which rule."""

    name = "autoencoder"

    def __init__(self, model: Autoencoder, rule: UpdateRule) -> None:
        self.model = model
        self.rules = {"autoencoder": rule}

    def step(self, x: Any) -> dict[str, Any]:
        return {
            "cross_entropy": autoencoder_step(self.model, self.rules["autoencoder"], asarray(x))
        }

    def evaluate(self, images: Any) -> dict[str, float]:
        """Cross-entropy (nats an image) and mean squared error (a pixel) of the reconstructions."""
        x = asarray(images)
        with no_grad():
            logits = self.model(x)
            cross_entropy = -bernoulli_log_likelihood(x, logits).mean()
            error = mean_squared_error(x, sigmoid(logits))
        return {"test_cross_entropy": float(cross_entropy), "test_squared_error": float(error)}

    def finish(self, images: Any) -> dict[str, float]:
        """Fit a Gaussian to the codes of the training images, for ``sample``."""
        with no_grad():
            self.model.gaussian.fit(self.codes(asarray(images)).array)
        return {}

    def codes(self, x: Any) -> Any:
        return self.model.encode(x)
