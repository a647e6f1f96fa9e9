"""The ops that run on a device by kernels of their own: the same cases as on NumPy, in value and
gradient, with the kernels' text run on the CPU.

complex numbers: the kernels know float32 and float64, so gradients are checked by central
differences.
"""

import numpy as np
import pytest
from cases import CASES
from device_methods import DoubleStandIn

from minigen import gradcheck, tensor
from minigen.backend import asarray, use_backend
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


def test_every_kernel_of_an_op_was_launched(counting):
    """The tests above ran kernels and not the formulas that they stand for."""
    of_rules_and_draws = {"adam", "adam_bias_corrected", "advance"}
    of_rules_and_draws |= {"philox_normal", "philox_uniform"}
    assert set(TABLE) - of_rules_and_draws <= counting.launched
