r"""Entries for divergences of Gaussians, and for the evidence lower bound that holds one.

Most of the wrong variants come from one confusion: the encoder's second output is log sigma^2,
and published code has read it as log sigma in one line and as log sigma^2 in the next.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation


def over_rows(f, *matrices):
    """The sum of f over the elements of each row; all matrices (n, d) -> (n,)."""
    return numpy.array(
        [math.fsum(f(*v) for v in zip(*row, strict=True)) for row in zip(*matrices, strict=True)]
    )


def kl_term(mean, log_var):
    """KL(N(mean, e^log_var) || N(0, 1)) of numbers."""
    return 0.5 * (mean**2 + math.exp(log_var) - 1 - log_var)


def kl_of_variance(mean, var):
    """The same if log_var were the variance; its logarithm is not a number below 0."""
    return 0.5 * (mean**2 + var - 1 - math.log(var)) if var > 0 else math.nan


def kl_of_log_sigma(mean, log_var):
    """The same if log_var were log sigma."""
    return over_rows(lambda m, v: kl_term(m, 2 * v), mean, log_var)


MEAN = numpy.array([[0.5, -1.2], [0.3, 0.9], [1.1, -0.2]])
LOG_VAR = numpy.array([[0.7, -0.4], [-1.5, 0.2], [0.6, 1.3]])
# Three dimensions: with two, a mean that forgets the 1/2 is the sum, and -2/2 is -1. One row has
# a logarithm that is not positive, the other has none.
WIDE = (
    numpy.array([[0.5, -1.2, 0.8], [0.3, 0.9, -0.4]]),
    numpy.array([[0.7, 0.4, 1.3], [-1.5, 0.2, 0.6]]),
)


@equation(
    "KLSTANDARD",
    title="Divergence of a diagonal Gaussian from the standard normal",
    latex=r"KL\left(N(\mu, \sigma^2) \,\|\, N(0, I)\right)"
    r" = \tfrac{1}{2} \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\right)",
    symbols={
        r"\mu": "means (n, d)",
        r"\log \sigma^2": "logarithms of the variances (n, d)",
        "j": "0..d-1; one divergence for each of the n rows, in nats",
    },
    source="Kingma and Welling 2014, appendix B",
    code="minigen.objectives.divergences.gaussian_kl",
    wrong={
        "log_sigma": Wrong("log sigma is taken for log sigma^2", kl_of_log_sigma),
        "half_missing": Wrong(
            "the factor 1/2 is left out",
            lambda m, v: 2 * over_rows(kl_term, m, v),
        ),
        "sign": Wrong(
            "the divergence is negated, so that a lower bound would reward it",
            lambda m, v: -over_rows(kl_term, m, v),
        ),
        "mean_over_codes": Wrong(
            "the mean over the d dimensions instead of the sum",
            lambda m, v: over_rows(kl_term, m, v) / m.shape[1],
        ),
        "summed_over_rows": Wrong(
            "one number for the whole batch instead of one for each row",
            lambda m, v: over_rows(kl_term, m, v).sum(),
        ),
        "one_missing": Wrong(
            "without -1 the divergence of N(0, 1) from itself is not 0",
            lambda m, v: over_rows(kl_term, m, v) + m.shape[1] / 2,
        ),
        "one_subtracted_once": Wrong(
            "1 is subtracted once for each row, not for each coordinate",
            lambda m, v: over_rows(kl_term, m, v) + m.shape[1] / 2 - 1,
        ),
        "one_halved_once": Wrong(
            "1/2 is subtracted once for each row, not for each coordinate",
            lambda m, v: over_rows(kl_term, m, v) + m.shape[1] / 2 - 0.5,
        ),
        "mean_without_half": Wrong(
            "the mean over the d dimensions, and no 1/2: right for d = 2 only",
            lambda m, v: 2 * over_rows(kl_term, m, v) / m.shape[1],
        ),
        "variance_for_log": Wrong(
            "log_var stands where the variance belongs",
            lambda m, v: over_rows(kl_of_variance, m, v),
        ),
    },
    probes=(WIDE,),
)
def gaussian_kl(mean, log_var):
    return over_rows(kl_term, mean, log_var)


def floored(mean, log_var, free, *, rows=False, together=False, floor=max):
    """Dimension by dimension, the mean over the rows, not less than free."""
    each = numpy.array([[kl_term(*v) for v in zip(*row, strict=True)]
                        for row in zip(mean, log_var, strict=True)])  # fmt: skip
    if together:
        return floor(each.mean(axis=0).sum(), free)
    if rows:
        return numpy.mean([math.fsum(floor(k, free) for k in row) for row in each])
    return math.fsum(floor(k, free) for k in each.mean(axis=0))


@equation(
    "FREEBITS",
    title="Divergence with free bits",
    latex=r"KL_\lambda = \sum_j \max\left(\lambda, \, \frac{1}{n} \sum_i KL_{ij}\right)",
    symbols={
        "KL_{ij}": "divergence of q from N(0, 1) in row i and dimension j, nats",
        r"\lambda": "nats a dimension that cost nothing",
        "n": "rows of the batch",
    },
    source="Kingma et al. 2016, equation 15",
    code="minigen.objectives.divergences.free_bits_kl",
    wrong={
        "each_row": Wrong(
            "the maximum is taken in each row, before the mean over the batch",
            lambda m, v, free: floored(m, v, free, rows=True),
        ),
        "all_dimensions_together": Wrong(
            "lambda is given once to the sum instead of to each dimension",
            lambda m, v, free: floored(m, v, free, together=True),
        ),
        "minimum": Wrong(
            "the minimum: what lies above lambda costs nothing",
            lambda m, v, free: floored(m, v, free, floor=min),
        ),
        "mean_over_dimensions": Wrong(
            "the mean over the dimensions instead of the sum",
            lambda m, v, free: floored(m, v, free) / m.shape[1],
        ),
    },
    probes=((MEAN, LOG_VAR, 0.55), (MEAN, LOG_VAR, 0.6)),
)
def free_bits_kl(mean, log_var, free):
    return floored(mean, log_var, free)


def kl_between_terms(mean_q, log_var_q, mean_p, log_var_p):
    """KL(q || p) of numbers, as it stands in textbooks, with standard deviations."""
    sigma_q, sigma_p = math.exp(log_var_q) ** 0.5, math.exp(log_var_p) ** 0.5
    distance = (sigma_q**2 + (mean_q - mean_p) ** 2) / (2 * sigma_p**2)
    return math.log(sigma_p / sigma_q) + distance - 0.5


@equation(
    "KLGAUSS",
    title="Divergence of two diagonal Gaussians",
    latex=r"KL(q \,\|\, p) = \tfrac{1}{2} \sum_j \left(\log \sigma_{p,j}^2 - \log \sigma_{q,j}^2"
    r" + \frac{\sigma_{q,j}^2 + (\mu_{q,j} - \mu_{p,j})^2}{\sigma_{p,j}^2} - 1\right)",
    symbols={
        r"\mu_q, \mu_p": "means of q and p (n, d)",
        r"\log \sigma_q^2, \log \sigma_p^2": "logarithms of their variances (n, d)",
        "j": "0..d-1; one divergence for each of the n rows, in nats",
    },
    source="definition",
    code="minigen.objectives.divergences.gaussian_kl_between",
    wrong={
        "swapped": Wrong(
            "KL(p || q), which is another number",
            lambda a, b, c, d: over_rows(kl_between_terms, c, d, a, b),
        ),
        "log_sigma": Wrong(
            "log sigma is taken for log sigma^2",
            lambda a, b, c, d: over_rows(kl_between_terms, a, 2 * b, c, 2 * d),
        ),
        "half_missing": Wrong(
            "the factor 1/2 is left out",
            lambda a, b, c, d: 2 * over_rows(kl_between_terms, a, b, c, d),
        ),
        "logs_swapped": Wrong(
            "log sigma_q^2 - log sigma_p^2 with the wrong sign",
            lambda a, b, c, d: over_rows(kl_between_terms, a, b, c, d) + (b - d).sum(axis=1),
        ),
        "mean_over_codes": Wrong(
            "the mean over the d dimensions instead of the sum",
            lambda a, b, c, d: over_rows(kl_between_terms, a, b, c, d) / a.shape[1],
        ),
        "prior_forgotten": Wrong(
            "the divergence from N(0, I) whatever p is",
            lambda a, b, c, d: over_rows(kl_term, a, b),
        ),
    },
    probes=((MEAN, LOG_VAR, MEAN[::-1] * 0.7, LOG_VAR[::-1] + 0.3),),
)
def gaussian_kl_between(mean_q, log_var_q, mean_p, log_var_p):
    return over_rows(kl_between_terms, mean_q, log_var_q, mean_p, log_var_p)


def sampled(mean, log_var, noise, draw, average=True):
    """Σ_j log q(z_j) - log p(z_j) at each z = draw(...), averaged (or summed) over the draws."""

    def term(m, v, e):
        z = draw(m, v, e)
        log_q = -0.5 * (math.log(2 * math.pi) + v + (z - m) ** 2 / math.exp(v))
        return log_q + 0.5 * (math.log(2 * math.pi) + z**2)

    total = sum(over_rows(term, mean, log_var, e) for e in noise)
    return total / len(noise) if average else total


def from_q(mean, log_var, noise):
    return mean + math.sqrt(math.exp(log_var)) * noise


@equation(
    "KLSAMPLED",
    title="Divergence from the standard normal, estimated by sampling",
    latex=r"KL(q \,\|\, p) \approx \frac{1}{S} \sum_{s=1}^{S} \log q(z_s) - \log p(z_s), \qquad "
    r"z_s = \mu + \sigma \epsilon_s \sim q = N(\mu, \sigma^2), \quad p = N(0, I)",
    symbols={
        r"\mu": "means (n, d)",
        r"\log \sigma^2": "logarithms of the variances (n, d)",
        r"\epsilon_s": "noise from N(0, I), (n, d) for each of the draws",
        "S": "number of draws, >= 1",
    },
    source="after Kingma and Welling 2014, equation 6",
    code="minigen.objectives.divergences.gaussian_kl_monte_carlo",
    wrong={
        "sign": Wrong(
            "log p - log q, minus the divergence",
            lambda m, v, e: -sampled(m, v, e, from_q),
        ),
        "drawn_from_p": Wrong(
            "z comes from the prior instead of q: an estimate of -KL(p || q)",
            lambda m, v, e: sampled(m, v, e, lambda mean, log_var, noise: noise),
        ),
        "log_sigma": Wrong(
            "the draw takes log sigma^2 for log sigma",
            lambda m, v, e: sampled(m, v, e, lambda a, b, noise: a + math.exp(b) * noise),
        ),
        "summed": Wrong(
            "the sum over the draws instead of their mean",
            lambda m, v, e: sampled(m, v, e, from_q, average=False),
        ),
    },
    probes=((MEAN, LOG_VAR, numpy.array([MEAN[::-1] - 0.4, 0.8 - LOG_VAR])),),
)
def gaussian_kl_monte_carlo(mean, log_var, noise):
    return sampled(mean, log_var, noise, from_q)


def bound(log_likelihood, kl, beta=1.0):
    """(value, reconstruction, kl) from the numbers of the examples."""
    reconstruction, divergence = math.fsum(log_likelihood) / len(log_likelihood), numpy.mean(kl)
    return numpy.array([reconstruction - beta * divergence, reconstruction, divergence])


@equation(
    "ELBO",
    title="Evidence lower bound",
    latex=r"\log p(x) \ge E_{q(z|x)}[\log p(x|z)] - \beta \, KL(q(z|x) \,\|\, p(z)), \qquad"
    r" \beta = 1",
    symbols={
        r"\log p(x|z)": "log-likelihood (n,) at one draw of z for each x, in nats",
        "q(z|x)": r"N(\mu, \sigma^2), diagonal",
        r"\mu, \log \sigma^2": "means and log-variances of q (n, d)",
        "p(z)": "N(0, I)",
        r"\beta": "weight of the divergence, >= 0",
    },
    source="Kingma and Welling 2014, equations 3 and 10; beta: Higgins et al. 2017",
    code="minigen.objectives.elbo.elbo",
    wrong={
        "kl_added": Wrong(
            "the divergence is added",
            lambda ll, m, v, b=1.0: bound(ll, over_rows(kl_term, m, v), -b),
        ),
        "log_sigma": Wrong(
            "log sigma is taken for log sigma^2",
            lambda ll, m, v, b=1.0: bound(ll, kl_of_log_sigma(m, v), b),
        ),
        "kl_mean_over_codes": Wrong(
            "the mean over the dimensions of z instead of the sum: no longer a bound",
            lambda ll, m, v, b=1.0: bound(ll, over_rows(kl_term, m, v) / m.shape[1], b),
        ),
        "half_missing": Wrong(
            "the divergence without its factor 1/2",
            lambda ll, m, v, b=1.0: bound(ll, 2 * over_rows(kl_term, m, v), b),
        ),
        "kl_summed_over_batch": Wrong(
            "the divergence is summed over the examples, the likelihood averaged",
            lambda ll, m, v, b=1.0: bound(ll, len(m) * over_rows(kl_term, m, v), b),
        ),
        "beta_on_likelihood": Wrong(
            "beta weighs the likelihood",
            lambda ll, m, v, b=1.0: bound(b * ll, over_rows(kl_term, m, v)),
        ),
        "beta_forgotten": Wrong(
            "beta is not used",
            lambda ll, m, v, b=1.0: bound(ll, over_rows(kl_term, m, v)),
        ),
    },
    probes=((numpy.array([-3.0, -0.7, -1.9]), MEAN, LOG_VAR, 0.4),),
)
def elbo(log_likelihood, mean, log_var, beta=1.0):
    return bound(log_likelihood, over_rows(kl_term, mean, log_var), beta)
