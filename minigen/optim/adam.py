"""Adam as minigen states it: running means of g and of g^2, and no bias correction.

Kingma and Ba's Algorithm 1 also divides both means by 1 - beta^t: that is the rule in
``adam_bias_corrected.py``. The two differ most in the first steps.
"""

from collections.abc import Iterable

from minigen.backend import Array, xp
from minigen.nn.parameter import Parameter
from minigen.optim.check import fraction, positive
from minigen.optim.rule import UpdateRule


class Adam(UpdateRule):
    """Adam, as stated    [E.ADAM]

        m_{t+1} = beta1 m_t + (1 - beta1) g_t,      m_0 = 0
        v_{t+1} = beta2 v_t + (1 - beta2) g_t^2,    v_0 = 0
        theta_{t+1} = theta_t - alpha m_{t+1} / (sqrt(v_{t+1}) + epsilon)

    Epsilon stands outside the root. Without bias correction the first step has the size
    alpha (1 - beta1) / sqrt(1 - beta2), about 3.16 alpha with the usual betas.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0, in
    units of theta. beta1, beta2: what remains of the running means of g and g^2 after a step,
    0 <= beta < 1. epsilon: a number > 0, in units of g, that keeps the quotient finite.
    Raises TypeError or ValueError for other arguments.
    Source: after D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR
    2015, Algorithm 1, without its two lines of bias correction.
    """

    state_names = ("m", "v")
    kernel = "adam"

    def __init__(
        self,
        params: Iterable[Parameter],
        alpha: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.beta1 = fraction("Adam", "beta1", beta1, "0.9 is usual")
        self.beta2 = fraction("Adam", "beta2", beta2, "0.999 is usual")
        self.epsilon = positive("Adam", "epsilon", epsilon, "1e-8 is usual")
        super().__init__(params, alpha)

    def update(self, theta: Array, g: Array, m: Array, v: Array) -> None:
        m *= self.beta1  # m = beta1 m + (1 - beta1) g
        m += (1 - self.beta1) * g
        g *= g  # v = beta2 v + (1 - beta2) g^2; g, a copy, is not needed after this
        g *= 1 - self.beta2
        v *= self.beta2
        v += g
        root = xp(v).sqrt(v, out=g)  # theta = theta - alpha m / (sqrt(v) + epsilon)
        root += self.epsilon
        step = self.step_size * m
        step /= root
        theta -= step
