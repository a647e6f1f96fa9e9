"""Traced values, and the nodes that remember how they were computed."""

import itertools
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Optional

from minigen.backend import Array

if TYPE_CHECKING:  # for the reader and the type checker only: primitive.py imports this file
    from minigen.autograd.primitive import Primitive

_order = itertools.count()


class Traced:
    """An array and the node that computed it (None where no gradient is wanted).

    ``Tensor`` adds the operators. ``array`` is the raw array; whoever writes to it in place
    must count it (``mark_changed``), or a later backward pass could use changed values.
    """

    __slots__ = ("__weakref__", "array", "grad", "node", "version")
    result_type: ClassVar[type["Traced"]]  # what primitives return for arguments of this class

    def __init_subclass__(cls, leaf: bool = False) -> None:
        if not leaf:
            cls.result_type = cls

    def __init__(self, array: Array, node: "Node | None" = None) -> None:
        self.array = array
        self.node = node
        self.grad: Traced | None = None
        self.version = [0]  # shared by every value that shares the memory

    def mark_changed(self) -> None:
        """Count one change in place."""
        self.version[0] += 1


class Node:
    """One call of a primitive, or a leaf (primitive None) where gradients are collected."""

    __slots__ = (
        "changes", "dtype", "leaf", "order", "output", "parents", "primitive", "released",
        "saved", "settings", "shape",
    )  # fmt: skip
    leaf: "weakref.ref[Traced]"  # of a leaf: who collects the gradient
    saved: Sequence[Any]  # what the rules need of the arguments
    settings: dict[str, Any]  # the keyword arguments of the call

    def __init__(
        self, primitive: Optional["Primitive"], y: Array, parents: tuple[Optional["Node"], ...]
    ) -> None:
        self.primitive = primitive
        self.parents = parents
        self.shape: tuple[int, ...] = y.shape
        self.dtype = y.dtype
        self.order = next(_order)
        self.released = False
        self.output: Array | None = None
        self.changes: list[tuple[list[int], int, int]] = []  # (counter, value then, argument)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def name(self) -> str:
        return "leaf" if self.primitive is None else self.primitive.name

    def release(self) -> None:
        """Forget the saved values; the node stays as a mark that it was used."""
        self.saved, self.settings, self.output, self.changes = (), {}, None, []
        self.released = True


def leaf_node(traced: Traced) -> Node:
    """A node for ``traced`` as an input of graphs; it does not keep ``traced`` alive."""
    node = Node(None, traced.array, ())
    node.leaf = weakref.ref(traced)
    return node
