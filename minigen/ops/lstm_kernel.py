"""[E.LSTM] over all steps, forward and backward, in as few array operations as there can be.

For all that ``lstm_compiled`` does not serve: float64, devices, little work, machines without a C
compiler.

Within a step everything is feature by example, (4 hidden, n): each gate is then one block of
memory, and the product with the weights the faster of its two orders. U h + W x + b is one
product, [U W b] times h, x and 1 below one another. σ(a) = ½ (1 + tanh ½a): with the rows of
[U W b] halved where they belong to i, f and o, one tanh over all four blocks serves for all gates.
The way back takes a run of steps at a time where their ga then stays in the cache: one product
with it adds to the gradient of [U W b], another is that of x.

Tried without gain: half of the batch on each of two threads (Python's threads wait for one another
at every small operation), products in blocks small enough that BLAS does not copy them, and the
gradients of the weights on one thread while the other goes back in time.
"""

from typing import Any

from minigen.backend import Array, kernels_of, product, xp
from minigen.ops.trace import Trace

FEW_ROWS = 32  # which a transposed copy takes at a time
CACHED = 1 << 19  # numbers, of the steps that the way back takes at once
LONG = 512  # numbers to add up, from which on a product is as fast as any


class Steps(Trace):
    """All steps: what was computed in each."""

    kernel: Any = None  # this module or ``lstm_compiled``, whose arrays have the units last
    gates: Any = None  # (steps, 4 hidden, n): i, f, g, o
    cells: Any = None  # (steps + 1, hidden, n), from the state before
    tanh_cells: Any = None  # (steps, hidden, n)


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


def fades(u: Array, x: Array, out: Array, scratch: Array) -> None:
    """out = u (1 - x): with u = v x, v times the slope x (1 - x) of a sigmoid."""
    xp(u).multiply(u, x, out=scratch)
    xp(u).subtract(u, scratch, out=out)


def forward(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias: Array,
    lengths: Any, trace: Steps,
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
    weight_hh: Array, lengths: Any, trace: Steps,
) -> list[Any]:  # fmt: skip
    """The gradients of x, h, c, weight_ih, weight_hh and bias; None for those not wanted."""
    module, on_device = xp(gy), kernels_of(gy) is not None
    steps, n, size = x.shape
    rows, hidden = weight_hh.shape
    run = steps if on_device else steps_at_once(steps, n, rows)
    through_time = through_time_on_device if on_device else through_time_on_host
    back = module.ascontiguousarray(weight_hh.T) if on_device else transposed(weight_hh)
    gh, gc = gy[steps].T.copy(), gy[steps + 1].T.copy()
    gx = module.empty(x.shape, dtype=gy.dtype) if 0 in wanted else None
    shape = (steps, n, rows) if on_device else (rows, odd(run), n)
    ga_all = module.empty(shape, dtype=gy.dtype)  # each run writes over the last
    seen = added = gweights = None  # h, x and 1 of a run; what it adds; the gradient of [U W b]
    if wanted & {3, 4, 5}:
        seen = module.ones((run, n, hidden + size + 1), dtype=gy.dtype)
    for begin in reversed(range(0, steps, run)):
        part = slice(begin, min(begin + run, steps))
        ga = through_time(gy, gh, gc, back, lengths, trace, part, ga_all)
        if gx is not None:
            product(ga, weight_ih, out=gx[part].reshape(len(ga), size))
        if seen is not None:
            now, before = seen[: part.stop - begin], y[begin - 1] if begin else h
            found = weight_gradient(ga, now, before, y[begin : part.stop - 1], x[part], added)
            if gweights is None:
                gweights, added = found, module.empty_like(found) if begin else None
            else:
                gweights += found
    if gweights is None:
        return [gx, gh.T, gc.T, None, None, None]
    return [gx, gh.T, gc.T, gweights[:, hidden:-1], gweights[:, :hidden], gweights[:, -1]]


def weight_gradient(
    ga: Array, seen: Array, h: Array, y: Array, x: Array, out: Array | None = None
) -> Array:
    """The gradient of [U W b]: of ga (steps n, 4 hidden) with ``seen`` (steps, n, hidden + in + 1),
    whose last column is 1 and which here gets h before the first step, y of all but the last, x."""
    hidden = h.shape[1]
    seen[0, :, :hidden], seen[1:, :, :hidden], seen[:, :, hidden:-1] = h, y, x
    # after the end of a sequence ga is 0, whatever y is there
    return product(ga.T, seen.reshape(len(ga), seen.shape[2]), out=out)


