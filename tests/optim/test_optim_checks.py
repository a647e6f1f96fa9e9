"""What update rules refuse: hyper-parameters, step sizes and states, each with its message."""

import numpy as np
import pytest
from optim_cases import RULES, parameters, random_gradients, walk

from minigen.optim import (
    SGD,
    Adam,
    AdamBiasCorrected,
    HeavyBall,
    Momentum,
    Nesterov,
    RMSprop,
    UpdateRule,
)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    ("alpha", "error", "message"),
    [
        (0, ValueError, "alpha must be a finite number > 0; got 0; pass a step size such as 1e-3"),
        (-0.1, ValueError, "alpha must be a finite number > 0; got -0.1"),
        (float("nan"), ValueError, "got nan"),
        (float("inf"), ValueError, "got inf"),
        (True, TypeError, "got bool; pass a plain Python number"),
        ("0.1", TypeError, "got str; pass a plain Python number"),
        (np.ones(1), TypeError, "got ndarray"),
    ],
)
def test_alpha(name, alpha, error, message):
    cls, hyper = RULES[name]
    with pytest.raises(error, match=f"{cls.__name__}: .*{message}"):
        cls(parameters(), alpha, *hyper[1:])
    rule = cls(parameters(), *hyper)
    with pytest.raises(error, match=message):
        rule.alpha = alpha
    assert rule.alpha == hyper[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: Momentum(p, 0.1, float("nan")), ValueError, "Momentum: beta must be a finite"),
        (lambda p: Momentum(p, 0.1, None), TypeError, "Momentum: beta .* got NoneType"),
        (lambda p: HeavyBall(p, 0.1, 1), ValueError, "HeavyBall: beta .* 0 <= beta < 1; got 1"),
        (lambda p: Nesterov(p, 0.1, -0.1), ValueError, "Nesterov: beta .*; got -0.1; 0.9 is usual"),
        (lambda p: RMSprop(p, 0.1, 1.5), ValueError, "RMSprop: beta .*; got 1.5; 0.9 is usual"),
        (lambda p: RMSprop(p, 0.1, 0.9, 0), ValueError, "RMSprop: epsilon .* > 0; got 0; 1e-8"),
        (lambda p: Adam(p, 0.1, 1.0), ValueError, "Adam: beta1 .* 0 <= beta1 < 1; got 1.0; 0.9"),
        (lambda p: Adam(p, 0.1, 0.9, -1), ValueError, "Adam: beta2 .*; got -1; 0.999 is usual"),
        (lambda p: Adam(p, 0.1, (0.9, 0.999)), TypeError, "Adam: beta1 .* got tuple"),
        (lambda p: Adam(p, 0.1, epsilon=-1), ValueError, "Adam: epsilon .* got -1; 1e-8 is usual"),
        (lambda p: AdamBiasCorrected(p, 0.1, 2), ValueError, "AdamBiasCorrected: beta1 .* got 2"),
        (lambda p: AdamBiasCorrected(p, 0.1, 0.9, 2), ValueError, "Corrected: beta2 .* got 2"),
        (lambda p: AdamBiasCorrected(p, 0.1, epsilon=0), ValueError, "Corrected: epsilon .* got 0"),
    ],
)
def test_hyper_parameters(make, error, message):
    """[E.MOM] [E.HEAVYBALL] [E.NESTEROV] [E.RMSPROP] [E.ADAM] [E.ADAMBC]"""
    with pytest.raises(error, match=message):
        make(parameters())


def test_the_base_class_is_abstract():
    with pytest.raises(TypeError, match="update"):
        UpdateRule(parameters(), 0.1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("v"), ValueError, "names must be t, m, v; got t, m; load a state of the"),
        (lambda s: s.update(u=1), ValueError, "got t, m, v, u"),
        (lambda s: s.clear(), ValueError, "got none"),
        (lambda s: s.update(t=1.5), TypeError, "t must be an integer >= 0; got 1.5"),
        (lambda s: s.update(t=-1), TypeError, "got -1"),
        (lambda s: s.update(t=True), TypeError, "got True"),
        (lambda s: s.update(m=np.ones(3)), ValueError, r"m must have shape \(24,\) .* got \(3,\)"),
        (lambda s: s.update(v=s["v"].astype("float32")), ValueError, "float64; got .* float32"),
        (lambda s: s.update(v=3.0), ValueError, "v must have shape .* got None None"),
    ],
)
def test_states_that_are_refused(change, error, message):
    rule = Adam(parameters(), 0.1)
    walk(rule, random_gradients(3))
    state, wrong = rule.state_dict(), rule.state_dict()
    change(wrong)
    wrong.update({k: v * 2 for k, v in wrong.items() if k == "m"})
    with pytest.raises(error, match="Adam.load_state_dict: .*" + message):
        rule.load_state_dict(wrong)
    assert rule.t == 3
    np.testing.assert_array_equal(rule.state["m"], state["m"])  # nothing was taken over


def test_a_state_without_buffers():
    rule = SGD(parameters(), 0.1)
    assert rule.state_dict() == {"t": 0}
    rule.load_state_dict({"t": np.array(5)})  # as it comes back from a file of arrays
    assert rule.t == 5 and type(rule.t) is int
