"""The operations that NumPy and CuPy do not share, each once.

This list is the whole difference between the two as far as minigen's ops are concerned;
everything else is written once against the common part of both.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy

from minigen.backend import special
from minigen.backend.modules import Array, xp

AT_ONCE = 8  # arrays that CuPy joins without a table
MANY_ROWS = 64  # from which on a product with ones is faster than a sum
PIECE = 128  # numbers that NumPy, too, adds up one after the other, eight sums at a time
SHORT = 16  # numbers: shorter pieces of a long row are not worth it


def scatter_add(total: Array, key: Any, values: Array) -> None:
    """total[key] += values, in place, where positions that ``key`` repeats add up.

    total: array; key: anything that indexes it; values: array of the shape of total[key].
    On a GPU the additions are atomic and their order is not fixed.
    """
    xp(total).add.at(total, key, values)


def scatter_add_rows(total: Array, rows: Array, values: Array) -> None:
    """total[rows[i]] += values[i], in place, for integer rows that may repeat.

    total: (v, d); rows: (n,) integers in 0..v-1; values: (n, d). Sorted sums instead of
    one addition after the other: several times faster than ``add.at`` and deterministic.
    """
    if xp(total) is not numpy:
        scatter_add(total, rows, values)
        return
    if rows.size == 0:
        return
    order = numpy.argsort(rows, kind="stable")
    in_order = rows[order]
    starts = numpy.flatnonzero(numpy.r_[True, in_order[1:] != in_order[:-1]])
    total[in_order[starts]] += numpy.add.reduceat(values.take(order, axis=0), starts, axis=0)


def concatenate(xs: Sequence[Array], axis: int) -> Array:
    """The arrays xs one after the other along axis.

    CuPy joins more than 8 arrays by a table of their addresses, which it sends to the device: no
    captured step can repeat that. So they are joined by eights.
    """
    module = xp(xs[0])
    while module is not numpy and len(xs) > AT_ONCE:
        groups = range(0, len(xs), AT_ONCE)
        xs = [module.concatenate(xs[i : i + AT_ONCE], axis=axis) for i in groups]
    return module.concatenate(xs, axis=axis)


def row_maxima(x: Array) -> Array:
    """The maximum along the last axis, which is kept; NaN where a row holds one.

    NumPy finds the place of a row's maximum several times faster than the maximum itself.
    """
    if xp(x) is numpy and x.ndim and x.flags.c_contiguous:
        return numpy.take_along_axis(x, x.argmax(axis=-1, keepdims=True), axis=-1)
    return x.max(axis=-1, keepdims=True)


def row_sums(x: Array) -> Array:
    """The sum along the last axis, which is kept. x: at least one axis.

    BLAS takes a product with ones several times faster than NumPy adds up many rows. It adds
    number after number, so longer rows are cut into pieces as NumPy cuts them, to stay as exact.
    """
    length = x.shape[-1]
    rows, size = x.size // max(1, length), piece(length)
    if not by_blas(x) or rows < MANY_ROWS or size < min(length, SHORT):
        return x.sum(axis=-1, keepdims=True)
    sums = x.reshape(-1, size) @ numpy.ones(size, dtype=x.dtype)
    sums = sums.reshape((*x.shape[:-1], length // size))
    return sums if size == length else row_sums(sums)


@lru_cache(maxsize=256)
def piece(length: int) -> int:
    """The largest divisor of ``length`` that BLAS adds up as exactly as NumPy: at most PIECE."""
    return max(n for n in range(1, PIECE + 1) if length % n == 0)


def column_sums(x: Array) -> Array:
    """The sums over the rows of a matrix x: (n, m) -> (m,); by BLAS as in ``row_sums``.

    The error grows with n, as that of NumPy's sum over rows does; a single column is added up in
    pieces by NumPy.
    """
    if not by_blas(x) or len(x) < MANY_ROWS or x.shape[1] == 1:
        return x.sum(axis=0)
    return numpy.ones(len(x), dtype=x.dtype) @ x


def by_blas(x: Array) -> bool:
    """Whether NumPy multiplies x as it lies by BLAS."""
    return xp(x) is numpy and x.dtype.char in "fd" and x.flags.c_contiguous


def smallest_number(x: Array) -> Any:
    """The smallest number above 0 that x can hold where it lies: CUDA takes those below the normal
    numbers of float32 for 0, as CuPy compiles its kernels."""
    limits = numpy.finfo(x.dtype)
    flushed = xp(x) is not numpy and x.dtype == numpy.float32
    return limits.smallest_normal if flushed else limits.smallest_subnormal


def erf(x: Array) -> Array:
    """The error function of every element: NumPy has none, CuPy has its own."""
    if xp(x) is numpy:
        return special.erf(x)
    return special.device_erf(x) if xp(x).__name__ == "cupy" else xp(x).erf(x)


def overflow_ignored() -> AbstractContextManager[Any]:
    """A block without NumPy's warnings about overflow, which CuPy never gives: for programs
    that look at their results themselves."""
    return numpy.errstate(over="ignore", invalid="ignore", divide="ignore")


def read_only(x: Array) -> Array:
    """A view of ``x`` that refuses to be written to, where the backend has such views."""
    view = x.view()
    if xp(x) is numpy:
        view.flags.writeable = False
    return view
