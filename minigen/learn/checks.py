"""Judge a reader's function, and say what is wrong with it in terms of the formula.

A check runs the function at probe inputs and compares with something independent: the
register's transcription, a numerical derivative, a property that must hold. Where an answer is
a known mistake, the check says which one; it never compares with one stored output.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy

from minigen.backend import to_numpy
from minigen.equations import REGISTER, Wrong
from minigen.tensor import Tensor

Function = Callable[..., Any]


class Rejected(Exception):
    """An answer is not right; the message says where, and if possible why."""


@dataclass(frozen=True)
class Property:
    """Something that must hold, written as a function that asserts it.

    claim: what must hold, one line. test: is called with the reader's function and raises
    AssertionError with a message for the reader where the claim does not hold.
    """

    claim: str
    test: Callable[[Function], None]

    def __call__(self, function: Function) -> None:
        try:
            with numpy.errstate(all="ignore"):
                self.test(function)
        except AssertionError as error:
            raise Rejected(f"{self.claim}: {error}") from error


@dataclass(frozen=True)
class Formula:
    """The function computes a formula, at every probe.

    reference: the formula, independent of the engine. probes: tuples of its arguments. wrong:
    named mistakes with the reference's signature, told apart by the probes. adapt: makes of
    the reader's function one with the reference's signature. axes: what the axes of the result
    count, the last ones where a result has fewer. inputs: of a probe and the index of a wrong
    number, the inputs worth showing; all arguments where it is None. rtol: relative error that
    still counts as equal.
    """

    reference: Function
    probes: tuple[tuple[Any, ...], ...]
    wrong: Mapping[str, Wrong] = field(default_factory=dict)
    adapt: Callable[[Function], Function] = lambda function: function
    axes: tuple[str, ...] = ()
    inputs: Callable[[tuple[Any, ...], tuple[int, ...]], Mapping[str, Any]] | None = None
    rtol: float = 1e-9

    def __call__(self, function: Function) -> None:
        self.judge(self.adapt(function))

    def judge(self, candidate: Function) -> None:
        """Compare a function that has the reference's signature; raises Rejected."""
        for number, probe in enumerate(self.probes, start=1):
            expected = parts(run(self.reference, probe))
            found = parts(run(candidate, probe), len(expected))
            difference = self.difference(number, probe, found, expected)
            if difference:
                reason = self.reason(candidate, len(found) == len(expected))
                raise Rejected(f"{difference}\n{reason}".rstrip())

    def difference(
        self,
        number: int,
        probe: tuple[Any, ...],
        found: list[numpy.ndarray],
        expected: list[numpy.ndarray],
    ) -> str:
        """The first thing that is wrong with what the reader's function returned, or ""."""
        if len(found) != len(expected):
            return f"it returns {count(found)}; the formula gives {count(expected)}"
        for k, (a, b) in enumerate(zip(found, expected, strict=True)):
            which = f"result {k + 1} of {len(expected)}" if len(expected) > 1 else ""
            if a.shape != b.shape:
                shapes = f"has the shape {a.shape}; the formula's has {b.shape}"
                return f"probe {number}: {which or 'the result'} {shapes}"
            wrong = numpy.argwhere(~equal(a, b, self.rtol))
            if len(wrong):
                index = tuple(int(i) for i in wrong[0])
                return self.where(number, probe, which, index, a[index], b[index])
        return ""

    def where(
        self,
        number: int,
        probe: tuple[Any, ...],
        which: str,
        index: tuple[int, ...],
        found: Any,
        expected: Any,
    ) -> str:
        """The first wrong number: the inputs, the reader's value and the formula's."""
        axes = self.axes or tuple(f"axis {i}" for i in range(len(index)))
        last = axes[max(0, len(axes) - len(index)) :]  # a last state has all axes but the time
        at = [which] if which else []
        at += [f"{axis} {i}" for axis, i in zip(last, index, strict=False)]
        given = (
            dict(zip(inspect.signature(self.reference).parameters, probe, strict=False))
            if self.inputs is None
            else self.inputs(probe, index)
        )
        place = ", ".join([f"probe {number} of {len(self.probes)}", *at])
        lines = [f"first difference: {place}"]
        lines += [f"    {name:<10} {shown(value)}" for name, value in given.items()]
        lines += [f"    {'yours':<10} {found:.10g}", f"    {'formula':<10} {expected:.10g}"]
        return "\n".join(lines)

    def reason(self, candidate: Function, counted: bool = True) -> str:
        """Which of the known mistakes agrees with the function.

        counted: whether it returns as many results as the formula. If not, that is all there is
        to say, unless a known mistake does the same.
        """
        named = [wrong for wrong in self.wrong.values() if self.agree(candidate, wrong)]
        if not named and not counted:
            return ""
        if not named and self.single_precision(candidate):
            cause = "something in it is float32, or a small number is added"
            return f"right to single precision only: {cause}"
        if not self.wrong:
            return "compare your line with the equation, symbol by symbol"
        if not named:
            return f"none of the {len(self.wrong)} mistakes known here; compare line by line"
        known = " or ".join(wrong.explanation for wrong in named)
        others = len(self.wrong) - len(named)
        return f"this is a known mistake: {known}; {others} other known mistakes ruled out"

    def agree(self, candidate: Function, wrong: Wrong) -> bool:
        """Whether a function does what a known mistake does, at every probe that both take: an
        index that is wrong may be no index at all where another probe's shapes are not alike."""
        taken = []
        for probe in self.probes:
            theirs = outcome(wrong.transcription, probe)
            mine = outcome(candidate, probe, len(theirs))
            if mine and theirs:
                taken.append((mine, theirs))
        return bool(taken) and all(same(mine, theirs) for mine, theirs in taken)

    def single_precision(self, candidate: Function) -> bool:
        """Whether a function is the formula up to float32's rounding, at every probe."""
        results = [(probe, outcome(self.reference, probe)) for probe in self.probes]
        return all(same(outcome(candidate, p, len(r)), r, 1e-5, 1e-6) for p, r in results)


