"""Floor 4: the register of equations. Every ID in a docstring, lesson or test stands here.

The files beside this one hold the entries, by family. They never import the engine: what they
compute is what the engine is held to.
"""

from minigen.equations.equation import REGISTER, Equation, Wrong, equation

__all__ = ["REGISTER", "Equation", "Wrong", "equation"]
