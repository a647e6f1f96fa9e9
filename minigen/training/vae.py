"""Training a variational autoencoder: one step, and how well it does on data it has not seen."""

from collections.abc import Callable
from typing import Any

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray
from minigen.models import VAE
from minigen.objectives import Elbo, bernoulli_log_likelihood, elbo
from minigen.optim import UpdateRule
from minigen.training.method import Method

EVALUATION_SEED = 1  # the same binarisation and noise whenever a test figure is computed
EVALUATION_BATCH = 1000


LogLikelihood = Callable[[Any, Any], Any]  # (x, logits) -> log p(x|z) of each example


def vae_step(
    model: VAE,
    rule: UpdateRule,
    x: Any,
    noise: Any,
    beta: float = 1.0,
    log_likelihood: LogLikelihood = bernoulli_log_likelihood,
) -> Elbo:
    """Climb the evidence lower bound once, on one batch.

    x: (n, data_size) in [0, 1]; noise: (n, code_size) from N(0, I); beta: weight of the KL;
    log_likelihood: log p(x|z) of each example, given x and the decoder's logits.
    Returns the bound and its parts before the step, means over the batch, in nats.
    Source: Kingma and Welling 2014, algorithm 1 with one noise sample an example.
    """
    # (1) q(z|x) = N(μ, σ²), z = μ + σ ε, logits of p(x|z)                        [E.REPARAM]
    logits, mean, log_var = model(x, noise)
    # (2) ELBO = E_q[log p(x|z)] - β KL(q(z|x) || p(z))                              [E.ELBO]
    parts = elbo(log_likelihood(x, logits), mean, log_var, beta)
    # (3) the gradient of -ELBO with respect to all weights of encoder and decoder
    rule.zero_grad()
    (-parts.value).backward()
    # (4) one step of the update rule
    rule.step()
    return parts


class VAETraining(Method):
    """How a VAE is trained and judged.

    model, rule: what is trained, and by which update rule over its parameters. rng: for the
    noise and for ``prepare``. beta: weight of the KL. log_likelihood: log p(x|z) of each
    example, given x and the decoder's logits. prepare: (x, rng) -> x, what is done to a batch
    at each access, ``data.binarise`` to draw black and white pixels anew from the grey ones
    (Burda et al. 2015), or None.
    """

    name = "vae"

    def __init__(
        self,
        model: VAE,
        rule: UpdateRule,
        rng: Generator,
        beta: float = 1.0,
        log_likelihood: LogLikelihood = bernoulli_log_likelihood,
        prepare: Callable[[Any, Generator], Any] | None = None,
    ) -> None:
        self.model = model
        self.rules = {"vae": rule}
        self.rng = rng
        self.beta = beta
        self.log_likelihood = log_likelihood
        self.prepare = prepare

    def _batch(self, x: Any, rng: Generator) -> Any:
        x = asarray(x)
        return x if self.prepare is None else self.prepare(x, rng)

    def step(self, x: Any) -> dict[str, Any]:
        x = self._batch(x, self.rng)
        noise = self.model.noise(x, self.rng)
        parts = vae_step(self.model, self.rules["vae"], x, noise, self.beta, self.log_likelihood)
        return {"elbo": parts.value, "reconstruction": parts.reconstruction, "kl": parts.kl}

    def evaluate(self, images: Any) -> dict[str, float]:
        """Test ELBO (beta = 1) and its parts over all images, nats an image, one sample each."""
        rng = Generator(EVALUATION_SEED)
        totals = {"test_elbo": 0.0, "test_reconstruction": 0.0, "test_kl": 0.0}
        with no_grad():
            for start in range(0, len(images), EVALUATION_BATCH):
                x = self._batch(images[start : start + EVALUATION_BATCH], rng)
                logits, mean, log_var = self.model(x, self.model.noise(x, rng))
                parts = elbo(self.log_likelihood(x, logits), mean, log_var)
                for name, value in zip(totals, parts, strict=True):
                    totals[name] += float(value) * len(x)
        return {name: total / len(images) for name, total in totals.items()}

    def codes(self, x: Any) -> Any:
        return self.model.encode(x)[0]
