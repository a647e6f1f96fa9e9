r"""Entries for what is random on the way to an objective: codes and masks.

The transcriptions are given the random numbers, so that there is one right answer.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation


def each(f, *arrays):
    """f of the elements, a Python float at a time."""
    return numpy.vectorize(f, otypes=[float])(*arrays)


def root(x):
    """The square root of each element, not a number where there is none."""
    return each(lambda v: math.sqrt(v) if v >= 0 else math.nan, x)


@equation(
    "REPARAM",
    title="A draw from a Gaussian as a function of its parameters",
    latex=r"z = \mu + \sigma \epsilon, \qquad \sigma = e^{\frac{1}{2} \log \sigma^2}, \quad"
    r" \epsilon \sim N(0, I)",
    symbols={
        r"\mu": "means (n, d)",
        r"\log \sigma^2": "logarithms of the variances (n, d)",
        r"\epsilon": "noise from N(0, I) (n, d)",
        "z": "draws from N(mu, sigma^2) (n, d)",
    },
    source="Kingma and Welling 2014, section 2.4",
    code="minigen.functional.reparameterise",
    wrong={
        "log_sigma": Wrong(
            "the noise is scaled by the variance: log sigma^2 is taken for log sigma",
            lambda m, v, e: m + numpy.exp(v) * e,
        ),
        "log_var_unscaled": Wrong(
            "the noise is scaled by log sigma^2 itself",
            lambda m, v, e: m + v * e,
        ),
        "half_log_var": Wrong(
            "the noise is scaled by log sigma itself: its exponential is missing",
            lambda m, v, e: m + 0.5 * v * e,
        ),
        "root_of_log_var": Wrong(
            "the root of log sigma^2 itself, which is no number where sigma < 1",
            lambda m, v, e: m + root(v) * e,
        ),
        "mean_forgotten": Wrong(
            "the mean is not added",
            lambda m, v, e: numpy.exp(v / 2) * e,
        ),
        "minus": Wrong(
            "the noise is subtracted: as good a draw, but not this one",
            lambda m, v, e: m - numpy.exp(v / 2) * e,
        ),
        "precision": Wrong(
            "the noise is divided by sigma",
            lambda m, v, e: m + e / numpy.exp(v / 2),
        ),
        "noise_for_all": Wrong(
            "one row of noise serves the whole batch",
            lambda m, v, e: m + numpy.exp(v / 2) * e[:1],
        ),
    },
    probes=(
        (
            numpy.array([[0.5, -1.0], [0.2, 0.1]]),
            numpy.array([[0.3, -0.8], [1.2, 2.0]]),
            numpy.array([[1.1, -0.6], [0.4, -2.0]]),
        ),
    ),
)
def reparameterise(mean, log_var, noise):
    return each(lambda m, v, e: m + math.sqrt(math.exp(v)) * e, mean, log_var, noise)


@equation(
    "DROPOUT",
    title="Dropout, scaled while training",
    latex=r"y = \frac{x \, m}{1 - p}, \qquad m = [u \ge p], \quad u \sim U[0, 1)",
    symbols={
        "x": "argument, any shape",
        "p": "probability that an element is set to 0, in [0, 1)",
        "u": "one draw for each element of x, uniform on [0, 1)",
        "m": "mask: 0 with probability p, else 1",
        "[c]": "1 where the condition c holds, else 0",
    },
    source="Srivastava et al. 2014, sections 4 and 10, scaled at training time",
    code="minigen.functional.dropout",
    wrong={
        "not_rescaled": Wrong(
            "without 1 / (1 - p) the mean of y is (1 - p) x, and evaluation differs",
            lambda x, p, u: x * (u >= p),
        ),
        "divided_by_p": Wrong(
            "divided by p instead of 1 - p",
            lambda x, p, u: x * (u >= p) / p,
        ),
        "p_keeps": Wrong(
            "p is taken for the probability of staying",
            lambda x, p, u: x * (u < p) / p,
        ),
        "multiplied": Wrong(
            "multiplied by 1 - p, which belongs to evaluation without scaling in training",
            lambda x, p, u: x * (u >= p) * (1 - p),
        ),
        "root": Wrong(
            "divided by the root of 1 - p, which keeps the variance but not the mean",
            lambda x, p, u: x * (u >= p) / math.sqrt(1 - p),
        ),
    },
    probes=((numpy.array([1.0, -2.0, 3.0, 0.5]), 0.3, numpy.array([0.1, 0.29, 0.31, 0.9])),),
)
def dropout(x, p, u):
    return each(lambda value, draw: value / (1 - p) if draw >= p else 0.0, x, u)
