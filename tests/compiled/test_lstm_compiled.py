"""``ops/lstm_compiled.py``: the LSTM by the kernels is the LSTM."""

import numpy as np
import pytest
from compiled.lstm_in_numpy import InNumPy

import minigen
from minigen.backend import parallel
from minigen.ops import lstm, lstm_compiled, lstm_kernel, lstm_steps
from minigen.ops.lstm import _lstm

WANTED = {0, 1, 2, 3, 4, 5}


@pytest.fixture(params=["stand-in", "compiled"])
def kernels(request, monkeypatch, compiled):
    """The kernels that float32 on the host gets in this test."""
    found = InNumPy() if request.param == "stand-in" else compiled()

    def host_kernels_of(x):
        return found if type(x) is np.ndarray and x.dtype == "float32" else None

    monkeypatch.setattr(lstm_compiled, "host_kernels_of", host_kernels_of)
    return found


@pytest.fixture
def always(monkeypatch):
    """However small an LSTM is, the kernels compute it."""
    monkeypatch.setattr(lstm_compiled, "serves", lambda *arrays: True)


def arguments(steps, n, size, hidden, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    shapes = (
        (steps, n, size), (n, hidden), (n, hidden), (4 * hidden, size), (4 * hidden, hidden),
        (4 * hidden,),
    )  # fmt: skip
    return [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


SIZES = [(4, 1, 1, 1), (5, 3, 2, 4), (6, 2, 5, 7), (7, 20, 3, 33), (16, 32, 8, 64)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("masked", [False, True])
def test_results_and_gradients_are_those_of_the_composition(kernels, always, sizes, masked):
    given, rng = arguments(*sizes), np.random.default_rng(1)
    steps, n, _, hidden = sizes
    lengths = rng.integers(1, steps + 1, n) if masked else None
    weights = rng.standard_normal((steps + 2, n, hidden))
    results = []
    for function, dtype in ((lstm, "float32"), (lstm_steps, "float64")):
        tensors = [minigen.tensor(a.astype(dtype), requires_grad=True) for a in given]
        y, h, c = function(*tensors, lengths=lengths)
        parts = zip((y, h, c), (weights[:steps], *weights[steps:]), strict=True)
        loss = sum(((part * w.astype(dtype)).sum() for part, w in parts), start=0.0)
        found = minigen.grad(loss, tensors)
        results.append([a.numpy() for a in (y, h, c, *found)])
    for found, expected in zip(*results, strict=True):
        assert found.dtype == "float32" and found.shape == expected.shape
        scale = np.abs(expected).max()
        assert scale > 0
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * scale)


def chosen(*arrays):
    trace = lstm_kernel.Steps()
    _lstm(*arrays, lengths=None, trace=trace)
    return trace.kernel


def test_it_is_chosen_where_it_pays(kernels):
    assert chosen(*arguments(64, 32, 8, 32)) is lstm_compiled
    assert chosen(*arguments(8, 256, 8, 32)) is lstm_compiled
    assert chosen(*arguments(7, 512, 8, 32)) is lstm_kernel  # few steps
    assert chosen(*arguments(8, 4, 256, 256)) is lstm_compiled
    assert chosen(*arguments(10, 3, 256, 256)) is lstm_kernel  # few steps times examples
    assert chosen(*arguments(64, 16, 8, 32)) is lstm_kernel  # little work
    assert chosen(*arguments(64, 32, 8, 32, dtype="float64")) is lstm_kernel
    assert chosen(*arguments(64, 0, 8, 32)) is lstm_kernel
    assert chosen(*arguments(64, 64, 0, 32)) is lstm_kernel
    *given, bias = arguments(64, 32, 8, 32)
    assert chosen(*given, bias.astype("float64")) is lstm_kernel
    units = 2 * kernels.lanes
    assert chosen(*arguments(64, 128, 8, 4 * units + 1)) is lstm_compiled
    assert chosen(*arguments(64, 640, 8, 2 * units + 1)) is lstm_kernel  # a third would only fill


def test_where_x_is_infinite_all_is_as_finite_as_the_composition(kernels, always):
    """Units that only fill a vector see 0 times infinity; nobody else may see what that is."""
    results = []
    for function, dtype in ((lstm, "float32"), (lstm_steps, "float64")):
        given = [a.astype(dtype) for a in arguments(5, 3, 2, 7)]
        given[0][1, 1, 0] = np.inf
        tensors = [minigen.tensor(a, requires_grad=True) for a in given]
        with np.errstate(invalid="ignore"):
            y, h, c = function(*tensors)
            found = minigen.grad(y.sum() + (h * c).sum(), tensors)
        results.append([np.isfinite(a.numpy()) for a in (y, h, c, *found)])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert results[0][0].all() and not results[0][6].all()  # y is finite, gW is not


def test_only_what_is_wanted_is_computed(kernels):
    given = arguments(4, 3, 2, 5)
    x, h, _, weight_ih, weight_hh, _ = given
    trace = lstm_kernel.Steps()
    y = lstm_compiled.forward(*given, None, trace)
    every = lstm_compiled.backward(WANTED, y, y, x, h, weight_ih, weight_hh, None, trace)
    for wanted in ({0}, {1, 2}, {4}, {0, 5}):
        found = lstm_compiled.backward(wanted, y, y, x, h, weight_ih, weight_hh, None, trace)
        assert (found[0] is None) == (0 not in wanted)
        assert (found[4] is None) == (not wanted & {3, 4, 5})
        for i in wanted:
            np.testing.assert_array_equal(found[i], every[i])


def test_units_that_only_fill_vectors_are_not_kept_with_the_result(kernels):
    y = lstm_compiled.forward(*arguments(9, 2, 3, 7), None, lstm_kernel.Steps())
    assert y.shape == (11, 2, 7) and y.flags.c_contiguous and y.base is None


def test_arrays_in_any_order_are_as_good(kernels):
    given = arguments(6, 4, 3, 8)
    odd = [np.asfortranarray(a) for a in given[:-1]] + [np.repeat(given[-1], 2)[::2]]
    results = []
    for x, h, c, weight_ih, weight_hh, bias in (given, odd):
        trace = lstm_kernel.Steps()
        y = lstm_compiled.forward(x, h, c, weight_ih, weight_hh, bias, None, trace)
        gy = np.asfortranarray(y) if x is odd[0] else y
        found = lstm_compiled.backward(WANTED, gy, y, x, h, weight_ih, weight_hh, None, trace)
        results.append([y, *found])
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("count", ["1", "3"])
def test_threads_share_the_examples_and_change_nothing(kernels, monkeypatch, count):
    monkeypatch.setenv("MINIGEN_THREADS", count)
    monkeypatch.setattr(parallel, "threads", parallel.Threads())
    given, shares = arguments(5, 17, 3, 8), []
    call = kernels.__class__.__call__

    def watched(self, name, *arrays, **sizes):
        shares.append((name, sizes["begin"], sizes["end"]))
        return call(self, name, *arrays, **sizes)

    def there_and_back():
        x, h, _, weight_ih, weight_hh, _ = given
        trace = lstm_kernel.Steps()
        y = lstm_compiled.forward(*given, None, trace)
        return y, *lstm_compiled.backward(WANTED, y, y, x, h, weight_ih, weight_hh, None, trace)

    monkeypatch.setattr(kernels.__class__, "__call__", watched)
    names = ("lstm_backward", "lstm_forward")
    alone = there_and_back()
    assert sorted(shares) == [(name, 0, 17) for name in names]
    shares.clear()
    monkeypatch.setattr(lstm_compiled, "LARGE", 1)
    shared = there_and_back()
    parts = [(0, 17)] if count == "1" else [(0, 5), (5, 11), (11, 17)]
    assert sorted(shares) == [(name, *part) for name in names for part in parts]
    for first, second in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(first, second)
    if parallel.threads.pool:
        parallel.threads.pool.shutdown()


def test_a_step_of_the_char_lstm_is_shared_and_one_of_the_small_rvae_is_not():
    char, rvae = 64 * 32 * 4 * 256 * (1 + 64 + 256), 16 * 32 * 4 * 128 * (1 + 64 + 128)
    assert rvae < lstm_compiled.LARGE < char
