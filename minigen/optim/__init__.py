"""Floor 5: update rules, one file each, in order of increasing complexity.

Beside them what goes with a step: penalties to add to the loss, limits on gradients, and
schedules of the step size.
"""

from minigen.optim.adam import Adam
from minigen.optim.adam_bias_corrected import AdamBiasCorrected
from minigen.optim.clipping import clip_by_norm, clip_by_value
from minigen.optim.flat import FlatParameters
from minigen.optim.gd import GD
from minigen.optim.heavy_ball import HeavyBall
from minigen.optim.momentum import Momentum
from minigen.optim.nesterov import Nesterov
from minigen.optim.penalties import l1_penalty, l2_penalty
from minigen.optim.rmsprop import RMSprop
from minigen.optim.rule import UpdateRule
from minigen.optim.schedules import (
    Schedule,
    constant,
    cosine,
    exponential_decay,
    linear_warmup,
    step_decay,
)
from minigen.optim.sgd import SGD

__all__ = [
    "FlatParameters",
    "UpdateRule",
    "GD",
    "SGD",
    "Momentum",
    "HeavyBall",
    "Nesterov",
    "RMSprop",
    "Adam",
    "AdamBiasCorrected",
    "l1_penalty",
    "l2_penalty",
    "clip_by_value",
    "clip_by_norm",
    "Schedule",
    "constant",
    "step_decay",
    "exponential_decay",
    "cosine",
    "linear_warmup",
]
