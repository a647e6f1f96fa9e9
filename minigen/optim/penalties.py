"""Penalties on the size of parameters: numbers to add to a loss before going backward.

They act through the gradient alone, so every update rule can be used with them.
"""

from collections.abc import Iterable

from minigen.nn.parameter import Parameter
from minigen.optim.check import not_negative, parameter_list
from minigen.tensor import Tensor


def l1_penalty(params: Iterable[Parameter], strength: float) -> Tensor:
    """strength · Σ |theta|, the sum over all elements of all parameters    [E.L1]

    Its gradient is strength · sign(theta), 0 at theta = 0: it drives small weights to zero.

    params: one or more different parameters of one dtype and backend. strength: a finite
    number >= 0, loss per unit of theta. Returns a tensor of shape () with a graph.
    Raises TypeError or ValueError for other arguments.
    Source: R. Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """
    found = parameter_list("l1_penalty", params)
    strength = not_negative("l1_penalty", "strength", strength, "pass 0 for no penalty")
    return strength * sum(abs(theta).sum() for theta in found)


def l2_penalty(params: Iterable[Parameter], strength: float) -> Tensor:
    """strength / 2 · Σ theta², the sum over all elements of all parameters    [E.L2]

    Its gradient is strength · theta: with gradient descent every step also multiplies theta
    by 1 - alpha · strength ("weight decay"); with Adam it does not.

    params: one or more different parameters of one dtype and backend. strength: a finite
    number >= 0, loss per squared unit of theta. Returns a tensor of shape () with a graph.
    Raises TypeError or ValueError for other arguments.
    Source: A. E. Hoerl and R. W. Kennard, Ridge regression, 1970.
    """
    found = parameter_list("l2_penalty", params)
    strength = not_negative("l2_penalty", "strength", strength, "pass 0 for no penalty")
    return strength / 2 * sum((theta * theta).sum() for theta in found)
