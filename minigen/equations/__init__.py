"""Floor 4: the register of equations. Every ID in a docstring, lesson or test stands here.

The files beside this one hold the entries, by family. They never import the engine: what they
compute is what the engine is held to.
"""

from minigen.equations import (
    activation,
    attention,
    convolution,
    elementwise,
    indexing,
    initialisation,
    likelihood,
    linalg,
    normalisation,
    objectives,
    optim,
    pooling,
    recurrent,
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
    pooling,
    normalisation,
    recurrent,
    attention,
    likelihood,
    initialisation,
    objectives,
    optim,
)

__all__ = ["FAMILIES", "REGISTER", "Equation", "Wrong", "equation"]
