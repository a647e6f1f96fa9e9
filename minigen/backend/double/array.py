"""The arrays of the device double, and how an operation runs on them."""

from typing import Any

import numpy

from minigen.backend.common import INFIX, METHODS
from minigen.backend.double.tally import tally

PLAIN = (numpy.ndarray, numpy.generic)
UFUNCS = {  # what an operator is called where the right side is an array of another kind
    "__add__": numpy.add, "__sub__": numpy.subtract, "__mul__": numpy.multiply,
    "__truediv__": numpy.divide, "__pow__": numpy.power, "__matmul__": numpy.matmul,
    "__lt__": numpy.less, "__le__": numpy.less_equal, "__gt__": numpy.greater,
    "__ge__": numpy.greater_equal, "__eq__": numpy.equal, "__ne__": numpy.not_equal,
}  # fmt: skip


LIBRARY = ("matmul", "__matmul__", "__rmatmul__", "einsum", "cholesky", "qr", "cov")


class MixedError(TypeError):
    """A host array, or a host function, met an array of the device."""


def host_of(operation: str, x: Any, where: str) -> Any:
    """What NumPy computes with in the place of the argument ``x``; lists and tuples inside too."""
    if type(x) is DeviceArray:
        return x.memory
    if isinstance(x, numpy.ndarray):
        raise MixedError(
            f"{operation}: {where} is a NumPy array of shape {x.shape} on the host, others are on "
            "the device; move it over with minigen.asarray(...)"
        )
    if isinstance(x, list | tuple):
        return type(x)(host_of(operation, each, f"{where}[{i}]") for i, each in enumerate(x))
    return x


def device_arrays(x: Any) -> list["DeviceArray"]:
    """The device arrays in an argument, also those inside a list."""
    if isinstance(x, list | tuple):
        return [found for each in x for found in device_arrays(each)]
    return [x] if type(x) is DeviceArray else []


def run(operation: str, function: Any, args: tuple, settings: dict[str, Any]) -> Any:
    """function(*args, **settings) on the device: the result as a device array."""
    if operation in LIBRARY:
        tally.library(operation)
    hosts = [host_of(operation, x, f"argument {i + 1}") for i, x in enumerate(args)]
    given = {name: host_of(operation, x, name) for name, x in settings.items()}
    out = settings.get("out")
    if out is not None:
        tally.write(operation, lambda: function(*hosts, **given), given["out"])
        return out
    result = function(*hosts, **given)
    if isinstance(result, tuple):
        return tuple(_wrapped(operation, r, args, lambda: None) for r in result)
    _check_precision(operation, result, hosts, given)
    return _wrapped(operation, result, args, lambda: function(*hosts, **given))


def _check_precision(operation: str, result: Any, hosts: list[Any], settings: Any) -> None:
    """Raise TypeError where a NumPy scalar has turned float32 into float64."""
    kinds = {h.dtype for h in hosts if isinstance(h, numpy.ndarray)}
    dtype = getattr(result, "dtype", None)
    asked = operation in ("astype", "cov") or "dtype" in settings
    if dtype == numpy.float64 and kinds == {numpy.dtype("float32")} and not asked:
        raise TypeError(
            f"{operation}: float32 must not become float64 by itself; a NumPy scalar among the "
            "arguments does that; use float(...) or math"
        )


def _wrapped(operation: str, result: Any, args: tuple, again: Any) -> "DeviceArray":
    """``result`` as a device array that knows of which one it is a view."""
    memory = numpy.asarray(result)
    for each in device_arrays(args):
        if memory is each.memory:  # nothing had to be done
            return each
        if numpy.may_share_memory(memory, each.memory):
            return DeviceArray(memory, each if each.base is None else each.base)
    tally.record(operation, lambda: numpy.copyto(memory, again()))
    return DeviceArray(memory)


