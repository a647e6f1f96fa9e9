"""The losses of the adversarial game, written in logits.

The discriminator's logit l is log D / (1 - D), so that log D = -softplus(-l) and
log(1 - D) = -softplus(l): exact for every l, without clipping. Everything here is minimised.
"""

from typing import Any, NamedTuple

from minigen.functional import floats
from minigen.ops import softplus


class DiscriminatorLoss(NamedTuple):
    """The loss and its parts: value = real + fake, in nats."""

    value: Any
    real: Any
    fake: Any


def discriminator_loss(
    real_logits: Any, fake_logits: Any, real_weight: float = 1.0, real_label: float = 1.0
) -> DiscriminatorLoss:
    """L_D = -w E[s log D(x) + (1 - s) log(1 - D(x))] - E[log(1 - D(G(z)))]    [E.GAND]

    real_logits, fake_logits: the discriminator's logits on real and on made examples, any
    shapes. real_weight: w > 0, the weight of the real term (0.9 in the project's statement of
    the game, 1 in Goodfellow et al. 2014, equation 1). real_label: s in (0, 1], the target for
    real examples (one-sided label smoothing where s < 1: Salimans et al. 2016, section 3.4).
    Raises ValueError for weights and labels outside these ranges, TypeError for integers.
    """
    if not real_weight > 0:
        raise ValueError(f"discriminator_loss: real_weight must be above 0; got {real_weight}")
    if not 0 < real_label <= 1:
        raise ValueError(f"discriminator_loss: real_label must be in (0, 1]; got {real_label}")
    floats("discriminator_loss", real_logits=real_logits, fake_logits=fake_logits)
    real = softplus(-real_logits).mean()  # -log D(x)
    if real_label < 1:
        real = real_label * real + (1 - real_label) * softplus(real_logits).mean()
    real = real_weight * real
    fake = softplus(fake_logits).mean()  # -log(1 - D(G(z)))
    return DiscriminatorLoss(real + fake, real, fake)


def generator_loss_minimax(fake_logits: Any) -> Any:
    """L_G = E[log(1 - D(G(z)))]    [E.GANMINIMAX]

    The zero-sum game. Its gradient fades where the discriminator is sure, that is, early.
    Source: Goodfellow et al. 2014, equation 1. fake_logits: any shape -> one number, nats.
    """
    floats("generator_loss_minimax", fake_logits=fake_logits)
    return -softplus(fake_logits).mean()


def generator_loss_nonsaturating(fake_logits: Any) -> Any:
    """L_G = -E[log D(G(z))]    [E.GANNONSATURATING]

    The same fixed point with another gradient, strong where the discriminator is sure; no
    longer a zero-sum game. Source: Goodfellow et al. 2014, section 3. fake_logits: any shape
    -> one number, nats.
    """
    floats("generator_loss_nonsaturating", fake_logits=fake_logits)
    return softplus(-fake_logits).mean()
