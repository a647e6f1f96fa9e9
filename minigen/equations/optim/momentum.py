r"""Entries for the rules with a memory of where they came from.

What is called momentum differs from one library to the next, so the stated rule and Polyak's
stand here each with the others as wrong variants.
"""

from types import SimpleNamespace

import numpy

from minigen.equations.equation import Wrong, equation

SYMBOLS = {
    r"\theta_t": "parameters after t steps",
    r"\alpha": "step size, > 0",
    r"\nabla J": "gradient of the loss with respect to the parameters",
}
VELOCITY = {
    "u_t": "velocity, 0 at first",
    r"\beta": "what remains of the velocity after a step, 0 to 1",
}


def walk(advance):
    """The transcription whose next theta is ``advance(s)``.

    s holds theta, g, theta_before and g_before (of the step before: theta0 and 0 at first),
    g_first, t (0 at first), alpha and beta.
    """

    def trajectory(theta0, gradients, alpha, beta):
        theta0 = numpy.array(theta0, dtype=float)
        s = SimpleNamespace(theta=theta0, theta_before=theta0, alpha=alpha, beta=beta)
        s.g_before, s.g_first, found = numpy.zeros_like(theta0), gradients[0], [theta0]
        for s.t, s.g in enumerate(gradients):
            following = advance(s)
            s.theta_before, s.theta, s.g_before = s.theta, following, s.g
            found.append(following)
        return numpy.array(found)

    return trajectory


PLAIN = Wrong(
    "remembers nothing: theta - alpha g",
    walk(lambda s: s.theta - s.alpha * s.g),
)
NESTEROV = Wrong(
    "Nesterov's rule: theta + beta u - alpha g with the new u",
    walk(
        lambda s: (
            s.theta
            + s.beta * (s.theta - s.theta_before)
            - s.alpha * (1 + s.beta) * s.g
            + s.alpha * s.beta * s.g_before
        )
    ),
)
CONVEX = Wrong(
    "weights the gradient with 1 - beta: u = beta u - (1 - beta) g, theta + alpha u",
    walk(lambda s: s.theta - s.alpha * (1 - s.beta) * s.g + s.beta * (s.theta - s.theta_before)),
)
WRONG_MOMENTUM = {
    "no_memory": PLAIN,
    "plus_sign": Wrong(
        "goes up the gradient: theta + alpha g",
        walk(lambda s: s.theta + s.alpha * s.g + s.beta * s.g_before),
    ),
    "gradients_swapped": Wrong(
        "g and the previous gradient changed places",
        walk(lambda s: s.theta - s.alpha * s.g_before + s.beta * s.g),
    ),
    "one_gradient": Wrong(
        "subtracts the previous gradient, and with alpha too: theta - alpha (g + beta g_before)",
        walk(lambda s: s.theta - s.alpha * (s.g + s.beta * s.g_before)),
    ),
    "heavy_ball": Wrong(
        "adds beta times the step before instead of the gradient before (Polyak)",
        walk(lambda s: s.theta - s.alpha * s.g + s.beta * (s.theta - s.theta_before)),
    ),
    "nesterov": NESTEROV,
    "convex": CONVEX,
    "minus_sign": Wrong(
        "subtracts the previous gradient instead of adding it",
        walk(lambda s: s.theta - s.alpha * s.g - s.beta * s.g_before),
    ),
    "alpha_on_both": Wrong(
        "multiplies the previous gradient by alpha too",
        walk(lambda s: s.theta - s.alpha * (s.g - s.beta * s.g_before)),
    ),
    "stored_too_early": Wrong(
        "stores g as the previous gradient before using it: (alpha - beta) g",
        walk(lambda s: s.theta - s.alpha * s.g + s.beta * s.g),
    ),
    "stored_once": Wrong(
        "keeps the first gradient as the previous one for ever",
        walk(lambda s: s.theta - s.alpha * s.g + (s.beta * s.g_first if s.t else 0)),
    ),
    "first_is_previous": Wrong(
        "takes the first gradient as its own predecessor in the first step",
        walk(lambda s: s.theta - s.alpha * s.g + s.beta * (s.g_before if s.t else s.g)),
    ),
}
WRONG_HEAVY_BALL = {
    "no_memory": Wrong(
        "remembers nothing: theta - alpha g, or the new u is not returned and so not kept",
        PLAIN.transcription,
    ),
    "plus_sign": Wrong(
        "goes up the gradient: u = beta u + alpha g, or theta - u",
        walk(lambda s: s.theta + s.alpha * s.g + s.beta * (s.theta - s.theta_before)),
    ),
    "stated_momentum": Wrong(
        "adds beta times the gradient before instead of the step before (E.MOM)",
        walk(lambda s: s.theta - s.alpha * s.g + s.beta * s.g_before),
    ),
    "nesterov": NESTEROV,
    "convex": CONVEX,
    "minus_sign": Wrong(
        "turns the velocity round: u = -beta u - alpha g",
        walk(lambda s: s.theta - s.alpha * s.g - s.beta * (s.theta - s.theta_before)),
    ),
    "one_gradient": Wrong(
        "remembers only the last gradient, not their sum: theta - alpha (g + beta g_before)",
        walk(lambda s: s.theta - s.alpha * (s.g + s.beta * s.g_before)),
    ),
    "alpha_twice": Wrong(
        "has alpha in the velocity and once more in the step: theta + alpha u",
        walk(lambda s: s.theta - s.alpha**2 * s.g + s.beta * (s.theta - s.theta_before)),
    ),
    "beta_on_both": Wrong(
        "multiplies the new gradient by beta too: u = beta (u - alpha g)",
        walk(lambda s: s.theta + s.beta * (s.theta - s.theta_before - s.alpha * s.g)),
    ),
    "old_velocity": Wrong(
        "moves by the velocity from before its update",
        walk(lambda s: s.theta - s.alpha * s.g_before + s.beta * (s.theta - s.theta_before)),
    ),
}

