"""Log-likelihoods of whole examples: how probable a decoder finds the data, in nats.

A decoder gives the parameters of a distribution for every pixel; given the code the pixels
are independent, so that the log-probabilities add up over all axes but the first.
"""

from typing import Any

from minigen.autograd import may_look
from minigen.backend import to_numpy, xp
from minigen.functional import floats, gaussian_log_prob, same_shape
from minigen.ops import bernoulli_log_prob
from minigen.tensor import Tensor


def _per_example(log_prob: Any) -> Any:
    return log_prob.sum(axis=tuple(range(1, len(log_prob.shape))))


def bernoulli_log_likelihood(x: Any, logits: Any) -> Any:
    """log p(x|z) = Σ_i x_i l_i - log(1 + e^l_i)    [E.BERNOULLI], summed over each example

    x: (n, ...) values in [0, 1]; logits: the same shape, log-odds of x_i = 1 -> (n,), nats.
    For grey x this is minus the cross-entropy, a bound for no likelihood: binarise x first to
    compare figures with the literature. Raises ValueError for shapes that differ and for x
    outside [0, 1].
    """
    raw = x.array if isinstance(x, Tensor) else x
    if may_look(raw) and not (raw.min() >= 0 and raw.max() <= 1):
        raise ValueError(
            "bernoulli_log_likelihood: x must lie in [0, 1]; got values from "
            f"{float(raw.min()):.4g} to {float(raw.max()):.4g}; divide pixels of 0..255 by 255"
        )
    return _per_example(bernoulli_log_prob(x, logits))


def binomial_log_likelihood(x: Any, logits: Any, count: int) -> Any:
    """log p(x|z) = Σ_i log C(N, N x_i) + N (x_i l_i - log(1 + e^l_i))    [E.BINOMIAL]

    The likelihood of grey values that are counts: N x_i of the N points of pixel i are black,
    each with log-odds l_i. The shipped digits are such counts, with N = 16.
    x: (n, ...) multiples of 1/N in [0, 1]; logits: the same shape; count: N >= 1 -> (n,), nats.
    Raises ValueError for shapes that differ, for a count below 1 and for other x.
    """
    if not isinstance(count, int):
        raise TypeError(f"binomial_log_likelihood: count must be an integer; got {count!r}")
    if count < 1:
        raise ValueError(f"binomial_log_likelihood: count must be at least 1; got {count}")
    raw = x.array if isinstance(x, Tensor) else x
    black = xp(raw).rint(raw * count).clip(0, count)
    if may_look(raw) and not bool((abs(black - raw * count) < 1e-3).all()):
        raise ValueError(
            f"binomial_log_likelihood: x must hold multiples of 1/{count} in [0, 1]; the largest "
            f"distance from one is {float(to_numpy(abs(black / count - raw).max())):.3g}; use "
            "bernoulli_log_likelihood for other grey values"
        )
    coefficients = log_binomials(raw, count).astype(raw.dtype)[black.astype("int64")]
    return _per_example(count * bernoulli_log_prob(x, logits) + coefficients)


def log_binomials(x: Any, count: int) -> Any:
    """log C(N, k) for k = 0..N in float64 on x's device: up to the middle Σ_0<j<=k log((N+1-j)/j),
    then the same backwards. Made there: what is sent there can be no part of a captured step."""
    m = xp(x)
    j = m.arange(count // 2 + 1, dtype="float64")
    half = m.cumsum(m.log((count + 1 - j) / m.maximum(j, 1.0)) * (j > 0))
    return m.concatenate([half, m.flip(half[: (count + 1) // 2])])


def gaussian_log_likelihood(x: Any, mean: Any, log_var: Any) -> Any:
    """log p(x|z) = Σ_i log N(x_i; μ_i, σ_i²)    [E.GAUSSIAN], summed over each example

    x, mean: (n, ...); log_var: log σ², the same shape or one number -> (n,), nats.
    Raises ValueError for shapes that differ.
    """
    return _per_example(gaussian_log_prob(x, mean, log_var))


def mean_squared_error(x: Any, prediction: Any) -> Any:
    """1/N Σ (x - prediction)²    [E.MSE], the mean over all N elements

    x, prediction: the same shape -> one number. Raises ValueError for shapes that differ, TypeError
    for a prediction of integers.
    """
    same_shape("mean_squared_error", x=x, prediction=prediction)
    floats("mean_squared_error", prediction=prediction)
    difference = x - prediction
    return (difference * difference).mean()
