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
from minigen.equations import REGISTER, Wrong
from minigen.learn import (
    Exercise,
    Formula,
    Rejected,
    positions,
    registered,
    unchanged,
    walks,
)
from minigen.learn.checks import real


def walked_stated(step):
    """A walk in the register's form from a step function in the reader's."""

    def walk(theta0, gradients, alpha, beta):
        theta, before = theta0, np.zeros_like(theta0)
        path = [theta]
        for g in gradients:
            given = {"theta": theta, "g": g, "g_before": before}
            new = unchanged(step, given, alpha, beta)
            if new is None or isinstance(new, tuple | list):
                raise Rejected("it must return one array, the new theta")
            theta, before = real(new), g
            path.append(theta)
        return np.array(path)

    return walk


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


def ball(theta0, gradients, alpha, beta):
    """theta and u after each step of (4.2); u_t is the difference of two positions."""
    path = REGISTER["HEAVYBALL"].transcription(theta0, gradients, alpha, beta)
    return path, np.diff(path, axis=0, prepend=path[:1])


def ball_with(factor):
    """The same walk where u is kept multiplied by factor(alpha)."""

    def walk(theta0, gradients, alpha, beta):
        path, u = ball(theta0, gradients, alpha, beta)
        return path, factor(alpha) * u

    return walk


# theta comes out right in these, so they stand beside the register's mistakes.
VELOCITY_MISTAKES = {
    "sum_of_gradients": Wrong(
        "u = beta u + g and theta - alpha u: the u of PyTorch, which is -u / alpha of (4.2)",
        ball_with(lambda alpha: -1 / alpha),
    ),
    "without_alpha": Wrong(
        "u = beta u - g and theta + alpha u: in (4.2) alpha stands in the line of u",
        ball_with(lambda alpha: 1 / alpha),
    ),
    "turned_round": Wrong(
        "u = beta u + alpha g and theta - u: in (4.2) the minus stands in the line of u",
        ball_with(lambda alpha: -1),
    ),
}


def swapped_results(theta0, gradients, alpha, beta):
    """What becomes of a walk when u is taken for theta and theta for u."""
    theta, u, path = theta0, np.zeros_like(theta0), [theta0]
    for g in gradients:
        new = beta * u - alpha * g
        theta, u = new, theta + new
        path.append(theta)
    return np.array(path)


BALL_MISTAKES = {
    "results_swapped": Wrong("theta and u are returned in the wrong order", swapped_results),
}
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
    "oscillation": Wrong(
        "(1 + sqrt(beta))^2 / L, from where on the roots of (4.4) are real again: the walk still "
        "arrives there",
        lambda b, c: (1 + np.sqrt(b)) ** 2 / c,
    ),
}


def gradient_for_velocity(theta, g, u, alpha, beta):
    return theta - alpha * g + beta * u, g


def in_place(theta, g, u, alpha, beta):
    u *= beta
    u -= alpha * g
    return theta + u, u


def theta_in_place(theta, g, u, alpha, beta):
    u = beta * u - alpha * g
    theta += u
    return theta, u


def of_pytorch(theta, g, u, alpha, beta):
    u = beta * u + g
    return theta - alpha * u, u


def unscaled(theta, g, u, alpha, beta):
    u = beta * u - g
    return theta + alpha * u, u


def turned_round(theta, g, u, alpha, beta):
    u = beta * u + alpha * g
    return theta - u, u


def velocity_alone(theta, g, u, alpha, beta):
    return beta * u - alpha * g


def minus_beta(theta, g, g_before, alpha, beta):
    return theta - alpha * g - beta * g_before


SHOWN = {"axes": ("step", "element"), "inputs": inputs}
EXERCISES = (
    Exercise(
        heavy_ball_step,
        checks=(
            registered("HEAVYBALL", also=BALL_MISTAKES, adapt=positions("u"), **SHOWN),
            Formula(
                ball, REGISTER["HEAVYBALL"].probes, VELOCITY_MISTAKES, adapt=walks("u"), **SHOWN
            ),
        ),
        hints=(
            "First the velocity, then the position, which uses the new velocity.",
            "u = beta * u - alpha * g",
            "return theta + u, u",
        ),
        mistakes={
            "one result": (velocity_alone, "must return two arrays"),
            "in place": (in_place, "u is not exactly what it was"),
            "theta in place": (theta_in_place, "theta is not exactly what it was"),
            "gradient kept": (gradient_for_velocity, "first difference"),
            "PyTorch": (of_pytorch, "the u of PyTorch"),
            "unscaled": (unscaled, "alpha stands in the line of u"),
            "turned round": (turned_round, "the minus stands in the line of u"),
            "old u": (lambda t, g, u, a, b: (t + b * u - a * g, u), "the new u is not returned"),
            "swapped": (
                lambda t, g, u, a, b: heavy_ball_step(t, g, u, a, b)[::-1],
                "in the wrong order",
            ),
            "uphill": (
                lambda t, g, u, a, b: heavy_ball_step(t, -g, u, a, b),
                "goes up the gradient",
            ),
            "complex": (
                lambda t, g, u, a, b: (t + b * u - a * g + 0j, b * u - a * g),
                "complex numbers",
            ),
        },
    ),
    Exercise(
        stated_momentum_step,
        checks=(registered("MOM", adapt=walked_stated, **SHOWN),),
        hints=(
            "The sign of beta is a plus, as strange as it looks.",
            "theta - alpha * g + beta * g_before",
        ),
        mistakes={
            "minus": (minus_beta, "subtracts the previous gradient"),
            "uphill": (lambda t, g, before, a, b: t + a * g + b * before, "goes up the gradient"),
            "swapped": (lambda t, g, before, a, b: t - a * before + b * g, "changed places"),
            "of the heavy ball": (
                lambda t, g, before, a, b: t - a * (g + b * before),
                "theta - alpha (g + beta g_before)",
            ),
            "two results": (lambda t, g, before, a, b: [t - a * g + b * before, g], "one array"),
        },
    ),
    Exercise(
        heavy_ball_edge,
        checks=(
            Formula(
                explored_edge,
                ((0.25, 2.0), (0.9, 1.0), (0.5, 100.0), (0.0, 3.0), (0.3, 0.7)),
                EDGE_MISTAKES,
                rtol=1e-6,
            ),
        ),
        hints=(
            "Which of the three conditions in (4.5) bounds alpha from above?",
            "p(-1) = 2 + 2 beta - alpha L must be positive.",
        ),
        mistakes={
            "descent": (lambda b, c: 2 / c, "the edge of gradient descent"),
            "oscillation": (lambda b, c: (1 + b**0.5) ** 2 / c, "the walk still arrives there"),
        },
    ),
)
