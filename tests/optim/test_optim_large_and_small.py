"""Gradients whose squares overflow, parameters without axes, step sizes that round to 0."""

import math
import sys

import numpy as np
import pytest

from minigen import nn, optim, tensor


def parameters(*gradients):
    found = [nn.Parameter(np.zeros(np.shape(g))) for g in gradients]
    for p, g in zip(found, gradients, strict=True):
        p.grad = tensor(np.asarray(g))
    return found


@pytest.mark.parametrize("clip", [optim.clip_by_norm, optim.clip_by_value])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_without_axes_is_clipped_and_trained(clip, dtype):
    p, q = nn.Parameter(np.array(3, dtype)), nn.Parameter(np.ones(2, dtype))
    rule = optim.SGD([p, q], 0.1)
    (p * (q * q).sum()).backward()
    clip([p, q], 1.0)
    rule.step()
    assert p.grad.shape == () and p.grad.dtype == dtype and p.item() < 3


def test_the_norm_of_gradients_whose_squares_overflow():
    """[E.CLIPNORM]"""
    a, b = found = parameters([3e200], [4e200, 0.0])
    assert optim.clip_by_norm(found, 10.0) == pytest.approx(5e200)
    np.testing.assert_allclose(a.grad.numpy(), [6.0])
    np.testing.assert_allclose(b.grad.numpy(), [8.0, 0.0])


def test_squares_whose_sum_alone_overflows():
    found = parameters([1.1e154], [1.1e154])
    assert optim.clip_by_norm(found, 1.0) == pytest.approx(1.1e154 * math.sqrt(2))


def test_the_one_that_is_not_finite_is_named():
    found = parameters([1e200], [np.inf])
    with pytest.raises(FloatingPointError, match=r"that of params\[1\] \(1,\) is not"):
        optim.clip_by_norm(found, 1.0)


@pytest.mark.parametrize(
    ("schedule", "t"),
    [
        (optim.step_decay(1e-3, 0.1, 1), 330),
        (optim.exponential_decay(1e-3, 0.9, 1), 7100),
    ],
)
def test_a_step_size_stays_above_0(schedule, t):
    assert schedule(t) == sys.float_info.min
    assert schedule(2) > 1e-6


def test_a_step_size_beyond_all_numbers_is_told_by_the_rule():
    rule = optim.SGD([nn.Parameter(np.zeros(1))], 0.1)
    with pytest.raises(ValueError, match="alpha must be a finite number > 0; got inf"):
        rule.alpha = optim.step_decay(1e-3, 10.0, 1)(400)
    with pytest.raises(ValueError, match="alpha must be a finite number > 0; got 1000"):
        rule.alpha = 10**400


@pytest.mark.parametrize("rule", [optim.Adam, optim.AdamBiasCorrected, optim.RMSprop])
def test_an_epsilon_that_rounds_to_0_is_none(rule):
    params = [nn.Parameter(np.zeros(2, np.float32))]
    with pytest.raises(ValueError, match="epsilon must be above 0 in float32; got 1e-46"):
        rule(params, alpha=0.1, epsilon=1e-46)
    rule([nn.Parameter(np.zeros(2))], alpha=0.1, epsilon=1e-46)
