"""The form of an entry in the register of equations, and the register itself.

An entry holds a formula once, in every form in which it is needed: LaTeX to be shown, a plain
float64 transcription to be executed, the place in the code that computes it, and where it
comes from. What is displayed is what is tested.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A mistake that people make with a formula: why it is one, and what it computes."""

    explanation: str
    transcription: Callable[..., Any]


@dataclass(frozen=True)
class Equation:
    """One formula of minigen.

    name: its ID without the prefix, as in [E.ADAM].
    title: a few words in plain English.
    latex: the formula, without dollar signs.
    symbols: each symbol's LaTeX and what it means, with its unit or range.
    source: authors, year, and the number of the equation or algorithm there.
    code: dotted name of the function or class that computes it.
    transcription: the formula in naive NumPy, float64, written without the engine.
    wrong: named variants that are mistakes, which a check must tell apart from the formula.
    probes: argument tuples at which the transcription and all the wrong variants differ.
    """

    name: str
    title: str
    latex: str
    symbols: Mapping[str, str]
    source: str
    code: str
    transcription: Callable[..., Any]
    wrong: Mapping[str, Wrong] = field(default_factory=dict)
    probes: tuple[tuple[Any, ...], ...] = ()

    @property
    def id(self) -> str:
        """The ID as it stands in docstrings, lessons and tests: E.NAME."""
        return f"E.{self.name}"


REGISTER: dict[str, Equation] = {}


def equation(
    name: str,
    title: str,
    latex: str,
    symbols: Mapping[str, str],
    source: str,
    code: str,
    wrong: Mapping[str, Wrong] | None = None,
    probes: tuple[tuple[Any, ...], ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: enter a formula into the register, the function below being its transcription.

    Raises ValueError for an ID that is taken.
    """

    def enter(transcription: Callable[..., Any]) -> Callable[..., Any]:
        if name in REGISTER:
            raise ValueError(f"equation: the ID E.{name} is taken by {REGISTER[name].code}")
        REGISTER[name] = Equation(
            name, title, latex, symbols, source, code, transcription, wrong or {}, probes
        )
        return transcription

    return enter
