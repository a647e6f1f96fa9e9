"""Exercises of lesson 16: attention.

Complete each function, then run:  minigen learn check 16
A hint for the first one:  minigen learn hint 16.1
"""

import numpy as np


def attention(q, k, v, mask=None):
    """Scaled dot-product attention (16.1).

    q: (queries, d); k: (keys, d); v: (keys, dv); mask: None, or booleans (queries, keys), True
    where a query may look. Returns y, (queries, dv), and the weights A, (queries, keys).
    """
    scores = q @ k.T / np.sqrt(q.shape[1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    return a @ v, a


def attention_gradients(q, k, v, gy):
    """The way back (16.3), without a mask.

    q, k, v as in exercise 1; gy: (queries, dv), the gradient of the result with respect to y.
    Returns the gradients of q, k and v.
    """
    d = q.shape[1]
    e = np.exp(q @ k.T / np.sqrt(d))
    a = e / e.sum(axis=1, keepdims=True)
    ga = gy @ v.T
    gs = a * (ga - (a * ga).sum(axis=1, keepdims=True))
    return gs @ k / np.sqrt(d), gs.T @ q / np.sqrt(d), a.T @ gy


def additive_attention(q, k, v, w, u, b, s):
    """Additive attention (16.5) for one query.

    q: (dq,); k: (steps, dk); v: (steps, dv); w: W (hidden, dq); u: U (hidden, dk); b: (hidden,),
    added inside the tanh; s: the w of (16.5), (hidden,). Returns y, (dv,), and a, (steps,).
    """
    scores = np.tanh(w @ q + k @ u.T + b) @ s
    e = np.exp(scores - scores.max())
    a = e / e.sum()
    return a @ v, a


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import REGISTER, Wrong
from minigen.learn import Exercise, Formula, registered


def softmax(scores, axis=1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def slow_gradients(q, k, v, gy, *, centre=True, scale=True, turned=True, values=True, rows=True):
    """Query by query and key by key; the settings are the mistakes."""
    d = q.shape[1] if scale else 1
    gq, gk, gv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    weights = []
    for one in q:
        e = np.array([np.exp(one @ each / np.sqrt(q.shape[1])) for each in k])
        weights.append(e / e.sum())
    for i, a in enumerate(weights):
        ga = np.array([gy[i] @ each for each in v])
        mean = sum(x * y for x, y in zip(a, ga, strict=True)) if rows else ga.mean()
        for j in range(len(k)):
            gs = a[j] * (ga[j] - mean if centre else ga[j])
            gq[i] += gs * k[j] / np.sqrt(d)
            if turned:
                gk[j] += gs * q[i] / np.sqrt(d)
            else:
                gk[i] += gs * q[j] / np.sqrt(d)
            if values:
                gv[j] += a[j] * gy[i]
            else:
                gv[i] += a[j] * gy[j]
    return gq, gk, gv


def probe(seed, queries, keys, d, dv):
    rng = np.random.default_rng(seed)
    shapes = (queries, d), (keys, d), (keys, dv), (queries, dv)
    return tuple(rng.normal(size=shape) for shape in shapes)


# the first are square, where a forgotten transpose is a wrong number and no error
PROBES = (probe(0, 2, 2, 1, 1), probe(1, 3, 3, 4, 2), probe(2, 1, 2, 3, 1))


def short_gradients(q, k, v, gy, *, forward=0.5, scale=0.5, key_scale=0.5, axis=1):
    """As one writes it, a = softmax(q k^T / d^forward) and so on; the settings are the mistakes."""
    d = q.shape[1]
    a = softmax(q @ k.T / d**forward)
    ga = gy @ v.T
    gs = a * (ga - (a * ga).sum(axis=axis, keepdims=True))
    return gs @ k / d**scale, gs.T @ q / d**key_scale, a.T @ gy


def as_a_sigmoid(q, k, v, gy):
    a = softmax(scores_of(q, k))
    gs = a * (1 - a) * (gy @ v.T) / np.sqrt(q.shape[1])
    return gs @ k, gs.T @ q, a.T @ gy


MISTAKES = {
    "centre": Wrong(
        "the sum over the row is left out of the softmax's way back",
        lambda *a: slow_gradients(*a, centre=False),
    ),
    "scale": Wrong(
        "the root of d is missing on the way back", lambda *a: slow_gradients(*a, scale=False)
    ),
    "turned": Wrong(
        "the gradient of k is made with S where its transpose belongs",
        lambda *a: slow_gradients(*a, turned=False),
    ),
    "values": Wrong(
        "the gradient of v is made with A where its transpose belongs",
        lambda *a: slow_gradients(*a, values=False),
    ),
    "rows": Wrong(
        "the plain mean of a row stands where the mean weighted by A belongs",
        lambda *a: slow_gradients(*a, rows=False),
    ),
    "sigmoid": Wrong(
        "A (1 - A), the slope of a sigmoid, instead of the softmax's way back",
        as_a_sigmoid,
    ),
    "columns": Wrong(
        "the sum runs along the columns: over the queries instead of the keys",
        lambda *a: short_gradients(*a, axis=0),
    ),
    "divided_by_d": Wrong(
        "divided by d instead of its root", lambda *a: short_gradients(*a, scale=1, key_scale=1)
    ),
    "scale_of_k": Wrong(
        "the root of d is missing in the gradient of k",
        lambda *a: short_gradients(*a, key_scale=0),
    ),
    "forward_scale": Wrong(
        "the root of d is missing where A is computed again",
        lambda *a: short_gradients(*a, forward=0),
    ),
}


def attend(scores, v):
    a = softmax(scores)
    return a @ v, a


def scores_of(q, k):
    return q @ k.T / np.sqrt(q.shape[1])


def over_all(q, k, v, mask):
    e = np.exp(hidden(scores_of(q, k), mask))
    a = e / e.sum()
    return a @ v, a


def hidden(scores, mask, value=-np.inf):
    return scores if mask is None else np.where(mask, scores, value)


def causal(scores, mask):
    """The causal mask for as many queries and keys, where there is a mask."""
    return None if mask is None else np.tril(np.ones(scores.shape, bool), np.diff(scores.shape)[0])


def root_late(q, k, v, mask):
    a = softmax(hidden(q @ k.T, mask)) / np.sqrt(q.shape[1])
    return a @ v, a


INVERTED = "the mask is read the wrong way round: it is True where a query may look"
# d is not 4, values are wider, the mask is not causal, and visible scores are below -100
ATTENTION_PROBES = (
    (
        np.array([[12.0, 3, -5], [1, -2, 0.5]]),
        np.array([[0.3, 1, 0.2], [-20, -3, 6], [-20.2, -3.1, 6], [0.7, -0.4, 0.9]]),
        np.random.default_rng(8).normal(size=(4, 5)),
        np.array([[False, True, True, False], [True, False, False, True]]),
    ),
)
ATTENTION_MISTAKES = {
    "zero": Wrong(
        "a hidden score is 0, which is a score like others; it must be minus infinity",
        lambda q, k, v, m: attend(scores_of(q, k) * (1 if m is None else m), v),
    ),
    "ignored": Wrong("the mask is not read", lambda q, k, v, m: attend(scores_of(q, k), v)),
    "inverted": Wrong(
        INVERTED,
        lambda q, k, v, m: attend(hidden(scores_of(q, k), None if m is None else ~m, -1e300), v),
    ),
    "inverted_infinity": Wrong(
        INVERTED,
        lambda q, k, v, m: attend(hidden(scores_of(q, k), None if m is None else ~m), v),
    ),
    "added": Wrong(
        "the mask is added to the scores: True is 1",
        lambda q, k, v, m: attend(scores_of(q, k) + (0 if m is None else m), v),
    ),
    "hundred": Wrong(
        "a hidden score is -100, and one that may be seen can be less: it must be minus infinity",
        lambda q, k, v, m: attend(hidden(scores_of(q, k), m, -100.0), v),
    ),
    "causal": Wrong(
        "whatever the mask says, queries look at the keys up to their own",
        lambda q, k, v, m: attend(hidden(scores_of(q, k), causal(q @ k.T, m)), v),
    ),
    "size_of_values": Wrong(
        "divided by the size of the values instead of the root of d",
        lambda q, k, v, m: attend(hidden(q @ k.T / v.shape[1], m), v),
    ),
    "two": Wrong(
        "divided by 2, the root of d where d is 4",
        lambda q, k, v, m: attend(hidden(q @ k.T / 2, m), v),
    ),
    "root_late": Wrong("the weights are divided by the root of d, not the scores", root_late),
    "scores": Wrong(
        "the second result is the scores instead of the weights",
        lambda q, k, v, m: (attend(hidden(scores_of(q, k), m), v)[0], hidden(scores_of(q, k), m)),
    ),
    "over_all": Wrong("all weights together sum to 1, not those of each query", over_all),
}


def not_turned(q, k, v, gy):
    """As one writes it; where there are not as many keys as queries, it is an error."""
    d = q.shape[1]
    a = attend(scores_of(q, k), v)[1]
    ga = gy @ v.T
    gs = a * (ga - (a * ga).sum(axis=1, keepdims=True))
    return gs @ k / np.sqrt(d), gs @ q / np.sqrt(d), a.T @ gy


def masked_late(q, k, v, mask=None):
    return REGISTER["ATTENTION"].wrong["mask_after_softmax"].transcription(q, k, v, mask)


def apart(q, k, v, w, u, b, s):
    wrong = REGISTER["ADDITIVEATTENTION"].wrong["compared_apart"]
    return wrong.transcription(q, k, v, w, u, b, s)


def no_softmax(q, k, v, w, u, b, s):
    scores = np.tanh(w @ q + k @ u.T + b) @ s
    return scores @ v, scores


def tanh_outside(q, k, v, w, u, b, s):
    a = softmax(np.tanh((w @ q + k @ u.T + b) @ s), axis=0)
    return a @ v, a


# values are not as wide as keys
ADDITIVE_PROBES = (
    tuple(
        np.random.default_rng(9 + i).normal(size=shape)
        for i, shape in enumerate(((3,), (4, 2), (4, 3), (5, 3), (5, 2), (5,), (5,)))
    ),
)
ADDITIVE_MISTAKES = {
    "bias": Wrong(
        "the bias b is left out, or added where the softmax cancels it",
        lambda q, k, v, w, u, b, s: additive_attention(q, k, v, w, u, 0 * b, s),
    ),
    "tanh_outside": Wrong("tanh is applied to the score instead of before w", tanh_outside),
    "no_softmax": Wrong("the scores are not put through the softmax", no_softmax),
}


EXERCISES = (
    Exercise(
        attention,
        checks=(
            registered(
                "ATTENTION",
                also=ATTENTION_MISTAKES,
                probes=ATTENTION_PROBES,
                axes=("row", "column"),
            ),
        ),
        hints=(
            "Scores first, then the mask, then the softmax of each row.",
            "np.where(mask, scores, -np.inf) before the softmax; the exponential makes it 0.",
        ),
        mistakes={
            "mask late": (masked_late, "do not sum to 1"),
            "no mask is a mask": (
                lambda q, k, v, m: attend(np.where(m, scores_of(q, k), -np.inf), v),
                "first difference",
            ),
            "filled with -100": (ATTENTION_MISTAKES["hundred"].transcription, "it must be minus"),
            "size of the values": (
                ATTENTION_MISTAKES["size_of_values"].transcription,
                "divided by the size of the values",
            ),
            "always causal": (ATTENTION_MISTAKES["causal"].transcription, "whatever the mask"),
        },
    ),
    Exercise(
        attention_gradients,
        checks=(Formula(slow_gradients, PROBES, MISTAKES, axes=("row", "column")),),
        hints=(
            "Compute A again. The gradient of A is gy v transposed; that of v is A transposed gy.",
            "gs = a * (ga - (a * ga).sum(axis=1, keepdims=True)); then gs @ k and gs.T @ q, both "
            "divided by the root of d.",
        ),
        mistakes={
            "centre": (MISTAKES["centre"].transcription, "the sum over the row"),
            "turned": (not_turned, "the gradient of k is made with S"),
        },
    ),
    Exercise(
        additive_attention,
        checks=(
            registered(
                "ADDITIVEATTENTION", also=ADDITIVE_MISTAKES, probes=ADDITIVE_PROBES, axes=("place",)
            ),
        ),
        hints=(
            "np.tanh(w @ q + k @ u.T + b) has one row for each step.",
            "Its product with s is the scores; a is their softmax, y is a @ v.",
        ),
        mistakes={
            "apart": (apart, "has a tanh of its own"),
            "query left out": (
                lambda q, *rest: additive_attention(0 * q, *rest),
                "the query does not reach the weights",
            ),
        },
    ),
)
