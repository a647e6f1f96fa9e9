"""Gradient descent: the rule that all the others vary.

Its gradient is that of the loss over the whole data set; a trainer reads ``full_batch`` and
hands it all the data at every step.
"""

from minigen.backend import Array
from minigen.optim.rule import UpdateRule


class GD(UpdateRule):
    """Gradient descent    [E.GD]

        theta_{t+1} = theta_t - alpha grad J(theta_t),    J over the whole data set

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0; on a
    quadratic with largest curvature L the steps shrink iff alpha < 2 / L.
    Raises TypeError or ValueError for other arguments.
    Source: A. Cauchy, Méthode générale pour la résolution des systèmes d'équations
    simultanées, 1847.
    """

    full_batch = True

    def update(self, theta: Array, g: Array) -> None:
        theta -= self.step_size * g
