"""Exercises of lesson 6: dense layers, and how large their weights should be.

Complete each function, then run:  minigen learn check 6
A hint for the first one:  minigen learn hint 6.1
"""

import numpy as np


def linear_backward(gy, x, weight):
    """The gradients of a dense layer y = x W^T + b, equation (6.3).

    gy: cotangent of y, (rows, out); x: (rows, in); weight: W, (out, in).
    Returns gx (rows, in), the weight's gradient (out, in) and the bias's gradient (out,).
    """
    gx = gy @ weight
    gweight = gy.T @ x
    gbias = gy.sum(axis=0)
    return gx, gweight, gbias


def log_softmax(logits):
    """The logarithm of the softmax of each row, stable at logits of 1000.

    logits: (rows, classes). Returns an array of the same shape: the logits minus
    log(sum(exp(logits))) of their row, without overflow and without log(0).
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def he_std(shape):
    """He's standard deviation (6.11) for a weight of this shape.

    shape: (out, in) of a dense layer, or (out, in, height, width) of a kernel, where every
    output is fed by in * height * width numbers. Returns a number.
    """
    return float(np.sqrt(2 / np.prod(shape[1:])))


def soft_threshold(a, strength):
    """The theta that makes 1/2 (theta - a)^2 + strength |theta| smallest, equation (6.17).

    a: an array; each element is a problem of its own. strength: lambda >= 0.
    Returns an array of a's shape.
    """
    return np.sign(a) * np.maximum(np.abs(a) - strength, 0)


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, numerical_vjp, registered

rng = np.random.default_rng(6)


def layer_probe(rows, size, out):
    return rng.normal(size=(rows, out)), rng.normal(size=(rows, size)), rng.normal(size=(out, size))


def numerical_backward(gy, x, weight):
    vjp = numerical_vjp(lambda x, weight, bias: x @ weight.T + bias)
    return vjp(gy, x, weight, np.zeros(len(weight)))


def right(gy, x, weight):
    return gy @ weight, gy.T @ x, gy.sum(axis=0)


def in_order(*places):
    """The mistake of giving the right results in another order."""
    order = ", ".join(("x", "weight", "bias")[k] for k in places)
    return Wrong(
        f"the results come in the order {order}; wanted are those of x, weight, bias",
        lambda gy, x, w: tuple(right(gy, x, w)[k] for k in places),
    )


LAYER_MISTAKES = {
    "weight_transposed": Wrong(
        "gx multiplies by W^T: no transposition there, the forward pass had it",
        lambda gy, x, w: (gy @ w.T, gy.T @ x, gy.sum(axis=0)),
    ),
    "gweight_transposed": Wrong(
        "the weight's gradient is transposed: x^T gy has the layout (in, out)",
        lambda gy, x, w: (gy @ w, x.T @ gy, gy.sum(axis=0)),
    ),
    "gbias_mean": Wrong(
        "the bias's gradient is the mean over the rows instead of the sum",
        lambda gy, x, w: (gy @ w, gy.T @ x, gy.mean(axis=0)),
    ),
    "gweight_mean": Wrong(
        "the weight's gradient is divided by the number of rows",
        lambda gy, x, w: (gy @ w, gy.T @ x / len(x), gy.sum(axis=0)),
    ),
    "gbias_not_summed": Wrong(
        "the bias's gradient is not summed over the rows",
        lambda gy, x, w: (gy @ w, gy.T @ x, gy),
    ),
    "gbias_wrong_axis": Wrong(
        "the bias's gradient is summed over the outputs instead of over the rows",
        lambda gy, x, w: (gy @ w, gy.T @ x, gy.sum(axis=1)),
    ),
    "gbias_all": Wrong(
        "the bias's gradient is the sum over everything",
        lambda gy, x, w: (gy @ w, gy.T @ x, gy.sum()),
    ),
    "both_means": Wrong(
        "the weight's and the bias's gradient are divided by the number of rows",
        lambda gy, x, w: (gy @ w, gy.T @ x / len(x), gy.mean(axis=0)),
    ),
    "all_means": Wrong(
        "all three are divided by the number of rows: if the loss is a mean, gy has that in it",
        lambda gy, x, w: (gy @ w / len(x), gy.T @ x / len(x), gy.mean(axis=0)),
    ),
    "weight_first": in_order(1, 0, 2),
    "weight_last": in_order(0, 2, 1),
    "x_last": in_order(1, 2, 0),
    "reversed": in_order(2, 1, 0),
}


# ---------------------------------------------------------------- the softmax
def slow_log_softmax(logits):
    """Row by row with exact sums of the shifted exponentials."""
    rows = []
    for row in logits:
        terms = sorted(float(np.exp(np.longdouble(v) - np.longdouble(row.max()))) for v in row)
        rows.append([float(v - row.max()) - float(np.log(sum(terms))) for v in row])
    return np.array(rows)


LOGITS = (
    (np.array([[1.0, -2.0, 0.5], [0.0, 0.3, 4.0]]),),
    (np.array([[1000.0, 999.0, -1000.0], [-1000.0, -1001.0, -999.5]]),),
    (np.array([[3.0, 800.0], [-800.0, 2.0], [0.1, 0.2]]),),
    # The row's mean is far below its maximum.
    (np.array([[1000.0, 0.0, 0.0, 0.0], [0.0, -1000.0, 0.5, 1.0]]),),
    # Results of size 1e-9, beside which a small number added inside the logarithm is large.
    (np.array([[20.0, 0.0, -5.0], [0.5, 21.0, 0.0]]),),
)


def shifted(v):
    return v - v.max(axis=1, keepdims=True)


def log_sum(v):
    return np.log(np.exp(v).sum(axis=1, keepdims=True))


def normalised(v):
    """The logarithm of the softmax, as stable as v is."""
    return v - log_sum(v)


def softmax(v):
    return np.exp(shifted(v)) / np.exp(shifted(v)).sum(axis=1, keepdims=True)


LOGIT_MISTAKES = {
    "no_shift": Wrong("exp of the logits themselves, which overflows at 1000", normalised),
    "global_shift": Wrong(
        "the maximum of the whole array is subtracted, not that of each row",
        lambda v: normalised(v - v.max()),
    ),
    "log_of_softmax": Wrong(
        "the logarithm of the finished softmax, which is log(0) for small ones",
        lambda v: np.log(softmax(v)),
    ),
    "mean_shift": Wrong(
        "the row's mean is subtracted: exp of what is left still overflows",
        lambda v: normalised(v - v.mean(axis=1, keepdims=True)),
    ),
    "shift_in_sum_only": Wrong(
        "the maximum is subtracted in the sum but not from the logits themselves",
        lambda v: v - log_sum(shifted(v)),
    ),
    "one_sum": Wrong(
        "one sum over the whole array: axis=1, keepdims=True gives each row its own",
        lambda v: shifted(v) - np.log(np.exp(shifted(v)).sum()),
    ),
    "one_sum_and_shift": Wrong(
        "one maximum and one sum for the whole array instead of one for each row",
        lambda v: (v - v.max()) - np.log(np.exp(v - v.max()).sum()),
    ),
    "columns": Wrong(
        "the columns are normalised instead of the rows",
        lambda v: (v - v.max(axis=0)) - np.log(np.exp(v - v.max(axis=0)).sum(axis=0)),
    ),
    "softmax": Wrong("the softmax without the logarithm", softmax),
}
for small in (1e-12, 1e-10, 1e-8):  # those that people add
    LOGIT_MISTAKES |= {
        f"{small}_in_the_sum": Wrong(
            f"{small} is added inside the logarithm, where the sum is never below 1",
            lambda v, small=small: shifted(v) - np.log(np.exp(shifted(v)).sum(1)[:, None] + small),
        ),
        f"{small}_on_the_softmax": Wrong(
            f"{small} is added to the softmax before its logarithm: small ones all become it",
            lambda v, small=small: np.log(softmax(v) + small),
        ),
    }


# ---------------------------------------------------------------- the soft threshold
def slow_threshold(a, strength):
    """Bisection on the slope theta - a + strength sign(theta), which rises."""
    found = []
    for target in a:
        low, high = -100.0, 100.0
        for _ in range(120):
            middle = (low + high) / 2
            slope = middle - target + strength * np.sign(middle)
            low, high = (low, middle) if slope > 0 else (middle, high)
        found.append(low if abs(low) > 1e-9 else 0.0)
    return np.array(found)


THRESHOLD_PROBES = (
    (np.array([-2.0, -0.3, 0.1, 0.8]), 0.5),
    (np.array([3.0, -3.0, 0.0, 1.4, -0.9]), 1.0),
)
THRESHOLD_MISTAKES = {
    "hard": Wrong(
        "the hard threshold: what is above it must shrink too",
        lambda a, s: np.where(abs(a) > s, a, 0.0),
    ),
    "shrink": Wrong("a / (1 + lambda), which is what L2 does", lambda a, s: a / (1 + s)),
    "no_sign": Wrong("the sign of a is lost", lambda a, s: np.maximum(abs(a) - s, 0)),
    "no_zero": Wrong(
        "nothing is set to zero: the maximum with 0 is missing",
        lambda a, s: np.sign(a) * (abs(a) - s),
    ),
    "size_forgotten": Wrong(
        "the size |a| is forgotten: negative ones all end at 0",
        lambda a, s: np.maximum(a - s, 0),
    ),
    "always_subtracted": Wrong(
        "lambda is subtracted from negative ones too: towards 0 they go by + lambda",
        lambda a, s: np.where(abs(a) > s, a - s, 0.0),
    ),
    "a_minus": Wrong("lambda is subtracted from every a, small or not", lambda a, s: a - s),
    "small_kept": Wrong(
        "small ones are kept as they are instead of set to 0",
        lambda a, s: np.where(abs(a) > s, np.sign(a) * (abs(a) - s), a),
    ),
    "half": Wrong(
        "half of lambda is subtracted", lambda a, s: np.sign(a) * np.maximum(abs(a) - s / 2, 0)
    ),
}


EXERCISES = (
    Exercise(
        linear_backward,
        checks=(
            Formula(
                numerical_backward,
                (layer_probe(3, 3, 3), layer_probe(4, 3, 2), layer_probe(1, 2, 5)),
                LAYER_MISTAKES,
                inputs=lambda probe, index: dict(zip(("gy", "x", "weight"), probe, strict=True)),
                rtol=1e-6,
            ),
        ),
        hints=(
            "The shapes leave little choice: (rows, in) from (rows, out) and (out, in).",
            "gx = gy @ weight; for the weight, every row of the batch adds its part.",
            "gy.T @ x and gy.sum(axis=0)",
        ),
        mistakes={
            "mean": (LAYER_MISTAKES["gbias_mean"].transcription, "mean over the rows"),
            "layout": (LAYER_MISTAKES["gweight_transposed"].transcription, "(in, out)"),
            "mean first": (lambda gy, x, w: right(gy / len(gy), x, w), "gy has that in it"),
            "order": (lambda gy, x, w: right(gy, x, w)[::-1], "order bias, weight, x"),
        },
    ),
    Exercise(
        log_softmax,
        checks=(Formula(slow_log_softmax, LOGITS, LOGIT_MISTAKES, axes=("row", "class")),),
        hints=(
            "Subtracting one number from a whole row does not change its softmax. Which number?",
            "shifted = logits - logits.max(axis=1, keepdims=True), then never divide.",
        ),
        mistakes={
            "overflow": (LOGIT_MISTAKES["no_shift"].transcription, "which overflows at 1000"),
            "mean": (LOGIT_MISTAKES["mean_shift"].transcription, "still overflows"),
            "a little more": (LOGIT_MISTAKES["1e-12_in_the_sum"].transcription, "1e-12 is added"),
            "softmax and more": (lambda v: np.log(softmax(v) + 1e-10), "1e-10 is added to the"),
        },
    ),
    Exercise(
        he_std,
        checks=(registered("HE", probes=(((7, 5),),)),),  # a dense layer beside the kernel
        hints=(
            "How many numbers feed one output? All axes but the first.",
            "np.sqrt(2 / np.prod(shape[1:]))",
        ),
        mistakes={
            "without root": (lambda shape: 2 / np.prod(shape[1:]), "the variance"),
            "out and in": (lambda shape: np.sqrt(2 / np.prod(shape[:2])), "first two sizes"),
            "all": (lambda shape: np.sqrt(2 / np.prod(shape)), "all weights"),
            "Xavier": (lambda shape: np.sqrt(2 / (shape[0] + shape[1])), "kernel is forgotten"),
            "two": (lambda shape: np.sqrt(2) / np.prod(shape[1:]), "of the 2 alone"),
            "kernels only": (lambda s: np.sqrt(2 / (s[1] * s[2] * s[3])), "IndexError"),
        },
    ),
    Exercise(
        soft_threshold,
        checks=(Formula(slow_threshold, THRESHOLD_PROBES, THRESHOLD_MISTAKES, axes=("element",)),),
        hints=(
            "Treat the size and the sign of a by themselves.",
            "np.sign(a) * np.maximum(np.abs(a) - strength, 0)",
        ),
        mistakes={
            "hard": (THRESHOLD_MISTAKES["hard"].transcription, "the hard threshold"),
            "sign but no size": (
                lambda a, s: np.sign(a) * np.maximum(a - s, 0),
                "the size |a| is forgotten",
            ),
            "one branch": (lambda a, s: np.where(a > s, a - s, 0.0), "the size |a| is forgotten"),
            "two branches": (
                lambda a, s: np.where(a > s, a - s, np.where(a < -s, a - s, 0.0)),
                "they go by + lambda",
            ),
            "small ones": (THRESHOLD_MISTAKES["small_kept"].transcription, "kept as they are"),
        },
    ),
)
