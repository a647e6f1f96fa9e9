"""[E.LSTM] over all steps, forward and backward, in as few array operations as there can be.

Within a step everything is feature by example, (4 hidden, n): each gate is then one block of
memory, and the product with the weights the faster of its two orders. U h + W x + b is one
product, [U W b] times h, x and 1 below one another. σ(a) = ½ (1 + tanh ½a): with the rows of
[U W b] halved where they belong to i, f and o, one tanh over all four blocks serves for all gates.
What is used after the last step is kept example by feature, so that the gradients of W and U are
one product each over all steps.

Tried without gain: half of the batch on each of two threads (Python's threads wait for one another
at every small operation), and products in blocks small enough that BLAS does not copy them.
"""

from typing import Any

from minigen.backend import Array, kernels_of, product, xp


class Trace:
    """What the forward pass leaves for the backward pass."""

    def __init__(self) -> None:
        self.gates: Any = None  # (steps, 4 hidden, n): i, f, g, o
        self.cells: Any = None  # (steps + 1, hidden, n), from the state before
        self.tanh_cells: Any = None  # (steps, hidden, n)

    def __repr__(self) -> str:
        return "<trace>"

    def fresh(self) -> "Trace":
        """An empty one, for computing the same again without touching what this one holds."""
        return Trace()


def sigmoid_rows(x: Array) -> tuple[Array, Array]:
    """The rows of x (4 hidden, ...) that belong to the sigmoids: i and f, o."""
    hidden = x.shape[0] // 4
    return x[: 2 * hidden], x[3 * hidden :]


def activate(a: Array) -> None:
    """i, f, g, o from what they are functions of, in place: halved rows, see above."""
    xp(a).tanh(a, out=a)
    for sigmoids in sigmoid_rows(a):
        sigmoids *= 0.5
        sigmoids += 0.5


def slopes(gates: Array, out: Array) -> None:
    """σ' = σ - σ² of i, f and o, tanh' = 1 - tanh² of g, written to ``out``."""
    module, hidden = xp(gates), len(gates) // 4
    module.multiply(gates, gates, out=out)
    for sigmoids, squares in zip(sigmoid_rows(gates), sigmoid_rows(out), strict=True):
        module.subtract(sigmoids, squares, out=squares)
    tanhs = out[2 * hidden : 3 * hidden]
    module.subtract(1.0, tanhs, out=tanhs)


def forward(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias: Array,
    lengths: Any, trace: Trace,
) -> Array:  # fmt: skip
    """y (steps, n, hidden), with h and c after the last step below it; fills ``trace``."""
    module = xp(x)
    steps, n, size = x.shape
    hidden = h.shape[1]
    fill = module.zeros((4 * hidden, -(hidden + size + 1) % 4), dtype=x.dtype)  # rows of 16 bytes
    weights = module.concatenate([weight_hh, weight_ih, bias[:, None], fill], axis=1)
    for sigmoids in sigmoid_rows(weights):
        sigmoids *= 0.5
    trace.gates = module.empty((steps, 4 * hidden, n), dtype=x.dtype)
    trace.cells = module.empty((steps + 1, hidden, n), dtype=x.dtype)
    trace.tanh_cells = module.empty((steps, hidden, n), dtype=x.dtype)
    trace.cells[0] = c.T
    seen = module.ones((weights.shape[1], n), dtype=x.dtype)  # h, x and 1
    seen[:hidden] = h.T
    state, new = seen[:hidden], module.empty((hidden, n), dtype=x.dtype)
    y = module.empty((steps + 2, n, hidden), dtype=x.dtype)
    kernels = kernels_of(x)
    for t in range(steps):
        a, cell, tanh_cell = trace.gates[t], trace.cells[t + 1], trace.tanh_cells[t]
        seen[hidden : hidden + size] = x[t].T
        product(weights, seen, out=a)
        if kernels:
            kernels(
                "lstm_cell_forward", a, trace.cells[t], cell, tanh_cell, state, y[t], lengths,
                hidden=hidden, n=n, t=t,
            )  # fmt: skip
            continue
        activate(a)
        i, f, g, o = a.reshape(4, hidden, n)
        module.multiply(f, trace.cells[t], out=cell)  # c_t = f ⊙ c_{t-1} + i ⊙ g
        module.multiply(i, g, out=new)
        cell += new
        module.tanh(cell, out=tanh_cell)
        module.multiply(o, tanh_cell, out=new)  # h_t = o ⊙ tanh c_t
        if lengths is not None:
            over = lengths <= t
            cell[...] = module.where(over, trace.cells[t], cell)
            new[...] = module.where(over, state, new)
        state[...] = new
        y[t] = new.T if lengths is None else module.where(over, 0, new).T
    y[steps], y[steps + 1] = state.T, trace.cells[steps].T
    return y


