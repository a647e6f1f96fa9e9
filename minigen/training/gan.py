"""Training a generative adversarial net: one step of the game, and where the game stands."""

from collections.abc import Callable
from typing import Any, NamedTuple

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray
from minigen.models import GAN
from minigen.objectives import discriminator_loss, generator_loss_nonsaturating
from minigen.optim import UpdateRule
from minigen.training.method import Method

EVALUATION_SEED = 1  # the same noise whenever a test figure is computed
EVALUATION_BATCH = 1000


class GANLosses(NamedTuple):
    """The losses of one step, each before its own update, in nats."""

    discriminator: Any
    generator: Any


def gan_step(
    model: GAN,
    discriminator_rule: UpdateRule,
    generator_rule: UpdateRule,
    real: Any,
    rng: Generator,
    generator_loss: Callable[[Any], Any] = generator_loss_nonsaturating,
    real_weight: float = 1.0,
    real_label: float = 1.0,
) -> GANLosses:
    """One round of the game: the discriminator moves, then the generator.

    real: (n, data_size) in [0, 1]; rng: where the noise is drawn; generator_loss: one of
    ``objectives.generator_loss_*``; real_weight, real_label: see ``discriminator_loss``.
    Source: Goodfellow et al. 2014, algorithm 1 with k = 1.
    """
    n = len(real)
    # (1) made examples x̃ = G(z), z ~ N(0, I); the generator gets no gradient from this phase
    with no_grad():
        fake = model.generator(model.prior(n, rng))
    # (2) discriminator: descend L_D = -E[log D(x)] - E[log(1 - D(x̃))]               [E.GAND]
    logits_real, logits_fake = model.logits(real, fake)
    parts = discriminator_loss(logits_real, logits_fake, real_weight, real_label)
    discriminator_rule.zero_grad()
    parts.value.backward()
    discriminator_rule.step()
    # (3) generator: fresh noise, through the discriminator as it is now; only the generator's
    #     weights are asked for, so none of the discriminator's gradients is computed
    loss = generator_loss(model.discriminator(model.generator(model.prior(n, rng))))
    generator_rule.zero_grad()
    loss.backward(inputs=generator_rule.params)
    generator_rule.step()
    return GANLosses(parts.value, loss)


class GANTraining(Method):
    """How a GAN is trained and judged.

    model: the two nets. discriminator_rule, generator_rule: an update rule over the parameters
    of each. rng: for the noise. generator_loss, real_weight, real_label: see ``gan_step``.
    """

    name = "gan"

    def __init__(
        self,
        model: GAN,
        discriminator_rule: UpdateRule,
        generator_rule: UpdateRule,
        rng: Generator,
        generator_loss: Callable[[Any], Any] = generator_loss_nonsaturating,
        real_weight: float = 1.0,
        real_label: float = 1.0,
    ) -> None:
        self.model = model
        self.rules = {"discriminator": discriminator_rule, "generator": generator_rule}
        self.rng = rng
        self.generator_loss = generator_loss
        self.real_weight = real_weight
        self.real_label = real_label

    def step(self, x: Any) -> dict[str, Any]:
        losses = gan_step(
            self.model,
            self.rules["discriminator"],
            self.rules["generator"],
            asarray(x),
            self.rng,
            self.generator_loss,
            self.real_weight,
            self.real_label,
        )
        return losses._asdict()

    def evaluate(self, images: Any) -> dict[str, float]:
        """Mean D on unseen real and on made images: both 0.5 where the game has ended."""
        rng, real, made = Generator(EVALUATION_SEED), 0.0, 0.0
        with no_grad(), self.model.evaluating():
            for start in range(0, len(images), EVALUATION_BATCH):
                x = asarray(images[start : start + EVALUATION_BATCH])
                real += float(self.model.discriminate(x).sum())
                made += float(self.model.discriminate(self.model.sample(len(x), rng)).sum())
        return {"test_d_real": real / len(images), "test_d_fake": made / len(images)}
