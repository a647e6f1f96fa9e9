"""Calling the kernels of ``lstm.c`` on NumPy arrays.

Nothing reaches them that is not a whole float32 array, or int64 lengths: a kernel given anything
else reads or writes other arrays' memory.
"""

import ctypes
from functools import lru_cache
from typing import Any

import numpy

from minigen.backend import compiler
from minigen.backend.modules import Array

ALIGNED = 64  # bytes, the largest vector: one that lies across two cache lines takes twice as long
TYPES = (numpy.dtype("float32"), numpy.dtype("int64"))


class HostKernels:
    """``kernels(name, *arrays, **sizes)`` calls a compiled kernel in this thread.

    library: the compiled kernels. lanes: how many numbers the processor computes at once. The sizes
    are named for the reader; they go in the order in which the text takes them.
    Raises TypeError, naming kernel and position, for an array that is not whole in memory in the
    order of its axes, or of another type than float32 and int64.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        self.lanes = library.lanes()

    def __call__(self, name: str, *arrays: Array | None, **sizes: int) -> None:
        for position, a in enumerate(arrays):
            if a is not None and not (
                type(a) is numpy.ndarray and a.dtype in TYPES and a.flags.c_contiguous
            ):
                raise TypeError(
                    f"{name}: argument {position} must be a contiguous NumPy array of float32 or "
                    f"int64; got {described(a)}; pass numpy.ascontiguousarray of it"
                )
        pointers = [ctypes.c_void_p(None if a is None else a.ctypes.data) for a in arrays]
        getattr(self.library, name)(*pointers, *map(ctypes.c_int64, sizes.values()))


def described(a: Any) -> str:
    """What ``a`` is, in a few words."""
    if type(a) is not numpy.ndarray:
        return type(a).__name__
    whole = "" if a.flags.c_contiguous else " with gaps or in another order"
    return f"{a.dtype} {a.shape}{whole}"


def aligned(*shape: int) -> Array:
    """An empty float32 array that starts where a vector does."""
    size = int(numpy.prod(shape, dtype=int))
    room = numpy.empty(4 * size + ALIGNED, dtype="uint8")
    start = -room.ctypes.data % ALIGNED
    return room[start : start + 4 * size].view("float32").reshape(shape)


def host_kernels_of(x: Array) -> Any:
    """The ``HostKernels`` that compute with x: None unless x is float32 and on the host, and
    there is a C compiler (``compiler.py``)."""
    if type(x) is not numpy.ndarray or x.dtype != "float32":
        return None
    return kernels_in(compiler.library())


@lru_cache(maxsize=1)
def kernels_in(library: Any) -> HostKernels | None:
    """The kernels of a library, None without one; made once."""
    return None if library is None else HostKernels(library)
