"""Every update rule against its formula: the register's transcription and numbers by hand."""

import numpy as np
import pytest
from optim_cases import RULES, SHAPES, flat, parameters, random_gradients, walk

import minigen
import minigen.equations.optim  # noqa: F401 - fills the register
from minigen.equations import REGISTER
from minigen.nn import Parameter
from minigen.optim import GD, SGD, Adam, AdamBiasCorrected, Momentum, Nesterov, UpdateRule
from minigen.tensor import Tensor


@pytest.mark.parametrize("block_size", [7, 64 * 1024])
@pytest.mark.parametrize("name", RULES)
def test_rule_equals_its_transcription(name, block_size, monkeypatch):
    """[E.GD] [E.SGD] [E.MOM] [E.HEAVYBALL] [E.NESTEROV] [E.RMSPROP] [E.ADAM] [E.ADAMBC]"""
    monkeypatch.setattr(UpdateRule, "block_size", block_size)  # 7: crosses parameter borders
    cls, hyper = RULES[name]
    params, gradients = parameters(), random_gradients(100)
    expected = REGISTER[name].transcription(flat(params), gradients, *hyper)
    found = walk(cls(params, *hyper), gradients)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_float32_stays_float32(name):
    """[E.GD] [E.SGD] [E.MOM] [E.HEAVYBALL] [E.NESTEROV] [E.RMSPROP] [E.ADAM] [E.ADAMBC]"""
    cls, hyper = RULES[name]
    params, gradients = parameters("float32"), random_gradients(20)
    expected = REGISTER[name].transcription(flat(params), gradients, *hyper)
    rule = cls(params, *map(np.float64, hyper))  # NumPy numbers would promote float32
    found = walk(rule, gradients)
    assert {p.dtype.name for p in params} == {"float32"} == {found.dtype.name}
    assert all(buffer.dtype.name == "float32" for buffer in rule.state.values())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_state_goes_on_bit_for_bit(name):
    """[E.GD] [E.SGD] [E.MOM] [E.HEAVYBALL] [E.NESTEROV] [E.RMSPROP] [E.ADAM] [E.ADAMBC]"""
    cls, hyper = RULES[name]
    gradients = random_gradients(20)
    whole = walk(cls(parameters(), *hyper), gradients)
    first = cls(parameters(), *hyper)
    walk(first, gradients[:8])
    state = first.state_dict()
    second = cls([Parameter(p.numpy(), p.name) for p in first.flat.params], *hyper)
    walk(first, gradients[8:])  # the saved state is a copy: this must not move it
    second.load_state_dict(state)
    assert second.t == 8
    np.testing.assert_array_equal(walk(second, gradients[8:]), whole[8:])


def test_momentum_by_hand():
    """[E.MOM] theta_0 = 1, alpha 0.1, beta 0.05, gradients 2 and -4, then 1."""
    rule = Momentum([Parameter(np.array([1.0]))], 0.1, 0.05)
    found = walk(rule, np.array([[2.0], [-4.0], [1.0]]))[:, 0]
    # 1 - 0.1 * 2 = 0.8;  0.8 + 0.1 * 4 + 0.05 * 2 = 1.3;  1.3 - 0.1 * 1 - 0.05 * 4 = 1.0
    np.testing.assert_allclose(found, [1.0, 0.8, 1.3, 1.0], rtol=1e-15)


def test_adam_by_hand():
    """[E.ADAM] theta_0 = 1, alpha 0.1, beta1 0.5, beta2 0.75, epsilon 0.5, gradients 2 and 2.75.

    m = 1, v = 1: theta = 1 - 0.1 / (1 + 0.5) = 14/15. Then m = 0.5 + 1.375 = 1.875 and
    v = 0.75 + 0.25 * 7.5625 = 1.625^2: theta = 14/15 - 0.1875 / (1.625 + 0.5) = 431/510.
    """
    rule = Adam([Parameter(np.array([1.0]))], 0.1, 0.5, 0.75, 0.5)
    found = walk(rule, np.array([[2.0], [2.75]]))[:, 0]
    np.testing.assert_allclose(found, [1.0, 0.9333333333333333, 0.8450980392156863], rtol=1e-15)


