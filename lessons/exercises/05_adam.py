"""Exercises of lesson 5: Adam, as stated and as published.

Complete each function, then run:  minigen learn check 5
A hint for the first one:  minigen learn hint 5.1
"""

import numpy as np


def adam_step(theta, g, m, v, alpha, beta1, beta2, epsilon):
    """One step of Adam as stated, equation (5.3).

    theta, g, m, v: arrays of one shape: parameters, gradient, and the running means of g and
    g^2 from before the step. alpha, beta1, beta2, epsilon: numbers.
    Returns the new theta, m and v; leaves the arrays that it gets as they are.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    theta = theta - alpha * m / (np.sqrt(v) + epsilon)
    return theta, m, v


def adam_bias_corrected_step(theta, g, m, v, t, alpha, beta1, beta2, epsilon):
    """One step of Adam as published, equation (5.7).

    The same arguments, and t, the number of the step: 1 in the first.
    Returns the new theta, m and v (m and v themselves, not the corrected ones).
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta, m, v


def step_length(t, alpha, beta1, beta2):
    """Length of step t of (5.3) when the gradient is constant and epsilon does not matter.

    t: the number of the step, 1 in the first; alpha, beta1, beta2: numbers.
    Returns a number that does not depend on the gradient. The closed form, not a loop.
    """
    return alpha * (1 - beta1**t) / np.sqrt(1 - beta2**t)


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Rejected, registered


def walked(step, counts_t):
    """A trajectory in the register's form from a step function in the reader's."""

    def trajectory(theta0, gradients, alpha, beta1, beta2, epsilon):
        theta, m, v = theta0, np.zeros_like(theta0), np.zeros_like(theta0)
        path = [theta]
        for t, g in enumerate(gradients, start=1):
            count = (t,) if counts_t else ()
            new = step(
                theta.copy(),
                g.copy(),
                m.copy(),
                v.copy(),
                *count,
                alpha,
                beta1,
                beta2,
                epsilon,
            )
            if not isinstance(new, tuple) or len(new) != 3:
                raise Rejected("it must return three arrays: theta, m, v")
            theta, m, v = (np.asarray(x, dtype=float) for x in new)
            path.append(theta)
        return np.array(path)

    return trajectory


def inputs(probe, index):
    """What the first wrong element came from: its gradients up to that step."""
    theta0, gradients, alpha, beta1, beta2, epsilon = probe
    step, element = index
    return {
        "theta": theta0[element],
        "gradients": gradients[:step, element],
        "alpha": alpha,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    }


LENGTH_PROBES = (
    (1, 0.1, 0.9, 0.999),
    (12, 0.5, 0.8, 0.99),
    (3, 2.0, 0.3, 0.6),
)
LENGTH_MISTAKES = {
    "root_missing": Wrong(
        "divides by 1 - beta2^t without the root",
        lambda t, alpha, b1, b2: alpha * (1 - b1**t) / (1 - b2**t),
    ),
    "first_step_only": Wrong(
        "the length of the first step, whatever t is",
        lambda t, alpha, b1, b2: alpha * (1 - b1) / np.sqrt(1 - b2),
    ),
    "bias_corrected": Wrong(
        "alpha itself, which is the published rule's step (E.ADAMBC)",
        lambda t, alpha, b1, b2: alpha,
    ),
    "inverted": Wrong(
        "the quotient is upside down",
        lambda t, alpha, b1, b2: alpha * np.sqrt(1 - b2**t) / (1 - b1**t),
    ),
    "betas_swapped": Wrong(
        "beta1 and beta2 changed places",
        lambda t, alpha, b1, b2: alpha * (1 - b2**t) / np.sqrt(1 - b1**t),
    ),
    "t_counted_from_zero": Wrong(
        "the exponent is t - 1: the first step has t = 1",
        lambda t, alpha, b1, b2: alpha * (1 - b1 ** (t - 1)) / np.sqrt(1 - b2 ** (t - 1)),
    ),
    "alpha_forgotten": Wrong(
        "alpha is missing",
        lambda t, alpha, b1, b2: (1 - b1**t) / np.sqrt(1 - b2**t),
    ),
}


def epsilon_inside(theta, g, m, v, alpha, beta1, beta2, epsilon):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return theta - alpha * m / np.sqrt(v + epsilon), m, v


def theta_alone(theta, g, m, v, alpha, beta1, beta2, epsilon):
    return adam_step(theta, g, m, v, alpha, beta1, beta2, epsilon)[0]


def corrected_means_returned(theta, g, m, v, t, alpha, beta1, beta2, epsilon):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return theta - alpha * m / (np.sqrt(v) + epsilon), m, v


AXES = ("step", "element")
EXERCISES = (
    Exercise(
        adam_step,
        checks=(
            registered(
                "ADAM",
                adapt=lambda f: walked(f, False),
                axes=AXES,
                inputs=inputs,
            ),
        ),
        hints=(
            "Three lines, in the order of (5.3): first m, then v, then theta, which uses the new "
            "m and v.",
            "m = beta1 * m + (1 - beta1) * g, and v is the same with beta2 and g**2.",
            "Epsilon stands outside the root: np.sqrt(v) + epsilon.",
        ),
        mistakes={
            "epsilon inside": (
                epsilon_inside,
                "sqrt(v + epsilon) instead of sqrt(v) + epsilon",
            ),
            "theta alone": (theta_alone, "must return three arrays"),
        },
    ),
    Exercise(
        adam_bias_corrected_step,
        checks=(
            registered(
                "ADAMBC",
                adapt=lambda f: walked(f, True),
                axes=AXES,
                inputs=inputs,
            ),
        ),
        hints=(
            "m and v are updated as in (5.3); only the quotient uses corrected ones.",
            "m_hat = m / (1 - beta1**t), v_hat = v / (1 - beta2**t).",
            "Give m_hat and v_hat names of their own, and return m and v.",
        ),
        mistakes={
            "kept": (
                corrected_means_returned,
                "m_hat and v_hat are stored",
            )
        },
    ),
    Exercise(
        step_length,
        checks=(Formula(step_length, LENGTH_PROBES, LENGTH_MISTAKES),),
        hints=(
            "With a constant gradient, (5.5) holds for m and v themselves.",
            "m = (1 - beta1^t) g and v = (1 - beta2^t) g^2; put them into the third line of (5.3).",
        ),
        mistakes={
            "no root": (
                LENGTH_MISTAKES["root_missing"].transcription,
                "without the root",
            ),
        },
    ),
)
