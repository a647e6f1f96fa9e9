"""The judge of samples must know digits from what is none, and say which classes occur."""

import numpy as np
import pytest

from minigen import data, nn
from minigen.backend import Generator
from minigen.metrics import judge, judge_samples, train_classifier
from minigen.metrics.classifier import blends, not_digits

TEST = data.digits("test")


@pytest.fixture(scope="module")
def classifier():
    return train_classifier(data.digits("train"), Generator(0), steps=1500)


def test_real_digits_are_found_and_of_all_classes(classifier):
    verdict = judge(classifier, TEST.flat)
    assert verdict.confident > 0.85
    assert verdict.classes == 10
    assert sum(verdict.shares) == pytest.approx(1, abs=1e-3)


def test_noise_is_no_digit(classifier):
    noise = np.random.default_rng(0).random((500, 64), dtype="float32")
    assert judge(classifier, noise).confident < 0.05
    assert judge(classifier, not_digits(TEST.flat, Generator(1))).confident < 0.1


def test_collapse_is_seen(classifier):
    """Images of one class only: most of them are called that class."""
    verdict = judge(classifier, TEST.flat[TEST.labels == 3])
    assert verdict.shares[3] > 0.6
    assert verdict.classes < 5


def test_blends_are_less_convincing_than_real_images(classifier):
    blended = judge(classifier, blends(TEST.flat, Generator(2)))
    assert blended.confident < judge(classifier, TEST.flat).confident - 0.1


def test_figures_of_a_model_that_returns_real_images():
    """A model that has the test set by heart scores what the real images score."""

    class Memory(nn.Module):
        def sample(self, n, rng):
            class Rows:
                array = TEST.flat[rng.integers(0, len(TEST), (n,))]

            return Rows

    figures = judge_samples(Memory(), data.digits("train"), TEST, Generator(0))
    assert figures["samples_classes"] == 10
    assert figures["samples_confident"] == pytest.approx(figures["real_confident"], abs=0.05)
    assert figures["blends_confident"] < figures["real_confident"]
