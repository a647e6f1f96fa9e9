"""Finding out whether the host waited for a device, and moving arrays there and back."""

import importlib
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np

from minigen.backend import kernels_of, to_numpy
from minigen.backend.double import tally
from minigen.backend.kernels import TABLE
from minigen.backend.modules import load


def synchronise(device):
    """Wait until all that was asked for is done, so that an error in it is this test's."""
    if device == "cupy":
        load(device).cuda.runtime.deviceSynchronize()


@contextmanager
def waits_of(device):
    """A dictionary of how often, inside the block, the host waited for the device, by name.

    On the GPU CuPy itself raises where it would wait for a stream or an event, and copies to the
    host are counted.
    """
    if device == "double":
        tally.reset()
        yield tally.waits
        return
    cupy = load(device)
    waits = {}
    get = cupy.ndarray.get

    def counted(self, *args, **settings):
        waits["get"] = waits.get("get", 0) + 1
        return get(self, *args, **settings)

    with ExitStack() as stack:
        cupyx = importlib.import_module("cupyx")
        if hasattr(cupyx, "allow_synchronize"):  # deprecated, but not replaced
            stack.enter_context(cupyx.allow_synchronize(False))
        stack.enter_context(mock.patch.object(cupy.ndarray, "get", counted))
        yield waits


class Moved:
    """Kernels that take the host's arrays: they go to the device for a call, and what the kernel
    writes comes back."""

    def __init__(self, module):
        self.module = module
        self.kernels = kernels_of(module.zeros(1))

    def __call__(self, name, *arrays, **settings):
        there = [None if a is None else self.module.asarray(a) for a in arrays]
        self.kernels(name, *there, **settings)
        for buffer, array, moved in zip(TABLE[name].arrays, arrays, there, strict=True):
            if buffer.written:
                array[...] = to_numpy(moved)


def same(found, expected, rtol, atol):
    """Whether two lists of arrays are the same but for rounding."""
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)
