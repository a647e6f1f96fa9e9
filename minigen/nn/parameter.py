"""A parameter: a leaf tensor that a module owns and an update rule moves."""

from typing import Any

from minigen.creation import tensor
from minigen.tensor import Tensor


class Parameter(Tensor, leaf=True):
    """A trainable tensor. It requires a gradient unless it is frozen.

    values: array, list or tensor (copied). name: what errors call it; a module sets it to the
    attribute's name. Results of operations on a parameter are plain tensors.
    """

    __slots__ = ("name",)

    def __init__(self, values: Any, name: str = "") -> None:
        super().__init__(tensor(values).array)
        self.name = name
        self.requires_grad = True

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameter":
        """The same values and name, and a node of its own: ``copy.deepcopy`` of a model works."""
        copied = Parameter(self, self.name)
        copied.requires_grad = self.requires_grad
        return copied

    def __repr__(self) -> str:
        return f"Parameter {self.name or 'unnamed'} {self.shape} {self.dtype}"
