"""Floor 3: the tensor, a traced array with operators.

Every operator is one primitive from ``ops``; nothing is computed here. A tensor made by the
user is a leaf; with ``requires_grad=True`` everything computed from it is recorded, and
``backward`` leaves the gradient in its ``.grad``.
"""

from collections.abc import Iterator
from typing import Any

from minigen import autograd, backend, ops
from minigen.autograd import GraphError, Traced, leaf_node
from minigen.backend import Array, is_array, read_only, to_numpy
from minigen.methods import NumpyMethods
from minigen.values import KINDS, kind_of, raw, raw_key

DEFAULT_FLOAT = "float32"
REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
    "power": "__rpow__", "matmul": "__rmatmul__", "less": "__gt__", "less_equal": "__ge__",
    "greater": "__lt__", "greater_equal": "__le__", "equal": "__eq__", "not_equal": "__ne__",
}  # fmt: skip


class Tensor(NumpyMethods):
    """A multi-dimensional array that remembers how it was computed.

    Made by ``minigen.tensor`` and by every operation on a tensor. ``grad``: a tensor of the
    same shape after ``backward``, None before; it adds up over calls.
    """

    __slots__ = ()

    # ------------------------------------------------------------ what it is
    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def size(self) -> int:
        return self.array.size

    @property
    def data(self) -> Array:
        """The array, read-only (on a GPU: by agreement): write with ``assign``."""
        return read_only(self.array)

    @property
    def is_leaf(self) -> bool:
        return self.node is None or self.node.primitive is None

    @property
    def requires_grad(self) -> bool:
        """True if gradients flow to or through this tensor. Can be set on leaves."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not self.is_leaf:
            raise GraphError(
                "requires_grad: can be set on leaves only; this tensor is the result of "
                f"{self.node.name if self.node else ''}; use detach() for a tensor without graph"
            )
        if wanted and self.dtype.kind not in "fc":
            raise TypeError(
                f"requires_grad: only floating-point tensors have gradients; this one is "
                f"{self.dtype}; convert it with .astype('float32')"
            )
        if wanted and self.node is None:
            self.node = leaf_node(self)
        elif not wanted:
            self.node = None

    def numpy(self) -> Any:
        """The values as a NumPy array, read-only. Copies from the device on a GPU."""
        return read_only(to_numpy(self.array))

    def item(self) -> Any:
        """The one element as a Python number. Raises ValueError for any other size."""
        if self.size != 1:
            raise ValueError(f"item: the tensor must have one element; got shape {self.shape}")
        return self.array.item()

    def detach(self) -> "Tensor":
        """The same values (shared memory) without the graph: gradients stop here."""
        result = Tensor(self.array)
        result.version = self.version
        return result

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        """A leaf of its own with the same values, so that ``copy.deepcopy`` of a model works."""
        if not self.is_leaf:
            raise GraphError("deepcopy: only leaves can be copied; use x.detach() first")
        copied = Tensor(self.array.copy())
        copied.requires_grad = self.requires_grad
        return copied

    def __repr__(self) -> str:
        text = repr(to_numpy(self.array))
        body = text[len("array(") : text.rindex(")")].split("dtype=")[0].rstrip(" ,\n")
        parts = [body, "" if self.dtype == DEFAULT_FLOAT else f"dtype={self.dtype}"]
        if self.node is not None:
            parts.append("requires_grad=True" if self.is_leaf else f"op={self.node.name}")
        return f"tensor({', '.join(p for p in parts if p)})".replace("\n      ", "\n       ")

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator["Tensor"]:
        if self.ndim == 0:
            raise TypeError("iteration: a tensor without axes has no elements to go through")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.array)  # NumPy's own error where there is more than one element

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # ------------------------------------------------------------ NumPy meets a tensor
    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "numpy: a tensor does not turn into an array by itself, for its gradient would be "
            "lost; write x.numpy(), or use minigen's function of the same name"
        )

    def __array_function__(self, function: Any, *_: Any, **__: Any) -> Any:
        raise TypeError(
            f"numpy.{function.__name__} does not trace tensors; use minigen.{function.__name__} "
            "if there is one, or x.numpy() for a plain array"
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        reflected = REFLECTED.get(ufunc.__name__)
        plain = method == "__call__" and not more and len(inputs) == 2
        if plain and reflected and inputs[1] is self:
            return getattr(self, reflected)(inputs[0])  # array + tensor
        raise TypeError(
            f"numpy.{ufunc.__name__} does not trace tensors; use minigen.{ufunc.__name__} "
            "if there is one, or x.numpy() for a plain array"
        )

    # ------------------------------------------------------------ gradients
    def backward(
        self,
        cotangent: Any = None,
        inputs: Any = None,
        retain_graph: bool = False,
        create_graph: bool = False,
    ) -> None:
        """Add this tensor's gradient to ``.grad`` of its leaves: see ``autograd.backward``."""
        autograd.backward(self, cotangent, inputs, retain_graph, create_graph)

    # ------------------------------------------------------------ changes in place
    def _writable(self, operation: str, values: Any) -> Any:
        """The array of ``values``, once it is known that writing it in loses nothing."""
        if isinstance(values, Traced) and values.node is not None and autograd.is_recording():
            raise GraphError(
                f"{operation}: values written in place lose their gradient, and these have a "
                "graph; pass values.detach(), or build the result with minigen.where, stack or "
                "concatenate"
            )
        new = raw(values)
        holds = KINDS.index(self.dtype.kind.replace("u", "i"))
        if not is_array(new) and KINDS.index(kind_of(new)) > holds:  # a number, or a list
            raise TypeError(
                f"{operation}: the new values must be {self.dtype}; got {new!r}; convert one"
            )
        if is_array(new) and new.dtype != self.dtype:
            raise TypeError(
                f"{operation}: the new values must be {self.dtype}; got {new.dtype}; convert "
                f"them with .astype({self.dtype.name!r})"
            )
        return new

    def assign(self, values: Any) -> None:
        """Overwrite the values in place; shape and dtype stay.

        values: tensor, array or number that has exactly this shape (a number fills). Counted:
        going backward through an earlier use of the old values is an error from now on.
        """
        new = self._writable("assign", values)
        shape = getattr(new, "shape", ())
        if shape != self.shape and not isinstance(new, int | float):
            raise ValueError(
                f"assign: the new values must have shape {self.shape}; got "
                f"{shape if is_array(new) else type(new).__name__}"
            )
        self.array[...] = new
        self.mark_changed()

    def _in_place(self, operation: str, y: Any, result: "Tensor") -> "Tensor":
        """x += y: recorded as x = x + y where a graph is being built, in place otherwise."""
        if not autograd.is_recording():
            self.assign(result)
            return self
        if self.is_leaf and self.requires_grad:
            raise GraphError(
                f"{operation}: a leaf that requires a gradient cannot be changed while the "
                "graph is recorded; write it inside 'with minigen.no_grad():'"
            )
        return result

    def __iadd__(self, y: Any) -> "Tensor":
        return self._in_place("+=", y, self + y)

    def __isub__(self, y: Any) -> "Tensor":
        return self._in_place("-=", y, self - y)

    def __imul__(self, y: Any) -> "Tensor":
        return self._in_place("*=", y, self * y)

    def __itruediv__(self, y: Any) -> "Tensor":
        return self._in_place("/=", y, self / y)

    def __setitem__(self, key: Any, values: Any) -> None:
        if self.requires_grad and autograd.is_recording():
            raise GraphError(
                "setitem: writing into a tensor that requires a gradient is not recorded; use "
                "minigen.where or concatenate, or write inside 'with minigen.no_grad():'"
            )
        self.array[raw_key(key)] = self._writable("setitem", values)
        self.mark_changed()

    # ------------------------------------------------------------ operators
    def __neg__(self) -> Any:
        return ops.negative(self)

    def __abs__(self) -> Any:
        return ops.absolute(self)

    def __add__(self, y: Any) -> Any:
        return ops.add(self, y)

    def __radd__(self, x: Any) -> Any:
        return ops.add(x, self)

    def __sub__(self, y: Any) -> Any:
        return ops.subtract(self, y)

    def __rsub__(self, x: Any) -> Any:
        return ops.subtract(x, self)

    def __mul__(self, y: Any) -> Any:
        return ops.multiply(self, y)

    def __rmul__(self, x: Any) -> Any:
        return ops.multiply(x, self)

    def __truediv__(self, y: Any) -> Any:
        return ops.divide(self, y)

    def __rtruediv__(self, x: Any) -> Any:
        return ops.divide(x, self)

    def __pow__(self, p: Any) -> Any:
        return ops.power(self, p)

    def __rpow__(self, x: Any) -> Any:
        return ops.power(x, self)

    def __matmul__(self, b: Any) -> Any:
        return ops.matmul(self, b)

    def __rmatmul__(self, a: Any) -> Any:
        return ops.matmul(a, self)

    def __getitem__(self, key: Any) -> Any:
        return ops.getitem(self, key=raw_key(key, own=self.node is not None))

    # Comparisons give boolean tensors without a graph.
    def __eq__(self, y: object) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array == raw(y)))

    def __ne__(self, y: object) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array != raw(y)))

    def __lt__(self, y: Any) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array < raw(y)))

    def __le__(self, y: Any) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array <= raw(y)))

    def __gt__(self, y: Any) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array > raw(y)))

    def __ge__(self, y: Any) -> Any:
        return Tensor(backend.xp(self.array).asarray(self.array >= raw(y)))

    __hash__ = object.__hash__
