"""Exercises of lesson 10: the evidence lower bound.

Complete each function, then run:  minigen learn check 10
A hint for the first one:  minigen learn hint 10.1
"""

import numpy as np


def gaussian_kl(mean, log_var):
    """KL(N(mean, exp(log_var)) || N(0, I)), equation (10.4).

    mean, log_var: (n, d), a Gaussian in each row; log_var is the logarithm of the variance.
    Returns (n,), a divergence for each row, summed over its d coordinates.
    """
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)


def reparameterise(mean, log_var, noise):
    """A draw from N(mean, exp(log_var)), equation (10.5).

    mean, log_var, noise: (n, d); noise comes from N(0, I). Returns (n, d).
    """
    return mean + np.exp(0.5 * log_var) * noise


def gap(x, a, s, mean, var):
    """log p(x) minus the ELBO, in the model of the lesson.

    The model: z ~ N(0, 1), x given z ~ N(a z, s^2). The guess: q = N(mean, var). Then p(z|x)
    has the mean a x / (a^2 + s^2) and the variance s^2 / (a^2 + s^2).
    Returns a number, in nats, the closed form.
    """
    total = a**2 + s**2
    mean_p, var_p = a * x / total, s**2 / total
    return 0.5 * (np.log(var_p / var) + (var + (mean - mean_p) ** 2) / var_p - 1)


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Property, registered
from minigen.learn.checks import parts


def integrated(x, a, s, mean, var):
    """log p(x) - ELBO with every expectation and integral done on a fine grid."""
    reach = 12 * max(1.0, np.sqrt(var), abs(mean), abs(x / a))
    z = np.linspace(-reach, reach, 400_001)
    width = z[1] - z[0]

    def log_normal(x, mean, var):
        return -0.5 * (np.log(2 * np.pi * var) + (x - mean) ** 2 / var)

    joint = log_normal(x, a * z, s**2) + log_normal(z, 0.0, 1.0)
    log_p = np.log(np.exp(joint).sum() * width)
    log_q = log_normal(z, mean, var)
    return log_p - (np.exp(log_q) * (joint - log_q)).sum() * width


def kl(mean, var, mean_p, var_p):
    return 0.5 * (np.log(var_p / var) + (var + (mean - mean_p) ** 2) / var_p - 1)


def posterior(x, a, s):
    return a * x / (a**2 + s**2), s**2 / (a**2 + s**2)


GAP_PROBES = ((1.0, 2.0, 0.5, 0.0, 1.0), (-0.7, 1.5, 1.2, 0.4, 0.3), (2.0, 0.8, 0.6, 1.0, 2.5))
GAP_MISTAKES = {
    "likelihood_alone": Wrong(
        "the mean x / a and the variance s^2 / a^2 are those of p(x|z) read as a density of z, "
        "which forgets the prior",
        lambda x, a, s, m, v: kl(m, v, x / a, s**2 / a**2),
    ),
    "spread_forgotten": Wrong(
        "E_q[log p(x|z)] is taken at the mean of q: a^2 var / (2 s^2) is missing",
        lambda x, a, s, m, v: kl(m, v, *posterior(x, a, s)) - a**2 * v / (2 * s**2),
    ),
    "s_is_a_variance": Wrong(
        "s is taken for a variance; it is a standard deviation",
        lambda x, a, s, m, v: kl(m, v, *posterior(x, a, np.sqrt(s))),
    ),
    "var_is_a_deviation": Wrong(
        "var is squared, as if it were a standard deviation",
        lambda x, a, s, m, v: kl(m, v**2, *posterior(x, a, s)),
    ),
    "one_not_halved": Wrong(
        "the - 1 stands outside the factor 1/2",
        lambda x, a, s, m, v: kl(m, v, *posterior(x, a, s)) - 0.5,
    ),
    "reversed": Wrong(
        "KL(p(z|x) || q) instead of KL(q || p(z|x))",
        lambda x, a, s, m, v: kl(*posterior(x, a, s), m, v),
    ),
    "to_the_prior": Wrong(
        "KL(q || p(z)), a part of the ELBO, instead of KL(q || p(z|x))",
        lambda x, a, s, m, v: kl(m, v, 0.0, 1.0),
    ),
    "half_missing": Wrong(
        "the factor 1/2 is missing",
        lambda x, a, s, m, v: 2 * kl(m, v, *posterior(x, a, s)),
    ),
    "sign": Wrong(
        "the sign is turned: the bound lies below", lambda *p: -kl(*p[3:], *posterior(*p[:3]))
    ),
    "one_missing": Wrong(
        "the - 1 is missing: with q = p(z|x) the gap must be zero",
        lambda x, a, s, m, v: kl(m, v, *posterior(x, a, s)) + 0.5,
    ),
    "likelihood_for_posterior": Wrong(
        "the posterior's mean is taken as x / a, which forgets the prior",
        lambda x, a, s, m, v: kl(m, v, x / a, posterior(x, a, s)[1]),
    ),
    "log_inverted": Wrong(
        "the logarithm has the variances upside down",
        lambda x, a, s, m, v: kl(m, v, *posterior(x, a, s)) - np.log(posterior(x, a, s)[1] / v),
    ),
}


