"""Penalties, clipping and schedules: against the register, closed forms and known points."""

import math

import numpy as np
import pytest
from optim_cases import flat, give_gradients, parameters, random_gradients

import minigen.equations.optim  # noqa: F401 - fills the register
from minigen.equations import REGISTER
from minigen.nn import Parameter
from minigen.optim import (
    clip_by_norm,
    clip_by_value,
    constant,
    cosine,
    exponential_decay,
    l1_penalty,
    l2_penalty,
    linear_warmup,
    step_decay,
)
from minigen.tensor import Tensor


# ---------------------------------------------------------------- penalties
@pytest.mark.parametrize(
    ("penalty", "name", "slope"),
    [(l1_penalty, "L1", np.sign), (l2_penalty, "L2", lambda theta: theta)],
)
def test_penalties(penalty, name, slope):
    """[E.L1] [E.L2] Values by the register, gradients by hand: strength times slope."""
    params = parameters()
    params[1].assign(np.array([0.0, -0.0, 1.0, -2.0, 3.0]))  # 0 has the slope 0
    value = penalty(params, 0.3)
    arrays = [p.numpy() for p in params]
    np.testing.assert_allclose(value.item(), REGISTER[name].transcription(arrays, 0.3), rtol=1e-14)
    assert value.shape == ()
    value.backward()
    for p in params:
        np.testing.assert_allclose(p.grad.numpy(), 0.3 * slope(p.numpy()), rtol=1e-15)


def test_penalties_by_hand():
    """[E.L1] 0.1 (3 + 4 + 2) = 0.9    [E.L2] 0.1 / 2 (9 + 16 + 4) = 1.45    float32 stays."""
    params = [Parameter([3.0, -4.0]), Parameter([[2.0]])]
    for penalty, expected in ((l1_penalty, 0.9), (l2_penalty, 1.45)):
        value = penalty(params, 0.1)
        assert value.dtype.name == "float32"
        np.testing.assert_allclose(value.item(), expected, rtol=1e-6)
        assert penalty(params, 0).item() == 0


@pytest.mark.parametrize("penalty", [l1_penalty, l2_penalty])
def test_penalties_refuse(penalty):
    """[E.L1] [E.L2]"""
    who = penalty.__name__
    with pytest.raises(ValueError, match=f"{who}: strength must be .* >= 0; got -1; pass 0"):
        penalty(parameters(), -1)
    with pytest.raises(ValueError, match=f"{who}: strength must be .* got nan"):
        penalty(parameters(), float("nan"))
    with pytest.raises(TypeError, match=f"{who}: params must be a list .* got one Parameter"):
        penalty(parameters()[0], 1)


# ---------------------------------------------------------------- clipping
def with_gradients(arrays):
    """A parameter for each array, which is its gradient."""
    params = [Parameter(np.zeros_like(a)) for a in arrays]
    for p, a in zip(params, arrays, strict=True):
        p.grad = Tensor(np.array(a))
    return params


@pytest.mark.parametrize("probe", REGISTER["CLIPNORM"].probes)
def test_clip_by_norm_is_global_and_euclidean(probe):
    """[E.CLIPNORM] At probes that tell it from clipping by value, by parameter, by L1 norm."""
    gradients, max_norm = probe
    params = with_gradients(gradients)
    norm = clip_by_norm(params, max_norm)
    expected = REGISTER["CLIPNORM"].transcription(gradients, max_norm)
    for p, e in zip(params, expected, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), e, rtol=1e-14)
    np.testing.assert_allclose(norm, np.linalg.norm(np.concatenate([g.ravel() for g in gradients])))
    after = math.sqrt(sum((p.grad.numpy() ** 2).sum() for p in params))
    np.testing.assert_allclose(after, min(norm, max_norm), rtol=1e-14)


def test_clip_by_norm_by_hand():
    """[E.CLIPNORM] (3, 4) and (12): norm 13; to 6.5: halved. Limits above 13: left alone."""
    params = with_gradients([np.array([3.0, 4.0]), np.array([12.0])])
    held = [p.grad for p in params]
    assert clip_by_norm(params, 13.0) == 13.0
    assert all(p.grad is h for p, h in zip(params, held, strict=True))
    assert clip_by_norm(params, 6.5) == 13.0
    assert params[0].grad.numpy().tolist() == [1.5, 2.0]
    assert params[1].grad.numpy().tolist() == [6.0]
    assert held[0].numpy().tolist() == [3.0, 4.0]  # the old tensor is as it was


def test_clip_by_norm_of_zeros_and_of_large_float32():
    """[E.CLIPNORM] No 0 / 0, and no overflow of the squares."""
    params = with_gradients([np.zeros(3)])
    assert clip_by_norm(params, 1.0) == 0.0
    assert params[0].grad.numpy().tolist() == [0.0] * 3
    params = with_gradients([np.array([3e30, 4e30], dtype="float32")])
    np.testing.assert_allclose(clip_by_norm(params, 5.0), 5e30, rtol=1e-6)
    np.testing.assert_allclose(params[0].grad.numpy(), [3.0, 4.0], rtol=1e-6)
    assert params[0].grad.dtype.name == "float32"


