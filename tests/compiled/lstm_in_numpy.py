"""What the kernels of ``backend/lstm.c`` compute, in NumPy and float64: they are held to it, and it
takes their place where there is no compiler."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def unpacked(packed):
    """(blocks, sets of gates, rows, vectors, lanes) as (rows, gates, units)."""
    rows = packed.transpose(2, 1, 3, 0, 4)
    return rows.reshape(len(rows), -1, packed.shape[0] * packed.shape[-1])


class InNumPy:
    """Stands for ``HostKernels``: the same calls, the same arrays. lanes: as of a processor that
    computes so many numbers at once."""

    def __init__(self, lanes=2):
        self.lanes = lanes

    def __call__(self, name, *arrays, **sizes):
        getattr(self, name)(*arrays, **sizes)

    def lstm_forward(
        self, x, h0, packed, lengths, gates, cells, tanh_cells, y, *, steps, n, hidden, real,
        begin, end, **sizes,
    ):  # fmt: skip
        own = slice(begin, end)
        weights = unpacked(packed.astype("float64")).reshape(-1, 4 * hidden)
        assert len(weights) == 1 + sizes["in"] + real
        h, c = h0[own].astype("float64"), cells[0, own].astype("float64")
        ends = np.full(n, steps) if lengths is None else lengths
        for t in range(steps):
            seen = np.concatenate([np.ones((end - begin, 1)), x[t, own], h[:, :real]], axis=1)
            i, f, g, o = (seen @ weights).reshape(-1, 4, hidden).transpose(1, 0, 2)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            gates[t, own] = np.concatenate([i, f, g, o], axis=1)
            goes_on = (ends[own] > t)[:, None]
            new = f * c + i * g
            tanh_cells[t, own] = np.tanh(new)
            y[t, own] = np.where(goes_on, o * np.tanh(new), 0)
            h, c = np.where(goes_on, o * np.tanh(new), h), np.where(goes_on, new, c)
            cells[t + 1, own] = c
        y[steps, own], y[steps + 1, own] = h, c

    def lstm_backward(
        self, gy, packed, lengths, gates, cells, tanh_cells, ga, gh, gc, *, steps, n, hidden,
        begin, end,
    ):  # fmt: skip
        own = slice(begin, end)
        # (blocks, 4 hidden, vectors of a block) as (4 hidden, hidden)
        weights = packed.astype("float64").transpose(1, 0, 2).reshape(4 * hidden, hidden)
        ends = (np.full(n, steps) if lengths is None else lengths)[own, None]
        gh_t, gc_t = np.zeros((end - begin, hidden)), gc[own].astype("float64")
        for t in reversed(range(steps)):
            i, f, g, o = gates[t, own].reshape(-1, 4, hidden).transpose(1, 0, 2).astype("float64")
            goes_on, tanh_c = ends > t, tanh_cells[t, own].astype("float64")
            last = gy[steps, own] * (ends - 1 == t)
            gh_t = np.where(goes_on, gh_t + gy[t, own] + last, 0)
            gc_t = np.where(goes_on, gc_t + gh_t * o * (1 - tanh_c**2), gc_t)
            made = np.stack(
                [gc_t * g * i * (1 - i), gc_t * cells[t, own] * f * (1 - f),
                 gc_t * i * (1 - g**2), gh_t * tanh_c * o * (1 - o)], axis=1,
            ) * goes_on[:, None]  # fmt: skip
            ga[t, own] = made.reshape(ga[t, own].shape)
            gc_t = np.where(goes_on, gc_t * f, gc_t)
            gh_t = made.reshape(end - begin, -1) @ weights
        gh[own], gc[own] = gh_t, gc_t
