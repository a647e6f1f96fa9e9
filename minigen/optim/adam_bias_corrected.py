"""Adam of Kingma and Ba, Algorithm 1 line by line, with bias correction.

Not the faster order of computation that section 2 of the paper mentions: there epsilon is
added to the root before it is corrected, which is another formula.
"""

from collections.abc import Iterable
from typing import Any

from minigen.backend import Array, xp
from minigen.nn.parameter import Parameter
from minigen.optim.check import fraction, positive
from minigen.optim.rule import UpdateRule


class AdamBiasCorrected(UpdateRule):
    """Adam with bias correction    [E.ADAMBC]

        m_t = beta1 m_{t-1} + (1 - beta1) g_t,      m_0 = 0
        v_t = beta2 v_{t-1} + (1 - beta2) g_t^2,    v_0 = 0
        m_hat_t = m_t / (1 - beta1^t),    v_hat_t = v_t / (1 - beta2^t)
        theta_t = theta_{t-1} - alpha m_hat_t / (sqrt(v_hat_t) + epsilon)

    t counts from 1, as in the paper. The first step has the size alpha.

    params: the parameters to move (see ``UpdateRule``). alpha: step size, a number > 0, in
    units of theta; 0.001 in the paper. beta1, beta2: what remains of the running means of g
    and g^2 after a step, 0 <= beta < 1. epsilon: a number > 0, in units of g, that keeps the
    quotient finite.
    Raises TypeError or ValueError for other arguments.
    Source: D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015,
    Algorithm 1.
    """

    state_names = ("m", "v")
    kernel = "adam_bias_corrected"

    def __init__(
        self,
        params: Iterable[Parameter],
        alpha: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.beta1 = fraction("AdamBiasCorrected", "beta1", beta1, "0.9 is usual")
        self.beta2 = fraction("AdamBiasCorrected", "beta2", beta2, "0.999 is usual")
        self.epsilon = positive("AdamBiasCorrected", "epsilon", epsilon, "1e-8 is usual")
        super().__init__(params, alpha)
        if self._there:
            self._there["left"] = xp(self.flat.theta).empty(2, dtype="float64")

    def _launch(self, kernels: Any, buffers: list[Array]) -> None:
        left = self._there["left"]
        kernels("bias_corrections", self._there["t"], left, beta1=self.beta1, beta2=self.beta2)
        super()._launch(kernels, buffers)

    def update(self, theta: Array, g: Array, m: Array, v: Array) -> None:
        m *= self.beta1  # m = beta1 m + (1 - beta1) g
        m += (1 - self.beta1) * g
        g *= g  # v = beta2 v + (1 - beta2) g^2; g, a copy, is not needed after this
        g *= 1 - self.beta2
        v *= self.beta2
        v += g
        m_hat = m / self.number(1 - self.beta1**self.count)
        v_hat = v / self.number(1 - self.beta2**self.count)
        root = xp(v).sqrt(v_hat, out=v_hat)  # theta -= alpha m_hat / (sqrt(v_hat) + epsilon)
        root += self.epsilon
        step = self.step_size * m_hat
        step /= root
        theta -= step
