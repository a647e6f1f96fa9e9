"""Polyak's heavy ball: what most libraries call momentum.

A velocity u sums up past gradients, each forgotten a little at every step, so that steps in
one direction grow and steps to and fro cancel.
"""

from collections.abc import Iterable

from minigen.backend import Array
from minigen.nn.parameter import Parameter
from minigen.optim.check import fraction
from minigen.optim.rule import UpdateRule


class HeavyBall(UpdateRule):
    """The heavy ball method, in velocity form    [E.HEAVYBALL]

        u_{t+1} = beta u_t - alpha grad J(theta_t),    u_0 = 0
        theta_{t+1} = theta_t + u_{t+1}

    The same as Polyak's theta_{t+1} = theta_t - alpha grad J(theta_t) + beta (theta_t -
    theta_{t-1}). On a constant gradient the step size grows to alpha / (1 - beta).

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0. beta:
    what remains of the velocity after a step, 0 <= beta < 1; 0.9 is usual.
    Raises TypeError or ValueError for other arguments.
    Source: B. T. Polyak, Some methods of speeding up the convergence of iteration methods,
    1964.
    """

    state_names = ("u",)

    def __init__(self, params: Iterable[Parameter], alpha: float, beta: float) -> None:
        self.beta = fraction("HeavyBall", "beta", beta, "0.9 is usual")
        super().__init__(params, alpha)

    def update(self, theta: Array, g: Array, u: Array) -> None:
        u *= self.beta
        u -= self.step_size * g
        theta += u
