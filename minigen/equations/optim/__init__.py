"""Entries for update rules and what goes with a step, in order of increasing complexity.

The transcription of a rule turns given gradients into a trajectory, one step after the other:
(theta0 of shape (n,), gradients of shape (T, n), hyper-parameters) to thetas of shape
(T + 1, n), the first of which is theta0.
"""

from minigen.equations.optim import adam, adam_bias_corrected, descent, limits, momentum, schedules

__all__ = ["adam", "adam_bias_corrected", "descent", "limits", "momentum", "schedules"]
