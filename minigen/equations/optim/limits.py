r"""Entries for penalties on parameters and limits on gradients.

The transcriptions go through the elements one after the other.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation

PENALTY = {
    r"\theta_i": "the elements of all parameters",
    r"\lambda": "strength, >= 0",
    "R": "number to add to the loss",
}


def sum_of_squares(gradients):
    return sum(float(x) ** 2 for g in gradients for x in numpy.ravel(g))


@equation(
    "L1",
    title="L1 penalty",
    latex=r"R = \lambda \sum_i |\theta_i|",
    symbols=PENALTY,
    source="Tibshirani 1996",
    code="minigen.optim.penalties.l1_penalty",
)
def l1(parameters, strength):
    """parameters: a list of arrays; a number."""
    return strength * sum(abs(float(x)) for theta in parameters for x in numpy.ravel(theta))


@equation(
    "L2",
    title="L2 penalty",
    latex=r"R = \frac{\lambda}{2} \sum_i \theta_i^2",
    symbols=PENALTY,
    source="Hoerl and Kennard 1970",
    code="minigen.optim.penalties.l2_penalty",
)
def l2(parameters, strength):
    """parameters: a list of arrays; a number."""
    return strength / 2 * sum_of_squares(parameters)


@equation(
    "CLIPVALUE",
    title="Clipping of gradients by value",
    latex=r"\hat{g}_i = \min(\max(g_i, -c), c)",
    symbols={
        "g_i": "the elements of all gradients",
        "c": "limit, > 0, in units of the gradient",
        r"\hat{g}_i": "the gradients after clipping",
    },
    source="Mikolov 2012",
    code="minigen.optim.clipping.clip_by_value",
)
def clip_by_value(gradients, limit):
    """gradients: a list of arrays; a list of arrays."""
    clip = numpy.vectorize(lambda x: min(max(x, -limit), limit), otypes=[float])
    return [clip(g) for g in gradients]


def scaled(gradients, factor):
    return [factor * numpy.asarray(g, dtype=float) for g in gradients]


@equation(
    "CLIPNORM",
    title="Clipping of gradients by their norm",
    latex=r"\hat{g}_i = g_i \min\left(1, \frac{c}{n}\right), \qquad n = \sqrt{\sum_i g_i^2}",
    symbols={
        "g_i": "the elements of all gradients of all parameters",
        "n": "their norm",
        "c": "largest norm allowed, > 0, in units of the gradient",
        r"\hat{g}_i": "the gradients after clipping",
    },
    source="Pascanu, Mikolov and Bengio 2013, Algorithm 1",
    code="minigen.optim.clipping.clip_by_norm",
    wrong={
        "by_value_squared": Wrong(
            "clips every element to the square of the limit",
            lambda gradients, max_norm: clip_by_value(gradients, max_norm**2),
        ),
        "by_value": Wrong("clips every element by itself", clip_by_value),
        "norm_of_each": Wrong(
            "takes the norm of each parameter's gradient by itself",
            lambda gradients, max_norm: [clip_by_norm([g], max_norm)[0] for g in gradients],
        ),
        "l1_norm": Wrong(
            "takes the sum of absolute values for the norm",
            lambda gradients, max_norm: scaled(
                gradients, min(1, max_norm / sum(abs(g).sum() for g in gradients))
            ),
        ),
        "root_missing": Wrong(
            "takes the sum of squares for the norm",
            lambda gradients, max_norm: scaled(
                gradients, min(1, max_norm / sum_of_squares(gradients))
            ),
        ),
        "always": Wrong(
            "scales to the limit also where the norm is below it",
            lambda gradients, max_norm: scaled(
                gradients, max_norm / math.sqrt(sum_of_squares(gradients))
            ),
        ),
    },
    probes=(
        ([numpy.array([3.0, -4.0]), numpy.array([[12.0], [0.5]])], 2.0),
        ([numpy.array([0.3, -0.4]), numpy.array([[1.2], [0.5]])], 2.0),
        ([numpy.array([0.3, -0.4]), numpy.array([[0.2], [0.1]])], 0.6),
    ),
)
def clip_by_norm(gradients, max_norm):
    """gradients: a list of arrays; a list of arrays."""
    norm = math.sqrt(sum_of_squares(gradients))
    return scaled(gradients, max_norm / norm if norm > max_norm else 1)
