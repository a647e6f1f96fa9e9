r"""The entry for Adam with bias correction, Kingma and Ba's Algorithm 1.

Its wrong variants hold the stated rule and the rearranged form that most libraries compute.
"""

import numpy

from minigen.equations.equation import Wrong, equation
from minigen.equations.optim.adam import PROBES, SYMBOLS
from minigen.equations.optim.wrong_adam import (
    CORRECTED_TWICE,
    EPSILON_HAT,
    M_ONLY,
    T_STAYS,
    V_ONLY,
    corrected,
    corrected_at,
    plain,
    sqrt,
    walk,
    with_other,
    with_step,
)


def hats(s):
    return s.m / (1 - s.beta1**s.t), s.v / (1 - s.beta2**s.t)


def from_zero(s):
    """The step where t is counted from 0: not a number in the first, and so ever after."""
    with numpy.errstate(all="ignore"):
        return corrected_at(s, s.t - 1)


def overwritten(theta0, gradients, alpha, beta1, beta2, epsilon):
    """Stores the corrected moments as the moments of the next step."""
    theta = numpy.array(theta0, dtype=float)
    m, v, found = numpy.zeros_like(theta), numpy.zeros_like(theta), [theta]
    for t, g in enumerate(gradients, start=1):
        m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
        v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
        theta = theta - alpha * m / (numpy.sqrt(v) + epsilon)
        found.append(theta)
    return numpy.array(found)


@equation(
    "ADAMBC",
    title="Adam with bias correction",
    latex=r"\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\"
    r" v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\"
    r" \hat{m}_t &= \frac{m_t}{1 - \beta_1^t} \\"
    r" \hat{v}_t &= \frac{v_t}{1 - \beta_2^t} \\"
    r" \theta_t &= \theta_{t-1} - \alpha \frac{\hat{m}_t}{\sqrt{\hat{v}_t} + \epsilon}"
    r" \end{aligned}",
    symbols=SYMBOLS
    | {
        "t": "number of the step, 1 at first",
        r"\hat{m}_t, \hat{v}_t": "m and v without their bias towards 0",
    },
    source="Kingma and Ba 2015, Algorithm 1",
    code="minigen.optim.adam_bias_corrected.AdamBiasCorrected",
    wrong={
        "epsilon_inside_root": Wrong(
            "sqrt(v_hat + epsilon) instead of sqrt(v_hat) + epsilon",
            walk(lambda s: s.alpha * hats(s)[0] / sqrt(hats(s)[1] + s.epsilon)),
        ),
        "epsilon_hat": EPSILON_HAT,
        "epsilon_missing": Wrong(
            "divides by sqrt(v_hat) alone",
            walk(lambda s: s.alpha * hats(s)[0] / sqrt(hats(s)[1])),
        ),
        "epsilon_added_to_theta": Wrong(
            "epsilon is added to the parameter instead of the root",
            walk(lambda s: s.alpha * hats(s)[0] / sqrt(hats(s)[1]) - s.epsilon),
        ),
        "root_missing": Wrong(
            "divides by v_hat + epsilon, without the root",
            walk(lambda s: s.alpha * hats(s)[0] / (hats(s)[1] + s.epsilon)),
        ),
        "root_of_correction_missing": Wrong(
            "the rearranged form with 1 - beta2^t instead of its root",
            walk(lambda s: (1 - s.beta2**s.t) / (1 - s.beta1**s.t) * plain(s)),
        ),
        "no_bias_correction": Wrong("bias correction is missing (E.ADAM)", walk(plain)),
        "m_only": M_ONLY,
        "v_only": V_ONLY,
        "corrected_twice": CORRECTED_TWICE,
        "t_stays_1": T_STAYS,
        "t_ahead": Wrong(
            "t is 2 in the first step: incremented once too often",
            walk(lambda s: corrected_at(s, s.t + 1)),
        ),
        "t_from_zero": Wrong(
            "t is 0 in the first step, where the correction divides by zero",
            walk(from_zero),
        ),
        "correction_outside_root": Wrong(
            "sqrt(v) / (1 - beta2^t): the correction of v belongs inside the root",
            walk(lambda s: s.alpha * hats(s)[0] / (sqrt(s.v) / (1 - s.beta2**s.t) + s.epsilon)),
        ),
        "corrections_swapped": Wrong(
            "the corrections changed places: m / (1 - beta2^t) and v / (1 - beta1^t)",
            walk(
                lambda s: corrected(
                    with_other(
                        s,
                        m=s.m * (1 - s.beta1**s.t) / (1 - s.beta2**s.t),
                        v=s.v * (1 - s.beta2**s.t) / (1 - s.beta1**s.t),
                    )
                )
            ),
        ),
        "corrected_moments_stored": Wrong(
            "m_hat and v_hat are stored as m and v of the next step", overwritten
        ),
    }
    | with_step(corrected),
    probes=PROBES,
)
def adam_bias_corrected(theta0, gradients, alpha, beta1, beta2, epsilon):
    theta = numpy.array(theta0, dtype=float)
    m = numpy.zeros_like(theta)
    v = numpy.zeros_like(theta)
    trajectory = [theta]
    t = 0
    for g in gradients:
        t = t + 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (numpy.sqrt(v_hat) + epsilon)
        trajectory.append(theta)
    return numpy.array(trajectory)
