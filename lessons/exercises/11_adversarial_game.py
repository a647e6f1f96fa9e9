"""Exercises of lesson 11: the adversarial game.

Complete each function, then run:  minigen learn check 11
A hint for the first one:  minigen learn hint 11.1
"""

import numpy as np


def discriminator_loss(real_logits, fake_logits, real_weight=1.0, real_label=1.0):
    """The discriminator's loss (11.5), from logits.

    real_logits, fake_logits: arrays, the logits l of real and of drawn examples, where
    D = 1 / (1 + exp(-l)). real_weight: w; real_label: s. Returns a number, finite for logits
    of 1000 and -1000 too: use np.logaddexp(0, l), which is log(1 + exp(l)).
    """
    log_d = -np.logaddexp(0, -real_logits)
    log_not_d = -np.logaddexp(0, real_logits)
    real = (real_label * log_d + (1 - real_label) * log_not_d).mean()
    fake = -np.logaddexp(0, fake_logits).mean()
    return -real_weight * real - fake


def generator_loss(fake_logits):
    """The generator's loss that does not fade, (11.7), from logits.

    fake_logits: an array, the logits of drawn examples. Returns a number, finite for logits of
    1000 and -1000 too.
    """
    return np.logaddexp(0, -fake_logits).mean()


def jensen_shannon(p, q):
    """The Jensen-Shannon divergence of two distributions on a few points, (11.4).

    p, q: arrays of probabilities > 0, each with the sum 1. Returns a number, in nats.
    """
    m = (p + q) / 2
    return 0.5 * (p * np.log(p / m)).sum() + 0.5 * (q * np.log(q / m)).sum()


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import REGISTER, Wrong
from minigen.learn import Exercise, Formula, Property, registered

ZERO = np.zeros(2)
GAND = REGISTER["GAND"]


def total(loss):
    """The register's loss without its two parts."""
    return lambda real_logits, fake_logits, real_weight=1.0, real_label=1.0: loss(
        real_logits, fake_logits, real_weight, real_label
    )[0]


right_loss = total(GAND.transcription)
LOSS_MISTAKES = {
    name: Wrong(wrong.explanation, total(wrong.transcription)) for name, wrong in GAND.wrong.items()
} | {
    "negative": Wrong(
        "the minus in front is missing: what D maximises, not what it minimises",
        lambda real, fake, w=1.0, s=1.0: -right_loss(real, fake, w, s),
    ),
    "no_weight": Wrong(
        "the weight w is not read", lambda real, fake, w=1.0, s=1.0: right_loss(real, fake, 1.0, s)
    ),
    "no_label": Wrong(
        "the label s is not read", lambda real, fake, w=1.0, s=1.0: right_loss(real, fake, w, 1.0)
    ),
    "fake_turned": Wrong(
        "the logits of the drawings have the other sign: log D where log(1 - D) belongs",
        lambda real, fake, w=1.0, s=1.0: right_loss(real, -fake, w, s),
    ),
    "real_turned": Wrong(
        "the logits of the real examples have the other sign",
        lambda real, fake, w=1.0, s=1.0: right_loss(-real, fake, w, s),
    ),
    "fake_minus": Wrong(
        "the part of the drawings has the wrong sign",
        lambda real, fake, w=1.0, s=1.0: (
            right_loss(real, fake, w, s) - 2 * np.logaddexp(0, fake).mean()
        ),
    ),
    "weight_on_log_d": Wrong(
        "the weight stands before log D alone, not before (1 - s) log(1 - D)",
        lambda real, fake, w=1.0, s=1.0: (
            right_loss(real, fake, w, s) + (1 - w) * (1 - s) * np.logaddexp(0, real).mean()
        ),
    ),
    "rows": Wrong(
        "divided by the number of rows: the mean runs over all logits",
        lambda real, fake, w=1.0, s=1.0: (
            right_loss(real, fake, w, s) * real[0].size
            + np.logaddexp(0, fake).mean() * (fake[0].size - real[0].size)
        ),
    ),
}
# logits in two columns, and not as many real as drawn ones
MATRICES = (
    np.random.default_rng(1).normal(size=(3, 2)),
    np.random.default_rng(2).normal(size=(2, 2)),
    0.8,
    0.9,
)
LARGE = np.array([1000.0, 1000.0])


def discriminator_is_stable(loss):
    for arguments, expected, words in (
        ((-LARGE, ZERO), 1000 + np.log(2), "for real logits of -1000 the loss is 1000 + log 2"),
        ((LARGE, ZERO), np.log(2), "for real logits of 1000 the loss is log 2"),
        (
            (LARGE, ZERO, 1.0, 0.9),
            100 + np.log(2),
            "for real logits of 1000 and the label 0.9 the loss is 100 + log 2",
        ),
        ((ZERO, 0.8 * LARGE), 800 + np.log(2), "for drawn logits of 800 the loss is 800 + log 2"),
        ((ZERO, -LARGE), np.log(2), "for drawn logits of -1000 the loss is log 2"),
    ):
        value = loss(*arguments)
        assert np.isclose(value, expected), f"{words}; you returned {value}"


def generator_is_stable(loss):
    value = loss(-LARGE)
    assert np.isclose(value, 1000.0), f"for logits of -1000 the loss is 1000, not {value}"
    value = loss(LARGE)
    assert np.isclose(value, 0.0, atol=1e-12), f"for logits of 1000 the loss is 0, not {value}"


def kl(p, q):
    return (p * np.log(p / q)).sum()


def mixture(p, q):
    return (p + q) / 2


