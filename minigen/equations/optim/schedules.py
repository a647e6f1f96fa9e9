r"""Entries for schedules of the step size.

A transcription takes the number of the step, 0 at first, and then the schedule's own
arguments; it returns the step size as a number.
"""

import math

from minigen.equations.equation import equation

SYMBOLS = {
    "t": "number of the step, 0 at first",
    r"\alpha_t": "step size of step t",
    r"\alpha": "step size at first, > 0",
}
DECAY = SYMBOLS | {
    "f": "factor by which the step size changes over T steps, > 0",
    "T": "a number of steps, >= 1",
}


@equation(
    "CONSTANT",
    title="Constant step size",
    latex=r"\alpha_t = \alpha",
    symbols=SYMBOLS,
    source="definition",
    code="minigen.optim.schedules.constant",
)
def constant(t, alpha):
    return alpha


@equation(
    "STEPDECAY",
    title="Step size that drops every T steps",
    latex=r"\alpha_t = \alpha f^{\lfloor t / T \rfloor}",
    symbols=DECAY,
    source="definition",
    code="minigen.optim.schedules.step_decay",
)
def step_decay(t, alpha, factor, every):
    for step in range(1, t + 1):
        if step % every == 0:
            alpha = alpha * factor
    return alpha


@equation(
    "EXPDECAY",
    title="Step size that decays exponentially",
    latex=r"\alpha_t = \alpha f^{t / T}",
    symbols=DECAY,
    source="definition",
    code="minigen.optim.schedules.exponential_decay",
)
def exponential_decay(t, alpha, factor, every):
    return alpha * math.exp(t / every * math.log(factor))


@equation(
    "COSINE",
    title="Step size along half a wave of the cosine",
    latex=r"\alpha_t = \alpha_T + \frac{1}{2} (\alpha - \alpha_T)"
    r" \left(1 + \cos\left(\frac{\pi t}{T}\right)\right), \qquad t \le T",
    symbols=SYMBOLS | {"T": "number of steps, >= 1", r"\alpha_T": "step size from step T on, > 0"},
    source="Loshchilov and Hutter 2017, equation (5)",
    code="minigen.optim.schedules.cosine",
)
def cosine(t, alpha, alpha_end, steps):
    t = min(t, steps)
    return alpha_end + 0.5 * (alpha - alpha_end) * (1 + math.cos(math.pi * t / steps))


@equation(
    "WARMUP",
    title="Linear warm-up before another schedule",
    latex=r"\alpha_t = \min\left(1, \frac{t + 1}{T}\right) s(t)",
    symbols={
        "t": "number of the step, 0 at first",
        r"\alpha_t": "step size of step t",
        "s(t)": "step size without warm-up",
        "T": "length of the warm-up in steps, >= 1",
    },
    source="Goyal et al. 2017, section 2.2",
    code="minigen.optim.schedules.linear_warmup",
)
def linear_warmup(t, schedule, steps):
    if t + 1 < steps:
        return (t + 1) / steps * schedule(t)
    return schedule(t)
