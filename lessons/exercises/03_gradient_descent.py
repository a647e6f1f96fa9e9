"""Exercises of lesson 3: downhill.

Complete each function, then run:  minigen learn check 3
A hint for the first one:  minigen learn hint 3.1
"""

import numpy as np


def largest_stable_step(matrix):
    """The step size at which gradient descent on a quadratic ceases to arrive.

    The loss is 1/2 theta^T A theta. matrix: A, symmetric (n, n), all eigenvalues > 0.
    Returns the number a such that (3.1) goes to zero from every start for every alpha > 0 below
    a, and for none above.
    """
    return 2 / np.linalg.eigvalsh(matrix).max()


def noise_floor(alpha, curvature, sigma):
    """The variance about the minimum at which SGD with a constant step comes to rest, (3.7).

    alpha: step size, 0 < alpha < 2 / lambda; curvature: lambda > 0; sigma: standard deviation of
    the gradient's noise.
    Returns a number, the closed form.
    """
    return alpha * sigma**2 / (curvature * (2 - alpha * curvature))


def cosine_step(t, alpha, alpha_end, steps):
    """The step size of step t along half a wave of the cosine, (3.8).

    t: number of the step, 0 at first. alpha, alpha_end: step sizes at first and in the end.
    steps: T. From t = T on it stays at alpha_end. Returns a number.
    """
    if t >= steps:
        return alpha_end
    return alpha_end + (alpha - alpha_end) * (1 + np.cos(np.pi * t / steps)) / 2


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import REGISTER, Wrong
from minigen.learn import Exercise, Formula, Property


