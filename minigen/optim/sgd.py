"""Stochastic gradient descent: the same step, from the gradient of a mini-batch."""

from minigen.backend import Array
from minigen.optim.rule import UpdateRule


class SGD(UpdateRule):
    """Stochastic gradient descent    [E.SGD]

        theta_{t+1} = theta_t - alpha grad J(theta_t, B_i)

    B_i is a mini-batch from a random split of the data set.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0.
    Raises TypeError or ValueError for other arguments.
    Source: H. Robbins and S. Monro, A stochastic approximation method, 1951.
    """

    def update(self, theta: Array, g: Array) -> None:
        theta -= self.step_size * g
