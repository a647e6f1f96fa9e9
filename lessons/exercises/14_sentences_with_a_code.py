"""Exercises of lesson 14: sentences with a code.

Complete each function, then run:  minigen learn check 14
A hint for the first one:  minigen learn hint 14.1
"""

import numpy as np


def free_bits_kl(mean, log_var, free):
    """The KL with free bits (14.4).

    mean, log_var: (n, d) of q = N(mean, e^log_var), the prior being N(0, 1) in each dimension;
    free: lambda, nats. Returns a number, nats.
    """
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)
    return np.maximum(free, kl.mean(axis=0)).sum()


def sentence_log_likelihood(x, lengths, logits):
    """log p(x|z) of each sentence (14.1).

    x: (steps, n) integers, time first; lengths: (n,), the words of each sentence; logits:
    (steps, n, words). What lies behind a sentence's end does not count. Returns (n,), nats.
    """
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    chosen = np.take_along_axis(log_p, x[:, :, None], axis=2)[:, :, 0]
    inside = np.arange(len(x))[:, None] < lengths
    return np.where(inside, chosen, 0.0).sum(axis=0)


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import REGISTER, Wrong
from minigen.learn import Exercise, Formula, registered


def slow_likelihood(x, lengths, logits, *, masked=True, early=0, mean=False, moved=0, normed=True):
    """Sentence by sentence and word by word; the settings are the mistakes."""
    found = np.zeros(x.shape[1])
    for e in range(x.shape[1]):
        last = (lengths[e] if masked else len(x)) - early
        for t in range(last):
            scores = logits[t, e]
            norm = np.log(np.exp(scores).sum()) if normed else 0.0
            found[e] += scores[x[(t + moved) % len(x), e]] - norm
        found[e] /= last if mean and last else 1
    return found


def probe(seed, steps, n, words):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, steps, n)
    return rng.integers(0, words, (steps, n)), lengths, rng.normal(size=(steps, n, words))


def full(seed, steps, n, words):
    """One sentence fills all steps, and one ends with its first word."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, words, (steps, n))
    return x, np.array([steps, 1, *[3] * (n - 2)]), rng.normal(size=(steps, n, words))


PROBES = (probe(0, 4, 1, 3), probe(1, 6, 3, 4), full(7, 5, 3, 4))
MISTAKES = {
    "padding": Wrong(
        "what lies behind a sentence's end is counted too",
        lambda *a: slow_likelihood(*a, masked=False),
    ),
    "end": Wrong(
        "the last word, the sentence's end, is left out", lambda *a: slow_likelihood(*a, early=1)
    ),
    "mean": Wrong(
        "the mean over the words instead of the sum", lambda *a: slow_likelihood(*a, mean=True)
    ),
    "moved": Wrong(
        "each word is judged by the logits of the word before it",
        lambda *a: slow_likelihood(*a, moved=1),
    ),
    "not_normed": Wrong(
        "the logit is taken for the logarithm of the probability",
        lambda *a: slow_likelihood(*a, normed=False),
    ),
    "one_more": Wrong(
        "one word too many is counted: positions run from 0 to length - 1",
        lambda x, lengths, z: slow_likelihood(x, np.minimum(lengths + 1, len(x)), z),
    ),
    "sign": Wrong("the sign: this is the loss, -log p", lambda *a: -slow_likelihood(*a)),
    "steps": Wrong(
        "the softmax runs over the steps instead of the words",
        lambda x, lengths, z: slow_likelihood(
            x, lengths, z - np.log(np.exp(z).sum(axis=0)), normed=False
        ),
    ),
    "full": Wrong(
        "a sentence that fills all steps counts for nothing: what is cut off ends at -0",
        lambda x, lengths, z: slow_likelihood(x, np.where(lengths < len(x), lengths, 0), z),
    ),
}


def each_row(mean, log_var, free):
    return REGISTER["FREEBITS"].wrong["each_row"].transcription(mean, log_var, free)


def kl(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)


# three dimensions, four rows: a mean that forgets the 1/2 is no longer the sum
MEANS = np.array([[1, 2, 0], [0, 1, 0.5], [2, 0, 1], [0.5, 0.5, 0.2]])
FREE_PROBES = ((MEANS, np.zeros((4, 3)), 0.3), (MEANS, np.zeros((4, 3)), 2.0))
FREE_MISTAKES = {
    "ignored": Wrong("lambda is not read", lambda m, v, free: kl(m, v).mean(axis=0).sum()),
    "row_sums": Wrong(
        "the maximum is taken of each row's sum",
        lambda m, v, free: np.maximum(free, kl(m, v).sum(axis=1)).mean(),
    ),
    "half_missing": Wrong(
        "the factor 1/2 of the divergence is missing",
        lambda m, v, free: np.maximum(free, 2 * kl(m, v).mean(axis=0)).sum(),
    ),
    "half_missing_and_mean": Wrong(
        "the factor 1/2 of the divergence is missing, and the mean over the dimensions is taken",
        lambda m, v, free: np.maximum(free, 2 * kl(m, v).mean(axis=0)).mean(),
    ),
    "rows": Wrong(
        "the mean runs over the dimensions, the sum over the rows",
        lambda m, v, free: np.maximum(free, kl(m, v).mean(axis=1)).sum(),
    ),
    "sum_of_rows": Wrong(
        "the sum over the rows instead of their mean",
        lambda m, v, free: np.maximum(free, kl(m, v).sum(axis=0)).sum(),
    ),
    "all_lambdas": Wrong(
        "lambda is given to the sum, d times, instead of to each dimension",
        lambda m, v, free: max(free * m.shape[1], kl(m, v).mean(axis=0).sum()),
    ),
}


def cut_off(x, lengths, logits):
    """The words behind the end are cut off; where there are none, all words are."""
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    chosen = np.take_along_axis(log_p, x[:, :, None], axis=2)[:, :, 0]
    return np.array([chosen[: n - len(x), e].sum() for e, n in enumerate(lengths)])


EXERCISES = (
    Exercise(
        free_bits_kl,
        checks=(registered("FREEBITS", also=FREE_MISTAKES, probes=FREE_PROBES),),
        hints=(
            "The mean over the rows comes first, then the maximum, then the sum.",
            "np.maximum(free, kl.mean(axis=0)).sum() with kl (n, d).",
        ),
        mistakes={
            "each row": (each_row, "in each row"),
            "twice the mean of two": (
                lambda m, v, free: 2 * np.maximum(free, kl(m, v).mean(axis=0)).mean(),
                "first difference",
            ),
            "no half, but the mean": (
                FREE_MISTAKES["half_missing_and_mean"].transcription,
                "and the mean over the dimensions",
            ),
            "lambda not read": (FREE_MISTAKES["ignored"].transcription, "lambda is not read"),
        },
    ),
    Exercise(
        sentence_log_likelihood,
        checks=(Formula(slow_likelihood, PROBES, MISTAKES, axes=("sentence",)),),
        hints=(
            "Log-softmax, then the word's own entry, then a mask made of the lengths.",
            "np.arange(len(x))[:, None] < lengths is True inside the sentences.",
        ),
        mistakes={
            "padding": (MISTAKES["padding"].transcription, "is counted too"),
            "cut off": (cut_off, "a sentence that fills all steps"),
        },
    ),
)
