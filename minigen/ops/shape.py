"""Moving elements without computing: each op here has another one as its gradient.

reshape and transpose undo themselves, pad is undone by a slice, concatenate by slices,
broadcasting by a sum, repeat by a sum over the copies.
"""

import math
from operator import index
from typing import Any

from minigen import backend
from minigen.autograd import primitive
from minigen.backend import Array, contiguous, xp


def shape_of(operation: str, argument: str, x: Any) -> tuple[int, ...]:
    """x's shape. Raises TypeError, naming the argument, for lists and other things without."""
    if not hasattr(x, "shape"):
        raise TypeError(
            f"{operation}: every argument must be a tensor or an array; {argument} is a "
            f"{type(x).__name__}; make it a tensor with minigen.tensor(...)"
        )
    return tuple(x.shape)


def floats(operation: str, **arguments: Any) -> None:
    """Raise TypeError for arrays of integers, whose sums and signs may not fit them."""
    for name, x in arguments.items():
        if hasattr(x, "dtype") and x.dtype.kind not in "fc":
            raise TypeError(
                f"{operation}: {name} must be floating-point; got {x.dtype}; convert it with "
                ".astype('float32')"
            )


@primitive(holomorphic=True)
def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = x's elements in another shape    gx = gy in x's shape"""
    return x.reshape(shape)


@reshape.vjp
def _(gy, _y, _x, *, shape):
    return gy.reshape(_x.shape)


@primitive(holomorphic=True)
def flatten(x: Array) -> Array:
    """y = each example as one row: (n, ...) -> (n, numbers)    gx = gy in x's shape"""
    return contiguous(x).reshape(len(x), math.prod(x.shape[1:]))


@flatten.vjp
def _(gy, _y, _x):
    return unflatten(gy, shape=tuple(_x.shape[1:]))