class DeviceArray:
    """An array of the double. ``memory`` is the double's own: whoever touches it cheats.

    base: the array that this one is a view of, or None.
    """

    __slots__ = ("__weakref__", "base", "memory")
    __array_ufunc__ = None  # NumPy's functions and operators refuse it
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, memory: numpy.ndarray, base: "DeviceArray | None" = None) -> None:
        self.memory = memory
        self.base = base

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise MixedError(
            "NumPy was given an array of the device; use the functions of minigen.backend.xp(x), "
            "or fetch it with minigen.to_numpy(...)"
        )

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise MixedError(
            f"numpy.{function.__name__} was called with an array of the device; use "
            f"xp(x).{function.__name__}"
        )

    # ---------------------------------------------------------------- known without waiting
    shape = property(lambda self: self.memory.shape)
    dtype = property(lambda self: self.memory.dtype)
    ndim = property(lambda self: self.memory.ndim)
    size = property(lambda self: self.memory.size)
    nbytes = property(lambda self: self.memory.nbytes)
    itemsize = property(lambda self: self.memory.itemsize)
    strides = property(lambda self: self.memory.strides)
    flags = property(lambda self: self.memory.flags)

    def __len__(self) -> int:
        return len(self.memory)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name == "T":
            return run("T", lambda x: x.T, (self,), {})
        if name not in METHODS:
            raise AttributeError(
                f"an array of the device has no .{name}: CuPy's arrays lack it, or "
                "backend/common.py does not list it"
            )

        def method(*args: Any, **settings: Any) -> Any:
            check_settings(name, settings, METHODS[name])
            if name == "copy":  # in C order, as CuPy's: NumPy's keeps another order
                return run(name, lambda x, order="C": x.copy(order), (self, *args), settings)
            return run(name, getattr(numpy.ndarray, name), (self, *args), settings)

        return method

    # ---------------------------------------------------------------- waits for the device
    def get(self) -> numpy.ndarray:
        """A copy on the host."""
        tally.wait("get")
        return self.memory.copy()

    def item(self) -> Any:
        tally.wait("item")
        return self.memory.item()

    def tolist(self) -> Any:
        tally.wait("tolist")
        return self.memory.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        tally.wait("index")
        return self.memory.__index__()

    def __bool__(self) -> bool:
        tally.wait("bool")
        return bool(self.memory)

    def __repr__(self) -> str:
        tally.wait("repr")
        return f"device {self.memory!r}"

    def __format__(self, form: str) -> str:
        return format(self.item(), form)

    # ---------------------------------------------------------------- elements
    def __getitem__(self, key: Any) -> Any:
        host = self.host_key("getitem", key)
        if not device_arrays(key) and Ellipsis not in (parts := _parts(host)):
            host = (*parts, ...)  # a single element is a view too, not NumPy's scalar
        if any(k.dtype == bool for k in device_arrays(key)):
            tally.wait("getitem with a mask")  # how many are there?
        return run("getitem", lambda x: x[host], (self,), {})

    def __setitem__(self, key: Any, values: Any) -> None:
        host, memory = self.host_key("setitem", key), self.memory
        given = host_of("setitem", values, "the value")
        if any(k.dtype == bool for k in device_arrays(key)) and type(values) is DeviceArray:
            tally.wait("setitem with a mask and an array")

        def write() -> None:
            memory[host] = given

        tally.write("setitem", write, memory)

    def host_key(self, operation: str, key: Any) -> Any:
        """The index for NumPy. Raises MixedError for host arrays and lists in it."""
        if any(isinstance(p, list) for p in _parts(key)):
            raise MixedError(f"{operation}: a list in the index; make it minigen.asarray(...)")
        return host_of(operation, key, "the index")


def _parts(key: Any) -> tuple:
    return key if isinstance(key, tuple) else (key,)


def check_settings(name: str, given: dict[str, Any], allowed: frozenset[str]) -> None:
    """Raise TypeError for a keyword argument that CuPy does not have."""
    if unknown := given.keys() - allowed:
        raise TypeError(
            f"{name}: keyword arguments on a device are {', '.join(sorted(allowed)) or 'none'}; "
            f"got {', '.join(sorted(unknown))} (see backend/common.py)"
        )


def _infix(name: str) -> Any:
    """The operator ``name`` on device arrays and numbers; in place where its name begins with i."""
    function = getattr(numpy.ndarray, name)
    ufunc = UFUNCS.get(name)

    def operate(self: DeviceArray, *other: Any) -> Any:
        if other and type(other[0]) is int and self.dtype.kind in "iu":
            self.dtype.type(other[0])  # CuPy takes none that does not fit; NumPy compares any
        if (
            ufunc
            and not isinstance(other[0], (DeviceArray, *PLAIN))
            and hasattr(other[0], "__array_ufunc__")
        ):
            return other[0].__array_ufunc__(ufunc, "__call__", self, other[0])  # as CuPy does
        if not name.startswith("__i") or name == "__invert__":
            return run(name, function, (self, *other), {})
        hosts = [host_of(name, x, "the right side") for x in other]
        tally.write(name, lambda: function(self.memory, *hosts), self.memory)
        return self

    return operate


for _name in INFIX:
    setattr(DeviceArray, _name, _infix(_name))
