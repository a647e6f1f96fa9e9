"""The ops that run on a device by kernels of their own: the same cases as on NumPy, in value and
gradient, with the kernels' text run on the CPU.

complex numbers: the kernels know float32 and float64, so gradients are checked by central
differences.
"""

import numpy as np
import pytest
from cases import CASES
from device_methods import DoubleStandIn

from minigen import gradcheck, ops, tensor
from minigen.backend import asarray, double, to_numpy, use_backend
from minigen.backend.kernels import LOADED, TABLE, Kernels

BY_KERNELS = ("conv", "lstm", "bernoulli", "batch_norm", "max_pool", "avg_pool", "window")
ROWS = [case for case in CASES if case.function.__name__.startswith(BY_KERNELS)]


class Counting(Kernels):
    """Kernels that remember which of them were launched."""

    def __init__(self, cupy):
        super().__init__(cupy)
        self.launched = set()

    def __call__(self, name, *arrays, **settings):
        self.launched.add(name)
        super().__call__(name, *arrays, **settings)


@pytest.fixture(scope="module")
def counting():
    return Counting(DoubleStandIn)


@pytest.fixture(autouse=True)
def with_kernels(monkeypatch, counting):
    monkeypatch.setitem(LOADED, "minigen.backend.double", counting)
    with use_backend("double"):
        yield


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.label)
def test_values_are_those_of_the_formula(case):
    values = case.values()
    function, arrays = case.call(values)
    for dtype, close in (("float64", 1e-12), ("float32", 1e-4)):
        typed = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        y = function(*[tensor(asarray(a)) for a in typed])
        for got, wanted in zip(y if isinstance(y, list) else [y], case.expected(*values),
                               strict=True):  # fmt: skip
            assert got.dtype == dtype
            np.testing.assert_allclose(got.numpy(), wanted, rtol=close, atol=close)


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.label)
def test_gradients_to_second_order(case):
    function, arrays = case.call(case.values())
    assert gradcheck(function, *arrays, order=case.order, method="central")


def normalised(arrays, gy):
    """y, mean, variance and the gradients of batch normalisation, on the active backend."""
    leaves = [tensor(asarray(a), requires_grad=True) for a in arrays]
    y, found = ops.batch_norm(*leaves)
    y.backward(tensor(asarray(gy)))
    arrays = [y.array, found.mean, found.var, *(leaf.grad.array for leaf in leaves)]
    return [to_numpy(a) for a in arrays]


@pytest.mark.parametrize("n", [15, 16, 20, 255, 256, 300])
def test_channels_of_many_rows_are_summed_in_rounds(n):
    """[E.BATCHNORM] The same as on the host, for all numbers of rounds."""
    rng = np.random.default_rng(n)
    arrays, gy = (5 + rng.standard_normal((n, 3)), *rng.random((2, 3))), rng.random((n, 3))
    found = normalised(arrays, gy)
    with use_backend("numpy"):
        expected = normalised(arrays, gy)
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found[2], arrays[0].var(axis=0), rtol=1e-12)


def test_the_indices_of_the_largest_pixels_are_those_of_the_host():
    """[E.MAXPOOL] [E.MAXUNPOOL] Of equal pixels the first; they lead back to where they were."""
    x = np.random.default_rng(0).integers(0, 4, (2, 3, 6, 5)).astype("float64")
    settings = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 0)}
    there, at = ops.max_pool2d_indices(tensor(asarray(x)), **settings)
    back = ops.max_unpool2d(there, at, (6, 5))
    with use_backend("numpy"):
        y, wanted = ops.max_pool2d_indices(tensor(x), **settings)
        again = ops.max_unpool2d(y, wanted, (6, 5))
    assert at.dtype == "int64"
    for found, expected in ((there.array, y.array), (at, wanted), (back.array, again.array)):
        np.testing.assert_array_equal(to_numpy(found), expected)


def test_every_kernel_of_an_op_was_launched(counting):
    """The tests above ran kernels and not the formulas that they stand for."""
    of_rules_and_draws = {"adam", "adam_bias_corrected", "bias_corrections", "advance"}
    of_rules_and_draws |= {"philox_normal", "philox_uniform"}
    assert set(TABLE) - of_rules_and_draws <= counting.launched


def test_a_batch_of_no_image_has_a_gradient_of_zeros(counting):
    x = tensor(np.ones((0, 2, 8, 8)))
    weight = tensor(np.ones((3, 2, 3, 3)), requires_grad=True)
    ops.conv2d(x, weight).sum().backward()
    assert weight.grad.shape == weight.shape and not to_numpy(weight.grad.array).any()


def test_an_lstm_goes_back_in_as_many_launches_whatever_its_size(counting):
    """Copies in blocks, which suit a processor's cache, would be a launch each."""
    launches = set()
    for hidden in (8, 64):
        shapes = (3, 2, 5), (2, hidden), (2, hidden), (4 * hidden, 5), (4 * hidden, hidden)
        leaves = [tensor(np.ones(s), requires_grad=True) for s in (*shapes, (4 * hidden,))]
        y, _, _ = ops.lstm(*leaves)
        before = double.tally.launches
        y.sum().backward()
        launches.add(double.tally.launches - before)
    assert len(launches) == 1 and launches.pop() > 0