def steps_at_once(steps: int, n: int, rows: int) -> int:
    """How many steps the way back takes at once: as many as the cache holds the ga of, but all of
    them where a product would then add up too few numbers to be worth adding to the others."""
    run = CACHED // max(1, rows * n)
    return min(run, steps) if run * n >= LONG else steps


def odd(steps: int) -> int:
    """At least one more: rows a power of two apart would share their place in the cache."""
    return steps + 1 + steps % 2


def transposed(weights: Array) -> Array:
    """A copy of ``weights.T``, from a few rows at a time: what they touch stays in the cache."""
    copy = xp(weights).empty(weights.shape[::-1], dtype=weights.dtype)
    for start in range(0, len(weights), FEW_ROWS):
        rows = slice(start, start + FEW_ROWS)
        copy[:, rows] = weights[rows].T
    return copy


def through_time_on_host(
    gy: Array, gh: Array, gc: Array, back: Array, lengths: Any, trace: Steps, part: slice,
    ga_all: Array,
) -> Array:  # fmt: skip
    """ga (steps in part * n, 4 hidden) of the steps in ``part``, a view of ``ga_all`` (4 hidden, at
    least as many steps, n), which it is written to. gh and gc (hidden, n) of the state after these
    steps become those of the state before."""
    module = xp(gy)
    hidden, n = gh.shape
    steps = part.stop - part.start
    ga_all = ga_all[:, :steps]
    gy = module.ascontiguousarray(gy[part].transpose(0, 2, 1))
    u, ug, scratch = module.empty((3, hidden, n), dtype=gy.dtype)
    for t in reversed(range(part.start, part.stop)):
        i, f, g, o = trace.gates[t].reshape(4, hidden, n)
        tanh_cell, ga = trace.tanh_cells[t], ga_all[:, t - part.start]
        ga_i, ga_f, ga_g, ga_o = ga.reshape(4, hidden, n)
        if lengths is not None:
            over = lengths <= t
            kept_h, kept_c = gh.copy(), gc.copy()
        gh += gy[t - part.start]
        module.multiply(gh, o, out=u)  # gc += gh o (1 - tanh² c)
        gc += u
        u *= tanh_cell
        fades(u, o, ga_o, scratch)  # ga_o = gh tanh c o (1 - o)
        u *= tanh_cell
        gc -= u
        module.multiply(gc, i, out=u)
        module.multiply(u, g, out=ug)
        fades(ug, i, ga_i, scratch)  # ga_i = gc g i (1 - i)
        ug *= g
        module.subtract(u, ug, out=ga_g)  # ga_g = gc i (1 - g²)
        gc *= f
        module.multiply(gc, trace.cells[t], out=u)
        fades(u, f, ga_f, scratch)  # ga_f = gc c_{t-1} f (1 - f)
        if lengths is not None:
            ga[...] = module.where(over, 0, ga)
        product(back, ga, out=gh)
        if lengths is not None:
            gh[...] = module.where(over, kept_h, gh)
            gc[...] = module.where(over, kept_c, gc)
    return ga_all.reshape(4 * hidden, steps * n).T


def through_time_on_device(
    gy: Array, gh: Array, gc: Array, back: Array, lengths: Any, trace: Steps, part: slice,
    ga_all: Array,
) -> Array:  # fmt: skip
    """``through_time_on_host`` of all steps, whatever ``part`` says, with all of a step but its
    product in one kernel; ``ga_all`` is (steps, n, 4 hidden)."""
    module, kernels = xp(gy), kernels_of(gy)
    steps, rows, n = trace.gates.shape
    gy = module.ascontiguousarray(gy)
    gh_last, ga = gh.copy(), module.empty((rows, n), dtype=gy.dtype)
    for t in reversed(range(steps)):
        kernels(
            "lstm_cell_backward", trace.gates[t], trace.tanh_cells[t], trace.cells[t], gy[t], gh,
            gh_last, gc, ga, ga_all[t], lengths, hidden=rows // 4, n=n, t=t,
        )  # fmt: skip
        product(back, ga, out=gh)
    return ga_all.reshape(steps * n, rows)
