"""What all update rules share: collect the gradients, run the formula, count the change.

A rule adds its hyper-parameters, the names of its state and the formula itself. The formula
runs on blocks of the flat buffers that are small enough for its temporaries to stay in the
processor's cache, so that the plain way of writing it is also a fast one.
"""

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from minigen.backend import Array, asarray, kernels_of, on_host, smallest_number, to_numpy, xp
from minigen.backend.kernels import TABLE
from minigen.nn.parameter import Parameter
from minigen.optim.check import positive
from minigen.optim.flat import FlatParameters


class UpdateRule(ABC):
    """Moves parameters along their gradients, by the formula in ``update``.

    params: the parameters to move, as ``FlatParameters`` takes them; alpha: the step size, a
    finite number > 0, to which a schedule may assign later.

    Attributes: flat, the parameters as one flat buffer; state, the
    rule's own flat buffers by name, zero at first.
    """

    state_names: ClassVar[tuple[str, ...]] = ()  # buffers that ``update`` gets after theta and g
    full_batch: ClassVar[bool] = False  # True where the gradient is that of the whole data set
    kernel: ClassVar[str] = ""  # the same formula in one pass, on devices that have it
    block_size: ClassVar[int] = 64 * 1024  # elements: measured; flat from 32 to 256 Ki

    def __init__(self, params: Iterable[Parameter], alpha: float) -> None:
        self._there: dict[str, Array] = {}  # on a device: alpha and t in its memory
        self.alpha = alpha
        self.flat = FlatParameters(params)
        theta = self.flat.theta
        self._check_epsilon()
        if not on_host(theta):
            self._there["alpha"] = xp(theta).full((), self.alpha, dtype="float64")
            self._there["t"] = xp(theta).zeros((), dtype="int64")
        self.t = 0
        self.state: dict[str, Array] = {
            name: xp(theta).zeros(theta.size, dtype=theta.dtype) for name in self.state_names
        }
        size = min(self.block_size, theta.size) if on_host(theta) else theta.size
        g = xp(theta).empty(size, dtype=theta.dtype)
        self._blocks = []
        for begin in range(0, theta.size, max(size, 1)):
            end = min(begin + size, theta.size)
            buffers = [buffer[begin:end] for buffer in (theta, *self.state.values())]
            self._blocks.append((self.flat.pieces(begin, end), g[: end - begin], *buffers))

    def _check_epsilon(self) -> None:
        """Raise ValueError for an epsilon that is 0 in this precision, where the parameters lie."""
        epsilon, theta = getattr(self, "epsilon", 1.0), self.flat.theta
        if not theta.dtype.type(epsilon) >= smallest_number(theta):
            raise ValueError(
                f"{type(self).__name__}: epsilon must be above 0 in {theta.dtype}; got {epsilon}; "
                "1e-8 is usual"
            )

    @property
    def params(self) -> list[Parameter]:
        """The parameters that this rule moves."""
        return self.flat.params

    @property
    def alpha(self) -> float:
        """The step size, a finite number > 0. Raises TypeError or ValueError when set wrongly."""
        return self._alpha

    @alpha.setter
    def alpha(self, value: float) -> None:
        remedy = "pass a step size such as 1e-3"
        self._alpha = positive(type(self).__name__, "alpha", value, remedy)
        if self._there:
            self._there["alpha"][...] = self._alpha

    @property
    def t(self) -> int:
        """The number of steps made."""
        return self._t

    @t.setter
    def t(self, value: int) -> None:
        self._t = value
        if self._there:
            self._there["t"][...] = value

    @property
    def step_size(self) -> Any:
        """alpha as the formulas use it: on a device a number in its memory, so that a step which
        was captured reads what it is at each replay."""
        return self.number(self._there["alpha"]) if self._there else self._alpha

    @property
    def count(self) -> Any:
        """t as the formulas use it, as ``step_size`` is alpha."""
        return self._there["t"] if self._there else self._t

    def number(self, value: Any) -> Any:
        """A number computed from ``count``, in the precision of the parameters."""
        return value.astype(self.flat.theta.dtype) if self._there else value

    @abstractmethod
    def update(self, theta: Array, g: Array, *state: Any, **_: Any) -> None:
        """Change ``theta`` and the state in place, by the rule's formula.

        theta, g and each buffer of ``state_names``, in that order: arrays of one shape and
        dtype, one block of the flat buffers. g is a copy, and may be overwritten.
        """

    def step(self) -> None:
        """One update of all parameters from the gradients in their ``.grad``.

        Raises ValueError or RuntimeError, naming the parameter, before anything has changed:
        see ``FlatParameters.gradients``.
        """
        gradients = self.flat.gradients()
        self._t += 1
        if self._there:
            self._there["t"] += 1
        self.flat.changed()  # counted first: a step that fails half way has changed values too
        kernels = kernels_of(self.flat.theta) if self.kernel else None
        for pieces, g, theta, *state in self._blocks:
            for i, elements, place in pieces:
                g[place] = gradients[i][elements]
            if kernels is None:
                self.update(theta, g, *state)
            else:
                self._launch(kernels, [theta, g, *state])

    def _launch(self, kernels: Any, buffers: list[Array]) -> None:
        """``update`` in one pass over the device's memory; settings are attributes of the rule."""
        row = TABLE[self.kernel]
        numbers = [self._there[b.name] for b in row.arrays[len(buffers) :]]
        settings = {k: buffers[0].size if k == "n" else getattr(self, k) for k in row.settings}
        kernels(self.kernel, *buffers, *numbers, **settings)

    def replayed(self, steps: int) -> None:
        """Count steps that a captured graph has made; t and alpha in the device's memory know."""
        self._t += steps
        self.flat.changed()

    def zero_grad(self) -> None:
        """Forget the gradients: ``p.grad = None`` for every parameter."""
        for p in self.flat.params:
            p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs to go on from here, apart from the parameters' values.

        "t": the number of steps, an int; and each name in ``state_names``: a copy of that flat
        buffer as a NumPy array of shape (n,).
        """
        return {"t": self.t, **{name: to_numpy(s).copy() for name, s in self.state.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state from ``state_dict`` of the same rule on the same parameters.

        Raises ValueError where a name is missing or unknown, or where a buffer has another
        shape or dtype, and TypeError where t is not an integer; then nothing has changed.
        """
        who = f"{type(self).__name__}.load_state_dict"
        names = ["t", *self.state_names]
        if set(state) != set(names):
            raise ValueError(
                f"{who}: the names must be {', '.join(names)}; got "
                f"{', '.join(map(str, state)) or 'none'}; load a state of the same rule"
            )
        try:
            t = operator.index(state["t"])
        except TypeError:
            t = -1
        if t < 0 or isinstance(state["t"], bool):
            raise TypeError(
                f"{who}: t must be an integer >= 0; got {state['t']!r}; take it from state_dict()"
            )
        for name, buffer in self.state.items():
            shape, dtype = (getattr(state[name], a, None) for a in ("shape", "dtype"))
            if shape != buffer.shape or dtype != buffer.dtype:
                raise ValueError(
                    f"{who}: {name} must have shape {buffer.shape} and dtype {buffer.dtype}; got "
                    f"{shape} {dtype}; load a state of a rule with the same parameters"
                )
        values = {name: asarray(state[name], like=buffer) for name, buffer in self.state.items()}
        self.t = t
        for name, buffer in self.state.items():
            buffer[...] = values[name]
