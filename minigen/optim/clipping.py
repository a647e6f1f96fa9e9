"""Limits on gradients, to be applied between ``backward()`` and ``step()``.

One steep place in the loss can otherwise throw the parameters far away, which happens most in
recurrent networks. A clipped gradient is a new tensor: whoever holds the old one keeps it.
"""

import math
from collections.abc import Iterable
from typing import Any

from minigen.autograd import may_look
from minigen.backend import overflow_ignored, xp
from minigen.nn.parameter import Parameter
from minigen.optim.check import gradient, label, parameter_list, positive
from minigen.tensor import Tensor


def clip_by_value(params: Iterable[Parameter], limit: float) -> None:
    """g = min(max(g, -limit), limit), each element by itself    [E.CLIPVALUE]

    The direction of the gradient changes where anything is clipped.

    params: one or more different parameters with gradients. limit: a finite number > 0, in
    units of g. Replaces every ``p.grad`` by a new tensor without a graph.
    Raises TypeError or ValueError for other arguments and for a missing gradient.
    Source: T. Mikolov, Statistical language models based on neural networks, 2012.
    """
    found = parameter_list("clip_by_value", params)
    limit = positive("clip_by_value", "limit", limit, "pass a limit such as 1.0")
    gradients = [gradient("clip_by_value", p, i) for i, p in enumerate(found)]
    for p, g in zip(found, gradients, strict=True):
        p.grad = Tensor(xp(g).asarray(xp(g).clip(g, -limit, limit)))


def _clip_unseen(found: Any, gradients: Any, total: Any, max_norm: float) -> Any:
    """``clip_by_norm`` without looking at the norm, which the host would have to wait for."""
    m = xp(total)
    norm = m.sqrt(total)
    scale = max_norm / m.maximum(norm, max_norm)  # min(1, max_norm / norm); NaN stays NaN
    for p, g in zip(found, gradients, strict=True):
        p.grad = Tensor(m.asarray(g * scale.astype(g.dtype)))
    return norm


def _norm_of_large(found: Any, gradients: Any) -> float:
    """The norm of gradients whose squares overflow. Raises FloatingPointError, naming the
    parameter, where one is not finite."""
    largest = 0.0
    for i, g in enumerate(gradients):
        if not bool(xp(g).isfinite(g).all()):
            raise FloatingPointError(
                f"clip_by_norm: gradients must be finite; that of {label(found[i], i)} is not; "
                "lower alpha, or find the operation with minigen.detect_anomaly()"
            )
        largest = max(largest, float(abs(g).max()) if g.size else 0.0)
    shares = (g.astype("float64", copy=False) / largest for g in gradients)
    return largest * math.sqrt(sum(float((share**2).sum()) for share in shares))


def clip_by_norm(params: Iterable[Parameter], max_norm: float) -> Any:
    """g = g · min(1, max_norm / norm), norm = sqrt(Σ g²)    [E.CLIPNORM]

    The norm is the Euclidean norm of all gradients of all parameters taken together, so the
    direction of the step stays. It is summed in float64, where large float32 gradients do not
    overflow.

    params: one or more different parameters with gradients. max_norm: a finite number > 0, in
    units of g. Returns the norm before clipping, a float; where it is above max_norm, replaces
    every ``p.grad`` by a new tensor without a graph. On a device nothing is read back: the norm is
    an array without axes, and what is not finite stays so.
    Raises TypeError or ValueError for other arguments and for a missing gradient, and
    FloatingPointError, naming the parameter, for a gradient that is not finite: on the host, and
    inside ``detect_anomaly()``.
    Source: R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural
    networks, ICML 2013, Algorithm 1.
    """
    found = parameter_list("clip_by_norm", params)
    max_norm = positive("clip_by_norm", "max_norm", max_norm, "pass a limit such as 1.0")
    gradients = [gradient("clip_by_norm", p, i) for i, p in enumerate(found)]
    with overflow_ignored():  # it is seen below, and dealt with
        total = sum((g.astype("float64", copy=False) ** 2).sum() for g in gradients)
    if not may_look(gradients[0]):
        return _clip_unseen(found, gradients, total, max_norm)
    norm = math.sqrt(float(total))
    if not math.isfinite(norm):
        norm = _norm_of_large(found, gradients)
    if norm > max_norm:
        for p, g in zip(found, gradients, strict=True):
            p.grad = Tensor(xp(g).asarray(g * (max_norm / norm)))
    return norm
