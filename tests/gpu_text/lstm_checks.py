"""An LSTM over a whole sequence with the two kernels of a step, held to minigen's own.

Between the kernels stand the products with the weights, in NumPy: this is how a captured step
uses them.
"""

import numpy as np
from gpu_text.kernel_checks import close, nan, numbers

import minigen
from minigen.ops import lstm_kernel
from minigen.ops.lstm import lstm_steps

STEPS, N, SIZE, HIDDEN = 5, 7, 3, 6
LENGTHS = (None, np.array([5, 1, 3, 5, 4, 1, 2]))


def arguments(dtype):
    """x, h, c, weight_ih, weight_hh, bias, and gy, a gradient of y above h_n above c_n."""
    shapes = (
        (STEPS, N, SIZE), (N, HIDDEN), (N, HIDDEN), (4 * HIDDEN, SIZE), (4 * HIDDEN, HIDDEN),
        (4 * HIDDEN,), (STEPS + 2, N, HIDDEN),
    )  # fmt: skip
    return [numbers(shape, dtype, seed=i) for i, shape in enumerate(shapes)]


def forward(kernels, x, h, c, weight_ih, weight_hh, bias, lengths):
    """y above h_n above c_n, and gates, cells and tanh c of all steps."""
    weights = np.concatenate([weight_hh, weight_ih, bias[:, None]], axis=1)
    for sigmoids in lstm_kernel.sigmoid_rows(weights):
        sigmoids *= 0.5
    gates, tanh_c = nan((STEPS, 4 * HIDDEN, N), x.dtype), nan((STEPS, HIDDEN, N), x.dtype)
    cells, y = nan((STEPS + 1, HIDDEN, N), x.dtype), nan((STEPS + 2, N, HIDDEN), x.dtype)
    cells[0], state = c.T, np.ascontiguousarray(h.T)
    one = np.ones((1, N), x.dtype)
    for t in range(STEPS):
        gates[t] = weights @ np.concatenate([state, x[t].T, one])
        kernels(
            "lstm_cell_forward", gates[t], cells[t], cells[t + 1], tanh_c[t], state, y[t], lengths,
            hidden=HIDDEN, n=N, t=t,
        )  # fmt: skip
    y[STEPS], y[STEPS + 1] = state.T, cells[STEPS].T
    return y, gates, cells, tanh_c


def backward(kernels, gy, weight_hh, lengths, trace):
    """ga of all steps and the gradients of the state before."""
    dtype = gy.dtype
    gh_last, gc = (np.ascontiguousarray(gy[k].T) for k in (STEPS, STEPS + 1))
    # With lengths, every sequence is over after the last step, and gh_next is not looked at.
    gh_next = gh_last if lengths is None else nan(gh_last.shape, dtype)
    ga, ga_all = nan((4 * HIDDEN, N), dtype), nan((STEPS, N, 4 * HIDDEN), dtype)
    for t in reversed(range(STEPS)):
        kernels(
            "lstm_cell_backward", trace.gates[t], trace.tanh_cells[t], trace.cells[t], gy[t],
            gh_next, gh_last, gc, ga, ga_all[t], lengths, hidden=HIDDEN, n=N, t=t,
        )  # fmt: skip
        np.testing.assert_array_equal(ga.T, ga_all[t])
        gh_next = weight_hh.T @ ga
    return ga_all.reshape(STEPS * N, 4 * HIDDEN), gh_next.T, gc.T


def on_host(gy, weight_hh, lengths, trace):
    """``backward`` as minigen has it."""
    gh, gc = gy[STEPS].T.copy(), gy[STEPS + 1].T.copy()
    memory = nan((4 * HIDDEN, lstm_kernel.odd(STEPS), N), gy.dtype)
    ga = lstm_kernel.through_time_on_host(
        gy, gh, gc, weight_hh.T, lengths, trace, slice(0, STEPS), memory
    )
    return ga, gh.T, gc.T


def check_lstm_forward(kernels, dtype):
    """[E.LSTM] every number that the forward pass leaves, with and without lengths"""
    for lengths in LENGTHS:
        given = arguments(dtype)[:6]
        trace = lstm_kernel.Steps()
        expected = lstm_kernel.forward(*given, lengths, trace)
        found = forward(kernels, *given, lengths)
        kept = (expected, trace.gates, trace.cells, trace.tanh_cells)
        for mine, theirs in zip(found, kept, strict=True):
            close(mine, theirs, dtype)
        y, h_n, c_n = minigen.lstm(*map(minigen.tensor, given), lengths=lengths)
        for mine, theirs in ((found[0][:STEPS], y), (found[0][-2], h_n), (found[0][-1], c_n)):
            close(mine, theirs.numpy(), dtype)


def check_lstm_backward(kernels, dtype):
    """[E.LSTM] the gradients through all steps, and those of the step-by-step composition"""
    for lengths in LENGTHS:
        *given, gy = arguments(dtype)
        trace = lstm_kernel.Steps()
        lstm_kernel.forward(*given, lengths, trace)
        x, _, _, weight_ih, weight_hh, _ = given
        found = backward(kernels, gy, weight_hh, lengths, trace)
        expected = on_host(gy, weight_hh, lengths, trace)
        for mine, theirs in zip(found, expected, strict=True):
            close(mine, theirs, dtype, scale=10)
        tensors = [minigen.tensor(a, requires_grad=True) for a in given]
        y, h_n, c_n = lstm_steps(*tensors, lengths=lengths)
        together = minigen.concatenate([y, minigen.stack([h_n, c_n])])
        together.backward(minigen.tensor(gy))
        gx = (found[0] @ weight_ih).reshape(x.shape)
        in_turn = (gx, *found[1:], found[0].sum(axis=0))
        for mine, leaf in zip(in_turn, (*tensors[:3], tensors[5]), strict=True):
            close(np.ascontiguousarray(mine), leaf.grad.numpy(), dtype, scale=10)