def symmetric(n, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    return root @ root.T + 0.1 * np.eye(n)


def explored_edge(matrix):
    """The edge found by walking: bisection between a step that arrives and one that explodes."""
    low, high = 0.0, 2.0 / matrix.diagonal().max() + 1.0
    for _ in range(60):
        alpha = (low + high) / 2
        step = np.eye(len(matrix)) - alpha * matrix
        walk = np.linalg.matrix_power(step, 4096)
        arrives = np.isfinite(walk).all() and abs(walk).max() < 1
        low, high = (alpha, high) if arrives else (low, alpha)
    return low


def arrives_below_and_not_above(largest):
    for seed in (1, 2, 3):
        matrix = symmetric(3, seed)
        edge = float(largest(matrix.copy()))
        for factor, expected in ((0.99, True), (1.01, False)):
            with np.errstate(all="ignore"):
                step = np.eye(3) - factor * edge * matrix
                end = abs(np.linalg.matrix_power(step, 5000) @ np.ones(3)).max()
            word = "arrives" if end < 1 else "does not arrive"
            assert (end < 1) == expected, (
                f"you said {edge:.6g}; with {factor} times that, gradient descent {word}"
            )


EDGE_PROBES = (
    (np.diag([1.0, 10.0]),),
    (symmetric(3, 1),),
    (symmetric(4, 7),),
    (np.array([[2.0, -1.5], [-1.5, 3.0]]),),
)


def eigenvalues(matrix):
    return np.linalg.eigvalsh(matrix)


EDGE_MISTAKES = {
    "one_over_l": Wrong(
        "1 / L, which is a safe step but not the largest",
        lambda m: 1 / eigenvalues(m).max(),
    ),
    "smallest_eigenvalue": Wrong(
        "2 over the smallest eigenvalue: the steepest direction is the first to fail",
        lambda m: 2 / eigenvalues(m).min(),
    ),
    "trace": Wrong("2 over the trace, the sum of all eigenvalues", lambda m: 2 / np.trace(m)),
    "best_step": Wrong(
        "2 / (L + mu), which is the best step and not the edge",
        lambda m: 2 / (eigenvalues(m).max() + eigenvalues(m).min()),
    ),
    "diagonal": Wrong(
        "2 over the largest element of the diagonal: take the eigenvalues",
        lambda m: 2 / m.diagonal().max(),
    ),
    "largest_element": Wrong(
        "2 over the sum of the absolute values of a row: a bound for the eigenvalue, not it",
        lambda m: 2 / abs(m).sum(axis=1).max(),
    ),
    "l_itself": Wrong("the largest eigenvalue itself", lambda m: eigenvalues(m).max()),
}


def settled(alpha, curvature, sigma):
    """The variance after many steps of (3.6)."""
    v = 0.0
    for _ in range(20_000):
        v = (1 - alpha * curvature) ** 2 * v + alpha**2 * sigma**2
    return v


FLOOR_PROBES = ((0.5, 1.0, 1.0), (0.02, 3.0, 0.4), (1.4, 0.9, 2.5))
FLOOR_MISTAKES = {
    "sigma_not_squared": Wrong(
        "sigma instead of sigma^2", lambda a, c, s: a * s / (c * (2 - a * c))
    ),
    "curvature_forgotten": Wrong(
        "the curvature in front of the bracket is missing",
        lambda a, c, s: a * s**2 / (2 - a * c),
    ),
    "curvature_forgotten_in_bracket": Wrong(
        "2 - alpha in the bracket instead of 2 - alpha lambda",
        lambda a, c, s: a * s**2 / (c * (2 - a)),
    ),
    "deviation": Wrong(
        "the standard deviation, whose square is asked for",
        lambda a, c, s: np.sqrt(a * s**2 / (c * (2 - a * c))),
    ),
    "factor_not_squared": Wrong(
        "1 - (1 - alpha lambda) instead of 1 - (1 - alpha lambda)^2: variances have the square",
        lambda a, c, s: a * s**2 / c,
    ),
    "small_step": Wrong(
        "alpha sigma^2 / (2 lambda), which holds for small steps only",
        lambda a, c, s: a * s**2 / (2 * c),
    ),
    "alpha_squared": Wrong(
        "alpha^2 above the line: one alpha cancels", lambda a, c, s: a**2 * s**2 / (c * (2 - a * c))
    ),
    "plus": Wrong("2 + alpha lambda in the bracket", lambda a, c, s: a * s**2 / (c * (2 + a * c))),
    "loss": Wrong(
        "the loss, lambda V / 2, instead of the variance V",
        lambda a, c, s: a * s**2 / (2 * (2 - a * c)),
    ),
}

COSINE_PROBES = ((0, 0.5, 0.01, 10), (3, 0.5, 0.01, 10), (10, 0.3, 0.1, 10), (25, 0.3, 0.1, 10))


def wave(t, a, b, n):
    return b + (a - b) * (1 + np.cos(np.pi * t / n)) / 2


COSINE_MISTAKES = {
    "no_end": Wrong("it rises again after step T", wave),
    "whole_wave": Wrong(
        "a whole wave: 2 pi t / T instead of pi t / T",
        lambda t, a, b, n: b if t >= n else b + (a - b) * (1 + np.cos(2 * np.pi * t / n)) / 2,
    ),
    "sine": Wrong(
        "the sine instead of the cosine",
        lambda t, a, b, n: b if t >= n else b + (a - b) * (1 + np.sin(np.pi * t / n)) / 2,
    ),
    "minus": Wrong(
        "1 - cos instead of 1 + cos: it rises from alpha_T to alpha",
        lambda t, a, b, n: b if t >= n else b + (a - b) * (1 - np.cos(np.pi * t / n)) / 2,
    ),
    "zero_in_the_end": Wrong(
        "from T on it is 0 instead of alpha_T",
        lambda t, a, b, n: 0.0 if t >= n else wave(t, a, b, n),
    ),
    "end_not_added": Wrong(
        "alpha_T in front of the sum is missing, so that it falls to 0",
        lambda t, a, b, n: b if t >= n else wave(t, a, b, n) - b,
    ),
    "one_step_early": Wrong(
        "T - 1 instead of T: it arrives one step early",
        lambda t, a, b, n: b if t >= n else wave(t, a, b, n - 1),
    ),
    "linear": Wrong(
        "a straight line instead of a cosine",
        lambda t, a, b, n: b if t >= n else b + (a - b) * (1 - t / n),
    ),
    "end_not_subtracted": Wrong(
        "alpha instead of alpha - alpha_T in front of the bracket",
        lambda t, a, b, n: b if t >= n else b + a * (1 + np.cos(np.pi * t / n)) / 2,
    ),
    "half_missing": Wrong(
        "the factor 1/2 is missing",
        lambda t, a, b, n: b if t >= n else b + (a - b) * (1 + np.cos(np.pi * t / n)),
    ),
}

EXERCISES = (
    Exercise(
        largest_stable_step,
        checks=(
            Formula(explored_edge, EDGE_PROBES, EDGE_MISTAKES, rtol=2e-3),
            Property("it arrives below and not above", arrives_below_and_not_above),
        ),
        hints=(
            "(3.3) holds in the axes in which A is diagonal. Which numbers are then on the "
            "diagonal?",
            "np.linalg.eigvalsh gives the eigenvalues of a symmetric matrix.",
        ),
        mistakes={
            "1 / L": (EDGE_MISTAKES["one_over_l"].transcription, "1 / L, which is a safe step"),
            "diagonal": (EDGE_MISTAKES["diagonal"].transcription, "largest element of the diag"),
        },
    ),
    Exercise(
        noise_floor,
        checks=(Formula(settled, FLOOR_PROBES, FLOOR_MISTAKES, rtol=1e-6),),
        hints=(
            "Set V_{t+1} = V_t = V in (3.6) and solve for V.",
            "1 - (1 - a)^2 = a (2 - a), with a = alpha lambda.",
        ),
        mistakes={
            "small": (FLOOR_MISTAKES["small_step"].transcription, "small steps only"),
            "root": (lambda a, c, s: noise_floor(a, c, s) ** 0.5, "the standard deviation"),
        },
    ),
    Exercise(
        cosine_step,
        checks=(
            Formula(
                lambda t, alpha, alpha_end, steps: REGISTER["COSINE"].transcription(
                    t, alpha, alpha_end, steps
                ),
                COSINE_PROBES,
                COSINE_MISTAKES,
            ),
        ),
        hints=(
            "At t = 0 the bracket is 2, at t = T it is 0.",
            "After T it is alpha_end: an if before the formula.",
        ),
        mistakes={
            "rises": (wave, "it rises again after step T"),
            "minus": (
                lambda t, alpha, alpha_end, steps: (
                    alpha_end
                    if t >= steps
                    else alpha - (alpha - alpha_end) * (1 + np.cos(np.pi * t / steps)) / 2
                ),
                "1 - cos instead of 1 + cos",
            ),
        },
    ),
)
