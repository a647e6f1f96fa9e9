r"""The entry for Adam as minigen states it, without bias correction.

Its probes reach from gradients far below epsilon to far above it: a single usual gradient
cannot tell half of the wrong variants from the formula.
"""

import numpy

from minigen.equations.equation import Wrong, equation
from minigen.equations.optim.wrong_adam import (
    CORRECTED_TWICE,
    EPSILON_HAT,
    M_ONLY,
    T_STAYS,
    V_ONLY,
    corrected,
    plain,
    sqrt,
    walk,
    with_step,
)

SYMBOLS = {
    r"\theta_t": "parameters after t steps",
    "g": "gradient of the loss at them",
    "m_t": "running mean of the gradient, 0 at first",
    "v_t": "running mean of the squared gradient, 0 at first",
    r"\alpha": "step size, > 0, in units of theta",
    r"\beta_1, \beta_2": "what remains of m and v after a step, 0 to 1",
    r"\epsilon": "small number > 0, in units of the gradient",
}

SCALES = 10.0 ** numpy.arange(-9, 4)  # one element per size of gradient
GRADIENTS = numpy.outer([1.0, -0.37, 2.3, 0.29, -1.13], SCALES)
PROBES = tuple(
    (numpy.zeros(13), GRADIENTS, *hyper)
    for hyper in ((1e-3, 0.9, 0.999, 1e-8), (0.02, 0.5, 0.95, 1e-8), (0.1, 0.8, 0.99, 1e-3))
)


@equation(
    "ADAM",
    title="Adam, as stated: no bias correction",
    latex=r"\begin{aligned} m_{t+1} &= \beta_1 m_t + (1 - \beta_1) g \\"
    r" v_{t+1} &= \beta_2 v_t + (1 - \beta_2) g^2 \\"
    r" \theta_{t+1} &= \theta_t - \alpha \frac{m_{t+1}}{\sqrt{v_{t+1}} + \epsilon} \end{aligned}",
    symbols=SYMBOLS,
    source="after Kingma and Ba 2015, Algorithm 1, without its bias correction",
    code="minigen.optim.adam.Adam",
    wrong={
        "epsilon_inside_root": Wrong(
            "sqrt(v + epsilon) instead of sqrt(v) + epsilon",
            walk(lambda s: s.alpha * s.m / sqrt(s.v + s.epsilon)),
        ),
        "epsilon_squared_inside_root": Wrong(
            "sqrt(v + epsilon^2) instead of sqrt(v) + epsilon",
            walk(lambda s: s.alpha * s.m / sqrt(s.v + s.epsilon**2)),
        ),
        "epsilon_missing": Wrong(
            "divides by sqrt(v) alone",
            walk(lambda s: s.alpha * s.m / sqrt(s.v)),
        ),
        "epsilon_added_to_theta": Wrong(
            "epsilon is added to the parameter instead of the root",
            walk(lambda s: s.alpha * s.m / sqrt(s.v) - s.epsilon),
        ),
        "root_missing": Wrong(
            "divides by v + epsilon, without the root",
            walk(lambda s: s.alpha * s.m / (s.v + s.epsilon)),
        ),
        "g_for_m": Wrong(
            "moves along g instead of m (RMSprop)",
            walk(lambda s: s.alpha * s.g / (sqrt(s.v) + s.epsilon)),
        ),
        "v_from_before": Wrong(
            "divides by the root of v from before its update",
            walk(lambda s: s.alpha * s.m / (sqrt(s.v_before) + s.epsilon)),
        ),
        "bias_corrected": Wrong(
            "bias correction, which the stated rule does not have (E.ADAMBC)",
            walk(corrected),
        ),
        "bias_corrected_epsilon_hat": EPSILON_HAT,
        "bias_corrected_t_stays_1": T_STAYS,
        "bias_corrected_twice": CORRECTED_TWICE,
        "bias_corrected_m_only": M_ONLY,
        "bias_corrected_v_only": V_ONLY,
    }
    | with_step(plain),
    probes=PROBES,
)
def adam(theta0, gradients, alpha, beta1, beta2, epsilon):
    theta = numpy.array(theta0, dtype=float)
    m = numpy.zeros_like(theta)
    v = numpy.zeros_like(theta)
    trajectory = [theta]
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - alpha * m / (numpy.sqrt(v) + epsilon)
        trajectory.append(theta)
    return numpy.array(trajectory)
