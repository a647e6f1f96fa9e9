r"""Entries for normalisation: over the batch, over an example, of a weight.

The wrong variants are where the means go and where epsilon goes.
"""

import numpy

from minigen.equations.equation import Wrong, equation


def by_channel(values, x):
    return numpy.asarray(values).reshape(1, -1, *[1] * (x.ndim - 2))


def batch_normalised(x, gamma, beta, epsilon, *, example=False, correction=0, outside=False):
    """Channel by channel, each number by itself."""
    y = numpy.zeros(x.shape)
    for c in range(x.shape[1]):
        for n in range(len(x)) if example else [slice(None)]:
            part = numpy.asarray(x[n, c])
            m = part.sum() / part.size
            v = ((part - m) ** 2).sum() / (part.size - correction)
            std = v**0.5 + epsilon if outside else (v + epsilon) ** 0.5
            y[n, c] = (part - m) / std
    return by_channel(gamma, x) * y + by_channel(beta, x)


X = numpy.array(
    [[[0.3, -1.0], [2.0, 0.7]], [[1.1, -0.4], [0.9, 0.2]], [[0.5, 1.7], [-0.8, 1.3]]]
)  # (3, 2, 2)
GAMMA, BETA = numpy.array([1.5, -0.5]), numpy.array([0.25, 1.0])


@equation(
    "BATCHNORM",
    title="Batch normalisation",
    latex=r"y = \gamma \, \hat{x} + \beta, \qquad \hat{x} = \frac{x - m}{\sqrt{v + \epsilon}}",
    symbols={
        "x": "numbers of one channel, over the batch and all positions",
        "m, v": "their mean and their variance, divided by the count",
        r"\gamma, \beta": "scale and shift of the channel",
        r"\epsilon": "keeps the denominator away from 0",
    },
    source="Ioffe and Szegedy 2015, algorithm 1",
    code="minigen.ops.normalisation.batch_norm",
    wrong={
        "epsilon_outside": Wrong(
            "epsilon is added to the root instead of under it",
            lambda x, g, b, e: batch_normalised(x, g, b, e, outside=True),
        ),
        "unbiased": Wrong(
            "the variance is divided by the count less one",
            lambda x, g, b, e: batch_normalised(x, g, b, e, correction=1),
        ),
        "over_examples": Wrong(
            "mean and variance of each example instead of the batch",
            lambda x, g, b, e: batch_normalised(x, g, b, e, example=True),
        ),
        "not_scaled": Wrong(
            "gamma and beta are left out",
            lambda x, g, b, e: batch_normalised(x, numpy.ones(2), numpy.zeros(2), e),
        ),
        "variance_for_root": Wrong(
            "divided by the variance instead of its root",
            lambda x, g, b, e: (
                by_channel(g, x) * (x - x.mean((0, 2), keepdims=True))
                / (x.var((0, 2), keepdims=True) + e) + by_channel(b, x)
            ),
        ),
    },
    probes=((X, GAMMA, BETA, 1e-5), (X, GAMMA, BETA, 0.5)),
)  # fmt: skip
def batch_norm(x, gamma, beta, epsilon=1e-5):
    return batch_normalised(x, gamma, beta, epsilon)


def layer_normalised(x, gamma, beta, epsilon, *, across=False, correction=0, outside=False):
    x = numpy.asarray(x)
    axes = 0 if across else tuple(range(x.ndim - numpy.ndim(gamma), x.ndim))
    m = x.mean(axes, keepdims=True)
    count = x.shape[0] if across else numpy.size(gamma)
    v = ((x - m) ** 2).sum(axes, keepdims=True) / (count - correction)
    std = v**0.5 + epsilon if outside else (v + epsilon) ** 0.5
    return gamma * (x - m) / std + beta


@equation(
    "LAYERNORM",
    title="Layer normalisation",
    latex=r"y = \gamma \, \hat{x} + \beta, \qquad \hat{x} = \frac{x - m}{\sqrt{v + \epsilon}}",
    symbols={
        "x": "numbers of one example, along its last axes",
        "m, v": "their mean and their variance, divided by the count",
        r"\gamma, \beta": "scale and shift of each place",
        r"\epsilon": "keeps the denominator away from 0",
    },
    source="Ba, Kiros and Hinton 2016, equation 4",
    code="minigen.ops.normalisation.layer_norm",
    wrong={
        "over_the_batch": Wrong(
            "mean and variance over the batch instead of each example",
            lambda x, g, b, e: layer_normalised(x, g, b, e, across=True),
        ),
        "epsilon_outside": Wrong(
            "epsilon is added to the root instead of under it",
            lambda x, g, b, e: layer_normalised(x, g, b, e, outside=True),
        ),
        "unbiased": Wrong(
            "the variance is divided by the count less one",
            lambda x, g, b, e: layer_normalised(x, g, b, e, correction=1),
        ),
    },
    probes=((X[:, 0], GAMMA, BETA, 1e-5), (X[:, 0], GAMMA, BETA, 0.5)),
)
def layer_norm(x, gamma, beta, epsilon=1e-5):
    return layer_normalised(x, gamma, beta, epsilon)


def spectral(weight, u, iterations, epsilon=1e-12, *, frobenius=False, stale=False):
    w = numpy.asarray(weight).reshape(len(weight), -1)
    v = numpy.zeros(w.shape[1])
    for _ in range(iterations):
        v = w.T @ u / max(numpy.linalg.norm(w.T @ u), epsilon)
        if not stale:
            u = w @ v / max(numpy.linalg.norm(w @ v), epsilon)
    sigma = numpy.linalg.norm(w) if frobenius else u @ w @ v
    return weight / sigma


MATRIX = numpy.array([[1.0, 0.5, -0.2], [0.3, -0.8, 0.6]])
START = numpy.array([0.6, 0.8])


@equation(
    "SPECTRALNORM",
    title="Spectral normalisation",
    latex=r"\bar{W} = \frac{W}{\sigma}, \qquad \sigma = u^\top W v, \qquad "
    r"v \leftarrow \frac{W^\top u}{\|W^\top u\|}, \quad u \leftarrow \frac{W v}{\|W v\|}",
    symbols={
        "W": "weight as a matrix (out, everything else)",
        "u, v": "estimates of its first singular vectors, kept from step to step",
        r"\sigma": "estimate of its largest singular value",
    },
    source="Miyato et al. 2018, algorithm 1",
    code="minigen.nn.spectral_norm.SpectralNorm",
    wrong={
        "frobenius": Wrong(
            "divided by the root of the sum of squares: as small or smaller than asked",
            lambda w, u, n: spectral(w, u, n, frobenius=True),
        ),
        "left_vector_kept": Wrong(
            "u is not brought up to date",
            lambda w, u, n: spectral(w, u, n, stale=True),
        ),
    },
    probes=((MATRIX, START, 1), (MATRIX, START, 3)),
)
def spectral_norm(weight, u, iterations):
    return spectral(weight, u, iterations)