def test_clip_by_norm_names_what_is_not_finite():
    """[E.CLIPNORM]"""
    params = with_gradients([np.ones(2), np.array([1.0, np.nan])])
    with pytest.raises(FloatingPointError, match=r"that of params\[1\] \(2,\) is not; lower alpha"):
        clip_by_norm(params, 1.0)


def test_clip_by_value():
    """[E.CLIPVALUE] Each element by itself; the old tensors are as they were."""
    params, g = parameters("float32"), random_gradients(1)[0]
    give_gradients(params, g)
    held = [p.grad for p in params]
    clip_by_value(params, 0.5)
    arrays = [h.numpy() for h in held]
    expected = REGISTER["CLIPVALUE"].transcription(arrays, 0.5)
    for p, e in zip(params, expected, strict=True):
        assert p.grad.dtype.name == "float32" and p.grad.shape == p.shape
        np.testing.assert_array_equal(p.grad.numpy(), e.astype("float32"))
    np.testing.assert_array_equal(np.concatenate([a.ravel() for a in arrays]), g.astype("float32"))
    assert abs(g).max() > 0.5 > abs(g).min()


@pytest.mark.parametrize(("clip", "limit"), [(clip_by_value, "limit"), (clip_by_norm, "max_norm")])
def test_clipping_refuses(clip, limit):
    """[E.CLIPVALUE] [E.CLIPNORM]"""
    params = parameters()
    who = clip.__name__
    with pytest.raises(ValueError, match=rf"{who}: every .* params\[0\] 'p0' \(3, 4\) has none"):
        clip(params, 1.0)
    give_gradients(params, np.ones(24))
    with pytest.raises(ValueError, match=f"{who}: {limit} must be a finite number > 0; got 0"):
        clip(params, 0)
    with pytest.raises(ValueError, match=f"{who}: params must hold at least one"):
        clip([], 1.0)
    assert flat([p.grad for p in params]).tolist() == [1.0] * 24


# ---------------------------------------------------------------- schedules
MAKERS = {
    "CONSTANT": (constant, (0.1,)),
    "STEPDECAY": (step_decay, (0.1, 0.5, 3)),
    "EXPDECAY": (exponential_decay, (0.1, 0.5, 3)),
    "COSINE": (cosine, (0.1, 0.01, 8)),
    "WARMUP": (linear_warmup, (step_decay(0.1, 0.5, 3), 5)),
}


@pytest.mark.parametrize("name", MAKERS)
def test_schedules_equal_their_transcriptions(name):
    """[E.CONSTANT] [E.STEPDECAY] [E.EXPDECAY] [E.COSINE] [E.WARMUP]"""
    maker, arguments = MAKERS[name]
    schedule = maker(*arguments)
    found = [schedule(t) for t in range(12)]
    expected = [REGISTER[name].transcription(t, *arguments) for t in range(12)]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert all(type(alpha) is float and alpha > 0 for alpha in found)


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (constant(0.1), {0: 0.1, 1000: 0.1}),  # [E.CONSTANT]
        (step_decay(0.8, 0.5, 10), {0: 0.8, 9: 0.8, 10: 0.4, 29: 0.2}),  # [E.STEPDECAY]
        (exponential_decay(0.8, 0.25, 10), {0: 0.8, 5: 0.4, 10: 0.2}),  # [E.EXPDECAY]
        (cosine(0.9, 0.1, 60), {0: 0.9, 20: 0.7, 30: 0.5, 40: 0.3, 60: 0.1, 99: 0.1}),  # [E.COSINE]
        (linear_warmup(constant(0.8), 4), {0: 0.2, 1: 0.4, 3: 0.8, 50: 0.8}),  # [E.WARMUP]
    ],
)
def test_schedules_at_known_points(schedule, points):
    """[E.CONSTANT] [E.STEPDECAY] [E.EXPDECAY] [E.COSINE] [E.WARMUP]"""
    for t, alpha in points.items():
        np.testing.assert_allclose(schedule(t), alpha, rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constant(0), ValueError, "constant: alpha must be .* > 0; got 0; pass a step"),
        (lambda: step_decay(0.1, 0, 3), ValueError, "step_decay: factor .* got 0; pass a factor"),
        (lambda: step_decay(0.1, 0.5, 0), ValueError, "every must be an integer >= 1; got 0"),
        (lambda: exponential_decay(0.1, 0.5, 2.5), TypeError, "every must be .* got float; count"),
        (lambda: exponential_decay(0.1, -1, 2), ValueError, "exponential_decay: factor .* got -1"),
        (lambda: cosine(0.1, 0, 5), ValueError, "cosine: alpha_end must be .* > 0; got 0"),
        (lambda: linear_warmup(0.1, 5), TypeError, r"a function of t; got float; write linear_w"),
        (lambda: linear_warmup(constant(0.1), 0), ValueError, "linear_warmup: steps .* got 0"),
    ],
)
def test_schedules_refuse(make, error, message):
    """[E.CONSTANT] [E.STEPDECAY] [E.EXPDECAY] [E.COSINE] [E.WARMUP]"""
    with pytest.raises(error, match=message):
        make()
