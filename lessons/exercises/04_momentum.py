"""Exercises of lesson 4: momentum, as stated and Polyak's.

Complete each function, then run:  minigen learn check 4
A hint for the first one:  minigen learn hint 4.1
"""


def heavy_ball_step(theta, g, u, alpha, beta):
    """One step of the heavy ball, equation (4.2).

    theta, g, u: arrays of one shape: parameters, gradient, and the velocity from before the
    step, 0 at first. alpha, beta: numbers. Returns the new theta and the new u; leaves the
    arrays that it gets as they are.
    """
    u = beta * u - alpha * g
    return theta + u, u


def stated_momentum_step(theta, g, g_before, alpha, beta):
    """One step of momentum as stated, equation (4.1).

    theta, g, g_before: arrays of one shape: parameters, gradient, and the gradient of the step
    before, 0 at first. alpha, beta: numbers. Returns the new theta alone.
    """
    return theta - alpha * g + beta * g_before


def heavy_ball_edge(beta, largest_curvature):
    """The step size at which the heavy ball on a quadratic ceases to arrive, (4.7).

    beta: 0 <= beta < 1; largest_curvature: L > 0. Returns a number.
    """
    return 2 * (1 + beta) / largest_curvature


# ---- checks: everything below stays out of the reader's copy ----

import numpy as np
from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Rejected, registered


def untouched(step, arrays, alpha, beta):
    """The step's result; Rejected if it changed one of the arrays that it got."""
    given = tuple(array.copy() for array in arrays)
    new = step(*given, alpha, beta)
    if not all(np.array_equal(a, b) for a, b in zip(arrays, given, strict=True)):
        raise Rejected("it changes an array that it gets: write u = beta * u, not u *= beta")
    return new


def walked_ball(step):
    """A trajectory in the register's form from a step function in the reader's."""

    def trajectory(theta0, gradients, alpha, beta):
        theta, u = theta0, np.zeros_like(theta0)
        path = [theta]
        for g in gradients:
            new = untouched(step, (theta, g, u), alpha, beta)
            if not isinstance(new, tuple) or len(new) != 2:
                raise Rejected("it must return two arrays: theta, u")
            theta, u = (np.asarray(x, dtype=float) for x in new)
            path.append(theta)
        return np.array(path)

    return trajectory


def walked_stated(step):
    def trajectory(theta0, gradients, alpha, beta):
        theta, before = theta0, np.zeros_like(theta0)
        path = [theta]
        for g in gradients:
            new = untouched(step, (theta, g, before), alpha, beta)
            if new is None or isinstance(new, tuple):
                raise Rejected("it must return one array, the new theta")
            theta, before = np.asarray(new, dtype=float), g
            path.append(theta)
        return np.array(path)

    return trajectory


def inputs(probe, index):
    theta0, gradients, alpha, beta = probe
    step, element = index
    if step == 0:
        return {"theta": theta0[element]}
    return {
        "theta": f"{theta0[element]} before step 1",
        "g": gradients[step - 1, element],
        "g before": gradients[step - 2, element] if step > 1 else 0.0,
        "alpha": alpha,
        "beta": beta,
    }


def explored_edge(beta, largest_curvature):
    """Found by bisection on the largest root of (4.4)."""
    low, high = 0.0, 10.0 / largest_curvature
    for _ in range(80):
        alpha = (low + high) / 2
        roots = np.roots([1, -(1 + beta - alpha * largest_curvature), beta])
        low, high = (alpha, high) if abs(roots).max() < 1 else (low, alpha)
    return low


EDGE_MISTAKES = {
    "without_momentum": Wrong("2 / L, the edge of gradient descent", lambda b, c: 2 / c),
    "minus": Wrong("1 - beta instead of 1 + beta", lambda b, c: 2 * (1 - b) / c),
    "effective_rate": Wrong(
        "the edge of gradient descent for the effective step alpha / (1 - beta), "
        "written as a product",
        lambda b, c: 2 / ((1 - b) * c),
    ),
    "two_missing": Wrong("the factor 2 is missing", lambda b, c: (1 + b) / c),
    "stated_rule": Wrong("2 / L - beta, the edge of the stated rule (4.6)", lambda b, c: 2 / c - b),
    "minus_sign_rule": Wrong(
        "2 / L + beta, the edge of the rule with a minus sign", lambda b, c: 2 / c + b
    ),
    "times_l": Wrong("multiplied by L instead of divided by it", lambda b, c: 2 * (1 + b) * c),
    "four": Wrong("the factor is 4 instead of 2", lambda b, c: 4 * (1 + b) / c),
    "always_four": Wrong("4 / L, which is the edge for beta = 1 only", lambda b, c: 4 / c),
}


def gradient_for_velocity(theta, g, u, alpha, beta):
    return theta - alpha * g + beta * u, g


def in_place(theta, g, u, alpha, beta):
    u *= beta
    u -= alpha * g
    return theta + u, u


def velocity_alone(theta, g, u, alpha, beta):
    return beta * u - alpha * g


def minus_beta(theta, g, g_before, alpha, beta):
    return theta - alpha * g - beta * g_before


AXES = ("step", "element")
EXERCISES = (
    Exercise(
        heavy_ball_step,
        checks=(registered("HEAVYBALL", adapt=walked_ball, axes=AXES, inputs=inputs),),
        hints=(
            "First the velocity, then the position, which uses the new velocity.",
            "u = beta * u - alpha * g",
            "return theta + u, u",
        ),
        mistakes={
            "one result": (velocity_alone, "must return two arrays"),
            "in place": (in_place, "it changes an array that it gets"),
            "gradient kept": (gradient_for_velocity, "first difference"),
        },
    ),
    Exercise(
        stated_momentum_step,
        checks=(registered("MOM", adapt=walked_stated, axes=AXES, inputs=inputs),),
        hints=(
            "The sign of beta is a plus, as strange as it looks.",
            "theta - alpha * g + beta * g_before",
        ),
        mistakes={"minus": (minus_beta, "this is a known mistake")},
    ),
    Exercise(
        heavy_ball_edge,
        checks=(
            Formula(
                explored_edge,
                ((0.9, 1.0), (0.5, 100.0), (0.0, 3.0), (0.3, 0.7)),
                EDGE_MISTAKES,
                rtol=1e-6,
            ),
        ),
        hints=(
            "Which of the three conditions in (4.5) has alpha on its large side?",
            "p(-1) = 2 + 2 beta - alpha L must be positive.",
        ),
        mistakes={"descent": (lambda b, c: 2 / c, "the edge of gradient descent")},
    ),
)
