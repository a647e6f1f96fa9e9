"""Momentum gradient descent as minigen states it, with the gradient of the step before.

This is not Polyak's heavy ball (``heavy_ball.py``), which remembers the step before: on a
gradient that hardly changes, this rule moves with the step size alpha - beta.
"""

from collections.abc import Iterable

from minigen.backend import Array
from minigen.nn.parameter import Parameter
from minigen.optim.check import finite
from minigen.optim.rule import UpdateRule


class Momentum(UpdateRule):
    """Momentum gradient descent, as stated    [E.MOM]

        theta_{t+1} = theta_t - alpha grad J(theta_t) + beta grad J(theta_{t-1})

    The first step has no previous gradient: it is plain descent. On a quadratic with largest
    curvature L and beta >= 0 the steps shrink iff alpha > beta and alpha < 2 / L - beta.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0. beta:
    weight of the previous gradient, a finite number; in the same unit as alpha.
    Raises TypeError or ValueError for other arguments.
    """

    state_names = ("g_before",)

    def __init__(self, params: Iterable[Parameter], alpha: float, beta: float) -> None:
        self.beta = finite("Momentum", "beta", beta, "pass a weight below alpha")
        super().__init__(params, alpha)

    def update(self, theta: Array, g: Array, g_before: Array) -> None:
        theta -= self.step_size * g
        theta += self.beta * g_before
        g_before[...] = g
