"""Floor 8: the course. Lessons are read, stepped through in the terminal, and exercises judged."""

from minigen.learn.checks import Formula, Property, Rejected, numerical_vjp, registered
from minigen.learn.exercise import Exercise
from minigen.learn.show import show
from minigen.learn.steps import positions, unchanged, walks

__all__ = [
    "Exercise",
    "Formula",
    "Property",
    "Rejected",
    "numerical_vjp",
    "positions",
    "registered",
    "show",
    "unchanged",
    "walks",
]
