"""[E.LSTM] over all steps by compiled kernels, for float32 on the host (``backend/lstm.c``).

What ``lstm_kernel`` asks of NumPy step by step, the kernels do in one call: each thread takes its
share of the examples through all steps, with weights that were packed once. Here stand the arrays
that they read and write, and the gradients of the weights, which are products over all steps.

The kernels compute whole vectors of units. Those that fill the last one have weights of 0. What
they come to, such as NaN where x is infinite, nobody reads; for the way back it is set to 0.
"""

from typing import Any

from minigen.backend import Array, aligned, host_kernels_of, in_parts, product, xp
from minigen.ops.lstm_kernel import weight_gradient

WORTH = 1 << 23  # multiplications, below which nothing is worth a compiler, such as a few words
FEW_STEPS = 8  # for fewer it does not pay to pack the weights,
FEW_ROWS = 32  # nor for fewer examples in all steps together
LARGE = 1 << 26  # multiplications, from which on it pays to share the examples out


def serves(x: Array, h: Array, *others: Array) -> bool:
    """Whether the kernels compute an LSTM of these: float32 on the host, with enough to do, and
    at most a quarter as many units to fill vectors as there are."""
    (steps, n, size), hidden = x.shape, h.shape[1]
    work = 4 * steps * n * hidden * (size + hidden)
    if size == 0 or steps < FEW_STEPS or steps * n < FEW_ROWS or work < WORTH:
        return False
    if any(host_kernels_of(a) is None for a in (x, h, *others)):
        return False
    return 4 * whole(hidden, h) <= 5 * hidden


def forward(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias: Array,
    lengths: Any, trace: Any,
) -> Array:  # fmt: skip
    """y (steps, n, hidden), with h and c after the last step below it; fills ``trace``, where the
    units come last: gates (steps, n, 4 hidden), cells and tanh_cells (..., n, hidden)."""
    x, (steps, n, size), hidden = xp(x).ascontiguousarray(x), x.shape, h.shape[1]
    width = whole(hidden, h)
    packed = pack_forward(weight_ih, weight_hh, bias, width)
    trace.gates = aligned(steps, n, 4 * width)
    trace.cells, trace.tanh_cells = aligned(steps + 1, n, width), aligned(steps, n, width)
    trace.cells[0] = widened(c, width)
    y = aligned(steps + 2, n, width)
    share_examples(
        "lstm_forward", x, widened(h, width), packed, lengths, trace.gates, trace.cells,
        trace.tanh_cells, y, work=steps * n * packed.size,
        sizes={"steps": steps, "n": n, "in": size, "hidden": width, "real": hidden},
    )  # fmt: skip
    if width == hidden:
        return y
    for kept in (trace.gates.reshape(steps, n, 4, width), trace.cells, trace.tanh_cells):
        kept[..., hidden:] = 0
    return y[:, :, :hidden].copy()


def backward(
    wanted: set[int], gy: Array, y: Array, x: Array, h: Array, weight_ih: Array,
    weight_hh: Array, lengths: Any, trace: Any,
) -> list[Any]:  # fmt: skip
    """The gradients of x, h, c, weight_ih, weight_hh and bias; None for those not wanted."""
    module, (steps, n, size), hidden = xp(gy), x.shape, h.shape[1]
    width = whole(hidden, h)
    packed, gy = pack_backward(weight_hh, width), widened(gy, width)
    ga, gh, gc = aligned(steps, n, 4, width), aligned(n, width), gy[steps + 1].copy()
    share_examples(
        "lstm_backward", gy, packed, lengths, trace.gates, trace.cells, trace.tanh_cells, ga, gh,
        gc, work=steps * n * packed.size, sizes={"steps": steps, "n": n, "hidden": width},
    )  # fmt: skip
    ga = ga[:, :, :, :hidden].reshape(steps * n, 4 * hidden)
    found = [None, gh[:, :hidden], gc[:, :hidden], None, None, None]
    if 0 in wanted:
        found[0] = product(ga, weight_ih).reshape(x.shape)
    if wanted & {3, 4, 5}:
        seen = module.ones((steps, n, hidden + size + 1), dtype=gy.dtype)  # h, x and 1
        gweights = weight_gradient(ga, seen, h, y[: steps - 1], x)
        found[3:] = gweights[:, hidden:-1], gweights[:, :hidden], gweights[:, -1]
    return found


def share_examples(name: str, *arrays: Any, work: int, sizes: dict[str, int]) -> None:
    """Call a kernel for all examples, of which each thread takes its share if it is much work."""
    x = arrays[0]
    kernels = host_kernels_of(x)

    def part(examples: slice) -> None:
        kernels(name, *arrays, **sizes, begin=examples.start, end=examples.stop)

    if work < LARGE:
        part(slice(0, sizes["n"]))
    else:
        in_parts(part, x[0])


def whole(hidden: int, x: Array) -> int:
    """So many units as the kernels compute at once, that ``hidden`` are among them."""
    units = 2 * host_kernels_of(x).lanes
    return -(-hidden // units) * units


def widened(x: Array, width: int) -> Array:
    """x (..., hidden) as (..., width), contiguous, with 0 for the units that there are not."""
    module, hidden = xp(x), x.shape[-1]
    if hidden == width:
        return module.ascontiguousarray(x)
    wide = module.zeros((*x.shape[:-1], width), dtype=x.dtype)
    wide[..., :hidden] = x
    return wide


def by_gate(weights: Array, width: int) -> Array:
    """weights (4 hidden, k) as (4, k, width), with 0 for the units that there are not."""
    gates = weights.reshape(4, -1, weights.shape[1]).transpose(0, 2, 1)
    return gates if gates.shape[2] == width else widened(gates, width)


def pack_forward(weight_ih: Array, weight_hh: Array, bias: Array, width: int) -> Array:
    """The rows of b, Wᵀ and Uᵀ as ``lstm_forward`` reads them: (blocks of units, 2, rows, 2,
    lanes), for each block first those of the gates i and f, then those of g and o."""
    (size, hidden), lanes = (weight_ih.shape[1], weight_hh.shape[1]), host_kernels_of(bias).lanes
    packed = aligned(width // lanes, 2, 1 + size + hidden, 2, lanes)
    first = 0
    for weights in (bias[:, None], weight_ih, weight_hh):
        rows = packed[:, :, first : first + weights.shape[1]]
        gates = by_gate(weights, width).reshape(2, 2, -1, width // lanes, lanes)
        rows[...] = gates.transpose(3, 0, 2, 1, 4)
        first += weights.shape[1]
    return packed


def pack_backward(weight_hh: Array, width: int) -> Array:
    """The rows of U as ``lstm_backward`` reads them: (blocks of units, 4 width, 2 lanes)."""
    units = 2 * host_kernels_of(weight_hh).lanes
    packed = aligned(width // units, 4 * width, units)
    rows = by_gate(widened(weight_hh, width), width).transpose(0, 2, 1)
    packed[...] = rows.reshape(4 * width, -1, units).transpose(1, 0, 2)
    return packed
