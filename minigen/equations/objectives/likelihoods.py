r"""Entries for log-likelihoods and the squared error.

The transcriptions are the definitions, one element after the other with Python's ``math``.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation


def each(f, *arrays):
    """f of the elements, a Python float at a time; plain numbers go with every element."""
    return numpy.vectorize(f, otypes=[float])(*arrays)


def log_normal(x, mean, log_var):
    """The logarithm of the density of N(mean, e^log_var) at x, all numbers."""
    variance = math.exp(log_var)
    return -((x - mean) ** 2) / (2 * variance) - math.log(math.sqrt(2 * math.pi * variance))


@equation(
    "GAUSSIAN",
    title="Gaussian log-likelihood from mean and log-variance",
    latex=r"\log N(x; \mu, \sigma^2) = -\tfrac{1}{2} \left(\log 2\pi + \log \sigma^2"
    r" + \frac{(x - \mu)^2}{\sigma^2}\right)",
    symbols={
        "x": "observed values, any shape",
        r"\mu": "means, of x's shape or one number",
        r"\log \sigma^2": "logarithms of the variances, of x's shape or one number",
    },
    source="definition",
    code="minigen.functional.gaussian_log_prob",
    wrong={
        "log_sigma": Wrong(
            "log sigma is taken for log sigma^2",
            lambda x, m, v: each(log_normal, x, m, 2 * v),
        ),
        "constant_missing": Wrong(
            "log 2 pi is left out: likelihoods of two models can no longer be compared",
            lambda x, m, v: each(log_normal, x, m, v) + 0.5 * math.log(2 * math.pi),
        ),
        "half_missing": Wrong(
            "the factor 1/2 is left out",
            lambda x, m, v: 2 * each(log_normal, x, m, v),
        ),
        "squared_error_only": Wrong(
            "-(x - mu)^2 / 2 is the likelihood of variance 1, without its constant",
            lambda x, m, v: -((x - m) ** 2) / 2,
        ),
        "log_var_missing": Wrong(
            "without log sigma^2 the likelihood grows forever with the variance",
            lambda x, m, v: each(log_normal, x, m, v) + v / 2,
        ),
        "broadcast": Wrong(
            "x (n,) meets means (n, 1): every x is compared with every mean",
            lambda x, m, v: each(log_normal, x[None, :], m[:, None], v[:, None]),
        ),
    },
    probes=(
        (numpy.array([0.3, -1.2, 2.0]), numpy.array([0.1, 0.5, -0.4]), numpy.array([0.7, -1.1, 2])),
    ),
)
def gaussian_log_prob(x, mean, log_var):
    return each(log_normal, x, mean, log_var)


def binomial_pixels(x, logits, count, coefficient=math.comb):
    """log C(N, k) + k log p + (N - k) log(1 - p) for every element, k = N x."""

    def one(value, logit):
        k, p = round(value * count), 1 / (1 + math.exp(-logit))
        return math.log(coefficient(count, k)) + k * math.log(p) + (count - k) * math.log(1 - p)

    return each(one, x, logits)


@equation(
    "BINOMIAL",
    title="Binomial log-likelihood of grey values that are counts",
    latex=r"\log p(x|z) = \sum_i \log \binom{N}{N x_i} + N x_i \log p_i"
    r" + N (1 - x_i) \log (1 - p_i)"
    r" = \sum_i \log \binom{N}{N x_i} + N \left(x_i l_i - \log (1 + e^{l_i})\right)",
    symbols={
        "x_i": "share of black points in pixel i, a multiple of 1/N in [0, 1]",
        "N": "number of points in a pixel, >= 1",
        "l_i": "logit, the log-odds that a point is black",
        "p_i": "probability that a point is black, 1 / (1 + e^{-l_i})",
    },
    source="definition",
    code="minigen.objectives.likelihoods.binomial_log_likelihood",
    wrong={
        "coefficient_missing": Wrong(
            "log C(N, N x) is left out: the probabilities of all images no longer add up to 1",
            lambda x, ls, n: binomial_pixels(x, ls, n, lambda *_: 1).sum(axis=1),
        ),
        "count_missing": Wrong(
            "one point in place of N: minus the cross-entropy of grey values",
            lambda x, ls, n: (x * ls - numpy.log(1 + numpy.exp(ls))).sum(axis=1),
        ),
        "permutations": Wrong(
            "ordered choices N! / (N - k)! in place of C(N, k)",
            lambda x, ls, n: binomial_pixels(x, ls, n, math.perm).sum(axis=1),
        ),
        "mean_over_pixels": Wrong(
            "the mean over the pixels in place of the sum: the KL weighs too much beside it",
            lambda x, ls, n: binomial_pixels(x, ls, n).mean(axis=1),
        ),
        "clipped": Wrong(
            "the probability is clipped to 0.999, beyond which there is no gradient",
            lambda x, ls, n: binomial_pixels(x, numpy.minimum(ls, math.log(999)), n).sum(axis=1),
        ),
    },
    probes=((numpy.array([[0.5, 0.25], [1.0, 0.75]]), numpy.array([[0.3, -1.0], [9.0, 0.6]]), 4),),
)
def binomial_log_likelihood(x, logits, count):
    return numpy.array([math.fsum(row) for row in binomial_pixels(x, logits, count)])


@equation(
    "MSE",
    title="Mean squared error",
    latex=r"L = \frac{1}{N} \sum_i (x_i - \hat{x}_i)^2",
    symbols={
        "x": "values wanted, any shape",
        r"\hat{x}": "values predicted, of x's shape",
        "N": "number of elements of x",
    },
    source="definition",
    code="minigen.objectives.likelihoods.mean_squared_error",
    wrong={
        "summed": Wrong(
            "the sum of squares, which grows with the batch",
            lambda x, p: ((x - p) ** 2).sum(),
        ),
        "halved": Wrong("half of the mean", lambda x, p: ((x - p) ** 2).mean() / 2),
        "mean_over_rows": Wrong(
            "divided by the number of rows instead of elements",
            lambda x, p: ((x - p) ** 2).sum() / len(x),
        ),
        "root": Wrong("the root of the mean", lambda x, p: ((x - p) ** 2).mean() ** 0.5),
        "absolute": Wrong("distances that are not squared", lambda x, p: abs(x - p).mean()),
        "broadcast": Wrong(
            "predictions (n, 1) for x (n,): every prediction is compared with every x",
            lambda x, p: ((x.ravel()[None, :] - p.ravel()[:, None]) ** 2).mean(),
        ),
    },
    probes=((numpy.array([[1.0, 2.0], [4.0, -1.0]]), numpy.array([[0.5, 2.2], [3.0, 1.0]])),),
)
def mean_squared_error(x, prediction):
    squares = [(a - b) ** 2 for a, b in zip(x.flat, prediction.flat, strict=True)]
    return math.fsum(squares) / len(squares)
