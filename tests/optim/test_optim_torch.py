"""Update rules against PyTorch's, where it has exactly the same one."""

import numpy as np
import pytest
from optim_cases import flat, parameters, random_gradients, walk

from minigen.optim import SGD, AdamBiasCorrected, HeavyBall, Nesterov, RMSprop

torch = pytest.importorskip("torch")


def torch_walk(make, start, gradients):
    """The trajectory of one float64 torch parameter under ``gradients``."""
    theta = torch.nn.Parameter(torch.tensor(start))
    optimiser = make([theta])
    trajectory = [start]
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimiser.step()
        trajectory.append(theta.detach().numpy().copy())
    return np.array(trajectory)


# PyTorch sums gradients, v = beta v + g, and takes alpha when it steps: u = -alpha v as long as
# alpha is constant. Its RMSprop calls beta alpha.
PAIRS = {
    "E.SGD": (lambda p: SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "E.HEAVYBALL": (
        lambda p: HeavyBall(p, 0.05, 0.9),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
    ),
    "E.NESTEROV": (
        lambda p: Nesterov(p, 0.05, 0.8),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    ),
    "E.RMSPROP": (
        lambda p: RMSprop(p, 0.01, 0.95, 1e-3),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.95, eps=1e-3),
    ),
    "E.ADAMBC": (
        lambda p: AdamBiasCorrected(p, 0.01, 0.8, 0.99, 1e-3),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.99), eps=1e-3),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_rule_equals_torch(name):
    """[E.SGD] [E.HEAVYBALL] [E.NESTEROV] [E.RMSPROP] [E.ADAMBC]"""
    ours, theirs = PAIRS[name]
    params, gradients = parameters(), random_gradients(100)
    expected = torch_walk(theirs, flat(params), gradients)
    np.testing.assert_allclose(walk(ours(params), gradients), expected, rtol=1e-12, atol=1e-12)
