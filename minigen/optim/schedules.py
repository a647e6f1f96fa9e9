"""Step sizes that change with time: functions of the step number t = 0, 1, 2, ...

A training loop writes ``rule.alpha = schedule(t)`` before each step, and nothing else is
hidden behind them.
"""

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

from minigen.optim.check import positive

Schedule = Callable[[int], float]


def _alpha(who: str, name: str, value: Any) -> float:
    return positive(who, name, value, "pass a step size such as 1e-3")


def _steps(who: str, name: str, value: Any) -> int:
    """``value`` as an int; TypeError or ValueError unless it is a whole number >= 1."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{who}: {name} must be an integer >= 1; got {type(value).__name__}; count in steps"
        ) from None
    if number < 1:
        raise ValueError(f"{who}: {name} must be an integer >= 1; got {value}; count in steps")
    return number


def _powered(alpha: float, factor: float, exponent: float) -> float:
    """alpha · factor^exponent, and the smallest number > 0 where that rounds to 0: a step size of 0
    is none. ∞ where it overflows, which an update rule refuses."""
    try:
        return max(alpha * factor**exponent, sys.float_info.min)
    except OverflowError:
        return math.inf


def constant(alpha: float) -> Schedule:
    """alpha(t) = alpha    [E.CONSTANT]

    alpha: step size, a number > 0. Raises TypeError or ValueError for anything else.
    """
    alpha = _alpha("constant", "alpha", alpha)
    return lambda t: alpha


def step_decay(alpha: float, factor: float, every: int) -> Schedule:
    """alpha(t) = alpha · factor^floor(t / every)    [E.STEPDECAY]

    alpha: step size at first, a number > 0. factor: what it is multiplied by, a number > 0.
    every: number of steps between two changes, an integer >= 1.
    Raises TypeError or ValueError for anything else.
    """
    alpha = _alpha("step_decay", "alpha", alpha)
    factor = positive("step_decay", "factor", factor, "pass a factor such as 0.1")
    every = _steps("step_decay", "every", every)
    return lambda t: _powered(alpha, factor, t // every)


def exponential_decay(alpha: float, factor: float, every: int) -> Schedule:
    """alpha(t) = alpha · factor^(t / every)    [E.EXPDECAY]

    The smooth curve through the corners of ``step_decay``.

    alpha: step size at first, a number > 0. factor: what it is multiplied by over ``every``
    steps, a number > 0. every: an integer >= 1.
    Raises TypeError or ValueError for anything else.
    """
    alpha = _alpha("exponential_decay", "alpha", alpha)
    factor = positive("exponential_decay", "factor", factor, "pass a factor such as 0.1")
    every = _steps("exponential_decay", "every", every)
    return lambda t: _powered(alpha, factor, t / every)


def cosine(alpha: float, alpha_end: float, steps: int) -> Schedule:
    """alpha(t) = alpha_end + (alpha - alpha_end) (1 + cos(π t / steps)) / 2    [E.COSINE]

    for t < steps, and alpha_end from then on: half a wave of the cosine, without restarts.

    alpha, alpha_end: step sizes at first and in the end, numbers > 0. steps: number of steps
    between the two, an integer >= 1. Raises TypeError or ValueError for anything else.
    Source: I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts,
    ICLR 2017, equation (5).
    """
    alpha = _alpha("cosine", "alpha", alpha)
    alpha_end = _alpha("cosine", "alpha_end", alpha_end)
    steps = _steps("cosine", "steps", steps)

    def schedule(t: int) -> float:
        if t >= steps:
            return alpha_end
        return alpha_end + (alpha - alpha_end) * (1 + math.cos(math.pi * t / steps)) / 2

    return schedule


def linear_warmup(schedule: Schedule, steps: int) -> Schedule:
    """alpha(t) = min(1, (t + 1) / steps) · schedule(t)    [E.WARMUP]

    The first step has 1 / steps of the step size, the one with t = steps - 1 all of it.

    schedule: the step size without warm-up, a function of t, such as ``constant(1e-3)``.
    steps: length of the warm-up, an integer >= 1.
    Raises TypeError or ValueError for anything else.
    Source: P. Goyal et al., Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017,
    section 2.2.
    """
    if not callable(schedule):
        raise TypeError(
            "linear_warmup: schedule must be a function of t; got "
            f"{type(schedule).__name__}; write linear_warmup(constant(alpha), steps)"
        )
    steps = _steps("linear_warmup", "steps", steps)
    return lambda t: min(1.0, (t + 1) / steps) * schedule(t)
