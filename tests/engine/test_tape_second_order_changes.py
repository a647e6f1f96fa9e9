"""What is changed in place between a gradient and the gradient of that gradient is an error there
too, or does not matter: never a wrong number."""

import numpy as np
import pytest

import minigen
from minigen import nn, ops, optim, tensor
from minigen.autograd import GraphError


def leaf(*values):
    return tensor(np.array(values), requires_grad=True)


def test_an_argument_changed_after_the_first_gradient():
    x = leaf(2.0)
    g = minigen.grad(x**3, x, create_graph=True)
    with minigen.no_grad():
        x.assign(5.0)
    with pytest.raises(GraphError, match="changed in place after use"):
        minigen.grad(g, x)


def test_a_step_of_an_update_rule_between_the_two():
    w = nn.Parameter(np.float32([1, 2]))
    rule = optim.SGD([w], 1.0)
    g = minigen.grad((w**4).sum(), w, create_graph=True)
    w.grad = g.detach()
    rule.step()
    with pytest.raises(GraphError, match="changed in place after use"):
        minigen.grad(g.sum(), w)


def test_a_result_changed_after_the_first_gradient():
    x = leaf(0.5)
    y = minigen.exp(x)
    g = minigen.grad(y, x, create_graph=True)
    with minigen.no_grad():
        y.assign(7.0)
    with pytest.raises(GraphError, match="changed in place after use"):
        minigen.grad(g, x)


@pytest.mark.parametrize("operation", [lambda x, w: x * w, lambda x, w: (w @ x).reshape(1)])
def test_a_constant_changed_after_the_first_gradient(operation):
    w, x, u = leaf(2.0), tensor(np.array([3.0])), leaf(1.0)
    g = minigen.grad(operation(x, w), w, cotangent=u, create_graph=True)
    x.assign(100.0)
    with pytest.raises(GraphError, match="changed in place after use"):
        minigen.grad(g.sum(), u)


@pytest.mark.parametrize(
    ("function", "slopes"),
    [
        (minigen.relu, [1.0, 0.0]),
        (lambda x: minigen.leaky_relu(x, slope=0.2), [1.0, 0.2]),
    ],
)
@pytest.mark.parametrize("what", ["argument", "result"])
def test_a_gate_remembers_which_way_it_stood(function, slopes, what):
    x, u = leaf(2.0, -1.0), leaf(1.0, 1.0)
    y = function(x)
    g = minigen.grad(y, x, cotangent=u, create_graph=True)
    with minigen.no_grad():
        (x if what == "argument" else y).assign(np.array([-2.0, 1.0]))
    np.testing.assert_array_equal(minigen.grad(g.sum(), u).numpy(), slopes)


def test_a_pooling_remembers_which_pixel_won():
    x = tensor(np.arange(16.0).reshape(1, 1, 4, 4), requires_grad=True)
    u = tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    weights = np.arange(16.0).reshape(1, 1, 4, 4)
    g = minigen.grad(ops.max_pool2d(x, 2), x, cotangent=u, create_graph=True)
    with minigen.no_grad():
        x.assign(x.numpy()[..., ::-1, ::-1].copy())
    found = minigen.grad((g * weights).sum(), u).numpy()
    np.testing.assert_array_equal(found[0, 0], [[5.0, 7.0], [13.0, 15.0]])


def test_labels_changed_between_the_two_do_not_matter():
    logits, labels, u = leaf([1.0, 2.0, 0.5]), tensor([1]), leaf(1.0)
    g = minigen.grad(ops.cross_entropy(logits, labels), logits, cotangent=u, create_graph=True)
    expected = minigen.grad(g.sum(axis=1), u, cotangent=np.ones(1), retain_graph=True).numpy()
    labels.assign(np.array([2]))
    weights = np.array([[1.0, 2.0, 3.0]])
    p = np.exp([1.0, 2.0, 0.5]) / np.exp([1.0, 2.0, 0.5]).sum()
    found = minigen.grad((g * weights).sum(), u).numpy()
    np.testing.assert_allclose(found, [(p * [1, 2, 3]).sum() - 2.0])
    np.testing.assert_allclose(expected, [0.0], atol=1e-12)
