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
    """The gradient penalty of (12.7), without its weight w, from the slopes of a critic.

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
    return math.ceil(2 * math.log(factor) / math.log1p(alpha**2))


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
    "x_sorted": Wrong("only one of the two is sorted, x", lambda x, y: abs(np.sort(x) - y).mean()),
    "y_sorted": Wrong("only one of the two is sorted, y", lambda x, y: abs(x - np.sort(y)).mean()),
    "root_mean_square": Wrong(
        "the root of the mean square: another distance, which counts long ways more",
        lambda x, y: np.sqrt(((np.sort(x) - np.sort(y)) ** 2).mean()),
    ),
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
        "every x goes to its nearest y, so that some are used twice",
        lambda x, y: abs(x[:, None] - y[None]).min(axis=1).mean(),
    ),
    "nearest_x": Wrong(
        "every y goes to its nearest x, so that some are used twice",
        lambda x, y: abs(x[:, None] - y[None]).min(axis=0).mean(),
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
    "absolute": Wrong(
        "the size of the difference instead of its square",
        lambda s: abs(np.sqrt((s**2).sum(axis=1)) - 1).mean(),
    ),
    "sum": Wrong(
        "the sum over the points instead of the mean",
        lambda s: ((np.sqrt((s**2).sum(axis=1)) - 1) ** 2).sum(),
    ),
    "each_number": Wrong(
        "each number is compared with 1 instead of the length of each row",
        lambda s: ((s - 1) ** 2).mean(),
    ),
    "each_size": Wrong(
        "the size of each number is compared with 1 instead of the length of each row",
        lambda s: ((abs(s) - 1) ** 2).mean(),
    ),
    "one_sided": Wrong(
        "only slopes above 1 are punished; in (12.7) those below are, too",
        lambda s: (np.maximum(np.sqrt((s**2).sum(axis=1)) - 1, 0) ** 2).mean(),
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
    if isinstance(found, int | float | np.number):  # for all else the next check has words
        assert found % 1 == 0, f"it must be a whole number; for (0.1, 10) yours is {found}"


# The last one is reached exactly: after two steps of size 1 the distance is 2.
ESCAPES = ((0.1, 10.0), (0.5, 3.7), (0.03, 1.5), (1.0, 2.0))
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
    "one_more": Wrong(
        "one step too many where (12.3) is exactly factor: at least is enough, more is not asked",
        lambda a, f: math.floor(2 * math.log(f) / math.log(1 + a**2)) + 1,
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
            "np.sort gives a sorted copy, of x and of y; the mean of the sizes of the differences.",
        ),
        mistakes={
            "as they come": (W_MISTAKES["not_sorted"].transcription, "are not sorted"),
            "only y": (W_MISTAKES["y_sorted"].transcription, "only one of the two is sorted, y"),
            "root": (W_MISTAKES["root_mean_square"].transcription, "root of the mean square"),
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
        mistakes={
            "axis": (PENALTY_MISTAKES["over_points"].transcription, "over the points"),
            "sum": (PENALTY_MISTAKES["sum"].transcription, "sum over the points"),
            "size": (PENALTY_MISTAKES["absolute"].transcription, "instead of its square"),
        },
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
        mistakes={
            "no 2": (ESCAPE_MISTAKES["two_missing"].transcription, "factor 2 is missing"),
            "more than": (ESCAPE_MISTAKES["one_more"].transcription, "one step too many"),
            "no return": (lambda a, f: None, "it returns nothing"),
            "not rounded": (
                lambda a, f: 2 * math.log(f) / math.log(1 + a**2),
                "it must be a whole number",
            ),
            "endless": (lambda a, f: math.inf, "it must be a whole number"),
            "no number": (lambda a, f: math.nan, "it must be a whole number"),
        },
    ),
)