def registered(
    name: str,
    also: Mapping[str, Wrong] | None = None,
    probes: tuple[tuple[Any, ...], ...] = (),
    **settings: Any,
) -> Formula:
    """The check that a function computes the register's formula E.name, with its mistakes.

    also, probes: mistakes and probes besides the register's own. settings: further fields of
    ``Formula``. Raises ValueError for a mistake whose name the register has.
    """
    entry = REGISTER[name]
    more = also or {}
    twice = sorted(set(more) & set(entry.wrong))
    if twice:
        raise ValueError(f"registered: E.{name} has a mistake of this name already: {twice[0]}")
    wrong = {**entry.wrong, **more}
    return Formula(entry.transcription, (*entry.probes, *probes), wrong, **settings)


def numerical_vjp(function: Function, h: float = 1e-5) -> Function:
    """(gy, *inputs) -> the gradients of sum(gy * function(*inputs)), by central differences.

    Inputs are float64 arrays; the error is about h^2. One gradient for one input, else a tuple.
    """

    def vjp(gy: Any, *inputs: Any) -> Any:
        arrays = [numpy.array(x, dtype=float) for x in inputs]
        gradients = []
        for x in arrays:
            gx = numpy.zeros_like(x)
            for index in numpy.ndindex(x.shape):
                centre = x[index]
                x[index] = centre + h
                above = numpy.sum(gy * function(*arrays))
                x[index] = centre - h
                below = numpy.sum(gy * function(*arrays))
                x[index] = centre
                gx[index] = (above - below) / (2 * h)
            gradients.append(gx)
        return gradients[0] if len(gradients) == 1 else tuple(gradients)

    return vjp


def run(function: Function, probe: tuple[Any, ...]) -> Any:
    """The function's result at a probe, which it may not change."""
    given = copy.deepcopy(probe)
    with numpy.errstate(all="ignore"):
        result = function(*given)
    for k, (before, after) in enumerate(zip(probe, given, strict=True)):
        if isinstance(before, numpy.ndarray) and not numpy.array_equal(before, after, True):
            name = argument_names(function, len(probe))[k]
            raise Rejected(f"{changed(name)} (shape {before.shape})")
    return result


