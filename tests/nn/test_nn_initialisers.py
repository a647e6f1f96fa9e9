"""How weights begin: spreads within sampling error, and signals that keep their size.

[E.XAVIER] [E.HE] [E.LECUN]
"""

import math

import numpy as np
import pytest

from minigen import Generator, ops
from minigen.backend import to_numpy
from minigen.equations import REGISTER
from minigen.nn import initialisers
from minigen.nn.initialisers import fans, orthogonal

SHAPES = [(60, 40), (40, 300), (1, 5000), (16, 8, 5, 5), (32, 4, 3, 2), (8, 6, 7)]
RULES = {
    "xavier": ("XAVIER", initialisers.xavier_std),
    "he": ("HE", initialisers.he_std),
    "lecun": ("LECUN", initialisers.lecun_std),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_standard_deviation_is_the_formula(rule, shape):
    name, std = RULES[rule]
    np.testing.assert_allclose(std(shape), REGISTER[name].transcription(shape), rtol=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_normal_draws_have_that_deviation(rule, shape, backend):
    """Mean, spread and fourth moment within 4 standard errors of N(0, sigma^2)."""
    w = to_numpy(getattr(initialisers, f"{rule}_normal")(shape, Generator(1), "float64"))
    n, sigma = w.size, RULES[rule][1](shape)
    assert w.shape == shape
    assert abs(w.mean()) < 4 * sigma / math.sqrt(n)
    assert abs(w.var() / sigma**2 - 1) < 4 * math.sqrt(2 / n)
    assert abs((w**4).mean() / sigma**4 - 3) < 4 * math.sqrt(96 / n)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_uniform_draws_have_that_deviation(rule, shape, backend):
    """Limits at root 3 sigma, mean and spread within 4 standard errors."""
    w = to_numpy(getattr(initialisers, f"{rule}_uniform")(shape, Generator(2), "float64"))
    n, sigma = w.size, RULES[rule][1](shape)
    assert w.shape == shape
    assert (1 - 20 / n) * math.sqrt(3) * sigma < abs(w).max() <= math.sqrt(3) * sigma
    assert abs(w.mean()) < 4 * sigma / math.sqrt(n)
    assert abs(w.var() / sigma**2 - 1) < 4 * math.sqrt(0.8 / n)


def test_fans_count_connections():
    """Of a matrix, of a kernel: what feeds one output, what one input feeds."""
    assert fans((5, 3)) == (3, 5)
    assert fans((16, 8, 5, 4)) == (8 * 20, 16 * 20)
    for shape in ((), (3,)):
        with pytest.raises(ValueError, match=r"a weight has shape \(out, in, ...\); got"):
            fans(shape)


@pytest.mark.parametrize(
    "init, activation",
    [("he_normal", ops.relu), ("he_uniform", ops.relu), ("lecun_normal", lambda x: x)],
)
def test_signals_keep_their_size_through_many_layers(init, activation):
    """[E.HE] with ReLU, [E.LECUN] without: 20 layers of 300, mean square within a factor of 2.

    The other rule of the two would leave 2^-20 or 2^20 of it.
    """
    rng = Generator(3)
    x = rng.normal((200, 300), "float64")
    for _ in range(20):
        x = activation(x @ getattr(initialisers, init)((300, 300), rng, "float64").T)
    assert 0.5 < (x**2).mean() < 2


def test_plain_draws():
    rng = Generator(0)
    w = initialisers.normal(0.02)((100, 50), rng)
    assert w.dtype == "float32"
    assert abs(w.std() / 0.02 - 1) < 4 / math.sqrt(2 * 5000)
    w = initialisers.uniform(0.3)((100, 50), rng)
    assert w.dtype == "float32"
    assert 0.299 < w.max() < 0.3 and -0.3 <= w.min() < -0.299
    assert np.array_equal(initialisers.zeros((2, 3), rng), np.zeros((2, 3)))


@pytest.mark.parametrize(
    "shape", [(6, 6), (8, 3), (3, 8), (4, 2, 3, 3), (12, 1, 2, 2), (5,)], ids=str
)
def test_orthogonal_is_orthonormal_along_its_shorter_side(shape, backend):
    w = to_numpy(orthogonal(1.5)(shape, Generator(0), "float64"))
    assert w.shape == shape
    matrix = w.reshape(shape[0], -1) / 1.5
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-14)


def test_orthogonal_is_uniform_over_rotations():
    """The first entry of Q has mean 0: without the correction of signs its sign is fixed."""
    rng = Generator(1)
    corners = np.array([orthogonal()((2, 2), rng, "float64") for _ in range(2000)])
    error = math.sqrt(0.5 / 2000)
    assert abs(corners.mean(axis=0)).max() < 4 * error
    assert abs((corners**2).mean(axis=0) - 0.5).max() < 4 * math.sqrt(0.125 / 2000)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "init",
    [
        *(getattr(initialisers, f"{r}_{k}") for r in RULES for k in ("normal", "uniform")),
        initialisers.normal(1.0),
        initialisers.uniform(1.0),
        initialisers.zeros,
        orthogonal(),
    ],
)
def test_precision_is_as_asked_and_the_seed_decides(init, dtype):
    w = init((4, 3), Generator(7), dtype)
    assert w.dtype == dtype
    assert np.array_equal(w, init((4, 3), Generator(7), dtype))


@pytest.mark.parametrize(
    "init",
    [
        initialisers.normal(np.float64(0.1)),
        initialisers.uniform(np.float64(0.1)),
        initialisers.orthogonal(np.float64(0.1)),
    ],
)
def test_a_numpy_number_as_a_setting_does_not_promote_the_weights(init):
    assert init((4, 3), Generator(0), "float32").dtype == "float32"
