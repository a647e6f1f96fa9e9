r"""Entries for the losses of the adversarial game.

The transcriptions go from logits to the probabilities D and take their logarithms, as the
formulas do. That is why they are no way to train: for logits beyond 36, D is rounded to 1.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation


def sigmoid(logits):
    return 1 / (1 + numpy.exp(-logits))


def log_d(logits):
    return numpy.log(sigmoid(logits))


def log_not_d(logits):
    return numpy.log(1 - sigmoid(logits))


def clipped(logits):
    """The logit of a probability that was clipped to [1e-15, 0.999]."""
    d = numpy.clip(sigmoid(logits), 1e-15, 0.999)
    return numpy.log(d / (1 - d))


def game(real, fake, weight, label, fake_label=0.0, average=numpy.mean):
    """The discriminator's loss and its parts, from which the wrong variants are made."""
    real_part = -weight * average(label * log_d(real) + (1 - label) * log_not_d(real))
    fake_part = -average(fake_label * log_d(fake) + (1 - fake_label) * log_not_d(fake))
    return numpy.array([real_part + fake_part, real_part, fake_part])


REAL = numpy.array([0.4, 2.0, 8.5])
FAKE = numpy.array([-1.2, 0.3, 7.6, 1.0])
SYMBOLS = {
    "x": "real examples",
    "G(z)": "made examples",
    "D": r"probability of being real, 1 / (1 + e^{-l}) of the logits l",
    "E": "mean over the batch",
}


@equation(
    "GAND",
    title="Loss of the discriminator",
    latex=r"L_D = -w \, E[s \log D(x) + (1 - s) \log (1 - D(x))] - E[\log (1 - D(G(z)))]",
    symbols=SYMBOLS
    | {"w": "weight of the real term, > 0", "s": "label of real examples, in (0, 1]"},
    source="Goodfellow et al. 2014, equation 1 (w = s = 1); Salimans et al. 2016, section 3.4 (s)",
    code="minigen.objectives.adversarial.discriminator_loss",
    wrong={
        "sigmoid_twice": Wrong(
            "the net ends in a sigmoid and the loss applies another one",
            lambda r, f, w=1.0, s=1.0: game(sigmoid(r), sigmoid(f), w, s),
        ),
        "clipped": Wrong(
            "D is clipped to [1e-15, 0.999], beyond which there is no gradient",
            lambda r, f, w=1.0, s=1.0: game(clipped(r), clipped(f), w, s),
        ),
        "labels_swapped": Wrong(
            "real and made examples change places",
            lambda r, f, w=1.0, s=1.0: game(f, r, w, s),
        ),
        "summed": Wrong(
            "sums over the batch instead of means",
            lambda r, f, w=1.0, s=1.0: game(r, f, w, s, average=numpy.sum),
        ),
        "label_for_weight": Wrong(
            "the label is used as another weight: its part (1 - s) log(1 - D(x)) is missing",
            lambda r, f, w=1.0, s=1.0: game(r, f, w * s, 1.0),
        ),
        "weight_for_label": Wrong(
            "the weight is used as a label",
            lambda r, f, w=1.0, s=1.0: game(r, f, 1.0, w * s),
        ),
        "weight_on_both": Wrong(
            "the weight is also put on the made examples",
            lambda r, f, w=1.0, s=1.0: w * game(r, f, 1.0, s),
        ),
        "smoothed_on_both_sides": Wrong(
            "made examples get the label 1 - s: their density enters the best D's numerator",
            lambda r, f, w=1.0, s=1.0: game(r, f, w, s, fake_label=1 - s),
        ),
        "log_d_of_fakes": Wrong(
            "E log D(G(z)) in place of -E log(1 - D(G(z))), as if it were Wasserstein's loss",
            lambda r, f, w=1.0, s=1.0: (
                game(r, f, w, s) + (log_d(f).mean() + log_not_d(f).mean()) * numpy.array([1, 0, 1])
            ),
        ),
        "halved": Wrong(
            "half of the loss: an average of the two terms",
            lambda r, f, w=1.0, s=1.0: game(r, f, w, s) / 2,
        ),
    },
    probes=((REAL, FAKE, 0.8, 0.9),),
)
def discriminator_loss(real_logits, fake_logits, real_weight=1.0, real_label=1.0):
    real = fake = 0.0
    for logit in real_logits.flat:
        d = 1 / (1 + math.exp(-logit))
        real -= real_label * math.log(d) + (1 - real_label) * math.log(1 - d)
    for logit in fake_logits.flat:
        fake -= math.log(1 - 1 / (1 + math.exp(-logit)))
    real, fake = real_weight * real / real_logits.size, fake / fake_logits.size
    return numpy.array([real + fake, real, fake])


def generator_wrong(loss):
    """The mistakes that both losses of the generator share."""
    return {
        "sigmoid_twice": Wrong(
            "the discriminator ends in a sigmoid and the loss applies another one",
            lambda f: loss(sigmoid(f)),
        ),
        "clipped": Wrong(
            "D is clipped to [1e-15, 0.999], beyond which there is no gradient",
            lambda f: loss(clipped(f)),
        ),
        "summed": Wrong("the sum over the batch instead of the mean", lambda f: loss(f) * f.size),
        "sign": Wrong("what the generator should climb, it descends", lambda f: -loss(f)),
        "label_swapped": Wrong("the logit has the wrong sign", lambda f: loss(-f)),
    }


@equation(
    "GANMINIMAX",
    title="Loss of the generator in the zero-sum game",
    latex=r"L_G = E[\log (1 - D(G(z)))]",
    symbols=SYMBOLS,
    source="Goodfellow et al. 2014, equation 1",
    code="minigen.objectives.adversarial.generator_loss_minimax",
    wrong=generator_wrong(lambda f: log_not_d(f).mean())
    | {
        "nonsaturating": Wrong(
            "-E log D(G(z)), which has the same fixed point and another gradient",
            lambda f: -log_d(f).mean(),
        )
    },
    probes=((FAKE,),),
)
def generator_loss_minimax(fake_logits):
    terms = [math.log(1 - 1 / (1 + math.exp(-logit))) for logit in fake_logits.flat]
    return math.fsum(terms) / len(terms)


@equation(
    "GANNONSATURATING",
    title="Loss of the generator with a strong gradient early on",
    latex=r"L_G = -E[\log D(G(z))]",
    symbols=SYMBOLS,
    source="Goodfellow et al. 2014, section 3",
    code="minigen.objectives.adversarial.generator_loss_nonsaturating",
    wrong=generator_wrong(lambda f: -log_d(f).mean())
    | {
        "minimax": Wrong(
            "E log(1 - D(G(z))), whose gradient fades where the discriminator is sure",
            lambda f: log_not_d(f).mean(),
        )
    },
    probes=((FAKE,),),
)
def generator_loss_nonsaturating(fake_logits):
    terms = [math.log(1 / (1 + math.exp(-logit))) for logit in fake_logits.flat]
    return -math.fsum(terms) / len(terms)
