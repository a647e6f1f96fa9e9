r"""Entries for attention. The wrong variants forget the scale, or take the average over the
wrong axis: both train, the one badly, the other on the future."""

from functools import partial

import numpy

from minigen.equations.equation import Wrong, equation


def normalised(scores, axis=-1):
    e = numpy.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def look(q, k, v, mask=None, *, scale=0.5, axis=-1, late=False):
    """Query by query; late masks the weights instead of the scores."""
    y, weights = numpy.zeros((len(q), v.shape[1])), numpy.zeros((len(q), len(k)))
    scores = q @ k.T / q.shape[1] ** scale
    if mask is not None and not late:
        scores = numpy.where(mask, scores, -numpy.inf)
    weights = normalised(scores, axis)
    if mask is not None and late:
        weights = weights * mask
    for i in range(len(q)):
        for j in range(len(k)):
            y[i] += weights[i, j] * v[j]
    return y, weights


RNG = numpy.random.default_rng(0)
Q, K, V = (2 * RNG.normal(size=shape) for shape in ((3, 4), (3, 4), (3, 2)))
CAUSAL = numpy.tril(numpy.ones((3, 3), dtype=bool))


@equation(
    "ATTENTION",
    title="Scaled dot-product attention",
    latex=r"y = A v, \qquad A = \mathrm{softmax}\!\left( \frac{q k^T}{\sqrt{d}} \right)",
    symbols={
        "q": "queries, one a row",
        "k, v": "keys and their values, one a row",
        "d": "size of a query and of a key",
        "A": "weights: row i says where query i looks, and sums to 1",
    },
    source="Vaswani et al. 2017, equation 1",
    code="minigen.functional.attention",
    wrong={
        "not_scaled": Wrong("the scores are not divided by the root of d", partial(look, scale=0)),
        "divided_by_d": Wrong("divided by d instead of its root", partial(look, scale=1)),
        "softmax_over_queries": Wrong(
            "the weights of a key sum to 1, not those of a query", partial(look, axis=0)
        ),
        "mask_after_softmax": Wrong(
            "the mask is multiplied with the weights, which then do not sum to 1",
            partial(look, late=True),
        ),
    },
    probes=((Q, K, V, CAUSAL), (Q[:2], K, V, CAUSAL[1:]), (Q, K[:2], V[:2], None)),
)
def attention(q, k, v, mask=None):
    return look(q, k, v, mask)


def compare(q, k, v, w, u, b, s, *, joint=True, squash=numpy.tanh):
    """One query q (d,) against keys (steps, d')."""
    scores = numpy.array(
        [s @ (squash(w @ q + u @ each + b) if joint else squash(w @ q) + squash(u @ each + b))
         for each in k]
    )  # fmt: skip
    a = normalised(scores)
    return sum(weight * each for weight, each in zip(a, v, strict=True)), a


def additive_probe(seed):
    rng = numpy.random.default_rng(seed)
    return tuple(rng.normal(size=s) for s in ((3,), (4, 2), (4, 2), (5, 3), (5, 2), (5,), (5,)))


@equation(
    "ADDITIVEATTENTION",
    title="Additive attention",
    latex=r"y = \sum_i a_i v_i, \qquad a = \mathrm{softmax}_i \, w^T \tanh(W q + U k_i)",
    symbols={
        "q": "the query",
        "k_i, v_i": "key and value of step i",
        "W, U, w": "weights of the comparison",
        "a_i": "how much of step i",
    },
    source="Bahdanau, Cho and Bengio 2015, section 3.1",
    code="minigen.nn.attention.AdditiveAttention",
    wrong={
        "compared_apart": Wrong(
            "the query does not reach the weights: it is left out, or has a tanh of its own",
            partial(compare, joint=False),
        ),
        "no_tanh": Wrong(
            "without tanh the query falls out of the softmax", partial(compare, squash=lambda a: a)
        ),
    },
    probes=(additive_probe(0), additive_probe(1)),
)
def additive_attention(q, k, v, w, u, b, s):
    return compare(q, k, v, w, u, b, s)
