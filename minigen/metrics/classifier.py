"""Are the samples digits, and which? Asked of a classifier that is trained here.

A classifier of real images says which class each sample looks like and how sure it is. That
alone would call noise a digit, for a net is sure of itself far from its data too; so it learns
one class more, "none", from noise and from images with shuffled pixels. The share of samples
that it calls a digit with confidence is the figure. Two others put it into proportion: the same
share for real test images, the ceiling, and for blends of two test images, which a model that
mixes what it has seen would reach.
"""

from typing import Any, NamedTuple

import numpy

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, to_numpy
from minigen.data import Images, batches
from minigen.models import dense_chain
from minigen.ops import cross_entropy, softmax
from minigen.optim import AdamBiasCorrected

CONFIDENT = 0.8  # a sample counts as a digit if one digit has at least this probability
FOUND = 0.02  # a class counts as found if at least this share of all samples confidently is it
SAMPLES = 1000
STEPS = 3000
BATCH = 128


class Verdict(NamedTuple):
    """What the classifier says about a set of images.

    confident: share of images that are one digit with probability >= 0.8. classes: how many
    classes have at least 2% of all images, confidently. shares: share of each class among the
    confident ones.
    """

    confident: float
    classes: int
    shares: list[float]


def not_digits(x: Any, rng: Generator) -> Any:
    """As many images that are no digits as there are rows in x (n, pixels): for one half the
    pixels of x in another order, for the other half noise with the values that x has."""
    n, pixels = x.shape
    shuffled = x[: n // 2][:, rng.permutation(pixels)]
    noise = x[n // 2 :].reshape(-1)[rng.permutation((n - n // 2) * pixels)]
    return numpy.concatenate([shuffled, noise.reshape(-1, pixels)])


def blends(x: Any, rng: Generator) -> Any:
    """Each row of x (n, pixels) averaged with another one."""
    return 0.5 * (x + x[rng.permutation(len(x))])


def train_classifier(images: Images, rng: Generator, steps: int | None = None) -> nn.Module:
    """A dense net that tells the classes of ``images``, and "none of them" as the last class.

    steps: how long to train, 3,000 mini-batches by default.
    """
    steps = STEPS if steps is None else steps
    classes = int(images.labels.max()) + 1
    init_rng, data_rng = rng.spawn(2)
    net = dense_chain([images.flat.shape[1], 256, classes + 1], "relu", init_rng)
    rule = AdamBiasCorrected(net.parameters(), alpha=1e-3)
    done = 0
    while done < steps:
        for index in batches(len(images), min(BATCH, len(images)), data_rng):
            real, labels = images.flat[index], images.labels[index]
            x = numpy.concatenate([real, not_digits(real, data_rng)])
            y = numpy.concatenate([labels, numpy.full(len(real), classes)])
            rule.zero_grad()
            cross_entropy(net(asarray(x)), asarray(y)).mean().backward()
            rule.step()
            done += 1
            if done == steps:
                break
    return net


def judge(classifier: nn.Module, x: Any) -> Verdict:
    """The classifier's verdict on images x: (n, pixels) in [0, 1], on the host. Raises ValueError
    for none."""
    if not len(x):
        raise ValueError("judge: there must be at least one image; got none")
    with no_grad():
        p = to_numpy(softmax(classifier(asarray(x))).array)[:, :-1]
    sure = p.max(axis=1) >= CONFIDENT
    counts = numpy.bincount(p.argmax(axis=1)[sure], minlength=p.shape[1])
    return Verdict(
        float(sure.mean()),
        int((counts >= FOUND * len(p)).sum()),
        [round(float(c), 4) for c in counts / max(1, sure.sum())],
    )


def judge_samples(model: Any, images: Images, test: Images, rng: Generator) -> dict[str, Any]:
    """Figures on 1,000 samples of ``model``, by name, with those of real test images and blends.

    images, test: labelled images for training the classifier and for its ceiling.
    """
    train_rng, sample_rng, blend_rng = rng.spawn(3)
    classifier = train_classifier(images, train_rng)
    with no_grad(), model.evaluating():
        made = to_numpy(model.sample(SAMPLES, sample_rng).array)
    samples, real = judge(classifier, made), judge(classifier, test.flat)
    blended = judge(classifier, blends(test.flat, blend_rng))
    return {
        "samples_classes": samples.classes,
        "samples_confident": round(samples.confident, 4),
        "samples_class_shares": samples.shares,
        "real_confident": round(real.confident, 4),
        "blends_confident": round(blended.confident, 4),
    }
