"""RMSprop: every parameter gets a step size of its own.

The gradient is divided by a running root mean square of itself, so that the size of a step
hardly depends on the scale of the gradient.
"""

from collections.abc import Iterable

from minigen.backend import Array, xp
from minigen.nn.parameter import Parameter
from minigen.optim.check import fraction, positive
from minigen.optim.rule import UpdateRule


class RMSprop(UpdateRule):
    """RMSprop, epsilon outside the root    [E.RMSPROP]

        v_{t+1} = beta v_t + (1 - beta) g_t^2,    v_0 = 0
        theta_{t+1} = theta_t - alpha g_t / (sqrt(v_{t+1}) + epsilon)

    The lecture has no epsilon; here it stands outside the root, as in PyTorch.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0, in
    units of theta. beta: what remains of the mean square after a step, 0 <= beta < 1; 0.9 in
    the lecture. epsilon: a number > 0, in units of g, that keeps the quotient finite.
    Raises TypeError or ValueError for other arguments.
    Source: T. Tieleman and G. Hinton, Lecture 6.5: rmsprop, COURSERA: Neural networks for
    machine learning, 2012.
    """

    state_names = ("v",)

    def __init__(
        self,
        params: Iterable[Parameter],
        alpha: float,
        beta: float = 0.9,
        epsilon: float = 1e-8,
    ) -> None:
        self.beta = fraction("RMSprop", "beta", beta, "0.9 is usual")
        self.epsilon = positive("RMSprop", "epsilon", epsilon, "1e-8 is usual")
        super().__init__(params, alpha)

    def update(self, theta: Array, g: Array, v: Array) -> None:
        v *= self.beta
        v += (1 - self.beta) * g**2
        theta -= self.step_size * g / (xp(v).sqrt(v) + self.epsilon)
