"""Picking elements by position, and its adjoint: adding elements at positions.

Each primitive here is the other's gradient. Where a position is picked twice, its two
cotangents add up. Positions are checked before they are used, because a GPU wraps positions
that are out of range without a word.
"""

from typing import Any

from minigen.autograd import may_look, primitive
from minigen.backend import (
    Array,
    BackendError,
    is_array,
    name_of,
    on_host,
    scatter_add,
    scatter_add_rows,
    xp,
)


def check_positions(operation: str, positions: Array, size: int, what: str) -> None:
    """Raise TypeError or IndexError unless positions are integers in -size..size-1."""
    if positions.dtype.kind not in "iu":
        raise TypeError(f"{operation}: {what} must be integers; got {positions.dtype}")
    if positions.size == 0:
        return
    low, high = int(positions.min()), int(positions.max())
    if low < -size or high >= size:
        raise IndexError(
            f"{operation}: {what} must lie between {-size} and {size - 1}; got values from "
            f"{low} to {high}"
        )


def _is_basic(key: Any) -> bool:
    """True for keys of numbers, slices, None and ..., which pick no element twice."""
    parts = key if isinstance(key, tuple) else (key,)
    return not any(is_array(p) or isinstance(p, list | tuple) for p in parts)


def _check_key(x: Array, key: Any) -> None:
    """Check the integer arrays in ``key`` against the axes that they index."""
    parts = key if isinstance(key, tuple) else (key,)
    for p in parts:
        if is_array(p) and xp(p) is not xp(x):  # CuPy would upload it at every call
            raise BackendError(
                f"getitem: x and its index must be on one backend; x is on {name_of(xp(x))}, the "
                f"index on {name_of(xp(p))}; move it over with minigen.asarray(...)"
            )
    if any(p is Ellipsis for p in parts) or any(is_array(p) and p.dtype == bool for p in parts):
        return  # axes do not line up with parts; the array library checks masks itself
    axis = 0
    for p in parts:
        if p is None:
            continue
        if is_array(p) and axis < x.ndim:
            check_positions("getitem", p, x.shape[axis], f"positions on axis {axis}")
        axis += 1


@primitive(holomorphic=True)
def getitem(x: Array, *, key: Any) -> Array:
    """y = x[key]    gx = zeros with gy added at key    [E.GETITEM]

    key: as in NumPy: slices, numbers, None, ..., integer arrays, boolean masks.
    """
    if not _is_basic(key):
        _check_key(x, key)
    return x[key]


@getitem.vjp
def _(gy, _y, _x, *, key):
    return put(gy, key=key, shape=_x.shape)


@primitive(holomorphic=True)
def put(x: Array, *, key: Any, shape: tuple[int, ...]) -> Array:
    """y = zeros of ``shape`` with y[key] += x, repeated positions adding up    gx = gy[key]"""
    y = xp(x).zeros(shape, dtype=x.dtype)
    if _is_basic(key):
        y[key] = x
    else:
        scatter_add(y, key, x)
    return y


@put.vjp
def _(gy, _y, _x, *, key, shape):
    return getitem(gy, key=key)


def known(picked: Array, positions: Array, size: int) -> Array:
    """What was picked at positions (...) of an axis of this size; on a device, where they are not
    looked at and a GPU would wrap them without a word, NaN for those out of range."""
    if on_host(picked):
        return picked
    positions = positions.astype("int64", copy=False)  # CuPy: -size and 256 do not fit uint8
    inside = (positions >= -size) & (positions < size)
    inside = inside.reshape(inside.shape + (1,) * (picked.ndim - inside.ndim))
    return xp(picked).where(inside, picked, float("nan"))


@primitive(holomorphic=True)
def embedding(weight: Array, indices: Array) -> Array:
    """y_i = W[indices_i]    gW = zeros with gy_i added to row indices_i    [E.EMBEDDING]

    weight: (v, d), one row for each of v symbols; indices: integers in -v..v-1 of any shape, those
    below 0 counted from the end (...) -> (..., d). Raises TypeError, IndexError for other indices
    (see ``known``).
    """
    size = weight.shape[0]
    if may_look(indices) or indices.dtype.kind not in "iu":
        check_positions("embedding", indices, size, "indices")
    return known(weight[indices], indices, size)


@embedding.vjp("weight")
def _(gy, _y, _weight, indices):
    return put_rows(gy, indices, rows=_weight.shape[0])


@primitive(holomorphic=True)
def put_rows(x: Array, indices: Array, *, rows: int) -> Array:
    """y = zeros (rows, d) with x_i added to row indices_i    gx_i = gy[indices_i]"""
    y = xp(x).zeros((rows, x.shape[-1]), dtype=x.dtype)
    positions = indices.reshape(-1).astype("int64") % rows  # uint8 could not hold rows = 256
    scatter_add_rows(y, positions, x.reshape(-1, x.shape[-1]))
    return y


@put_rows.vjp("x")
def _(gy, _y, _x, indices, *, rows):
    return embedding(gy, indices)
