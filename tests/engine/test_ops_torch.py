"""PyTorch as a second oracle: values and gradients in float64, with a random cotangent.

It was written by others from the same formulas, and its conventions (layouts, defaults) are
those that checkpoints carry over. Skipped where PyTorch is not installed.
"""

import numpy as np
import pytest
from against_torch import compare

from minigen import autograd, ops, tensor

torch = pytest.importorskip("torch")
F = torch.nn.functional


def positive(rng, shape):
    return rng.uniform(0.5, 2.0, shape)


def normal(rng, shape):
    return rng.normal(size=shape)


UNARY = {
    "exp": (ops.exp, torch.exp, normal),
    "log": (ops.log, torch.log, positive),
    "log1p": (ops.log1p, torch.log1p, positive),
    "sqrt": (ops.sqrt, torch.sqrt, positive),
    "sin": (ops.sin, torch.sin, normal),
    "cos": (ops.cos, torch.cos, normal),
    "tanh": (ops.tanh, torch.tanh, normal),
    "erf": (ops.erf, torch.erf, normal),
    "absolute": (ops.absolute, torch.abs, normal),
    "relu": (ops.relu, F.relu, normal),
    "leaky_relu": (ops.leaky_relu, F.leaky_relu, normal),
    "elu": (ops.elu, F.elu, normal),
    "gelu": (ops.gelu, F.gelu, normal),
    "sigmoid": (ops.sigmoid, torch.sigmoid, normal),
    "softplus": (ops.softplus, F.softplus, normal),
    "clip": (lambda x: ops.clip(x, low=-0.5, high=1), lambda x: torch.clip(x, -0.5, 1), normal),
    "cube": (lambda x: x**3, lambda x: x**3, normal),
    "power of two": (lambda x: 2.0**x, lambda x: 2.0**x, normal),
}
SHAPES = [(), (5,), (3, 4), (2, 3, 4), (1, 1)]

OVER_AXES = {
    "sum": (lambda x, a: x.sum(a), lambda x, a: x.sum(a)),
    "mean": (lambda x, a: x.mean(a, keepdims=True), lambda x, a: x.mean(a, keepdim=True)),
    "var": (lambda x, a: ops.var(x, axis=a), lambda x, a: x.var(a, correction=0)),
    "unbiased": (lambda x, a: x.var(axis=a, correction=1), lambda x, a: x.var(a)),
    "max": (lambda x, a: x.max(a), lambda x, a: x.amax(a)),
    "min": (lambda x, a: x.min(a), lambda x, a: x.amin(a)),
    "logsumexp": (lambda x, a: ops.logsumexp(x, axis=a), lambda x, a: x.logsumexp(a)),
    "softmax": (lambda x, a: ops.softmax(x, axis=a), lambda x, a: x.softmax(a)),
    "log_softmax": (lambda x, a: ops.log_softmax(x, axis=a), lambda x, a: x.log_softmax(a)),
    "flip": (lambda x, a: ops.flip(x, axis=a), lambda x, a: x.flip((a,))),
    "repeat": (lambda x, a: x.repeat(3, axis=a), lambda x, a: x.repeat_interleave(3, dim=a)),
    "swapaxes": (lambda x, a: x.swapaxes(a, 0), lambda x, a: x.swapaxes(a, 0)),
    "stack": (lambda x, a: ops.stack([x, x * x], axis=a), lambda x, a: torch.stack([x, x * x], a)),
    "cat": (lambda x, a: ops.concatenate([x, -x], axis=a), lambda x, a: torch.cat([x, -x], a)),
}

BINARY = {
    "+": (lambda x, y: x + y, lambda x, y: x + y),
    "-": (lambda x, y: x - y, lambda x, y: x - y),
    "*": (lambda x, y: x * y, lambda x, y: x * y),
    "/": (lambda x, y: x / y, lambda x, y: x / y),
    "**": (lambda x, y: x**y, lambda x, y: x**y),
    "maximum": (ops.maximum, torch.maximum),
    "minimum": (ops.minimum, torch.minimum),
    "where": (lambda x, y: ops.where(x > y, x, y * y), lambda x, y: torch.where(x > y, x, y * y)),
}
PAIRS = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (2, 1, 4)), ((), (3,)), ((2, 1), (1, 3))]