def argument_names(function: Function, n: int) -> list[str]:
    """What the function calls its n arguments; their places where it has no n names for them."""
    try:
        own = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # functions that are not written in Python may have none
        own = []
    return own if len(own) == n else [f"argument {k + 1}" for k in range(n)]


def changed(name: str) -> str:
    """What is told about an argument that is another one after the call."""
    return (
        f"{name} is not exactly what it was before the call: work on a copy, for {name} += ... "
        "changes the caller's array, and a change that is taken back may leave rounding behind"
    )


def outcome(function: Function, probe: tuple[Any, ...], wanted: int = 0) -> list[numpy.ndarray]:
    """What a function makes of a probe, as arrays; none where it does not take it."""
    try:
        return parts(run(function, probe), wanted)
    except Exception:  # a mistake may fit one probe's shapes and not another's
        return []


def same(
    a: list[numpy.ndarray], b: list[numpy.ndarray], rtol: float = 1e-7, beside: float = 1e-14
) -> bool:
    """Whether two results agree, up to rounding."""
    return [x.shape for x in a] == [x.shape for x in b] and all(
        equal(x, y, rtol, beside).all() for x, y in zip(a, b, strict=True)
    )


def parts(result: Any, wanted: int = 0) -> list[numpy.ndarray]:
    """A result, one number or array or several in a tuple or list, as float64 arrays.

    A list of plain numbers, or of lists of them, is one array. Where ``wanted`` results are
    expected, a list that can be read as so many is: rows as one matrix, lists as several results.
    """
    if result is None:
        raise Rejected("it returns nothing: is there a return at its end?")
    if isinstance(result, list) and wanted == 1:
        with suppress(Rejected):  # it may hold several results, whose shapes are not alike
            return [real(result)]
    plain = int | float | numpy.generic | list
    listed = isinstance(result, list) and len(result) != wanted
    one = listed and all(isinstance(part, plain) for part in result)
    several = result if isinstance(result, tuple | list) and not one else [result]
    return [real(part) for part in several]


def real(part: Any) -> numpy.ndarray:
    """A number, array or tensor, or a list of them, as a float64 array, or raises Rejected."""
    try:
        array = numpy.asarray(without_tape(part))
    except RuntimeError as error:  # what a tensor of another library says that has a gradient
        raise Rejected(f"its result is no array; return t.detach() ({error})") from error
    except (TypeError, ValueError) as error:
        raise Rejected(f"its result is not made of numbers: {type(part).__name__}") from error
    if array.dtype.kind == "c":
        raise Rejected("it returns complex numbers; the formula's are real")
    if array.dtype.kind not in "biuf":
        raise Rejected(f"its result is not made of numbers: {type(part).__name__}")
    return array.astype(float)


def without_tape(part: Any) -> Any:
    """The array of a tensor, also of tensors in a list; anything else as it is."""
    if isinstance(part, list):
        return [without_tape(each) for each in part]
    return to_numpy(part.array) if isinstance(part, Tensor) else part


def equal(a: numpy.ndarray, b: numpy.ndarray, rtol: float, beside: float = 1e-14) -> numpy.ndarray:
    """Where two arrays agree up to rounding, of each number or, ``beside``, of the largest."""
    finite = b[numpy.isfinite(b)]
    scale = float(abs(finite).max()) if finite.size else 0.0
    return numpy.isclose(a, b, rtol=rtol, atol=beside * scale, equal_nan=True)


def count(results: list[numpy.ndarray]) -> str:
    return "one result" if len(results) == 1 else f"{len(results)} results"


def shown(value: Any) -> str:
    """A value on one line; a matrix in rows, under each other beside its name."""
    if isinstance(value, numpy.ndarray):
        value = numpy.array2string(value, precision=4, threshold=12, edgeitems=2, max_line_width=60)
        return value.replace("\n", "\n" + " " * 15)
    return f"{value:.10g}" if isinstance(value, float) else str(value)
