"""The long short-term memory (LSTM) over a whole sequence.

``lstm_steps`` is the equation, step by step in ordinary operations. ``lstm`` computes the same in
one primitive: a step of 32 sequences is so little work that recording and taking apart a dozen
operations each would cost more than their arithmetic. Its gradients of gradients are those of
the composition.
"""

from typing import Any

from minigen.autograd import Traced, grad, may_look, primitive
from minigen.backend import Array, asarray, is_array
from minigen.ops import lstm_compiled, lstm_kernel
from minigen.ops.activation import sigmoid
from minigen.ops.elementwise import tanh, where
from minigen.ops.linalg import linear
from minigen.ops.lstm_kernel import Steps
from minigen.ops.shape import concatenate, shape_of, split, stack


def lstm_steps(
    x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any, *, lengths: Any = None
) -> tuple[Any, Any, Any]:
    """[E.LSTM] as it reads; arguments and results as for ``lstm``."""
    outputs = []
    for t in range(x.shape[0]):
        gates = linear(x[t], weight_ih, bias) + linear(h, weight_hh)
        i, f, g, o = split(gates, 4, axis=1)
        c_t = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)
        if lengths is None:
            c, h, y = c_t, h_t, h_t
        else:  # a sequence that has ended keeps its state, and puts out 0
            goes_on = (lengths > t)[:, None]
            c, h, y = where(goes_on, c_t, c), where(goes_on, h_t, h), where(goes_on, h_t, 0.0)
        outputs.append(y)
    return stack(outputs), h, c


@primitive(name="lstm")
def _lstm(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias: Array, *,
    lengths: Any, trace: Steps,
) -> Array:  # fmt: skip
    """y above h_n above c_n: (steps + 2, n, hidden)."""
    served = lstm_compiled.serves(x, h, c, weight_ih, weight_hh, bias)
    trace.kernel = lstm_compiled if served else lstm_kernel
    return trace.kernel.forward(x, h, c, weight_ih, weight_hh, bias, lengths, trace)


@_lstm.joint_vjp
def _(wanted, gy, y, x, h, c, weight_ih, weight_hh, bias, *, lengths, trace):
    if isinstance(gy, Traced):
        arguments = (x, h, c, weight_ih, weight_hh, bias)
        steps, h_n, c_n = lstm_steps(*arguments, lengths=lengths)
        together = concatenate([steps, stack([h_n, c_n])])
        found = grad(together, [arguments[i] for i in sorted(wanted)], gy, create_graph=True)
        by_position = dict(zip(sorted(wanted), found, strict=True))
        return [by_position.get(i) for i in range(len(arguments))]
    return trace.kernel.backward(wanted, gy, y, x, h, weight_ih, weight_hh, lengths, trace)


def lstm(
    x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any, *, lengths: Any = None
) -> tuple[Any, Any, Any]:
    """c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ tanh c_t; i, f, o = σ(·), g = tanh(·)    [E.LSTM]

    The argument of each gate is its block of W x_t + U h_{t-1} + b, in the order i, f, g, o.
    Backwards in time, with a_t what the gates are functions of and s_t = ∂gate/∂a:
    gc_t = gc_{t+1} f_{t+1} + gh_t o (1 - tanh² c_t),
    ga_t = (gc g, gc c_{t-1}, gc i, gh tanh c) s_t, gh_{t-1} = gy_{t-1} + Uᵀ ga_t,
    gx_t = Wᵀ ga_t, and summed over t gW = Σ ga_t x_tᵀ, gU = Σ ga_t h_{t-1}ᵀ, gb = Σ ga_t.

    x: (steps, n, in), time first; h, c: (n, hidden), the state before; weight_ih W:
    (4 hidden, in), weight_hh U: (4 hidden, hidden), bias: (4 hidden,); lengths: None, or (n,)
    integers in 1..steps on the host: after its length a sequence keeps its state and puts out 0.
    Returns y (steps, n, hidden), and h and c after the last step.
    Raises ValueError for shapes that do not fit, TypeError for integers.
    Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    check_shapes(x, h, c, weight_ih, weight_hh, bias)
    if x.dtype.kind not in "fc":
        raise TypeError(
            f"lstm: x must be floating-point; got {x.dtype}; convert it with .astype('float32'), "
            "or look symbols up in an nn.Embedding"
        )
    lengths = check_lengths("lstm", lengths, x)
    settings = {"lengths": lengths, "trace": Steps()}
    together = _lstm(x, h, c, weight_ih, weight_hh, bias, **settings)
    steps = x.shape[0]
    return together[:steps], together[steps], together[steps + 1]


def check_lengths(operation: str, lengths: Any, x: Any) -> Any:
    """``lengths`` as an array on x's device, or None. Raises ValueError unless it is (n,) integers
    from 1 to the number of steps of x (steps, n, ...)."""
    if lengths is None:
        return None
    like = x.array if isinstance(x, Traced) else x
    found = lengths if is_array(lengths) else asarray(lengths, like=like)
    steps, n = x.shape[:2]
    whole = found.shape == (n,) and found.dtype.kind in "iu"
    if not whole or (may_look(found) and not ((found >= 1) & (found <= steps)).all()):
        raise ValueError(
            f"{operation}: lengths must be {n} integers from 1 to {steps}, one for each sequence; "
            f"got {found.dtype} {found.shape}: {found.reshape(-1)[:8]}"
        )
    return asarray(found, like=like).astype("int64")  # what kernels read; a copy, which stays


def check_shapes(x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any) -> None:
    """Raise ValueError unless all shapes follow from x (steps, n, in) and h (n, hidden)."""
    found = [shape_of("lstm", "an argument", v) for v in (x, h, c, weight_ih, weight_hh, bias)]
    if len(found[0]) == 3 and len(found[1]) == 2 and found[0][0] > 0:
        _, n, size = found[0]
        hidden = found[1][1]
        rows = 4 * hidden
        state = (n, hidden)
        if found[1:] == [state, state, (rows, size), (rows, hidden), (rows,)]:
            return
    names = ("x", "h", "c", "weight_ih", "weight_hh", "bias")
    got = ", ".join(f"{name} {shape}" for name, shape in zip(names, found, strict=True))
    raise ValueError(
        "lstm: shapes must be x (steps, n, in) of at least one step, h and c (n, hidden), "
        "weight_ih (4 hidden, in), weight_hh (4 hidden, hidden), bias (4 hidden,); got " + got
    )
