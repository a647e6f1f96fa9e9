"""Floor 3: NumPy's methods, for tensors. Each is the operation of the same name."""

from typing import Any

from minigen import ops
from minigen.autograd import Traced


def _shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Both x.reshape(2, 3) and x.reshape((2, 3))."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes


class NumpyMethods(Traced, leaf=True):
    """The methods that a traced array has in common with NumPy's arrays."""

    __slots__ = ()

    def sum(self, axis: ops.Axis = None, keepdims: bool = False) -> Any:
        return ops.reduce_sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: ops.Axis = None, keepdims: bool = False) -> Any:
        return ops.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: ops.Axis = None, keepdims: bool = False, correction: int = 0) -> Any:
        return ops.var(self, axis=axis, keepdims=keepdims, correction=correction)

    def max(self, axis: ops.Axis = None, keepdims: bool = False) -> Any:
        return ops.reduce_max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: ops.Axis = None, keepdims: bool = False) -> Any:
        return ops.reduce_min(self, axis=axis, keepdims=keepdims)

    def exp(self) -> Any:
        return ops.exp(self)

    def log(self) -> Any:
        return ops.log(self)

    def sqrt(self) -> Any:
        return ops.sqrt(self)

    def tanh(self) -> Any:
        return ops.tanh(self)

    def clip(self, low: float | None = None, high: float | None = None) -> Any:
        return ops.clip(self, low=low, high=high)

    def astype(self, dtype: Any) -> Any:
        return ops.astype(self, dtype=dtype)

    def reshape(self, *shape: Any) -> Any:
        return ops.reshape(self, shape=_shape(shape))

    def transpose(self, *axes: Any) -> Any:
        return ops.transpose(self, axes=_shape(axes) or tuple(range(self.array.ndim))[::-1])

    @property
    def T(self) -> Any:
        return self.transpose()

    def swapaxes(self, i: int, j: int) -> Any:
        return ops.swapaxes(self, i, j)

    def repeat(self, repeats: int, axis: int) -> Any:
        return ops.repeat(self, repeats=repeats, axis=axis)
