"""Nesterov's accelerated gradient: a heavy ball that looks where it is about to go.

The gradient belongs to the point that the velocity leads to. Here the parameters are that
look-ahead point themselves, so that a training step is the same as for any other rule.
"""

from collections.abc import Iterable

from minigen.backend import Array
from minigen.nn.parameter import Parameter
from minigen.optim.check import fraction
from minigen.optim.rule import UpdateRule


class Nesterov(UpdateRule):
    """Nesterov's accelerated gradient, in the look-ahead variable    [E.NESTEROV]

        u_{t+1} = beta u_t - alpha grad J(theta_t),    u_0 = 0
        theta_{t+1} = theta_t + beta u_{t+1} - alpha grad J(theta_t)

    Sutskever's form is u_{t+1} = beta u_t - alpha grad J(phi_t + beta u_t), phi_{t+1} = phi_t +
    u_{t+1}. With theta_t = phi_t + beta u_t, the point where its gradient is taken, it becomes
    the two lines above, exactly. What this rule leaves in the parameters is theta; phi =
    theta - beta u differs from it less and less as the velocity dies away.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0. beta:
    what remains of the velocity after a step, 0 <= beta < 1; 0.9 is usual.
    Raises TypeError or ValueError for other arguments.
    Source: Y. Nesterov, A method of solving a convex programming problem with convergence rate
    O(1/k^2), 1983; I. Sutskever, J. Martens, G. Dahl and G. Hinton, On the importance of
    initialization and momentum in deep learning, ICML 2013, equations (3) and (4).
    """

    state_names = ("u",)

    def __init__(self, params: Iterable[Parameter], alpha: float, beta: float) -> None:
        self.beta = fraction("Nesterov", "beta", beta, "0.9 is usual")
        super().__init__(params, alpha)

    def update(self, theta: Array, g: Array, u: Array) -> None:
        u *= self.beta
        u -= self.step_size * g
        theta += self.beta * u - self.step_size * g
