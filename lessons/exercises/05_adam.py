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

from types import SimpleNamespace

from minigen.equations import REGISTER, Wrong
from minigen.equations.optim.wrong_adam import M, V, corrected, plain, with_other
from minigen.learn import Exercise, Formula, positions, registered, walks


def inputs(probe, index):
    """What the first wrong element came from: its gradients up to that step."""
    theta0, gradients, alpha, beta1, beta2, epsilon = probe
    step, element = index
    settings = {"alpha": alpha, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    return {"theta": theta0[element], "gradients": gradients[:step, element]} | settings


def running_mean(values, beta):
    """(5.4) as it stands, one row for each step, after a row of zeros."""
    k = np.arange(len(values))
    weights = np.tril((1 - beta) * beta ** np.maximum(k[:, None] - k, 0.0))
    return np.concatenate([np.zeros_like(values[:1]), weights @ values])


def walk_with_means(name, change=lambda m, v, alpha, factor1, factor2: (m, v)):
    """theta, m and v on a walk of the register's, with m and v changed; factors are 1 - beta."""

    def walk(theta0, gradients, alpha, beta1, beta2, epsilon):
        path = REGISTER[name].transcription(theta0, gradients, alpha, beta1, beta2, epsilon)
        m, v = running_mean(gradients, beta1), running_mean(gradients**2, beta2)
        return path, *change(m, v, alpha, 1 - beta1, 1 - beta2)

    return walk


# theta comes out right in these, so they stand beside the register's mistakes.
KEPT = {
    "m_without_factor": Wrong(
        "m is kept as beta1 m + g: its factor 1 - beta1 comes in only where theta moves",
        lambda m, v, alpha, factor1, factor2: (m / factor1, v),
    ),
    "v_without_factor": Wrong(
        "v is kept as beta2 v + g^2: its factor 1 - beta2 comes in only where theta moves",
        lambda m, v, alpha, factor1, factor2: (m, v / factor2),
    ),
    "neither_factor": Wrong(
        "m and v are kept without their factors, which come in only where theta moves",
        lambda m, v, alpha, factor1, factor2: (m / factor1, v / factor2),
    ),
    "root_kept": Wrong(
        "the root of v is kept instead of v",
        lambda m, v, alpha, factor1, factor2: (m, np.sqrt(v)),
    ),
    "m_turned_round": Wrong(
        "m has the opposite sign, and theta moves by plus m",
        lambda m, v, alpha, factor1, factor2: (-m, v),
    ),
    "alpha_in_m": Wrong(
        "alpha is in m already, where (5.3) and (5.7) have it in the line of theta",
        lambda m, v, alpha, factor1, factor2: (alpha * m, v),
    ),
}


def keeps_the_means(name, **settings):
    """The check of m and v beside theta, on the walk of the register's rule E.name."""
    wrong = {
        key: Wrong(kept.explanation, walk_with_means(name, kept.transcription))
        for key, kept in KEPT.items()
    }
    return Formula(walk_with_means(name), REGISTER[name].probes, wrong, **settings)


def old_means(theta0, gradients, alpha, beta1, beta2, epsilon):
    """What becomes of a walk when m and v stay at 0, whatever was computed in a step."""
    m, v = (1 - beta1) * gradients, (1 - beta2) * gradients**2
    steps = alpha * m / (np.sqrt(v) + epsilon)
    return np.concatenate([theta0[None], theta0 - np.cumsum(steps, axis=0)])


LENGTH_PROBES = tuple(
    (t, *np.array(settings))  # NumPy's numbers divide by zero without an error
    for t, *settings in ((1, 0.1, 0.9, 0.999), (12, 0.5, 0.8, 0.99), (3, 2.0, 0.3, 0.6))
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
    "one_more": Wrong(
        "the exponent is t + 1: the first step has t = 1",
        lambda t, alpha, b1, b2: alpha * (1 - b1 ** (t + 1)) / np.sqrt(1 - b2 ** (t + 1)),
    ),
    "root_of_all": Wrong(
        "the root of the whole quotient: it belongs to 1 - beta2^t alone",
        lambda t, alpha, b1, b2: alpha * np.sqrt((1 - b1**t) / (1 - b2**t)),
    ),
    "alpha_forgotten": Wrong(
        "alpha is missing",
        lambda t, alpha, b1, b2: (1 - b1**t) / np.sqrt(1 - b2**t),
    ),
}


def answer(step=plain, m=M, v=V):
    """A reader's step of three lines, put together as the register puts together its mistakes."""

    def wrong(theta, g, m_before, v_before, *settings):
        names = ("t", "alpha", "beta1", "beta2", "epsilon")
        s = SimpleNamespace(g=g, m=m_before, v=v_before)
        vars(s).update(zip(names[-len(settings) :], settings, strict=True))
        s.m, s.v = m(s), v(s)
        return theta - step(s), s.m, s.v

    return wrong


epsilon_inside = answer(lambda s: s.alpha * s.m / np.sqrt(s.v + s.epsilon))
m_without_factor = answer(lambda s: (1 - s.beta1) * plain(s), m=lambda s: s.beta1 * s.m + s.g)
root_kept = answer(
    lambda s: s.alpha * s.m / (s.v + s.epsilon),
    v=lambda s: np.sqrt(s.beta2 * s.v**2 + (1 - s.beta2) * s.g**2),
)
turned_round = answer(lambda s: -plain(s), m=lambda s: s.beta1 * s.m - (1 - s.beta1) * s.g)
alpha_in_m = answer(
    lambda s: plain(s) / s.alpha, m=lambda s: s.beta1 * s.m + s.alpha * (1 - s.beta1) * s.g
)
neither_factor = answer(
    lambda s: corrected(with_other(s, m=s.m * (1 - s.beta1), v=s.v * (1 - s.beta2))),
    m=lambda s: s.beta1 * s.m + s.g,
    v=lambda s: s.beta2 * s.v + s.g**2,
)
outside_the_root = answer(
    lambda s: s.alpha * s.m / (1 - s.beta1**s.t) / (np.sqrt(s.v) / (1 - s.beta2**s.t) + s.epsilon)
)
weights_exchanged = answer(
    m=lambda s: (1 - s.beta1) * s.m + s.beta1 * s.g,
    v=lambda s: (1 - s.beta2) * s.v + s.beta2 * s.g**2,
)
corrected_means_returned = answer(
    m=lambda s: M(s) / (1 - s.beta1**s.t), v=lambda s: V(s) / (1 - s.beta2**s.t)
)
corrections_swapped = answer(
    lambda s: s.alpha * s.m / (1 - s.beta2**s.t) / (np.sqrt(s.v / (1 - s.beta1**s.t)) + s.epsilon)
)


def theta_alone(theta, g, m, v, alpha, beta1, beta2, epsilon):
    return adam_step(theta, g, m, v, alpha, beta1, beta2, epsilon)[0]


def in_place(theta, g, m, v, *settings):
    alpha, beta1, beta2, epsilon = settings[-4:]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    return theta - alpha * m / (np.sqrt(v) + epsilon), m, v


def g_in_place(theta, g, m, v, alpha, beta1, beta2, epsilon):
    m = beta1 * m + (1 - beta1) * g
    g *= g
    v = beta2 * v + (1 - beta2) * g
    return theta - alpha * m / (np.sqrt(v) + epsilon), m, v


def theta_first(theta, g, m, v, alpha, beta1, beta2, epsilon):
    theta = theta - alpha * m / (np.sqrt(v) + epsilon)
    return theta, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


OLD_MEANS = {"old_means": Wrong("the old m and v are returned, not the new ones", old_means)}
SHOWN = {"axes": ("step", "element"), "inputs": inputs}
EXERCISES = (
    Exercise(
        adam_step,
        checks=(
            registered("ADAM", also=OLD_MEANS, adapt=positions("m", "v"), **SHOWN),
            keeps_the_means("ADAM", adapt=walks("m", "v"), **SHOWN),
        ),
        hints=(
            "Three lines, in the order of (5.3): first m, then v, then theta, which uses the new "
            "m and v.",
            "m = beta1 * m + (1 - beta1) * g, and v is the same with beta2 and g**2.",
            "Epsilon stands outside the root: np.sqrt(v) + epsilon.",
        ),
        mistakes={
            "epsilon inside": (epsilon_inside, "sqrt(v + epsilon) instead of sqrt(v) + epsilon"),
            "theta alone": (theta_alone, "must return three arrays"),
            "no factor": (m_without_factor, "m is kept as beta1 m + g"),
            "root": (root_kept, "the root of v is kept"),
            "turned round": (turned_round, "m has the opposite sign"),
            "alpha in m": (alpha_in_m, "alpha is in m already"),
            "in place": (in_place, "m is not exactly what it was"),
            "g in place": (g_in_place, "g is not exactly what it was"),
            "theta first": (theta_first, "theta moves before m and v are updated"),
            "exchanged": (weights_exchanged, "the weights changed places"),
            "old means": (
                lambda *given: (adam_step(*given)[0], *given[2:4]),
                "the old m and v are returned",
            ),
        },
    ),
    Exercise(
        adam_bias_corrected_step,
        checks=(
            registered("ADAMBC", adapt=positions("m", "v", counts=True), **SHOWN),
            keeps_the_means("ADAMBC", adapt=walks("m", "v", counts=True), **SHOWN),
        ),
        hints=(
            "m and v are updated as in (5.3); only the quotient uses corrected ones.",
            "m_hat = m / (1 - beta1**t), v_hat = v / (1 - beta2**t).",
            "Give m_hat and v_hat names of their own, and return m and v.",
        ),
        mistakes={
            "kept": (corrected_means_returned, "m_hat and v_hat are stored"),
            "no factors": (neither_factor, "m and v are kept without their factors"),
            "in place": (in_place, "m is not exactly what it was"),
            "t - 1": (
                lambda theta, g, m, v, t, *settings: adam_bias_corrected_step(
                    theta, g, m, v, t - 1, *settings
                ),
                "t is 0 in the first step",
            ),
            "outside": (outside_the_root, "belongs inside the root"),
            "swapped": (corrections_swapped, "the corrections changed places"),
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
            "no root": (LENGTH_MISTAKES["root_missing"].transcription, "without the root"),
            "t - 1": (
                lambda t, alpha, b1, b2: step_length(t - 1, alpha, b1, b2),
                "the exponent is t - 1",
            ),
            "t + 1": (
                lambda t, alpha, b1, b2: step_length(t + 1, alpha, b1, b2),
                "the exponent is t + 1",
            ),
            "root of all": (
                lambda t, alpha, b1, b2: alpha * ((1 - b1**t) / (1 - b2**t)) ** 0.5,
                "the root of the whole quotient",
            ),
        },
    ),
)