@primitive(holomorphic=True)
def unflatten(x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = each row in this shape: (n, numbers) -> (n, *shape)    gx = gy as rows

    Images, of shape (c, h, w), come to lie channels last in memory, as convolution likes them.
    """
    y = x.reshape(len(x), *shape)
    if len(shape) == 3 and shape[0] > 1:
        return contiguous(y.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return y


@unflatten.vjp
def _(gy, _y, _x, *, shape):
    return flatten(gy)


@primitive(holomorphic=True)
def transpose(x: Array, *, axes: tuple[int, ...]) -> Array:
    """y[..., i_axes[k], ...] = x[..., i_k, ...]    gx = gy with the axes put back"""
    return x.transpose(axes)


@transpose.vjp
def _(gy, _y, _x, *, axes):
    back = sorted(range(len(axes)), key=lambda i: axes[i] % len(axes))
    return gy.transpose(tuple(back))


def swapaxes(x: Any, i: int, j: int) -> Any:
    """x with axes i and j exchanged."""
    axes = list(range(len(x.shape)))
    axes[i], axes[j] = axes[j], axes[i]
    return transpose(x, axes=tuple(axes))


@primitive(holomorphic=True)
def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = x repeated along axes of size 1 and new leading axes    gx = sum over the copies"""
    if x.ndim > len(shape):
        raise ValueError(f"broadcast_to: x {x.shape} has more axes than the shape {shape}")
    y = xp(x).empty(shape, dtype=x.dtype)  # a real array: operations on it run at full speed
    y[...] = x
    return y


@broadcast_to.vjp
def _(gy, _y, _x, *, shape):
    return gy  # the tape sums it to x's shape, as for every op that broadcasts


@primitive(holomorphic=True)
def flip(x: Array, *, axis: int | tuple[int, ...]) -> Array:
    """y = x in reverse order along axis    gx = gy in reverse order"""
    return xp(x).flip(x, axis)


@flip.vjp
def _(gy, _y, _x, *, axis):
    return flip(gy, axis=axis)


@primitive(holomorphic=True)
def repeat(x: Array, *, repeats: int, axis: int) -> Array:
    """y = every element along axis ``repeats`` times in a row    gx = sum over the copies

    repeats: one integer for all elements. Raises TypeError for a list.
    """
    index(repeats)
    return xp(x).repeat(x, repeats, axis=axis)


@repeat.vjp
def _(gy, _y, _x, *, repeats, axis):
    axis = axis % len(_x.shape)
    copies = (*_x.shape[: axis + 1], repeats, *_x.shape[axis + 1 :])
    return gy.reshape(copies).sum(axis=axis + 1)


@primitive(holomorphic=True)
def pad(x: Array, *, widths: tuple[tuple[int, int], ...], value: float = 0.0) -> Array:
    """y = x inside a border of ``value``    gx = gy without the border

    widths: (before, after) for every axis, integers >= 0.
    """
    if len(widths) != x.ndim or any(before < 0 or after < 0 for before, after in widths):
        raise ValueError(
            "pad: widths must hold one pair (before, after) >= 0 for every axis; got "
            f"{widths} for x {x.shape}"
        )
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    if x.dtype.kind in "iub" and not (math.isfinite(value) and x.dtype.type(value) == value):
        raise TypeError(
            f"pad: the border's value must be {x.dtype} as x is; got {value}; convert x with "
            ".astype('float32')"
        )
    y = xp(x).full(shape, value, dtype=x.dtype)
    y[_inside(x.shape, widths)] = x
    return y


def _inside(shape: tuple[int, ...], widths: tuple[tuple[int, int], ...]) -> tuple[slice, ...]:
    return tuple(slice(b, b + n) for n, (b, _) in zip(shape, widths, strict=True))


@pad.vjp
def _(gy, _y, _x, *, widths, value=0.0):
    return gy[_inside(_x.shape, widths)]


@primitive(name="concatenate", holomorphic=True)
def _concatenate(*xs: Array, axis: int) -> Array:
    return backend.concatenate(xs, axis)


@_concatenate.vjp
def _(gy, _y, *_xs, index, axis):
    start = sum(x.shape[axis] for x in _xs[:index])
    key = [slice(None)] * len(gy.shape)
    key[axis] = slice(start, start + _xs[index].shape[axis])
    return gy[tuple(key)]


def concatenate(xs: Any, axis: int = 0) -> Any:
    """The arrays xs one after the other along axis    gx_i = gy's i-th stretch

    xs: a sequence of at least one tensor or array whose shapes agree but along axis.
    Raises ValueError for no arrays and for shapes that do not fit.
    """
    xs = list(xs)
    if not xs:
        raise ValueError("concatenate: needs at least one array; got none")
    shapes = [shape_of("concatenate", f"xs[{i}]", x) for i, x in enumerate(xs)]
    for i, shape in enumerate(shapes):
        axes = range(len(shapes[0]))
        if len(shape) != len(axes) or any(
            shape[a] != shapes[0][a] for a in axes if a != axis % max(len(axes), 1)
        ):
            raise ValueError(
                f"concatenate: all shapes must agree but along axis {axis}; xs[0] is "
                f"{shapes[0]}, xs[{i}] is {shape}"
            )
    return _concatenate(*xs, axis=axis)


def stack(xs: Any, axis: int = 0) -> Any:
    """The arrays xs, of one shape, along a new axis    gx_i = gy's i-th layer

    Raises ValueError for no arrays, for shapes that differ and for an axis that is not there.
    """
    xs = list(xs)
    shapes = [shape_of("stack", f"xs[{i}]", x) for i, x in enumerate(xs)]
    if len(set(shapes)) != 1:
        raise ValueError(f"stack: needs arrays of one shape; got {shapes}")
    ndim = len(shapes[0]) + 1
    if not -ndim <= axis < ndim:
        raise ValueError(f"stack: axis must lie between {-ndim} and {ndim - 1}; got {axis}")
    shape = list(shapes[0])
    shape.insert(axis % ndim, 1)
    return concatenate([x.reshape(tuple(shape)) for x in xs], axis=axis % ndim)


def split(x: Any, parts: int, axis: int = 0) -> list[Any]:
    """x cut into ``parts`` equal pieces along axis: the inverse of ``concatenate``.

    Raises ValueError if the axis does not divide by parts.
    """
    n = x.shape[axis]
    if parts < 1 or n % parts != 0:
        raise ValueError(f"split: axis {axis} of {tuple(x.shape)} must divide by parts={parts}")
    key: list[Any] = [slice(None)] * len(x.shape)
    pieces = []
    for i in range(parts):
        key[axis] = slice(i * (n // parts), (i + 1) * (n // parts))
        pieces.append(x[tuple(key)])
    return pieces
