"""Exercises of lesson 12: why GANs fall over.

Complete each function, then run:  minigen learn check 12
A hint for the first one:  minigen learn hint 12.1
"""

import math

import numpy as np


def wasserstein(x, y):
    """The Wasserstein distance of two heaps of numbers, equation (12.5).

    x, y: vectors of the same length, in any order. Returns a number.
    """
    return np.abs(np.sort(x) - np.sort(y)).mean()


def penalty(slopes):
    """The gradient penalty of (12.7), without lambda, from the slopes of a critic.

    slopes: (n, d), the gradient of f at each of n points. Returns a number: the mean over the
    points of the squared difference between the length of the gradient and 1.
    """
    lengths = np.sqrt((slopes**2).sum(axis=1))
    return ((lengths - 1) ** 2).mean()


def steps_to_escape(alpha, factor):
    """How many steps of the game x y, played at the same time, until it is far away.

    alpha: the step size > 0; factor: how many times the distance from the equilibrium shall
    have grown, > 1. Returns the smallest whole number t for which (12.3) is at least factor.
    """
    return math.ceil(2 * math.log(factor) / math.log(1 + alpha**2))


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Property

rng = np.random.default_rng(12)


def cheapest_plan(x, y):
    """Every way to send each x to a y of its own, the cheapest of all."""

    def cost(x, y):
        if len(x) == 0:
            return 0.0
        return min(abs(x[0] - y[j]) + cost(x[1:], np.delete(y, j)) for j in range(len(y)))

    return cost(x, y) / len(x)


HEAPS = tuple((rng.normal(size=n), 1.5 * rng.normal(size=n) + 0.3) for n in (4, 5, 6))
W_MISTAKES = {
    "not_sorted": Wrong(
        "the numbers are not sorted: they are paired as they come",
        lambda x, y: abs(x - y).mean(),
    ),
    "one_sorted": Wrong("only one of the two is sorted", lambda x, y: abs(np.sort(x) - y).mean()),
    "opposite_order": Wrong(
        "one is sorted upwards and the other downwards",
        lambda x, y: abs(np.sort(x) - np.sort(y)[::-1]).mean(),
    ),
    "squared": Wrong(
        "the squares of the differences instead of their sizes",
        lambda x, y: ((np.sort(x) - np.sort(y)) ** 2).mean(),
    ),
    "sum": Wrong("the sum instead of the mean", lambda x, y: abs(np.sort(x) - np.sort(y)).sum()),
    "means": Wrong(
        "the difference of the means, which misses a difference in spread",
        lambda x, y: abs(x.mean() - y.mean()),
    ),
    "signed": Wrong(
        "the differences keep their signs and cancel",
        lambda x, y: (np.sort(x) - np.sort(y)).mean(),
    ),
    "nearest": Wrong(
        "every number goes to its nearest one, so that some are used twice",
        lambda x, y: abs(x[:, None] - y[None]).min(axis=1).mean(),
    ),
}


def slow_penalty(slopes):
    total = 0.0
    for row in slopes:
        total += (math.sqrt(math.fsum(float(v) ** 2 for v in row)) - 1) ** 2
    return total / len(slopes)


PENALTY_MISTAKES = {
    "over_points": Wrong(
        "the length is taken over the points instead of over the coordinates",
        lambda s: ((np.sqrt((s**2).sum(axis=0)) - 1) ** 2).mean(),
    ),
    "one_length": Wrong(
        "one length for the whole array",
        lambda s: (np.sqrt((s**2).sum()) - 1) ** 2,
    ),
    "no_root": Wrong(
        "the squared length is compared with 1", lambda s: (((s**2).sum(axis=1) - 1) ** 2).mean()
    ),
    "to_zero": Wrong("the length is pulled to 0 instead of 1", lambda s: (s**2).sum(axis=1).mean()),
    "not_squared": Wrong(
        "the difference is not squared",
        lambda s: (np.sqrt((s**2).sum(axis=1)) - 1).mean(),
    ),
    "mean_length": Wrong(
        "the mean length is compared with 1, so that long and short ones cancel",
        lambda s: (np.sqrt((s**2).sum(axis=1)).mean() - 1) ** 2,
    ),
}


def played(alpha, factor):
    """Counted by playing."""
    x, y, t = 1.0, 0.0, 0
    while math.hypot(x, y) < factor:
        x, y, t = x - alpha * y, y + alpha * x, t + 1
    return t


def is_whole(steps):
    found = steps(0.1, 10.0)
    assert found == int(found), f"it must be a whole number; for (0.1, 10) yours is {found}"


ESCAPES = ((0.1, 10.0), (0.5, 3.7), (0.03, 1.5))
ESCAPE_MISTAKES = {
    "two_missing": Wrong(
        "the factor 2 is missing: the exponent in (12.3) is t / 2",
        lambda a, f: math.ceil(math.log(f) / math.log(1 + a**2)),
    ),
    "not_squared": Wrong(
        "alpha instead of alpha^2", lambda a, f: math.ceil(2 * math.log(f) / math.log(1 + a))
    ),
    "one_less": Wrong(
        "rounded down: one step too few",
        lambda a, f: math.floor(2 * math.log(f) / math.log(1 + a**2)),
    ),
    "halved": Wrong(
        "divided by 2 instead of multiplied: the exponent t / 2 is on the other side",
        lambda a, f: math.ceil(math.log(f) / (2 * math.log(1 + a**2))),
    ),
    "factor_itself": Wrong(
        "the factor instead of its logarithm",
        lambda a, f: math.ceil(2 * f / math.log(1 + a**2)),
    ),
}

EXERCISES = (
    Exercise(
        wasserstein,
        checks=(Formula(cheapest_plan, HEAPS, W_MISTAKES),),
        hints=(
            "Which plan has no crossings?",
            "np.sort both, then the mean of the sizes of the differences.",
        ),
        mistakes={
            "as they come": (W_MISTAKES["not_sorted"].transcription, "are not sorted"),
            "squares": (W_MISTAKES["squared"].transcription, "squares of the differences"),
        },
    ),
    Exercise(
        penalty,
        checks=(
            Formula(
                slow_penalty,
                tuple((rng.normal(size=shape),) for shape in ((4, 4), (5, 2), (1, 3))),
                PENALTY_MISTAKES,
            ),
        ),
        hints=(
            "One length for each row: the root of the sum of squares over axis 1.",
            "((lengths - 1) ** 2).mean()",
        ),
        mistakes={"axis": (PENALTY_MISTAKES["over_points"].transcription, "over the points")},
    ),
    Exercise(
        steps_to_escape,
        checks=(
            Property("it is a number of steps", is_whole),
            Formula(played, ESCAPES, ESCAPE_MISTAKES),
        ),
        hints=(
            "Take the logarithm of (1 + alpha^2)^(t/2) >= factor and solve for t.",
            "The smallest whole number that is at least as large is math.ceil.",
        ),
        mistakes={"no 2": (ESCAPE_MISTAKES["two_missing"].transcription, "factor 2 is missing")},
    ),
)