PRODUCTS = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_variable(name, shape):
    ours, theirs, draw = UNARY[name]
    compare(ours, theirs, np.asarray(draw(np.random.default_rng(len(name)), shape)))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", OVER_AXES)
def test_functions_over_an_axis(name, axis):
    ours, theirs = OVER_AXES[name]
    x = np.random.default_rng(len(name)).normal(size=(3, 4, 2))
    compare(lambda x: ours(x, axis), lambda x: theirs(x, axis), x)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_variables(name, pair):
    rng = np.random.default_rng(len(name))
    compare(*BINARY[name], *[np.asarray(positive(rng, shape)) for shape in pair])


@pytest.mark.parametrize("pair", PRODUCTS, ids=str)
def test_matrix_products(pair):
    rng = np.random.default_rng(0)
    compare(ops.matmul, torch.matmul, *[rng.normal(size=shape) for shape in pair])


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 2, 3)], ids=str)
@pytest.mark.parametrize("with_bias", [True, False])
def test_dense_layer_has_their_layout(shape, with_bias):
    rng = np.random.default_rng(0)
    bias = [rng.normal(size=5)] if with_bias else []
    compare(ops.linear, F.linear, rng.normal(size=shape), rng.normal(size=(5, 3)), *bias)


@pytest.mark.parametrize(
    "key",
    [
        (0,),
        (slice(None), slice(1, None, 2)),
        (..., None, 0),
        (np.array([2, 0, 2]),),
        (slice(None), np.array([1, 1])),
        (np.array([0, 1]), np.array([3, 3])),
    ],
    ids=str,
)
def test_picking_by_position(key):
    theirs = tuple(torch.tensor(k) if isinstance(k, np.ndarray) else k for k in key)
    x = np.random.default_rng(0).normal(size=(3, 4))
    compare(lambda x: x[key] * x[key], lambda x: x[theirs] * x[theirs], x)


def test_embedding():
    indices = np.array([[0, 2, 2], [1, 0, 2]])
    compare(
        lambda w: ops.embedding(w, indices) ** 2,
        lambda w: F.embedding(torch.tensor(indices), w) ** 2,
        np.random.default_rng(0).normal(size=(3, 5)),
    )


def test_padding_and_broadcasting():
    x = np.random.default_rng(0).normal(size=(2, 3))
    compare(
        lambda x: ops.pad(x * x, widths=((1, 0), (2, 1)), value=0.5),
        lambda x: F.pad(x * x, (2, 1, 1, 0), value=0.5),
        x,
    )
    compare(
        lambda x: ops.broadcast_to(x * x, shape=(4, 2, 3)),
        lambda x: (x * x).broadcast_to((4, 2, 3)),
        x,
    )


def test_bernoulli_log_prob_is_minus_their_loss_with_logits():
    rng = np.random.default_rng(0)
    compare(
        ops.bernoulli_log_prob,
        lambda x, logits: -F.binary_cross_entropy_with_logits(logits, x, reduction="none"),
        rng.uniform(size=(3, 4)),
        rng.normal(size=(3, 4)) * 5,
    )


def test_cross_entropy():
    labels = np.array([2, 0, 1, 1])
    compare(
        lambda x: ops.cross_entropy(x, labels),
        lambda x: F.cross_entropy(x, torch.tensor(labels), reduction="none"),
        np.random.default_rng(0).normal(size=(4, 3)) * 3,
    )


def test_a_small_network_with_its_gradient_penalty():
    """The graph of a gradient: what WGAN-GP trains on."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=(1, 6))]
    x = rng.normal(size=(5, 4))

    def ours(w, b, v):
        leaf = tensor(x, requires_grad=True)
        y = ops.linear(ops.tanh(ops.linear(leaf, w, b)), v)
        g = autograd.grad(y.sum(), leaf, create_graph=True)
        return ((g * g).sum(axis=1).sqrt() - 1) ** 2

    def theirs(w, b, v):
        leaf = torch.tensor(x, requires_grad=True)
        y = F.linear(torch.tanh(F.linear(leaf, w, b)), v)
        (g,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)
        return ((g * g).sum(1).sqrt() - 1) ** 2

    compare(ours, theirs, *weights, relative=1e-10)
