"""Floor 3: making tensors. New arrays are made on the active backend."""

import operator
from typing import Any

from minigen import backend
from minigen.autograd import Traced
from minigen.backend import is_array
from minigen.ops.precision import FLOATS
from minigen.tensor import DEFAULT_FLOAT, Tensor


def tensor(values: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor on the active backend from numbers, nested lists, an array or a tensor (copied).

    dtype: "float32", "float64", an integer type or bool. By default lists and numbers become
    float32 or int64, arrays keep their type. requires_grad: collect gradients here.
    Raises TypeError for values that are not numbers, for types other than these, and for a
    gradient asked of integers; ValueError for nested lists of unequal lengths.
    """
    raw = values.array if isinstance(values, Traced) else values
    made_of_numbers = not is_array(raw) and not hasattr(values, "dtype")
    try:
        array = backend.asarray(raw, dtype=dtype)
    except ValueError as error:
        raise ValueError(
            "tensor: values must be numbers in lists of equal lengths; got "
            f"{type(values).__name__} ({error})"
        ) from error
    if dtype is None and made_of_numbers and array.dtype.kind == "f":
        array = array.astype(DEFAULT_FLOAT)
    if array.dtype.kind not in "biu" and array.dtype.name not in FLOATS:
        raise TypeError(
            "tensor: values must be numbers of type float32, float64, integer or bool; got "
            f"{array.dtype} from {type(values).__name__}; pass dtype='float32'"
        )
    result = Tensor(array.copy())
    result.requires_grad = requires_grad
    return result


def zeros(shape: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return tensor(backend.active().zeros(shape, dtype=dtype), requires_grad=requires_grad)


def ones(shape: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return tensor(backend.active().ones(shape, dtype=dtype), requires_grad=requires_grad)


def arange(start: int, stop: int | None = None, step: int = 1) -> Tensor:
    """Integers start, start + step, ... below stop, as an int64 tensor; arange(n) is 0..n-1.

    Raises TypeError for other numbers, as rounding would decide how many there are, and ValueError
    for a step of 0.
    """
    for value in (start, stop, step):
        if value is not None:
            try:
                operator.index(value)
            except TypeError:
                raise TypeError(
                    f"arange: start, stop and step must be integers; got {value!r}; multiply "
                    "integers by the step, as in minigen.arange(10).astype('float32') * 0.1"
                ) from None
    if step == 0:
        raise ValueError("arange: step must be an integer other than 0; got 0")
    first, last = (0, start) if stop is None else (start, stop)
    return tensor(backend.active().arange(first, last, step, dtype="int64"))