def test_first_steps_of_the_two_adams():
    """[E.ADAM] [E.ADAMBC] The stated rule's first step is (1 - beta1) / sqrt(1 - beta2) longer."""
    gradients = np.array([[3.0, -0.2]])
    stated = walk(Adam([Parameter(np.zeros(2))], 1e-3), gradients)[1]
    corrected = walk(AdamBiasCorrected([Parameter(np.zeros(2))], 1e-3), gradients)[1]
    np.testing.assert_allclose(corrected, [-1e-3, 1e-3], rtol=1e-6)
    np.testing.assert_allclose(stated / corrected, 0.1 / np.sqrt(0.001), rtol=1e-5)
    assert abs(stated[0] / corrected[0] - 3.16) < 0.005


def shrinks(alpha, beta, curvatures=(0.05, 0.4, 1.0), steps=4000):
    """Whether Momentum goes to the minimum of 1/2 sum(curvature * theta^2), by its own steps."""
    curvatures = np.array(curvatures)
    theta = Parameter(np.ones(len(curvatures)))
    rule = Momentum([theta], alpha, beta)
    for _ in range(steps):
        theta.grad = Tensor(curvatures * theta.numpy())
        rule.step()
        size = abs(theta.numpy()).max()
        if size > 1e6 or size < 1e-6:
            break
    return size < 1e-6


@pytest.mark.parametrize("beta", [0.1, 0.4, 0.7])
def test_momentum_is_stable_between_beta_and_its_upper_limit(beta):
    """[E.MOM] With L = 1: stable iff beta < alpha < 2 - beta."""
    assert shrinks(beta + 0.1, beta)
    assert shrinks(2 - beta - 0.05, beta)
    assert not shrinks(beta - 0.05, beta)
    assert not shrinks(2 - beta + 0.05, beta)


def test_momentum_with_beta_zero_is_descent():
    """[E.MOM] [E.SGD]"""
    gradients = random_gradients(10)
    np.testing.assert_array_equal(
        walk(Momentum(parameters(), 0.1, 0), gradients), walk(SGD(parameters(), 0.1), gradients)
    )


def test_nesterov_is_sutskevers_form_in_the_look_ahead_variable():
    """[E.NESTEROV] On J = 1/2 sum(c theta^2): equations (3) and (4), then theta = phi + beta u."""
    c, alpha, beta = np.array([0.3, 1.0, 2.0]), 0.2, 0.9
    theta = Parameter(np.array([1.0, -2.0, 0.5]))
    rule = Nesterov([theta], alpha, beta)
    phi, u = theta.numpy().copy(), np.zeros(3)
    for _ in range(50):
        theta.grad = Tensor(c * theta.numpy())
        rule.step()
        u = beta * u - alpha * c * (phi + beta * u)
        phi = phi + u
        np.testing.assert_allclose(theta.numpy(), phi + beta * u, rtol=1e-12, atol=1e-14)


def test_gradient_descent_on_a_loss_reaches_the_minimum():
    """[E.GD] Through the engine: J = sum((theta - 3)^2), whose gradient is 2 (theta - 3)."""
    theta = Parameter(np.array([0.0, 10.0]))
    rule = GD([theta], 0.25)
    for expected in ([1.5, 6.5], [2.25, 4.75]):
        rule.zero_grad()
        ((theta - 3.0) ** 2).sum().backward()
        rule.step()
        np.testing.assert_allclose(theta.numpy(), expected, rtol=1e-15)
    assert GD.full_batch and not any(cls.full_batch for cls, _ in RULES.values() if cls is not GD)


def test_alpha_can_follow_a_schedule():
    """[E.SGD] alpha is read at every step."""
    theta = Parameter(np.array([0.0]))
    rule = SGD([theta], 1.0)
    for alpha, expected in ((0.5, -0.5), (0.25, -0.75), (2, -2.75)):
        rule.alpha = alpha
        theta.grad = Tensor(np.array([1.0]))
        rule.step()
        assert type(rule.alpha) is float
        assert theta.item() == expected


def test_zero_grad_forgets():
    params = parameters()
    rule = SGD(params, 0.1)
    walk(rule, random_gradients(1))
    rule.zero_grad()
    assert [p.grad for p in params] == [None] * len(SHAPES)


def test_a_step_in_place_is_noticed():
    """[E.ADAM] Backward through a graph from before the step needs values that are gone."""
    theta = Parameter(np.array([1.0, 2.0]))
    rule = Adam([theta], 0.1)
    before = (theta * theta).sum()
    theta.grad = Tensor(np.ones(2))
    rule.step()
    with pytest.raises(minigen.GraphError, match="changed in place"):
        before.backward()
