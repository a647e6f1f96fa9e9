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
}


def attend(scores, v):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    return a @ v, a


def scores_of(q, k):
    return q @ k.T / np.sqrt(q.shape[1])


def over_all(q, k, v, mask):
    scores = scores_of(q, k) if mask is None else np.where(mask, scores_of(q, k), -np.inf)
    a = np.exp(scores) / np.exp(scores).sum()
    return a @ v, a


MASK_MISTAKES = {
    "zero": Wrong(
        "a hidden score is 0, which is a score like others; it must be minus infinity",
        lambda q, k, v, m: attend(scores_of(q, k) * (1 if m is None else m), v),
    ),
    "ignored": Wrong("the mask is not read", lambda q, k, v, m: attend(scores_of(q, k), v)),
    "inverted": Wrong(
        "the mask is read the wrong way round: it is True where a query may look",
        lambda q, k, v, m: attend(
            scores_of(q, k) if m is None else np.where(m, -1e300, scores_of(q, k)), v
        ),
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


EXERCISES = (
    Exercise(
        attention,
        checks=(registered("ATTENTION", also=MASK_MISTAKES),),
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
        checks=(registered("ADDITIVEATTENTION"),),
        hints=(
            "np.tanh(w @ q + k @ u.T + b) has one row for each step.",
            "Its product with s is the scores; a is their softmax, y is a @ v.",
        ),
        mistakes={"apart": (apart, "never meet")},
    ),
)
