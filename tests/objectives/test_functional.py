"""Dropout, accuracy and the check of shapes: what functional.py holds beside the objectives."""

import math

import numpy as np
import pytest

from minigen import Generator, gradcheck
from minigen.creation import tensor
from minigen.functional import accuracy, dropout, gaussian_log_prob, same_shape
from minigen.tensor import Tensor


# ---------------------------------------------------------------- dropout
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p):
    """[E.DROPOUT] 40,000 ones: share of zeros and mean within 4 standard errors."""
    n = 40_000
    y = dropout(np.ones(n), p, Generator(0))
    kept = np.float64(1 / (1 - p))
    assert set(np.unique(y)) == {0.0, kept}
    error = math.sqrt(p * (1 - p) / n)
    assert abs((y == 0).mean() - p) < 4 * error
    assert abs(y.mean() - 1) < 4 * error * kept


def test_dropout_draws_its_mask_from_the_generator():
    """[E.DROPOUT] The same seed drops the same elements; the next call drops others."""
    x = np.ones(100)
    rng = Generator(3)
    first, second = dropout(x, 0.5, rng), dropout(x, 0.5, rng)
    assert np.array_equal(first, dropout(x, 0.5, Generator(3)))
    assert not np.array_equal(first, second)


def test_dropout_hands_the_gradient_through_its_mask():
    """[E.DROPOUT] Only what was kept gets a gradient, scaled as the value is."""
    x = tensor(np.arange(1.0, 51.0), requires_grad=True)
    y = dropout(x, 0.3, Generator(1))
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy() * x.numpy(), y.numpy(), rtol=1e-14)
    assert 0 < (y.numpy() == 0).sum() < 50


def test_dropout_of_nothing_is_the_identity():
    """[E.DROPOUT] p = 0 draws no numbers."""
    x, rng = np.ones(3), Generator(0)
    assert dropout(x, 0, rng) is x
    assert np.array_equal(rng.random(4), Generator(0).random(4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_kind_and_precision(dtype):
    x = np.ones((2, 3), dtype)
    assert type(dropout(x, 0.5, Generator(0))) is np.ndarray
    assert isinstance(dropout(tensor(x), 0.5, Generator(0)), Tensor)
    for y in (dropout(x, 0.5, Generator(0)), dropout(tensor(x), 0.5, Generator(0))):
        assert y.dtype == dtype
        assert y.shape == (2, 3)


@pytest.mark.parametrize("p", [1, 1.5, -0.1, math.nan])
def test_dropout_probability_is_checked(p):
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\); got"):
        dropout(np.ones(2), p, Generator(0))


# ---------------------------------------------------------------- accuracy
def test_accuracy_by_hand():
    logits = np.array([[0.1, 2.0, -1.0], [3.0, 2.9, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.5]])
    labels = np.array([1, 1, 2, 0])
    assert accuracy(logits, labels) == 0.75
    assert accuracy(tensor(logits), labels) == 0.75
    assert accuracy(tensor(logits, requires_grad=True), tensor(labels)) == 0.75
    assert isinstance(accuracy(logits, labels), float)


def test_accuracy_does_not_broadcast():
    """Labels (n, 1) would be compared with every row."""
    with pytest.raises(ValueError, match=r"accuracy: all shapes.*\(3,\).*\(3, 1\)"):
        accuracy(np.eye(3), np.arange(3)[:, None])


# ---------------------------------------------------------------- shapes
def test_same_shape_lets_equal_shapes_and_numbers_pass():
    same_shape("f", a=np.zeros((2, 3)), b=tensor(np.ones((2, 3))), c=0.0, d=1)
    same_shape("f", a=1.0, b=2.0)
    with pytest.raises(ValueError) as error:
        same_shape("f", a=np.zeros((2, 3)), b=1.0, c=np.zeros(3))
    assert str(error.value) == (
        "f: all shapes must be equal; got a (2, 3), c (3,); reshape one of them, nothing is "
        "broadcast here"
    )


# ---------------------------------------------------------------- Gaussian with plain numbers
def test_gaussian_with_numbers_can_be_checked_by_the_complex_step():
    """[E.GAUSSIAN] With a number for log_var every step is analytic, so x may be complex."""
    x, mean = np.random.default_rng(0).normal(size=(2, 3))
    assert gradcheck(lambda a, b: gaussian_log_prob(a, b, 0.3), x, mean, order=2, method="complex")


def test_gaussian_takes_whole_numbers():
    """[E.GAUSSIAN] Counts as x; log_var then has the bound of double precision."""
    x = np.array([2, 0])
    found = gaussian_log_prob(x, 1.0, 0)
    np.testing.assert_allclose(found, -0.5 * (math.log(2 * math.pi) + 1), rtol=1e-15)
    assert np.array_equal(gaussian_log_prob(x, 1.0, -1000), gaussian_log_prob(x, 1.0, -600))
