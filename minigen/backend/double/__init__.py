"""A strict stand-in for a GPU, on the CPU: what would go wrong there goes wrong here, at once.

It offers the functions of ``common.py`` and no others, on arrays that it keeps apart from the
host's. Where CuPy would quietly copy, wait or run on the host, it raises: host and device arrays
in one operation, NumPy's functions on device arrays, NumPy arrays as indices. Results without axes
stay on the device, fresh memory is full of NaN, and every wait for the device and every copy to it
is counted. ``minigen.use_backend("double")`` makes it the active backend; the tests run on it.

It computes with NumPy and is slower than NumPy: it is for finding mistakes, not for training.
"""

from types import SimpleNamespace
from typing import Any

import numpy

from minigen.backend import philox, special
from minigen.backend.common import FUNCTIONS
from minigen.backend.double.array import DeviceArray, MixedError, check_settings, host_of, run
from minigen.backend.double.tally import tally

__all__ = ["DeviceArray", "MixedError", "tally"]

MANY = 8  # arrays; CuPy joins more of them by a table of pointers, which it uploads


def _function(name: str) -> Any:
    numpy_function = getattr(numpy, name)
    allowed = FUNCTIONS[name]

    def function(*args: Any, **settings: Any) -> Any:
        check_settings(name, settings, allowed)
        if name == "concatenate" and len(args[0]) > MANY:
            tally.upload(f"{name} of more than {MANY} arrays")
        return run(name, numpy_function, args, settings)

    function.__name__ = name
    return function


def _add_at(total: DeviceArray, key: Any, values: Any) -> None:
    """total[key] += values, in place, repeated positions adding up."""
    host, given = total.host_key("add.at", key), host_of("add.at", values, "the values")
    tally.write("add.at", lambda: numpy.add.at(total.memory, host, given), total.memory)


def asarray(x: Any, dtype: Any = None) -> DeviceArray:
    """x on the device: itself where it is there in this type, else a copy."""
    if type(x) is DeviceArray:
        return x if dtype is None or x.dtype == numpy.dtype(dtype) else x.astype(dtype)
    tally.upload("asarray")
    return DeviceArray(numpy.array(x, dtype=dtype))


def empty(shape: Any, dtype: Any = "float64") -> DeviceArray:
    """Memory that nobody has written to: NaN, or the least integer."""
    kind = numpy.dtype(dtype).kind
    fill: Any = numpy.nan if kind in "fc" else (True if kind == "b" else numpy.iinfo(dtype).min)
    return DeviceArray(numpy.full(shape, fill, dtype=dtype))


def empty_like(x: DeviceArray, dtype: Any = None) -> DeviceArray:
    """As ``empty``, with x's shape and order in memory."""
    y = numpy.empty_like(x.memory, dtype=dtype)
    y[...] = empty((), y.dtype).memory
    return DeviceArray(y)


def gemm(a: DeviceArray, b: DeviceArray, **settings: Any) -> Any:
    """a @ b, into ``out`` if it is given: the one product that a capture allows."""
    return run("gemm", numpy.matmul, (a, b), settings)


def erf(x: DeviceArray) -> Any:
    return run("erf", special.erf, (x,), {})


def draw(kind: str, out: DeviceArray, offset: DeviceArray, seed: int) -> None:
    """Fill ``out`` with "uniform" or "normal" numbers from position offset on, and move it on."""
    numbers = {"uniform": philox.uniform, "normal": philox.normal}[kind]

    def write() -> None:
        out.memory[...] = numbers(seed, int(offset.memory), out.size, out.dtype)
        offset.memory[...] += philox.positions(out.size, out.dtype)

    tally.write(kind, write, out.memory, offset.memory)


def _view_strided(x: DeviceArray, shape: Any, strides: Any) -> Any:
    """A view of x's memory that does not know its base, as CuPy's does not."""
    view = run("as_strided", numpy.lib.stride_tricks.as_strided, (x, shape, strides), {})
    return DeviceArray(view.memory)


ndarray = DeviceArray
add = SimpleNamespace(at=_add_at)
lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_view_strided))
linalg = SimpleNamespace(
    cholesky=lambda a: run("cholesky", numpy.linalg.cholesky, (a,), {}),
    qr=lambda a: run("qr", numpy.linalg.qr, (a,), {}),
)
_functions: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    if name in _functions:
        return _functions[name]
    if name not in FUNCTIONS:
        raise AttributeError(
            f"the device double has no {name}: CuPy lacks it, or backend/common.py does not list it"
        )
    _functions[name] = _function(name)
    return _functions[name]
