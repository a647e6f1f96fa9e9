"""The mistakes that are made with Adam, each one line away from the formula.

Most are drawn from published code and lessons. The variants are put together from the three
lines of the algorithm (m, v, step), so that each shows the line that is wrong and no other.
"""

from types import SimpleNamespace

import numpy

from minigen.equations.equation import Wrong

sqrt = numpy.sqrt


def M(s):
    return s.beta1 * s.m + (1 - s.beta1) * s.g


def V(s):
    return s.beta2 * s.v + (1 - s.beta2) * s.g**2


def walk(step, m=M, v=V):
    """The transcription theta - step(s), where m(s) and v(s) give the new moments.

    s holds t (1 in the first step), g, m, v, m_before and v_before (from before the step), and the
    hyper-parameters.
    """

    def trajectory(theta0, gradients, alpha, beta1, beta2, epsilon):
        theta = numpy.array(theta0, dtype=float)
        zero = numpy.zeros_like(theta)
        s = SimpleNamespace(m=zero, v=zero, alpha=alpha, beta1=beta1, beta2=beta2, epsilon=epsilon)
        found = [theta]
        for s.t, s.g in enumerate(gradients, start=1):
            s.m_before, s.v_before = s.m, s.v
            s.m, s.v = m(s), v(s)
            theta = theta - step(s)
            found.append(theta)
        return numpy.array(found)

    return trajectory


def plain(s):
    return s.alpha * s.m / (sqrt(s.v) + s.epsilon)


def corrected(s):
    m_hat, v_hat = s.m / (1 - s.beta1**s.t), s.v / (1 - s.beta2**s.t)
    return s.alpha * m_hat / (sqrt(v_hat) + s.epsilon)


def with_other(s, **values):
    """s with other values of some of its fields."""
    return SimpleNamespace(**{**vars(s), **values})


def corrected_at(s, t):
    """``corrected`` with another t."""
    return corrected(with_other(s, t=t))


def with_step(step):
    """Mistakes in m and v, which go with either form of the step."""
    return {
        "m_without_factor": Wrong(
            "m = beta1 m + g, without the factor 1 - beta1",
            walk(step, m=lambda s: s.beta1 * s.m + s.g),
        ),
        "v_without_factor": Wrong(
            "v = beta2 v + g^2, without the factor 1 - beta2",
            walk(step, v=lambda s: s.beta2 * s.v + s.g**2),
        ),
        "v_of_absolute": Wrong(
            "v is the running mean of |g| instead of g^2",
            walk(step, v=lambda s: s.beta2 * s.v + (1 - s.beta2) * abs(s.g)),
        ),
        "v_of_m": Wrong(
            "v is the running mean of m^2 instead of g^2",
            walk(step, v=lambda s: s.beta2 * s.v + (1 - s.beta2) * M(s) ** 2),
        ),
        "beta1_twice": Wrong(
            "m is multiplied by beta1 twice in a step",
            walk(step, m=lambda s: s.beta1**2 * s.m + (1 - s.beta1) * s.g),
        ),
        "beta2_twice": Wrong(
            "v is multiplied by beta2 twice in a step",
            walk(step, v=lambda s: s.beta2**2 * s.v + (1 - s.beta2) * s.g**2),
        ),
        "weights_exchanged": Wrong(
            "the weights changed places: m = (1 - beta1) m + beta1 g, and v in the same way",
            walk(
                step,
                m=lambda s: (1 - s.beta1) * s.m + s.beta1 * s.g,
                v=lambda s: (1 - s.beta2) * s.v + s.beta2 * s.g**2,
            ),
        ),
        "theta_first": Wrong(
            "theta moves before m and v are updated, by those from before the step",
            walk(lambda s: step(with_other(s, m=s.m_before, v=s.v_before))),
        ),
        "swapped_betas": Wrong(
            "beta1 and beta2 changed places",
            swapped(walk(step)),
        ),
        "plus_sign": Wrong(
            "theta moves up the gradient",
            walk(lambda s: -step(s)),
        ),
    }


def swapped(trajectory):
    return lambda theta0, gradients, alpha, beta1, beta2, epsilon: trajectory(
        theta0, gradients, alpha, beta2, beta1, epsilon
    )


EPSILON_HAT = Wrong(
    "epsilon added to the uncorrected root: the rearranged form of the paper's section 2",
    walk(
        lambda s: (
            s.alpha * sqrt(1 - s.beta2**s.t) / (1 - s.beta1**s.t) * s.m / (sqrt(s.v) + s.epsilon)
        )
    ),
)
T_STAYS = Wrong(
    "bias correction with a t that is never incremented: 1 in every step",
    walk(lambda s: corrected_at(s, 1)),
)
CORRECTED_TWICE = Wrong(
    "bias correction applied twice",
    walk(
        lambda s: (
            s.alpha
            * s.m
            / (1 - s.beta1**s.t) ** 2
            / (sqrt(s.v / (1 - s.beta2**s.t) ** 2) + s.epsilon)
        )
    ),
)
M_ONLY = Wrong(
    "only m is bias-corrected",
    walk(lambda s: s.alpha * s.m / (1 - s.beta1**s.t) / (sqrt(s.v) + s.epsilon)),
)
V_ONLY = Wrong(
    "only v is bias-corrected",
    walk(lambda s: s.alpha * s.m / (sqrt(s.v / (1 - s.beta2**s.t)) + s.epsilon)),
)
