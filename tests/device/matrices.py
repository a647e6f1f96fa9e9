"""Matrices that lie in memory in all the ways that a product may meet, and stacks of them."""

import numpy as np


def numbers(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def wide(*shape):
    """Where a view of this shape is cut out of: three times as large on every axis."""
    return numbers(*(3 * n for n in shape), seed=3)


WAYS = {  # of lying in memory: (rows, columns) -> such an array
    "row after row": lambda n, m: numbers(n, m),
    "column after column": lambda n, m: numbers(m, n).T,
    "some columns of more": lambda n, m: wide(n, m)[:n, m : 2 * m],
    "some rows of the transposed": lambda n, m: wide(m, n)[m : 2 * m, :n].T,
    "every second row": lambda n, m: wide(n, m)[: 2 * n : 2, :m],
    "every second column": lambda n, m: wide(n, m)[:n, : 2 * m : 2],
    "every second of both": lambda n, m: wide(n, m)[: 2 * n : 2, : 2 * m : 2],
    "rows upwards": lambda n, m: numbers(n, m)[::-1],
    "columns backwards": lambda n, m: numbers(n, m)[:, ::-1],
    "one row again and again": lambda n, m: np.broadcast_to(numbers(1, m), (n, m)),
    "one column again and again": lambda n, m: np.broadcast_to(numbers(n, 1), (n, m)),
    "windows that overlap": lambda n, m: np.ndarray(
        (n, m), buffer=numbers(n + m - 1), strides=(8, 8)),
}  # fmt: skip
SIZES = [(2, 3, 4), (1, 3, 4), (2, 1, 4), (2, 3, 1), (1, 1, 3), (3, 1, 1), (1, 4, 1), (1, 1, 1)]

BATCHES = {  # pairs of stacks of matrices, whose leading axes broadcast
    "one axis": (numbers(5, 2, 3), numbers(5, 3, 4)),
    "two axes": (numbers(2, 5, 2, 3), numbers(2, 5, 3, 4)),
    "one matrix on the right": (numbers(5, 2, 3), numbers(3, 4)),
    "one matrix on the left": (numbers(2, 3), numbers(5, 3, 4)),
    "one of a stack on the left": (numbers(1, 2, 3), numbers(5, 3, 4)),
    "both repeated": (numbers(5, 1, 2, 3), numbers(4, 3, 2)),
    "a repeated view": (np.broadcast_to(numbers(2, 3), (5, 2, 3)), numbers(5, 3, 4)),
    "transposed": (numbers(5, 3, 2).swapaxes(1, 2), numbers(5, 4, 3).swapaxes(1, 2)),
    "every second": (numbers(10, 2, 3)[::2], numbers(5, 3, 4)),
    "backwards": (numbers(5, 2, 3)[::-1], numbers(5, 3, 4)),
    "axes exchanged": (numbers(5, 2, 2, 3).swapaxes(0, 1), numbers(2, 5, 3, 4)),
    "stacked last": (numbers(2, 3, 5).transpose(2, 0, 1), numbers(3, 4, 5).transpose(2, 0, 1)),
    "axes of size 1": (numbers(1, 5, 2, 3).swapaxes(0, 1), numbers(5, 1, 3, 4)),
    "single rows": (numbers(5, 1, 3), numbers(5, 3, 1)),
    "single numbers": (numbers(5, 1, 1), numbers(5, 1, 1)),
    "a stack of one": (numbers(1, 2, 3), numbers(1, 3, 4)),
}


def memory_of(x):
    """All the memory that x is a view of, as one row, and where in it x begins."""
    whole = x
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    start = (x.ctypes.data - whole.ctypes.data) // x.itemsize
    return np.ascontiguousarray(whole).reshape(-1), start


def in_type(x, dtype, move=np.asarray, strided=np.lib.stride_tricks.as_strided):
    """x in another type, its strides kept: a copy of all the memory that it is a view of.

    move, strided: what brings that memory elsewhere, and takes views there.
    """
    flat, start = memory_of(x)
    flat = move(flat.astype(dtype))
    return strided(flat[start:], x.shape, tuple(s // x.itemsize * flat.itemsize for s in x.strides))
