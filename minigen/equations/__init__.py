"""Floor 4: the register of equations. Every ID in a docstring, lesson or test stands here.

The files beside this one hold the entries, by family. They never import the engine: what they
compute is what the engine is held to.
"""

from minigen.equations import (
    activation,
    convolution,
    elementwise,
    indexing,
    initialisation,
    likelihood,
    linalg,
    objectives,
    optim,
    reduction,
)
from minigen.equations.equation import REGISTER, Equation, Wrong, equation

FAMILIES = (
    elementwise,
    activation,
    reduction,
    linalg,
    indexing,
    convolution,
    likelihood,
    initialisation,
    objectives,
    optim,
)

__all__ = ["FAMILIES", "REGISTER", "Equation", "Wrong", "equation"]
