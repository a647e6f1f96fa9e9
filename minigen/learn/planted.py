"""Judge a function that finds a wrong derivative: one is planted among right ones, again and again.

A vector-Jacobian product rule takes a cotangent gy and the argument x, and returns the cotangent
of x. What is judged gets functions and rules by name, and x, and returns which rule is wrong, and
in which element.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from minigen.learn.checks import Function

SIZES = (5, 3, 6)  # of x, one for each round


def finds_every_planting(
    functions: Mapping[str, Function], rules: Mapping[str, Function]
) -> Callable[[Function], None]:
    """The test of a ``Property``: each rule in turn is 0.1% off in one element, up or down."""

    def test(find: Function) -> None:
        rng = numpy.random.default_rng(2)
        for size in SIZES:
            x = rng.uniform(0.2, 1.5, size) * rng.choice([-1, 1], size)
            for name in rng.permutation(list(functions)):
                index, factor = int(rng.integers(size)), float(rng.choice([0.999, 1.001]))
                seen: list[numpy.ndarray] = []
                given = {**rules, name: planted(rules[name], index, factor)}
                given = {key: recorded(rule, seen) for key, rule in given.items()}
                found = name_and_index(find(dict(functions), given, x.copy()))
                assert found == (name, index), (
                    f"the rule of {name} was wrong in element {index} of {size}, you said {found}; "
                    + how_it_was_found(name, found, seen)
                )

    return test


def planted(rule: Function, index: int, factor: float) -> Function:
    """The rule, with one element of its result multiplied by a factor."""

    def wrong(gy: Any, x: Any) -> Any:
        factors = numpy.ones(x.size)
        factors[index] = factor
        return rule(gy, x) * factors

    return wrong


def recorded(rule: Function, seen: list[numpy.ndarray]) -> Function:
    """The rule, which also writes down every cotangent that it gets."""

    def called(gy: Any, x: Any) -> Any:
        seen.append(numpy.array(gy))
        return rule(gy, x)

    return called


def name_and_index(found: Any) -> tuple[str, int]:
    """An answer as a name and an integer. Raises AssertionError where it is not that."""
    assert isinstance(found, tuple | list) and len(found) == 2, "return (name, index)"
    name, index = found
    assert isinstance(name, str), f"the name comes first, a string; you returned {found}"
    whole = isinstance(index, int | numpy.integer) and not isinstance(index, bool)
    assert whole, f"the index must be an integer, as in int(error.argmax()); you returned {found}"
    return str(name), int(index)


def how_it_was_found(name: str, found: tuple[str, int], seen: list[numpy.ndarray]) -> str:
    """What a wrong answer, and the cotangents that were tried, say about the way to it."""
    if seen and all(numpy.all(gy == gy.flat[0]) for gy in seen):
        return "a cotangent of ones hides a wrong softmax, take a random one"
    if found[0] == name:
        return "the name is right: look for the largest error relative to each element"
    return "is the largest error, relative to the value, the one you keep, and the step about 1e-5?"
