"""Entries for what is optimised, and for the draws that it is estimated with.

A transcription takes the arguments of the code it stands for, as float64 arrays and numbers.
Where the code draws at random, the transcription is given what was drawn.
"""

from minigen.equations.objectives import adversarial, divergences, draws, likelihoods

__all__ = ["adversarial", "divergences", "draws", "likelihoods"]
