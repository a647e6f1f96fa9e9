r"""Entries for log-probabilities that take logits.

The transcriptions are the definitions, one element or row after the other with Python's
``math``. The wrong variants are those that published generative models have trained on.
"""

import math

import numpy

from minigen.equations.equation import Wrong, equation


def log_probability_from_clipped(x, logits):
    """x log p + (1 - x) log(1 - p) with p = sigmoid(l) held inside [1e-15, 0.999]."""
    p = numpy.clip(1 / (1 + numpy.exp(-logits)), 1e-15, 0.999)
    return x * numpy.log(p) + (1 - x) * numpy.log(1 - p)


@equation(
    "BERNOULLI",
    title="Bernoulli log-likelihood from logits",
    latex=r"\log p(x) = x \log p + (1 - x) \log (1 - p) = x l - \log(1 + e^l), "
    r"\quad p = \frac{1}{1 + e^{-l}}, \qquad \bar{l} = \bar{y} (x - p), \quad \bar{x} = \bar{y} l",
    symbols={
        "x": "observed values in [0, 1], such as pixels",
        "l": "logits, the log-odds of x = 1, of x's shape",
        "p": "probability of x = 1",
        r"\bar{y}": "cotangent of the log-likelihood, given",
        r"\bar{l}, \bar{x}": "cotangents of l and x, computed",
    },
    source="definition",
    code="minigen.ops.likelihood.bernoulli_log_prob",
    wrong={
        "clipped": Wrong(
            "the probability is clipped to [1e-15, 0.999], beyond which there is no gradient",
            log_probability_from_clipped,
        ),
        "broadcast": Wrong(
            "x (n,) meets logits (n, 1): every x is compared with every logit",
            lambda x, logits: log_probability_from_clipped(x[None, :], logits[:, None]),
        ),
        "logit_taken_for_probability": Wrong(
            "x log l + (1 - x) log(1 - l): the logit is used as if it were a probability",
            lambda x, logits: x * numpy.log(logits) + (1 - x) * numpy.log(1 - logits),
        ),
    },
    probes=((numpy.array([1.0, 0.0, 0.3]), numpy.array([0.4, 12.0, 0.7])),),
)
def bernoulli_log_prob(x, logits):
    def one(value, logit):
        log_p = -math.log1p(math.exp(-logit)) if logit > 0 else logit - math.log1p(math.exp(logit))
        log_not_p = log_p - logit  # 1 - p = p e^-l
        return value * log_p + (1 - value) * log_not_p

    if numpy.shape(x) != numpy.shape(logits):
        raise ValueError(f"x {numpy.shape(x)} and logits {numpy.shape(logits)} must be equal")
    return numpy.vectorize(one, otypes=[float])(x, logits)


def softmax_row(row):
    """The probabilities that belong to one row of logits, a list of floats."""
    m = max(row)
    e = [math.exp(v - m) for v in row]
    return [v / math.fsum(e) for v in e]


def log_sum(row):
    m = max(row)
    return m + math.log(math.fsum(math.exp(v - m) for v in row))


@equation(
    "CROSSENTROPY",
    title="Cross entropy of a class label",
    latex=r"y = -\log \frac{e^{l_k}}{\sum_j e^{l_j}} = \log \sum_j e^{l_j} - l_k, "
    r"\qquad \bar{l}_j = \bar{y} \left(\frac{e^{l_j}}{\sum_i e^{l_i}} - [j = k]\right)",
    symbols={
        "l": "logits (n, classes)",
        "k": "label of a row, an integer in 0..classes-1",
        "y": "result (n,), in nats",
        "[c]": "1 where the condition c holds, else 0",
        r"\bar{y}": "cotangent of y, given",
        r"\bar{l}_j": "cotangent of l_j, computed",
    },
    source="definition",
    code="minigen.ops.likelihood.cross_entropy",
    wrong={
        "softmax_twice": Wrong(
            "the logits go through a softmax before the loss, which applies another one",
            lambda logits, labels: numpy.array(
                [
                    log_sum(softmax_row(list(row))) - softmax_row(list(row))[k]
                    for row, k in zip(logits, labels, strict=True)
                ]
            ),
        ),
        "log_of_rounded": Wrong(
            "the logarithm of a probability that was rounded to 0",
            lambda logits, labels: numpy.array(
                [
                    -numpy.log(softmax_row(list(row))[k])
                    for row, k in zip(logits, labels, strict=True)
                ]
            ),
        ),
        "one_column": Wrong(
            "labels (n, 1) in place of (n,): every row is compared with every label",
            lambda logits, labels: numpy.array(
                [[log_sum(list(row)) - row[k] for k in labels] for row in logits]
            ),
        ),
    },
    probes=((numpy.array([[0.0, 1.0, 900.0], [0.5, 0.2, -1.0]]), numpy.array([0, 1])),),
)
def cross_entropy(logits, labels):
    rows = [[float(v) for v in row] for row in logits]
    return numpy.array([log_sum(r) - r[int(k)] for r, k in zip(rows, labels, strict=True)])