def by_entropy(p, q):
    """H((p + q) / 2) - (H(p) + H(q)) / 2, added up point by point."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        c = 0.5 * a + 0.5 * b
        total += -c * np.log(c) + 0.5 * a * np.log(a) + 0.5 * b * np.log(b)
    return total


JS_PROBES = (
    (np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.3, 0.2])),
    (np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.01, 0.01, 0.01, 0.97])),
)
JS_MISTAKES = {
    "half_missing": Wrong(
        "the two divergences are added, without the factor 1/2",
        lambda p, q: kl(p, mixture(p, q)) + kl(q, mixture(p, q)),
    ),
    "jeffreys": Wrong(
        "the divergences of p and q from each other instead of from their mean",
        lambda p, q: 0.5 * kl(p, q) + 0.5 * kl(q, p),
    ),
    "one_side": Wrong("only KL(p || m), without KL(q || m)", lambda p, q: kl(p, mixture(p, q))),
    "bits": Wrong(
        "in bits: the logarithm to the base 2 instead of the natural one",
        lambda p, q: (kl(p, mixture(p, q)) + kl(q, mixture(p, q))) / (2 * np.log(2)),
    ),
    "sum_for_mean": Wrong(
        "m is p + q instead of their mean",
        lambda p, q: 0.5 * kl(p, p + q) + 0.5 * kl(q, p + q),
    ),
    "reversed": Wrong(
        "the divergences of m from p and q: KL(m || p) instead of KL(p || m)",
        lambda p, q: 0.5 * kl(mixture(p, q), p) + 0.5 * kl(mixture(p, q), q),
    ),
    "value": Wrong(
        "the value of the game, 2 JS - log 4, instead of JS",
        lambda p, q: kl(p, mixture(p, q)) + kl(q, mixture(p, q)) - np.log(4),
    ),
    "root": Wrong(
        "its root, the Jensen-Shannon distance, which scipy's jensenshannon gives",
        lambda p, q: np.sqrt(by_entropy(p, q)),
    ),
    "mean": Wrong(
        "the mean over the points instead of the sum", lambda p, q: by_entropy(p, q) / len(p)
    ),
    "sign": Wrong(
        "the fraction is turned round: the logarithm of m / p", lambda p, q: -by_entropy(p, q)
    ),
}


GENERATOR_MISTAKES = {
    "log_of_mean": Wrong(
        "the logarithm of the mean D instead of the mean of the logarithms",
        lambda v: -np.log((1 / (1 + np.exp(-v))).mean()),
    ),
}


def through_exp(real_logits, fake_logits, real_weight=1.0, real_label=1.0):
    """log(1 - D) without logaddexp: right up to logits of 700."""
    log_d, log_not_d = -np.logaddexp(0, -real_logits), -np.log(1 + np.exp(real_logits))
    real = (real_label * log_d + (1 - real_label) * log_not_d).mean()
    return -real_weight * real + np.logaddexp(0, fake_logits).mean()


def through_probabilities(real_logits, fake_logits, real_weight=1.0, real_label=1.0):
    d, made = (1 / (1 + np.exp(-x)) for x in (real_logits, fake_logits))
    real = (real_label * np.log(d) + (1 - real_label) * np.log(1 - d)).mean()
    return -real_weight * real - np.log(1 - made).mean()


EXERCISES = (
    Exercise(
        discriminator_loss,
        checks=(
            Formula(right_loss, (*GAND.probes, MATRICES), LOSS_MISTAKES),
            Property("it stays finite", discriminator_is_stable),
        ),
        hints=(
            "log D = -log(1 + exp(-l)) and log(1 - D) = -log(1 + exp(l)).",
            "log_d = -np.logaddexp(0, -real_logits)",
            "Everything has a minus in front: D maximises what it minimises the negative of.",
        ),
        mistakes={
            "through D": (through_probabilities, "it stays finite"),
            "through exp": (through_exp, "it stays finite: for real logits of 1000"),
            "drawn logits added": (
                lambda r, f, w=1.0, s=1.0: (
                    discriminator_loss(r, 0 * f, w, s)
                    - np.log(2)
                    + (f + np.log1p(np.exp(-f))).mean()
                ),
                "for drawn logits of -1000",
            ),
            "rows": (LOSS_MISTAKES["rows"].transcription, "divided by the number of rows"),
            "sign": (
                lambda r, f, w=1.0, s=1.0: -discriminator_loss(r, f, w, s),
                "the minus in front is missing",
            ),
        },
    ),
    Exercise(
        generator_loss,
        checks=(
            registered("GANNONSATURATING", also=GENERATOR_MISTAKES, probes=(MATRICES[:1],)),
            Property("it stays finite", generator_is_stable),
        ),
        hints=(
            "-log D = log(1 + exp(-l)).",
            "np.logaddexp(0, -fake_logits).mean()",
        ),
        mistakes={
            "minimax": (lambda v: -np.logaddexp(0, v).mean(), "this is a known mistake"),
            "through exp": (
                lambda v: (np.log(1 + np.exp(v)) - v).mean(),
                "it stays finite: for logits of 1000",
            ),
        },
    ),
    Exercise(
        jensen_shannon,
        checks=(Formula(by_entropy, JS_PROBES, JS_MISTAKES),),
        hints=(
            "m = (p + q) / 2 first.",
            "KL(p || m) is (p * np.log(p / m)).sum().",
        ),
        mistakes={"jeffreys": (JS_MISTAKES["jeffreys"].transcription, "from each other")},
    ),
)
