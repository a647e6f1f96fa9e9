"""One buffer for all parameters of an update rule, with the parameters as views of it.

An update rule then is a few operations on long vectors: they read like its formula and run at
the speed of memory, however many layers the model has. The gradients are copied into the same
layout piece by piece, while the piece is still in the processor's cache.
"""

from collections.abc import Iterable

from minigen.backend import Array, BackendError, name_of, xp
from minigen.nn.parameter import Parameter
from minigen.optim.check import gradient, label, parameter_list


def _check_alike(params: list[Parameter]) -> None:
    """One float dtype and one backend for all, as one buffer needs it."""
    first = params[0]
    for i, p in enumerate(params):
        if p.dtype.kind != "f":
            raise TypeError(
                f"FlatParameters: parameters must be float32 or float64; {label(p, i)} is "
                f"{p.dtype}; convert it with .astype('float32')"
            )
        if xp(p.array) is not xp(first.array):
            raise BackendError(
                f"FlatParameters: all parameters must be on one backend; {label(first, 0)} is "
                f"on {name_of(xp(first.array))} and {label(p, i)} on {name_of(xp(p.array))}; "
                "move one over before the update rule is made"
            )
        if p.dtype != first.dtype:
            raise TypeError(
                f"FlatParameters: all parameters must have one dtype; {label(first, 0)} is "
                f"{first.dtype} and {label(p, i)} is {p.dtype}; convert one with .astype(), or "
                "make an update rule for each dtype"
            )


class FlatParameters:
    """Parameters moved into one flat buffer ``theta``.

    params: one or more different minigen.nn.Parameter of any shapes, all float32 or all
    float64, all on one backend. Their values are copied into theta, shape (n,), in the given
    order, and each ``p.array`` becomes a view of it: whoever writes to theta moves the
    parameters. Arrays taken from a parameter before (``p.numpy()``) keep the old values.
    Raises TypeError, ValueError or BackendError, naming the parameter, for anything else.
    """

    def __init__(self, params: Iterable[Parameter]) -> None:
        self.params = parameter_list("FlatParameters", params)
        _check_alike(self.params)
        first = self.params[0].array
        size = sum(p.size for p in self.params)
        self.theta = xp(first).empty(size, dtype=first.dtype)
        self._views = self._cut()
        for p, view in zip(self.params, self._views, strict=True):
            view[...] = p.array
            p.array = view

    def _cut(self) -> list[Array]:
        """A view of theta for each parameter, of its shape."""
        views, start = [], 0
        for p in self.params:
            views.append(self.theta[start : start + p.size].reshape(p.shape))
            start += p.size
        return views

    def pieces(self, begin: int, end: int) -> list[tuple[int, slice, slice]]:
        """What of which parameter lies in theta[begin:end]: (position of the parameter, slice
        of its elements, slice of theta[begin:end])."""
        found, start = [], 0
        for i, p in enumerate(self.params):
            low, high = max(begin, start), min(end, start + p.size)
            if low < high:
                elements, place = slice(low - start, high - start), slice(low - begin, high - begin)
                found.append((i, elements, place))
            start += p.size
        return found

    def gradients(self) -> list[Array]:
        """The gradient of every parameter as a vector, not copied where it lies in one piece.

        Raises ValueError for a gradient that is missing or of another shape or dtype, and
        RuntimeError for a parameter that no longer lives in theta; both name the parameter.
        """
        vectors = []
        for i, (p, view) in enumerate(zip(self.params, self._views, strict=True)):
            if p.array is not view:
                raise RuntimeError(
                    f"step: {label(p, i)} no longer lives in this update rule's buffer: another "
                    "update rule or another array took it over; make one update rule per set "
                    "of parameters, after the last change of p.array"
                )
            vectors.append(gradient("step", p, i).reshape(-1))
        return vectors

    def changed(self) -> None:
        """Count a change in place on every parameter.

        Going backward through a graph that used the old values is a GraphError from now on.
        """
        for p in self.params:
            p.mark_changed()
