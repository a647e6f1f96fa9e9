"""``backend/lstm.c``: it computes what it says, in any vectors, within its arrays' borders."""

import ctypes

import numpy as np
import pytest
from compiled.conftest import PROCESSORS
from compiled.lstm_in_numpy import InNumPy, unpacked

BORDER = 256  # numbers on both sides of an array


@pytest.fixture(params=PROCESSORS)
def kernels(request, compiled):
    return compiled(request.param)


class Bordered:
    """Arrays that have NaN on both sides, so that reading beyond spoils a result."""

    def __init__(self):
        self.rng, self.rooms = np.random.default_rng(0), []

    def __call__(self, *shape, scale=1.0, filled=True):
        size = int(np.prod(shape))
        room = np.full(size + 2 * BORDER + 16, np.nan, "float32")
        start = BORDER + (-room[BORDER:].ctypes.data // 4) % 16  # packed weights lie so
        array = room[start : start + size].reshape(shape)
        if filled:
            array[...] = scale * self.rng.standard_normal(shape)
        self.rooms.append((room, start, start + size))
        return array

    def untouched(self):
        return all(np.isnan(r[:a]).all() and np.isnan(r[b:]).all() for r, a, b in self.rooms)


SIZES = [  # steps, n, in, blocks of hidden units, units that are only filled up, share of examples
    (1, 1, 1, 1, 0, (0, 1)), (5, 8, 3, 1, 2, (0, 8)), (4, 19, 7, 2, 0, (0, 19)),
    (3, 21, 1, 1, 0, (4, 17)), (4, 7, 2, 1, 1, (0, 6)), (3, 3, 2, 1, 0, (0, 3)),
]  # fmt: skip


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_kernels_compute_what_numpy_does(kernels, sizes, masked):
    steps, n, size, blocks, filled, (begin, end) = sizes
    lanes, make = kernels.lanes, Bordered()
    hidden = 2 * lanes * blocks
    real = hidden - filled
    lengths = make.rng.integers(1, steps + 1, n) if masked else None
    x, h, gy = make(steps, n, size), make(n, hidden), make(steps + 2, n, hidden)
    first = make(hidden // lanes, 2, 1 + size + real, 2, lanes, scale=0.3)
    second = make(blocks, 4 * hidden, 2 * lanes, scale=0.3)
    c, gc_last = make(n, hidden), make(n, hidden)
    results = []
    for computes in (kernels, InNumPy(lanes)):
        gates, ga = (make(steps, n, 4 * hidden, filled=False) for _ in range(2))
        cells, tanh_c = make(steps + 1, n, hidden, filled=False), make(steps, n, hidden, scale=0)
        y, gh = make(steps + 2, n, hidden, filled=False), make(n, hidden, filled=False)
        cells[0], gc = c, make(n, hidden)
        gc[...] = gc_last
        own = {"begin": begin, "end": end}
        computes(
            "lstm_forward", x, h, first, lengths, gates, cells, tanh_c, y, steps=steps, n=n,
            **{"in": size}, hidden=hidden, real=real, **own,
        )  # fmt: skip
        computes(
            "lstm_backward", gy, second, lengths, gates, cells, tanh_c, ga, gh, gc, steps=steps,
            n=n, hidden=hidden, **own,
        )  # fmt: skip
        assert make.untouched()
        results.append((gates, cells, tanh_c, y, ga, gh, gc))
    if masked:  # after a sequence's end nobody reads its gates
        over = np.arange(steps)[:, None] >= lengths
        for gates, _, tanh_c, *_ in results:
            gates[over], tanh_c[over] = 0, 0
    for found, expected in zip(*results, strict=True):
        inside = found[..., begin:end, :]
        assert np.isfinite(inside).all() and np.abs(inside).max() > 0
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)  # NaN where NaN: others'


def test_an_examples_result_does_not_depend_on_the_others(kernels):
    steps, n, size, hidden, make = 6, 23, 5, 2 * kernels.lanes, Bordered()
    x, h, c = make(steps, n, size), make(n, hidden), make(n, hidden)
    packed = make(2, 2, 1 + size + hidden, 2, kernels.lanes)

    def forward(begin, end):
        gates, y = make(steps, n, 4 * hidden), make(steps + 2, n, hidden)
        cells, tanh_c = make(steps + 1, n, hidden), make(steps, n, hidden)
        cells[0] = c
        kernels(
            "lstm_forward", x, h, packed, None, gates, cells, tanh_c, y, steps=steps, n=n,
            **{"in": size}, hidden=hidden, real=hidden, begin=begin, end=end,
        )  # fmt: skip
        return y[:, begin:end]

    together = forward(0, n)
    edges = [(0, 1), (1, 6), (6, 12), (12, n)]
    apart = np.concatenate([forward(*edge) for edge in edges], axis=1)
    np.testing.assert_array_equal(together, apart)


def test_tanh_and_sigmoid_are_right_to_three_units_in_the_last_place(kernels):
    tiny = np.logspace(-37, 0, 50_000)
    x = np.concatenate([np.linspace(-87, 30, 400_000), tiny, -tiny]).astype("float32")
    x = x[: len(x) // 16 * 16]
    exact = x.astype("float64")
    for found, expected in zip(both(kernels, x), (np.tanh(exact), sigmoid(exact)), strict=True):
        unit = np.spacing(np.abs(expected).astype("float32"))
        assert (np.abs(found - expected) / unit).max() < 3
        assert np.abs(found).max() <= 1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def both(kernels, x):
    """tanh x and sigmoid x."""
    found = np.empty((2, len(x)), "float32")
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, *found)]
    kernels.library.tanh_and_sigmoid(*pointers, ctypes.c_int64(len(x)))
    return found


def test_what_is_no_number_stays_so_and_infinity_is_the_limit(kernels):
    x = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 0, -0.0, 1e-45] * 2, "float32")
    tanh, logistic = both(kernels, x)
    np.testing.assert_array_equal(tanh[:7], [np.nan, 1, -1, 1, -1, 0, 0])
    assert 0 <= tanh[7] <= x[7]
    np.testing.assert_array_equal(np.isnan(logistic[:8]), [True] + [False] * 7)
    assert logistic[1] == logistic[3] == 1 and logistic[2] == logistic[4] == 0
    assert logistic[5] == 0.5


def test_the_stand_in_unpacks_what_is_packed():
    """unpacked is held to a loop: both sides of the comparison above rest on it."""
    packed = np.arange(3 * 2 * 5 * 2 * 2).reshape(3, 2, 5, 2, 2)
    found = unpacked(packed)
    for row in range(5):
        for gate in range(4):
            for unit in range(6):
                expected = packed[unit // 2, gate // 2, row, gate % 2, unit % 2]
                assert found[row, gate, unit] == expected