SCALES = 10.0 ** numpy.arange(-9, 4)  # one element per size of gradient
GRADIENTS = numpy.outer([1.0, -0.37, 2.3, 0.29, -1.13], SCALES)


@equation(
    "MOM",
    title="Momentum gradient descent, as stated",
    latex=r"\theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t) + \beta \nabla J(\theta_{t-1})",
    symbols=SYMBOLS | {r"\beta": "weight of the previous gradient; none at the first step"},
    source="as stated for this project; not Polyak's rule (E.HEAVYBALL)",
    code="minigen.optim.momentum.Momentum",
    wrong=WRONG_MOMENTUM,
    probes=tuple(
        (numpy.zeros(13), GRADIENTS, alpha, beta)
        for alpha, beta in ((0.1, 0.05), (0.01, 0.003), (1.5, 0.4))
    ),
)
def momentum(theta0, gradients, alpha, beta):
    theta = numpy.array(theta0, dtype=float)
    trajectory = [theta]
    for t in range(len(gradients)):
        step = -alpha * gradients[t]
        if t > 0:
            step = step + beta * gradients[t - 1]
        theta = theta + step
        trajectory.append(theta)
    return numpy.array(trajectory)


@equation(
    "HEAVYBALL",
    title="Heavy ball (Polyak's momentum), in velocity form",
    latex=r"\begin{aligned} u_{t+1} &= \beta u_t - \alpha \nabla J(\theta_t) \\"
    r" \theta_{t+1} &= \theta_t + u_{t+1} \end{aligned}",
    symbols=SYMBOLS | VELOCITY,
    source="Polyak 1964",
    code="minigen.optim.heavy_ball.HeavyBall",
    wrong=WRONG_HEAVY_BALL,
    probes=tuple(
        (numpy.zeros(13), GRADIENTS, alpha, beta)
        for alpha, beta in ((0.1, 0.9), (0.01, 0.6), (1.5, 0.3))
    ),
)
def heavy_ball(theta0, gradients, alpha, beta):
    theta = numpy.array(theta0, dtype=float)
    u = numpy.zeros_like(theta)
    trajectory = [theta]
    for g in gradients:
        u = beta * u - alpha * g
        theta = theta + u
        trajectory.append(theta)
    return numpy.array(trajectory)


@equation(
    "NESTEROV",
    title="Nesterov's accelerated gradient, in the look-ahead variable",
    latex=r"\begin{aligned} u_{t+1} &= \beta u_t - \alpha \nabla J(\theta_t) \\"
    r" \theta_{t+1} &= \theta_t + \beta u_{t+1} - \alpha \nabla J(\theta_t) \end{aligned}",
    symbols=SYMBOLS | VELOCITY | {r"\theta_t": "look-ahead point, where the gradient is taken"},
    source="Nesterov 1983; Sutskever et al. 2013, equations (3) and (4), with their "
    "theta + mu v renamed theta",
    code="minigen.optim.nesterov.Nesterov",
)
def nesterov(theta0, gradients, alpha, beta):
    theta = numpy.array(theta0, dtype=float)
    u = numpy.zeros_like(theta)
    trajectory = [theta]
    for g in gradients:
        u = beta * u - alpha * g
        theta = theta + beta * u - alpha * g
        trajectory.append(theta)
    return numpy.array(trajectory)
