"""Floor 4: compositions of primitives that layers and objectives share.

Each is its formula, written once. Losses and likelihoods demand equal shapes: an array (n,)
against one (n, 1) would broadcast to (n, n) and train on nonsense.
"""

import math
from typing import Any

from minigen.backend import Generator, check_generator, xp
from minigen.ops import astype, exp, matmul, maximum, softmax, softmax_where, swapaxes
from minigen.ops.shape import floats
from minigen.tensor import Tensor

# The smallest log-variance that a Gaussian likelihood tells apart from smaller ones, so that
# exp(-log_var) times a squared distance stays finite in each precision.
LOWEST_LOG_VAR = {"float32": -60.0, "float64": -600.0}


def same_shape(operation: str, **arguments: Any) -> None:
    """Raise ValueError unless all named arguments have one shape; plain numbers fit any."""
    shapes = {n: tuple(x.shape) for n, x in arguments.items() if not isinstance(x, int | float)}
    if len(set(shapes.values())) > 1:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"{operation}: all shapes must be equal; got {got}; reshape one of them, nothing is "
            "broadcast here"
        )


def gaussian_log_prob(x: Any, mean: Any, log_var: Any) -> Any:
    """log N(x; μ, σ²) = -½ (log 2π + log σ² + (x - μ)² / σ²)    [E.GAUSSIAN]

    x, mean, log_var: one shape, or plain numbers for mean and log_var; elementwise, in nats.
    log_var is log σ², the logarithm of the variance. A log_var below -60 (float32) or -600
    (float64) counts as that bound, a variance far below rounding, so that nothing overflows.
    Raises ValueError for shapes that differ, TypeError for a mean or log_var of integers.
    """
    same_shape("gaussian_log_prob", x=x, mean=mean, log_var=log_var)
    floats("gaussian_log_prob", mean=mean, log_var=log_var)
    precise = log_var if hasattr(log_var, "dtype") else x
    lowest = LOWEST_LOG_VAR.get(precise.dtype.name, LOWEST_LOG_VAR["float64"])
    mean = float(mean) if isinstance(mean, int) else mean
    if isinstance(log_var, int | float):
        log_var = max(float(log_var), lowest)
        precision: Any = math.exp(-log_var)
    else:
        log_var = maximum(log_var, lowest)
        precision = exp(-log_var)
    distance = x - mean
    return -0.5 * (math.log(2 * math.pi) + log_var + distance * distance * precision)


def reparameterise(mean: Any, log_var: Any, noise: Any) -> Any:
    """z = μ + σ ε, σ = exp(½ log σ²): a draw from N(μ, σ²) made of ε from N(0, I)    [E.REPARAM]

    mean, log_var, noise: one shape. Gradients flow to mean and log_var through z.
    Source: Kingma and Welling 2014, section 2.4. Raises ValueError for shapes that differ.
    """
    same_shape("reparameterise", mean=mean, log_var=log_var, noise=noise)
    return mean + exp(log_var * 0.5) * noise


def dropout(x: Any, p: float, rng: Generator) -> Any:
    """y = x · m / (1 - p), m = 0 with probability p, else 1    [E.DROPOUT]

    Srivastava et al. 2014, scaled at training time so that E[y] = x. x: tensor or array;
    p: a number in [0, 1); rng: where the mask is drawn. Raises ValueError for another p.
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must lie in [0, 1); got {p!r}")
    if p == 0:
        return x
    check_generator("dropout", rng)
    p = float(p)  # a NumPy number would make the mask float64
    raw = x.array if isinstance(x, Tensor) else x
    keep = rng.random(raw.shape, raw.dtype) >= p
    return x * (astype(keep, dtype=raw.dtype) * (1 / (1 - p)))


def accuracy(logits: Any, labels: Any) -> float:
    """The share of rows whose largest logit is at the label, a number in [0, 1].

    logits: (n, classes); labels: (n,) integers. Raises ValueError for sizes that differ.
    """
    raw, wanted = (x.array if isinstance(x, Tensor) else x for x in (logits, labels))
    found = raw.argmax(axis=1)
    same_shape("accuracy", predictions=found, labels=wanted)
    return float(xp(raw).mean(found == wanted))


def attention(q: Any, k: Any, v: Any, mask: Any = None) -> tuple[Any, Any]:
    """y = A v, A = softmax(q kᵀ / √d): each query's average of the values    [E.ATTENTION]

    q: (..., queries, d); k: (..., keys, d); v: (..., keys, dv); mask: None, or booleans that
    broadcast to (..., queries, keys), True where a query may look. Returns y (..., queries, dv) and
    the weights A (..., queries, keys): rows that sum to 1, 0 where the mask is False. A query that
    may look nowhere gets weights and an answer of 0. Raises ValueError for shapes that differ.
    Source: Vaswani et al. 2017, equation 1.
    """
    d, batch = q.shape[-1], q.shape[:-2]
    fits = k.shape == (*batch, k.shape[-2], d) and v.shape[:-1] == k.shape[:-1]
    if not fits:
        raise ValueError(
            "attention: q, k and v must agree in all axes before the last two, q and k in the last "
            f"size, k and v in the number of keys; got q {tuple(q.shape)}, k {tuple(k.shape)}, v "
            f"{tuple(v.shape)}"
        )
    weights = masked_softmax(matmul(q * d**-0.5, swapaxes(k, -1, -2)), mask)
    return matmul(weights, v), weights


def masked_softmax(scores: Any, mask: Any) -> Any:
    """softmax over the last axis, of those scores alone whose mask is True; elsewhere 0.

    Raises TypeError for a mask without booleans, ValueError for one that does not broadcast to the
    scores' shape.
    """
    if mask is None:
        return softmax(scores)
    raw = mask.array if isinstance(mask, Tensor) else mask
    if getattr(getattr(raw, "dtype", None), "kind", "") != "b":
        raise TypeError(
            "attention: the mask must be a boolean array, True where a query may look; got "
            f"{getattr(raw, 'dtype', type(raw).__name__)}"
        )
    missing = len(scores.shape) - len(mask.shape)
    sizes = zip(mask.shape, scores.shape[max(0, missing) :], strict=False)
    if missing < 0 or any(m not in (1, s) for m, s in sizes):
        raise ValueError(
            f"attention: the mask must broadcast to the scores' shape {tuple(scores.shape)}, keys "
            f"last; got {tuple(mask.shape)}"
        )
    return softmax_where(scores, mask=raw)


def causal_mask(steps: int, like: Any) -> Any:
    """(steps, steps), True where the key is not later than the query, on the device of ``like``."""
    raw = like.array if isinstance(like, Tensor) else like
    places = xp(raw).arange(steps)
    return places[:, None] >= places
