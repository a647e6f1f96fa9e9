"""Judge a function that makes one step of a rule, by walking with it.

The register holds rules as walks: (theta0, gradients, settings) to the thetas after every step. A
reader writes a single step, which gets a state and returns the next one. What is made here of the
reader's step has the register's signature.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from minigen.learn.checks import Function, Rejected, changed, real

NUMBERS = ("no", "one", "two", "three", "four")


def walks(*states: str, counts: bool = False) -> Callable[[Function], Function]:
    """Of step(theta, g, *states, *settings), which returns the new theta and states, makes a walk.

    states: their names; each is 0 at first. counts: the step also gets t, 1 in the first, before
    the settings. The walk returns theta and every state, each of shape (T + 1, n) from its first
    value on.
    """

    def adapt(step: Function) -> Function:
        def walk(theta0: Any, gradients: Any, *settings: Any) -> tuple[numpy.ndarray, ...]:
            now = [theta0, *(numpy.zeros_like(theta0) for _ in states)]
            found = [now]
            for t, g in enumerate(gradients, start=1):
                given = {"theta": now[0], "g": g, **dict(zip(states, now[1:], strict=True))}
                count = (t,) if counts else ()
                now = several(unchanged(step, given, *count, *settings), "theta", *states)
                found.append(now)
            return tuple(numpy.array(values) for values in zip(*found, strict=True))

        return walk

    return adapt


def positions(*states: str, counts: bool = False) -> Callable[[Function], Function]:
    """As ``walks``, but the walk returns theta alone, as the register's does."""
    adapt = walks(*states, counts=counts)
    return lambda step: lambda *probe: adapt(step)(*probe)[0]


def unchanged(step: Function, arrays: Mapping[str, numpy.ndarray], *settings: Any) -> Any:
    """What step(*arrays, *settings) returns, where each array has the shape of the first.

    Raises Rejected if it changed one of the arrays, or returned one of another shape.
    """
    given = {name: array.copy() for name, array in arrays.items()}
    new = step(*given.values(), *settings)
    for name, before in arrays.items():
        if not numpy.array_equal(before, given[name], equal_nan=True):
            raise Rejected(changed(name))
    shape = next(iter(arrays.values())).shape
    for part in new if isinstance(new, tuple | list) else [new]:
        if isinstance(part, numpy.ndarray) and part.shape != shape:
            raise Rejected(
                f"it got arrays of the shape {shape} and returns one of the shape {part.shape}"
            )
    return new


def several(result: Any, *names: str) -> list[numpy.ndarray]:
    """The arrays of a tuple or list, one for each name. Raises Rejected where it is not that."""
    if not isinstance(result, tuple | list) or len(result) != len(names):
        raise Rejected(f"it must return {NUMBERS[len(names)]} arrays: {', '.join(names)}")
    return [real(part) for part in result]
