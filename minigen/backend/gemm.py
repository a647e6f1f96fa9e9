"""Matrix products, wherever the matrices lie.

CuPy's own product refuses to run while a step is captured; cuBLAS itself does not (``cublas.py``).
"""

import numpy

from minigen.backend import cublas
from minigen.backend.modules import Array, name_of, xp


class OwnProducts:
    """Whether products on a GPU are asked of cuBLAS itself: while steps are captured, and in the
    steps before, so that the functions which a graph repeats have been loaded when it is made."""

    now = False


def gemm(a: Array, b: Array, out: Array | None = None) -> Array:
    """a @ b, arrays of two axes or more, into ``out`` if it is given.

    On the host in this thread alone: ``product`` shares a large one out.
    """
    module = xp(a)
    if module is numpy:
        return numpy.matmul(a, b, out=out)
    name = name_of(module)
    if name == "double":
        return module.gemm(a, b, out=out) if out is not None else module.gemm(a, b)
    if name == "cupy" and OwnProducts.now and cublas.multiplies(a, b):
        return cublas.blas().gemm(a, b, out)
    return module.matmul(a, b, out=out)
