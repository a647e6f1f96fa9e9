"""What update rules, penalties and clipping accept, each check with its message in one place.

A step size given as a tensor, a list that holds one parameter twice, or a gradient that is
missing would otherwise show up later, as a run that trains badly.
"""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

from minigen.autograd import Traced
from minigen.backend import Array
from minigen.nn.parameter import Parameter


def _number(who: str, name: str, value: Any, must: str, remedy: str) -> float:
    """``value`` as a Python float, which leaves the precision of arrays alone."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(
            f"{who}: {name} must be a {must}; got {type(value).__name__}; "
            "pass a plain Python number"
        )
    try:
        number = float(value)
    except OverflowError:  # an integer beyond all floats
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{who}: {name} must be a {must}; got {value}; {remedy}")
    return number


def finite(who: str, name: str, value: Any, remedy: str) -> float:
    """``value`` as a float; TypeError or ValueError unless it is a finite number."""
    return _number(who, name, value, "finite number", remedy)


def positive(who: str, name: str, value: Any, remedy: str) -> float:
    """``value`` as a float; TypeError or ValueError unless it is a finite number > 0."""
    must = "finite number > 0"
    number = _number(who, name, value, must, remedy)
    if number <= 0:
        raise ValueError(f"{who}: {name} must be a {must}; got {value}; {remedy}")
    return number


def not_negative(who: str, name: str, value: Any, remedy: str) -> float:
    """``value`` as a float; TypeError or ValueError unless it is a finite number >= 0."""
    must = "finite number >= 0"
    number = _number(who, name, value, must, remedy)
    if number < 0:
        raise ValueError(f"{who}: {name} must be a {must}; got {value}; {remedy}")
    return number


def fraction(who: str, name: str, value: Any, remedy: str) -> float:
    """``value`` as a float; TypeError or ValueError unless 0 <= value < 1."""
    must = "number with 0 <= " + name + " < 1"
    number = _number(who, name, value, must, remedy)
    if not 0 <= number < 1:
        raise ValueError(f"{who}: {name} must be a {must}; got {value}; {remedy}")
    return number


def label(p: Parameter, position: int) -> str:
    """How messages call the parameter at ``position`` of the list: its name if it has one."""
    return f"params[{position}] {p.name!r} {p.shape}" if p.name else f"params[{position}] {p.shape}"


def parameter_list(who: str, params: Iterable[Parameter]) -> list[Parameter]:
    """``params`` as a list of one or more different parameters.

    Raises TypeError for a single parameter or something else than parameters, ValueError for
    an empty list or a parameter that stands in it twice.
    """
    if isinstance(params, Traced) or not isinstance(params, Iterable):
        raise TypeError(
            f"{who}: params must be a list of parameters; got one {type(params).__name__}; "
            "put it in a list: [p]"
        )
    found = list(params)
    if not found:
        raise ValueError(
            f"{who}: params must hold at least one parameter; got none; pass model.parameters()"
        )
    seen: dict[int, int] = {}
    for i, p in enumerate(found):
        if not isinstance(p, Parameter):
            raise TypeError(
                f"{who}: params must hold parameters only; params[{i}] is a {type(p).__name__}; "
                "make it a minigen.nn.Parameter"
            )
        if id(p) in seen:
            raise ValueError(
                f"{who}: params must hold each parameter once; {label(p, i)} already stands at "
                f"position {seen[id(p)]}; leave the second one out"
            )
        seen[id(p)] = i
    return found


def gradient(who: str, p: Parameter, position: int) -> Array:
    """The gradient of ``p`` as an array of its shape, dtype and backend.

    Raises ValueError, naming the parameter, where it is missing or of another kind.
    """
    if p.grad is None:
        raise ValueError(
            f"{who}: every parameter must have a gradient; {label(p, position)} has none: it "
            "took no part in the loss, it is frozen, or backward() was not called; pass only "
            "parameters that take part, such as [p for p in params if p.requires_grad]"
        )
    g = p.grad.array if isinstance(p.grad, Traced) else p.grad
    if type(g) is not type(p.array) or g.shape != p.array.shape or g.dtype != p.array.dtype:
        raise ValueError(
            f"{who}: the gradient of {label(p, position)} must be a {p.dtype} "
            f"{type(p.array).__name__} of its shape; got {getattr(g, 'dtype', '')} "
            f"{type(g).__name__} {getattr(g, 'shape', '')}; let backward() fill p.grad"
        )
    return g
