"""Log-probabilities fused into one primitive each, because every training step needs them.

They take logits, never probabilities: nothing is clipped, and +-1e4 is an ordinary argument.
The readable compositions that they are held to stand in the register of equations.
"""

from typing import Any

from minigen.autograd import may_look, primitive
from minigen.backend import Array, is_array, kernels_of, row_maxima, row_sums, xp
from minigen.ops.activation import sigmoid
from minigen.ops.indexing import check_positions, known
from minigen.ops.reduction import softmax
from minigen.ops.shape import floats
from minigen.ops.trace import Trace


def by_kernel(name: str, *arrays: Any) -> Array | None:
    """What an elementwise kernel makes of arrays; None where their device has none, or where they
    are not alike."""
    first = arrays[0]
    kernels = kernels_of(first)
    if kernels is None or any(
        type(a) is not type(first) or a.dtype != first.dtype or a.shape != first.shape
        for a in arrays
    ):
        return None
    y = xp(first).empty(first.shape, dtype=first.dtype)
    flat = (xp(first).ascontiguousarray(a).reshape(-1) for a in arrays)
    kernels(name, *flat, y.reshape(-1), n=y.size)
    return y


@primitive
def bernoulli_log_prob(x: Array, logits: Array) -> Array:
    """log p(x) = x·l - log(1 + e^l)    gl = gy · (x - sigmoid(l))    gx = gy · l    [E.BERNOULLI]

    x: values in [0, 1] (pixels); logits l: log-odds of x = 1, same shape. Elementwise, in nats.
    Raises ValueError for shapes that differ: (n,) against (n, 1) would broadcast to (n, n).
    """
    if x.shape != logits.shape:
        raise ValueError(
            f"bernoulli_log_prob: x and logits must have one shape; got x {x.shape}, "
            f"logits {logits.shape}; reshape one of them, nothing is broadcast here"
        )
    floats("bernoulli_log_prob", logits=logits)
    # With max(l, 0) = (l + |l|) / 2:  x l - log(1 + e^l) = (x - ½) l - ½ |l| - log(1 + e^-|l|)
    m = xp(logits)
    y = by_kernel("bernoulli_logits", x, logits)
    if y is not None:
        return y
    size = abs(logits)
    y = x - 0.5
    y *= logits
    y -= 0.5 * size
    size = m.exp(-size)
    y -= m.log1p(size)
    return y


@bernoulli_log_prob.vjp("logits")
def _(gy, _y, x, logits):
    gl = by_kernel("bernoulli_logits_gradient", gy, x, logits)
    return gy * (x - sigmoid(logits)) if gl is None else gl


@bernoulli_log_prob.vjp("x")
def _(gy, _y, _x, logits):
    return gy * logits


def one_hot(labels: Array, classes: int, dtype: Any) -> Array:
    """Rows of zeros with a 1 at each label. labels: (n,) integers -> (n, classes)."""
    return (labels[:, None] == xp(labels).arange(classes)).astype(dtype)


class Exponentials(Trace):
    """softmax, before the division."""

    e: Any = None  # (n, classes), e^(l - max l)
    total: Any = None  # (n, 1), Σ e


@primitive(name="cross_entropy")
def _cross_entropy(logits: Array, labels: Array, *, trace: Exponentials) -> Array:
    """y = log Σ e^l - l_label    gl = gy · (softmax(l) - one_hot(label))    [E.CROSSENTROPY]"""
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            "cross_entropy: logits must be (n, classes) and labels (n,); got "
            f"logits {logits.shape}, labels {labels.shape}"
        )
    floats("cross_entropy", logits=logits)
    classes = logits.shape[1]
    if may_look(labels) or labels.dtype.kind not in "iu":
        check_positions("cross_entropy", labels, classes, "labels")
        if labels.size and int(labels.min()) < 0:
            raise IndexError(f"cross_entropy: labels must be >= 0; got {int(labels.min())}")
    e = logits - row_maxima(logits)
    picked = known(e[xp(e).arange(labels.size), labels], labels, classes)
    trace.e = xp(e).exp(e, out=e)
    trace.total = row_sums(e)
    return xp(e).log(trace.total[:, 0]) - picked


@_cross_entropy.vjp("logits")
def _(gy, _y, logits, labels, *, trace):
    if not is_array(gy):
        difference = softmax(logits, axis=-1) - one_hot(labels, logits.shape[1], gy.dtype)
        return gy.reshape((-1, 1)) * difference
    gl = trace.e / trace.total
    gl[xp(gl).arange(labels.size), labels] -= 1
    gl *= gy.reshape((-1, 1))
    return gl


def cross_entropy(logits: Any, labels: Any) -> Any:
    """y = -log softmax(l)[label] = log Σ e^l - l_label    [E.CROSSENTROPY]

    gl = gy · (softmax(l) - one_hot(label)). logits l: (n, classes); labels: (n,) integers in
    0..classes-1 -> (n,), in nats. Raises ValueError, TypeError, IndexError for other input.
    """
    return _cross_entropy(logits, labels, trace=Exponentials())
