"""Rows of the table of cases for operations on sequences."""

import numpy as np
from case import anywhere, row

from minigen import ops
from minigen.equations import REGISTER
from minigen.ops.lstm import _lstm as fused
from minigen.ops.lstm_kernel import Steps


def lstm_inputs(steps, n, size, hidden):
    """x, the state before, and weights small enough that no gate saturates."""
    shapes = [
        (steps, n, size), (n, hidden), (n, hidden),
        (4 * hidden, size), (4 * hidden, hidden), (4 * hidden,),
    ]  # fmt: skip
    return [anywhere(*shape) for shape in shapes]


def lstm_together(x, h, c, weight_ih, weight_hh, bias, lengths=None):
    """The primitive alone: outputs above the last state above the last cell."""
    arguments = (x, h, c, weight_ih, weight_hh, bias)
    return fused(*arguments, lengths=lengths, trace=Steps())


def together_oracle(*arguments, lengths=None):
    y, h, c = REGISTER["LSTM"].transcription(*arguments, lengths)
    return np.concatenate([y, h[None], c[None]])


RECURRENT = [
    row("[E.LSTM]", function, *lstm_inputs(*sizes), oracle=oracle, **settings)
    for function, oracle in (
        (ops.lstm, None),
        (ops.lstm_steps, None),
        (lstm_together, together_oracle),
    )
    for sizes, settings in (
        ((1, 1, 1, 1), {}),
        ((3, 2, 2, 2), {}),
        ((4, 3, 1, 2), {"lengths": np.array([4, 1, 2])}),
    )
]
