"""Layers that go along a sequence and remember. Time comes first: (steps, n, features)."""

from collections.abc import Callable
from typing import Any

from minigen.backend import Generator, xp
from minigen.functional import dropout
from minigen.nn.checks import check_sizes
from minigen.nn.initialisers import Initialiser, uniform
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.ops import linear, lstm, stack, tanh, where
from minigen.ops.lstm import check_lengths

State = tuple[Any, Any]


def check_sequence(layer: str, x: Any, size: int) -> None:
    """Raise ValueError unless x is (steps, n, size) with at least one step."""
    if len(x.shape) != 3 or x.shape[0] < 1 or x.shape[2] != size:
        raise ValueError(
            f"{layer}: x must be (steps, n, {size}), time first, of at least one step; got "
            f"{tuple(x.shape)}; swapaxes(x, 0, 1) brings time to the front"
        )


def zero_state(x: Any, size: int) -> Any:
    """Zeros (n, size) on x's device and of its precision."""
    raw = getattr(x, "array", x)
    return xp(raw).zeros((raw.shape[1], size), dtype=raw.dtype)


class RNN(Module):
    """h_t = f(W x_t + U h_{t-1}), y_t = g(V h_t)    [E.RNN]

    input_size, hidden_size, output_size: integers >= 1. rng: where the weights are drawn. f, g:
    functions of a tensor; no g leaves V h_t as it is. bias: whether b and d are added, as in
    f(W x_t + U h_{t-1} + b) and g(V h_t + d). init: how W, U and V begin; None: uniform in
    ±1/√hidden_size. Parameters: ``weight_ih_l0`` W, ``weight_hh_l0`` U, as in PyTorch, and
    ``weight_ho`` V, ``bias_h``, ``bias_o``.

    Input x (steps, n, in), and the state h (n, hidden) before it, zeros if left out; lengths
    (n,): as for ``LSTM``. Returns y (steps, n, out) and the state after the last step.
    Source: Elman 1990.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        rng: Generator,
        f: Callable[[Any], Any] = tanh,
        g: Callable[[Any], Any] | None = None,
        bias: bool = False,
        init: Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("RNN", input=input_size, hidden=hidden_size, output=output_size)
        init = init or uniform(hidden_size**-0.5)
        self.f, self.g = f, g
        self.weight_ih_l0 = Parameter(init((hidden_size, input_size), rng, dtype))
        self.weight_hh_l0 = Parameter(init((hidden_size, hidden_size), rng, dtype))
        self.weight_ho = Parameter(init((output_size, hidden_size), rng, dtype))
        self.bias_h = Parameter(init((hidden_size,), rng, dtype)) if bias else None
        self.bias_o = Parameter(init((output_size,), rng, dtype)) if bias else None

    def forward(self, x: Any, h: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        hidden, size = self.weight_ih_l0.shape
        check_sequence("RNN", x, size)
        lengths = check_lengths("RNN", lengths, x)
        h = zero_state(x, hidden) if h is None else h
        if tuple(h.shape) != (x.shape[1], hidden):
            raise ValueError(
                f"RNN: the state must be {(x.shape[1], hidden)}; got {tuple(h.shape)}; a state "
                "belongs to a batch of one size"
            )
        x = x if lengths is None else where(going_on(lengths, x), x, 0.0)
        inputs = linear(x, self.weight_ih_l0, self.bias_h)  # of all steps in one product
        states = []
        for t in range(x.shape[0]):
            h_t = self.f(inputs[t] + linear(h, self.weight_hh_l0))
            h = h_t if lengths is None else where((lengths > t)[:, None], h_t, h)
            states.append(h)
        y = linear(stack(states), self.weight_ho, self.bias_o)
        y = y if self.g is None else self.g(y)
        return y if lengths is None else where(going_on(lengths, x), y, 0.0), h

    def describe(self) -> str:
        hidden, size = self.weight_ih_l0.shape
        return f"{size} -> {hidden} -> {self.weight_ho.shape[0]}"


def going_on(lengths: Any, x: Any) -> Any:
    """True at the steps (steps, n, 1) that lie within the lengths (n,) of the sequences."""
    return (xp(lengths).arange(x.shape[0])[:, None] < lengths)[:, :, None]


class LSTM(Module):
    """Long short-term memory over whole sequences, in layers    [E.LSTM]

    c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ tanh c_t, where i, f, o = σ(·) and g = tanh(·) of their
    blocks of W x_t + U h_{t-1} + b; each layer reads the h_t of the one below.

    input_size, hidden_size, num_layers: integers >= 1. rng: where weights and dropout masks are
    drawn. dropout: the probability with which, while training, a number between two layers is
    left out. Parameters of layer k, as in PyTorch: ``weight_ih_lk`` (4 hidden, in),
    ``weight_hh_lk`` (4 hidden, hidden), ``bias_ih_lk`` and ``bias_hh_lk`` (4 hidden,), in the order
    i, f, g, o; they begin uniform in ±1/√hidden_size.

    Input x (steps, n, in), the state before it (h, c), each (num_layers, n, hidden), zeros if left
    out, and lengths (n,) integers, if the sequences are shorter than x: what stands behind a
    sequence's end changes nothing, y is 0 there. Returns y (steps, n, hidden) and the state after
    each sequence's last step: handed to the next call, it makes one long sequence of several.
    Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        rng: Generator,
        dropout: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("LSTM", input=input_size, hidden=hidden_size, layers=num_layers)
        if not 0 <= dropout < 1:
            raise ValueError(f"LSTM: dropout must lie in [0, 1); got {dropout!r}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.dropout, self.rng = dropout, rng
        init = uniform(hidden_size**-0.5)
        rows = 4 * hidden_size
        for k in range(num_layers):
            size = hidden_size if k else input_size
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, size),
                "weight_hh": (rows, hidden_size),
                "bias_ih": (rows,),
                "bias_hh": (rows,),
            }
            for name, shape in shapes.items():
                setattr(self, f"{name}_l{k}", Parameter(init(shape, rng, dtype)))

    def forward(self, x: Any, state: State | None = None, lengths: Any = None) -> tuple[Any, State]:
        check_sequence("LSTM", x, self.input_size)
        last_h, last_c = [], []
        lengths = check_lengths("LSTM", lengths, x)
        if lengths is not None:  # 0 times NaN would be NaN in the gradients of the weights
            x = where(going_on(lengths, x), x, 0.0)
        for k in range(self.num_layers):
            weight_ih, weight_hh, bias_ih, bias_hh = (
                getattr(self, f"{name}_l{k}")
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            h, c = self._state_of(k, state, x)
            if k and self.training:
                x = dropout(x, self.dropout, self.rng)
            x, h, c = lstm(x, h, c, weight_ih, weight_hh, bias_ih + bias_hh, lengths=lengths)
            last_h.append(h)
            last_c.append(c)
        return x, (stack(last_h), stack(last_c))

    def _state_of(self, k: int, state: State | None, x: Any) -> State:
        """(h, c) of layer k before the first step. Raises ValueError for another shape."""
        if state is None:
            return zero_state(x, self.hidden_size), zero_state(x, self.hidden_size)
        shape = (self.num_layers, x.shape[1], self.hidden_size)
        if tuple(state[0].shape) != shape or tuple(state[1].shape) != shape:
            raise ValueError(
                f"LSTM: the state must be (h, c), each {shape}; got {tuple(state[0].shape)} and "
                f"{tuple(state[1].shape)}; a state belongs to a batch of one size"
            )
        return state[0][k], state[1][k]

    def describe(self) -> str:
        layers = "" if self.num_layers == 1 else f", {self.num_layers} layers"
        rest = f", dropout {self.dropout}" if self.dropout else ""
        return f"{self.input_size} -> {self.hidden_size}{layers}{rest}"
