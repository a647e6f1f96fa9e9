"""A step in the reader's form becomes a walk in the register's, and leaves its arrays alone."""

import numpy as np
import pytest

from minigen.equations import REGISTER
from minigen.learn import Rejected, positions, unchanged, walks

GRADIENTS = np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]])


def ball(theta, g, u, alpha, beta):
    u = beta * u - alpha * g
    return theta + u, u


def counted(theta, g, seen, t, alpha):
    return theta - alpha * g * t, seen + t


def told(step, *states):
    with pytest.raises(Rejected) as caught:
        walks(*states)(step)(np.zeros(2), GRADIENTS, 0.1, 0.9)
    return str(caught.value)


def test_positions_are_the_registers_and_states_stand_beside_them():
    expected = REGISTER["HEAVYBALL"].transcription(np.ones(2), GRADIENTS, 0.1, 0.9)
    assert np.array_equal(positions("u")(ball)(np.ones(2), GRADIENTS, 0.1, 0.9), expected)
    theta, u = walks("u")(ball)(np.ones(2), GRADIENTS, 0.1, 0.9)
    assert np.array_equal(theta, expected)
    assert np.array_equal(u[0], np.zeros(2))
    np.testing.assert_allclose(u[1:], np.diff(theta, axis=0), rtol=1e-12)


def test_a_step_may_count_and_return_a_list():
    def step(*args):
        return list(counted(*args))

    theta, seen = walks("seen", counts=True)(step)(np.zeros(2), GRADIENTS, 1.0)
    assert np.array_equal(theta[1], -GRADIENTS[0])
    assert np.array_equal(seen[:, 0], [0, 1, 3, 6])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda theta, g, u, a, b: theta, "it must return two arrays: theta, u"),
        (lambda theta, g, u, a, b: None, "it must return two arrays: theta, u"),
        (lambda theta, g, u, a, b: (theta, u, g), "it must return two arrays: theta, u"),
        (lambda theta, g, u, a, b: (theta, u + 0j), "it returns complex numbers"),
        (lambda theta, g, u, a, b: (theta, "u"), "not made of numbers"),
        (lambda theta, g, u, a, b: (theta[:1], u), "returns one of the shape (1,)"),
    ],
)
def test_what_is_no_state_is_refused(step, expected):
    assert expected in told(step, "u")


@pytest.mark.parametrize("k", range(3))
def test_the_array_that_was_changed_is_named(k):
    def step(*args):
        args[k][:] += 1
        return ball(*args)

    name = ("theta", "g", "u")[k]
    assert f"{name} is not exactly what it was" in told(step, "u")


def test_an_array_that_is_left_alone_passes():
    given = {"theta": np.ones(2), "g": np.full(2, np.nan)}
    assert unchanged(lambda theta, g, alpha: alpha, given, 0.1) == 0.1