KL_MISTAKES = {
    "sum_down_the_rows": Wrong(
        "summed over the rows instead of over the coordinates",
        lambda m, v: 0.5 * (m**2 + np.exp(v) - 1 - v).sum(axis=0),
    ),
    "not_summed": Wrong(
        "not summed over the coordinates: a row has one divergence",
        lambda m, v: 0.5 * (m**2 + np.exp(v) - 1 - v),
    ),
    "mean_of_rows": Wrong(
        "the mean over the rows is taken as well: each row keeps its own divergence",
        lambda m, v: gaussian_kl(m, v).mean(),
    ),
    "plus_log": Wrong(
        "the logarithm is added instead of subtracted",
        lambda m, v: 0.5 * (m**2 + np.exp(v) - 1 + v).sum(axis=1),
    ),
}


def log_sigma(mean, log_var):
    return 0.5 * (mean**2 + np.exp(2 * log_var) - 1 - 2 * log_var).sum(axis=1)


def uses_the_noise(draw):
    """The same noise gives the same draw, other noise another one."""

    def drawn(size):  # with arrays of its own, which it may change
        return parts(draw(np.ones((2, 3)), np.full((2, 3), 0.5), np.full((2, 3), size)))[0]

    first = drawn(1.0)
    assert np.array_equal(first, drawn(1.0), equal_nan=True), (
        "called twice with the same noise it gives two results; it must not be drawn anew"
    )
    assert not np.array_equal(first, drawn(2.0)), "twice the noise gives the same result"


EXERCISES = (
    Exercise(
        gaussian_kl,
        checks=(registered("KLSTANDARD", axes=("row",), also=KL_MISTAKES),),
        hints=(
            "sigma^2 is np.exp(log_var), and log sigma^2 is log_var itself.",
            "0.5 * (mean**2 + np.exp(log_var) - 1 - log_var), summed over axis 1.",
        ),
        mistakes={
            "log sigma": (log_sigma, "log sigma is taken for log sigma^2"),
            "everything": (lambda m, v: gaussian_kl(m, v).sum(), "one number for the whole batch"),
            "mean without half": (
                lambda m, v: (m**2 + np.exp(v) - 1 - v).mean(axis=1),
                "right for d = 2 only",
            ),
            "one once": (
                lambda m, v: 0.5 * (m**2 + np.exp(v) - v).sum(axis=1) - 1,
                "1 is subtracted once for each row",
            ),
            "variance": (
                lambda m, v: 0.5 * (m**2 + v - 1 - np.log(v)).sum(axis=1),
                "log_var stands where the variance belongs",
            ),
        },
    ),
    Exercise(
        reparameterise,
        checks=(
            Property("it is made of the noise that it is given", uses_the_noise),
            registered("REPARAM", axes=("row", "coordinate")),
        ),
        hints=(
            "The standard deviation is the root of the variance.",
            "np.exp(0.5 * log_var)",
        ),
        mistakes={
            "variance": (lambda m, v, e: m + np.exp(v) * e, "scaled by the variance"),
            "root": (lambda m, v, e: m + np.sqrt(v) * e, "root of log sigma^2 itself"),
            "log sigma": (lambda m, v, e: m + 0.5 * v * e, "its exponential is missing"),
            "no mean": (lambda m, v, e: np.exp(0.5 * v) * e, "mean is not added"),
            "minus": (lambda m, v, e: m - np.exp(0.5 * v) * e, "noise is subtracted"),
            "drawn anew": (
                lambda m, v, e: m + np.exp(0.5 * v) * np.random.default_rng().normal(size=m.shape),
                "it must not be drawn anew",
            ),
            "drawn with a seed": (
                lambda m, v, e: np.random.default_rng(0).normal(m, np.exp(0.5 * v)),
                "gives the same result",
            ),
        },
    ),
    Exercise(
        gap,
        checks=(Formula(integrated, GAP_PROBES, GAP_MISTAKES, rtol=1e-6),),
        hints=(
            "By (10.2) it is KL(q || p(z|x)), the divergence of two Gaussians.",
            "For each: 1/2 (log(var_p / var) + (var + (mean - mean_p)^2) / var_p - 1).",
        ),
        mistakes={
            "likelihood": (GAP_MISTAKES["likelihood_alone"].transcription, "forgets the prior"),
            "at the mean": (GAP_MISTAKES["spread_forgotten"].transcription, "at the mean of q"),
            "one": (GAP_MISTAKES["one_not_halved"].transcription, "outside the factor 1/2"),
            "prior": (GAP_MISTAKES["to_the_prior"].transcription, "a part of the ELBO"),
            "reversed": (GAP_MISTAKES["reversed"].transcription, "KL(p(z|x) || q) instead"),
        },
    ),
)
