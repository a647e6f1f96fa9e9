"""The form of a row in the table of cases, and the makers of its inputs.

A maker says where its numbers lie, so that no case comes near a kink or a tie by chance. The
expected values come from the register's transcription of the row's equation, or from NumPy
where there is no equation.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigen import backend
from minigen.equations import REGISTER


# ---------------------------------------------------------------- where the inputs lie
def anywhere(*shape):
    """Draws from N(0, 1): for functions that are smooth everywhere."""
    return lambda rng: np.asarray(rng.normal(size=shape))


def between(low, high):
    """A maker of draws from the uniform distribution on [low, high)."""
    return lambda *shape: lambda rng: np.asarray(rng.uniform(low, high, shape))


positive = between(0.5, 2.0)


def off_zero(*shape):
    """Numbers of either sign with 0.1 <= |x| <= 2: away from a kink at 0."""
    return lambda rng: np.asarray(rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape))


def distinct(*shape, offset=0.0):
    """Multiples of 0.3 around 0 in random order, so that any two differ by 0.3 or more.

    With offset 0.15 none is closer than 0.15 to one made without: no ties between two arrays.
    """
    n = int(np.prod(shape))
    return lambda rng: np.asarray(0.3 * (rng.permutation(n) - n // 2).reshape(shape) + offset)


def shifted(*shape):
    return distinct(*shape, offset=0.15)


def fixed(values, dtype=None):
    """Always these values: labels, masks, indices, or numbers chosen by hand."""
    return lambda rng: np.array(values, dtype=dtype)


# ---------------------------------------------------------------- what a row is
@dataclass(frozen=True)
class Case:
    """A call of one op.

    id: the equation, "[E.NAME]", or "" where the oracle is NumPy's. inputs: makers of arrays;
    plain numbers stay numbers. packed: the op takes its arrays as one list. order: how often it
    can be differentiated.
    """

    id: str
    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    oracle: Callable[..., Any]
    settings: dict[str, Any]
    packed: bool
    order: int

    @property
    def label(self):
        """What the case is called in a report: the op, its shapes or numbers, its settings."""
        shapes = [
            "x".join(map(str, v.shape)) or "0d" if isinstance(v, np.ndarray) else str(v)
            for v in self.values()
        ]
        rest = [f"{k}={v!r}" for k, v in self.settings.items()]
        text = "-".join([self.function.__name__, *shapes, *rest])
        return " ".join(text.replace("slice(None, None, None)", ":").split())

    def values(self):
        """The inputs in float64, the same at every call; plain numbers as they are."""
        seed = zlib.crc32(f"{self.function.__name__} {sorted(self.settings)}".encode())
        rng = np.random.default_rng(seed)
        return [v(rng) if callable(v) else v for v in self.inputs]

    def expected(self, *values):
        """What the oracle says, as a list of float64 arrays."""
        args = [list(values)] if self.packed else values
        y = self.oracle(*args, **self.settings)
        return [np.asarray(v) for v in (y if isinstance(y, list | tuple) else [y])]

    def call(self, values):
        """(function of the arrays alone, those arrays): numbers and settings are filled in."""
        arrays = [v for v in values if isinstance(v, np.ndarray)]
        settings = on_backend(self.settings)

        def function(*xs):
            given = iter(xs)
            args = [next(given) if isinstance(v, np.ndarray) else v for v in values]
            y = self.function(*([args] if self.packed else args), **settings)
            return list(y) if isinstance(y, tuple) else y

        function.__name__ = self.function.__name__
        return function, arrays


def on_backend(value):
    """Arrays inside a setting, moved to the backend under test."""
    if isinstance(value, dict):
        return {k: on_backend(v) for k, v in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(on_backend(v) for v in value)
    return backend.asarray(value) if isinstance(value, np.ndarray) else value


def row(equation, function, *inputs, oracle=None, packed=False, order=2, **settings):
    if oracle is None:
        oracle = REGISTER[equation.strip("[]").removeprefix("E.")].transcription
    return Case(equation, function, inputs, oracle, settings, packed, order)
