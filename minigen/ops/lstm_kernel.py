"""[E.LSTM] over all steps, forward and backward, in as few array operations as there can be.

Within a step everything is feature by example, (4 hidden, n): each gate is then one block of
memory, and U h the faster one of the two orders of that product. The inputs' share W x + b of all
steps is one product before the first step; so are the gradients of W, U and x, after the last.
σ(a) = ½ (1 + tanh ½a): with the rows of W, U and b halved where they belong to i, f and o, one tanh
over all four blocks serves for all gates.
"""

from typing import Any

from minigen.backend import Array, product, xp


class Trace:
    """What the forward pass leaves for the backward pass."""

    __slots__ = ("gates", "cells", "tanh_cells")

    def __init__(self) -> None:
        self.gates: Any = None  # (steps, 4 hidden, n): i, f, g, o
        self.cells: Any = None  # (steps + 1, hidden, n), from the state before
        self.tanh_cells: Any = None  # (steps, hidden, n)


def forward(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias: Array,
    lengths: Any, trace: Trace,
) -> Array:  # fmt: skip
    """y (steps, n, hidden), with h and c after the last step below it; fills ``trace``."""
    module = xp(x)
    steps, n, size = x.shape
    hidden = h.shape[1]
    half = module.full((4, hidden), 0.5, dtype=x.dtype)
    half[2] = 1.0  # g is a tanh already
    half = half.reshape(-1, 1)
    inputs = product(weight_ih * half, x.reshape(-1, size).T)
    inputs += bias[:, None] * half
    inputs = inputs.reshape(4 * hidden, steps, n)
    recurrent = weight_hh * half
    trace.gates = module.empty((steps, 4 * hidden, n), dtype=x.dtype)
    trace.cells = module.empty((steps + 1, hidden, n), dtype=x.dtype)
    trace.tanh_cells = module.empty((steps, hidden, n), dtype=x.dtype)
    states = module.empty((steps + 1, hidden, n), dtype=x.dtype)
    states[0], trace.cells[0] = h.T, c.T
    new = module.empty((hidden, n), dtype=x.dtype)
    for t in range(steps):
        a, cell, state = trace.gates[t], trace.cells[t + 1], states[t + 1]
        product(recurrent, states[t], out=a)
        a += inputs[:, t]
        module.tanh(a, out=a)
        for sigmoids in (a[: 2 * hidden], a[3 * hidden :]):
            sigmoids *= 0.5
            sigmoids += 0.5
        i, f, g, o = a.reshape(4, hidden, n)
        module.multiply(f, trace.cells[t], out=cell)  # c_t = f ⊙ c_{t-1} + i ⊙ g
        module.multiply(i, g, out=new)
        cell += new
        module.tanh(cell, out=trace.tanh_cells[t])
        module.multiply(o, trace.tanh_cells[t], out=state)  # h_t = o ⊙ tanh c_t
        if lengths is not None:
            over = lengths <= t
            cell[:, over], state[:, over] = trace.cells[t][:, over], states[t][:, over]
    y = module.empty((steps + 2, n, hidden), dtype=x.dtype)
    y[:steps] = states[1:].transpose(0, 2, 1)
    y[steps], y[steps + 1] = states[steps].T, trace.cells[steps].T
    if lengths is not None:
        y[:steps][module.arange(steps)[:, None] >= lengths] = 0
    return y


def backward(
    wanted: set[int], gy: Array, y: Array, x: Array, h: Array, weight_ih: Array,
    weight_hh: Array, lengths: Any, trace: Trace,
) -> list[Any]:  # fmt: skip
    """The gradients of x, h, c, weight_ih, weight_hh and bias; None for those not wanted."""
    steps, n, size = x.shape
    hidden = h.shape[1]
    ga, gh, gc = through_time(gy, weight_hh, lengths, trace)
    found: list[Any] = [None] * 6
    if 0 in wanted:
        found[0] = product(ga.T, weight_ih).reshape(x.shape)
    found[1], found[2] = gh.T, gc.T
    if 3 in wanted:
        found[3] = product(ga, x.reshape(-1, size))
    if 4 in wanted:  # after the end of a sequence ga is 0, whatever y is there
        before = y[: steps - 1].reshape(-1, hidden)
        found[4] = product(ga[:, n:], before) + product(ga[:, :n], h)
    if 5 in wanted:
        found[5] = ga.sum(axis=1)
    return found


def through_time(
    gy: Array, weight_hh: Array, lengths: Any, trace: Trace
) -> tuple[Array, Array, Array]:
    """ga of all steps, (4 hidden, steps · n), and the gradients of the state before them."""
    module = xp(gy)
    steps, rows, n = trace.gates.shape
    hidden = rows // 4
    back = module.ascontiguousarray(weight_hh.T)
    gys = module.ascontiguousarray(gy.transpose(0, 2, 1))
    gh, gc = gys[steps], gys[steps + 1]
    every = module.empty((rows, steps, n), dtype=gy.dtype)
    ga, slope = (module.empty((rows, n), dtype=gy.dtype) for _ in range(2))
    ga_i, ga_f, ga_g, ga_o = ga.reshape(4, hidden, n)
    part = slope[:hidden]  # scratch, until the slopes are computed
    for t in reversed(range(steps)):
        gates, tanh_c = trace.gates[t], trace.tanh_cells[t]
        i, f, g, o = gates.reshape(4, hidden, n)
        over = None if lengths is None else lengths <= t
        if over is not None:
            kept_h, kept_c = gh[:, over], gc[:, over]  # copies
        gh += gys[t]
        module.multiply(tanh_c, tanh_c, out=part)  # gc += gh o (1 - tanh² c)
        module.subtract(1.0, part, out=part)
        part *= o
        part *= gh
        gc += part
        module.multiply(gc, g, out=ga_i)
        module.multiply(gc, trace.cells[t], out=ga_f)
        module.multiply(gc, i, out=ga_g)
        module.multiply(gh, tanh_c, out=ga_o)
        module.multiply(gates, gates, out=slope)  # σ' = σ - σ², tanh' = 1 - tanh²
        for sigmoids in (slice(2 * hidden), slice(3 * hidden, None)):
            module.subtract(gates[sigmoids], slope[sigmoids], out=slope[sigmoids])
        tanhs = slope[2 * hidden : 3 * hidden]
        module.subtract(1.0, tanhs, out=tanhs)
        ga *= slope
        gc *= f
        if over is not None:
            ga[:, over] = 0
        every[:, t] = ga
        gh = product(back, ga, out=gh)
        if over is not None:
            gh[:, over], gc[:, over] = kept_h, kept_c
    return every.reshape(rows, -1), gh, gc
