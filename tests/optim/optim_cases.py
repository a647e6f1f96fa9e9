"""The rules with their IDs and some settings, and how the tests drive them.

Rules are driven by given gradients, put into ``p.grad``, so that a trajectory can be compared
with the register's transcription step by step.
"""

import numpy as np

from minigen.nn import Parameter
from minigen.optim import GD, SGD, Adam, AdamBiasCorrected, HeavyBall, Momentum, Nesterov, RMSprop
from minigen.tensor import Tensor

# ID in the register -> class and hyper-parameters, in the order of the transcription.
RULES = {
    "GD": (GD, (0.1,)),
    "SGD": (SGD, (0.03,)),
    "MOM": (Momentum, (0.1, 0.04)),
    "HEAVYBALL": (HeavyBall, (0.05, 0.9)),
    "NESTEROV": (Nesterov, (0.05, 0.8)),
    "RMSPROP": (RMSprop, (0.01, 0.9, 1e-6)),
    "ADAM": (Adam, (0.01, 0.9, 0.99, 1e-6)),
    "ADAMBC": (AdamBiasCorrected, (0.01, 0.9, 0.99, 1e-6)),
}
SHAPES = ((3, 4), (5,), (), (2, 1, 3))  # 24 numbers


def parameters(dtype="float64", seed=0):
    """Four parameters of different shapes, called p0 to p3."""
    rng = np.random.default_rng(seed)
    return [
        Parameter(rng.standard_normal(shape).astype(dtype), name=f"p{i}")
        if shape
        else Parameter(np.asarray(rng.standard_normal(), dtype=dtype), name=f"p{i}")
        for i, shape in enumerate(SHAPES)
    ]


def flat(params):
    """The values of all parameters as one new vector."""
    return np.concatenate([p.numpy().ravel() for p in params])


def give_gradients(params, vector):
    """Put pieces of ``vector`` into the parameters' ``.grad``."""
    start = 0
    for p in params:
        piece = np.array(vector[start : start + p.size], dtype=p.dtype).reshape(p.shape)
        p.grad = Tensor(piece)
        start += p.size


def walk(rule, gradients):
    """The trajectory of the rule's parameters under ``gradients`` (T, n): (T + 1, n)."""
    params = rule.flat.params
    trajectory = [flat(params)]
    for g in gradients:
        give_gradients(params, g)
        rule.step()
        trajectory.append(flat(params))
    return np.array(trajectory)


def random_gradients(steps, n=24, seed=1):
    """Gradients of sizes from 1e-4 to 1e2, each element with a size of its own."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((steps, n)) * 10.0 ** rng.uniform(-4, 2, n)