def backward(
    wanted: set[int], gy: Array, y: Array, x: Array, h: Array, weight_ih: Array,
    weight_hh: Array, lengths: Any, trace: Trace,
) -> list[Any]:  # fmt: skip
    """The gradients of x, h, c, weight_ih, weight_hh and bias; None for those not wanted."""
    steps, n, size = x.shape
    weights = xp(gy).concatenate([weight_hh, weight_ih], axis=1) if 0 in wanted else weight_hh
    backwards = through_time if kernels_of(gy) is None else through_time_on_device
    ga, gx, gh, gc = backwards(gy, weights, lengths, trace)
    every = ga.reshape(steps * n, 4 * h.shape[1])
    found: list[Any] = [gx, gh, gc, None, None, None]
    if 3 in wanted:
        found[3] = product(every.T, x.reshape(steps * n, size))
    if 4 in wanted:  # after the end of a sequence ga is 0, whatever y is there
        before = y[: steps - 1].reshape((steps - 1) * n, h.shape[1])
        found[4] = product(every[n:].T, before) + product(every[:n].T, h)
    if 5 in wanted:
        found[5] = every.sum(axis=0)
    return found


def through_time(
    gy: Array, weights: Array, lengths: Any, trace: Trace
) -> tuple[Array, Array, Array, Array]:
    """ga of all steps (steps, n, 4 hidden), the gradients of x and of the state before.

    weights: [U W], or U where the gradient of x is not wanted: it is then empty.
    """
    module = xp(gy)
    steps, rows, n = trace.gates.shape
    hidden = rows // 4
    back = module.ascontiguousarray(weights.T)
    ga_all = module.empty((steps, n, rows), dtype=gy.dtype)
    gx = module.empty((steps, n, len(back) - hidden), dtype=gy.dtype)
    gseen = module.empty((len(back), n), dtype=gy.dtype)  # of h and x
    gh, gc = gseen[:hidden], module.ascontiguousarray(gy[steps + 1].T)
    gh[...] = gy[steps].T
    ga, slope = (module.empty((rows, n), dtype=gy.dtype) for _ in range(2))
    ga_i, ga_f, ga_g, ga_o = ga.reshape(4, hidden, n)
    part = slope[:hidden]  # scratch, until the slopes are computed
    for t in reversed(range(steps)):
        gates, tanh_cell = trace.gates[t], trace.tanh_cells[t]
        i, f, g, o = gates.reshape(4, hidden, n)
        if lengths is not None:
            over = lengths <= t
            kept_h, kept_c = gh.copy(), gc.copy()
        gh += gy[t].T
        module.multiply(tanh_cell, tanh_cell, out=part)  # gc += gh o (1 - tanh² c)
        module.subtract(1.0, part, out=part)
        part *= o
        part *= gh
        gc += part
        module.multiply(gc, g, out=ga_i)
        module.multiply(gc, trace.cells[t], out=ga_f)
        module.multiply(gc, i, out=ga_g)
        module.multiply(gh, tanh_cell, out=ga_o)
        slopes(gates, slope)
        ga *= slope
        gc *= f
        if lengths is not None:
            ga[...] = module.where(over, 0, ga)
        ga_all[t] = ga.T
        product(back, ga, out=gseen)
        gx[t] = gseen[hidden:].T
        if lengths is not None:
            gh[...] = module.where(over, kept_h, gh)
            gc[...] = module.where(over, kept_c, gc)
    return ga_all, gx, gh.T, gc.T


def through_time_on_device(
    gy: Array, weights: Array, lengths: Any, trace: Trace
) -> tuple[Array, Array, Array, Array]:
    """``through_time`` with all of a step but its product in one kernel."""
    module, kernels = xp(gy), kernels_of(gy)
    steps, rows, n = trace.gates.shape
    hidden = rows // 4
    gy, back = module.ascontiguousarray(gy), module.ascontiguousarray(weights.T)
    ga_all = module.empty((steps, n, rows), dtype=gy.dtype)
    gx = module.empty((steps, n, len(back) - hidden), dtype=gy.dtype)
    gseen = module.empty((len(back), n), dtype=gy.dtype)  # of h and x
    gh, gh_last, gc = gseen[:hidden], gy[steps].T.copy(), gy[steps + 1].T.copy()
    gh[...] = gh_last
    ga = module.empty((rows, n), dtype=gy.dtype)
    for t in reversed(range(steps)):
        kernels(
            "lstm_cell_backward", trace.gates[t], trace.tanh_cells[t], trace.cells[t], gy[t], gh,
            gh_last, gc, ga, ga_all[t], lengths, hidden=hidden, n=n, t=t,
        )  # fmt: skip
        product(back, ga, out=gseen)
        gx[t] = gseen[hidden:].T
    return ga_all, gx, gh.T, gc.T
