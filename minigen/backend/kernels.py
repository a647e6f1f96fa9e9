"""Launching the kernels of ``kernel_table.py`` on CuPy arrays.

The table says of each what it computes and which arguments it takes; nothing reaches the device
that does not fit the table, for a kernel given a wrong array reads or writes other arrays' memory.
The text is compiled once, at the first launch; the cupy module is handed in, not imported.
"""

import math
import operator
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy

from minigen.backend.cupy import line
from minigen.backend.kernel_table import (
    FILES,
    FLOAT,
    TABLE,
    Buffer,
    Kernel,
    entry_points,
    size,
    text,
)
from minigen.backend.modules import Array, BackendError, xp

OPTIONS = ("--std=c++14",)
THREADS = 256  # in a block
MOST_BLOCKS = 4096  # more work than that goes round again: kernels take any grid

ELEMENT_TYPES = ("float32", "float64")
FAR = 1 << 30  # numbers, from which on indices have 64 bits


class Kernels:
    """``kernels(name, *arrays, **settings)`` launches a kernel of ``TABLE`` on the current stream.

    cupy: the cupy module. Compiled at the first launch, or by ``compile()``, which must have
    happened before a stream is captured. Nothing is launched where there is no work.
    Raises TypeError or ValueError, naming kernel and argument, for whatever the table does not
    allow, and BackendError where the text does not compile.
    """

    def __init__(self, cupy: ModuleType | Any) -> None:
        self.cupy = cupy
        self._functions: dict[str, Any] = {}

    @cached_property
    def module(self) -> Any:
        """The compiled text: one cupy.RawModule for all kernels."""
        return self.cupy.RawModule(code=text(), options=OPTIONS)

    def compile(self) -> None:
        """Compile the text and look up every entry point now."""
        for entry in entry_points():
            self._function(entry)

    def __call__(self, name: str, *arrays: Array | None, **settings: Any) -> None:
        if name not in TABLE:
            raise ValueError(
                f"kernels: the name must be one of {', '.join(TABLE)}; got {name!r}; correct it, "
                "or write the kernel in kernels.cu and its row in the table"
            )
        kinds = tuple(None if a is None else self._kind(name, i, a) for i, a in enumerate(arrays))
        values = tuple(settings.values())
        types = tuple(map(type, values))
        once = plan if {*types} <= {int, float} else plan.__wrapped__  # others may have no hash
        entry, work, numbers = once(name, kinds, tuple(settings), values, types)
        if work == 0:
            return
        passed = [numpy.uint64(0) if array is None else array for array in arrays]  # null pointer
        blocks = min(-(-work // THREADS), MOST_BLOCKS)
        self._function(entry)((blocks,), (THREADS,), (*passed, *numbers))

    def _kind(self, name: str, position: int, array: Any) -> "Kind":
        """What a launch depends on in an array. Raises TypeError for one of the host."""
        if not isinstance(array, self.cupy.ndarray):
            names = [buffer.name for buffer in TABLE[name].arrays]
            which = names[position] if position < len(names) else f"argument {position + 1}"
            raise TypeError(on_the_device(name, which, array))
        return Kind(array.dtype, array.shape, array.strides, array.flags.c_contiguous)

    def _function(self, entry: str) -> Any:
        if entry not in self._functions:
            try:
                self._functions[entry] = self.module.get_function(entry)
            except Exception as error:  # CuPy's own kinds have no common base
                raise BackendError(
                    f"kernels: {', '.join(FILES)} must compile for this GPU; CuPy says: "
                    f"{line(error)}; install the cupy for its CUDA version, or report this with "
                    "minigen info"
                ) from error
        return self._functions[entry]


class Kind(NamedTuple):
    """All of an array that a launch depends on."""

    dtype: Any
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    contiguous: bool


def on_the_device(name: str, which: str, array: Any) -> str:
    return (
        f"{name}: {which} must be an array on the device, cupy.ndarray; got "
        f"{type(array).__name__}; convert it with cupy.asarray"
    )


@lru_cache(maxsize=1 << 14)
def plan(
    name: str,
    kinds: tuple[Kind | None, ...],
    given: tuple[str, ...],
    values: tuple[Any, ...],
    types: tuple[type, ...],
) -> tuple[str, int, tuple[Any, ...]]:
    """Entry point, number of things to share out, and settings as NumPy numbers of a launch.

    Checked once for each kind of launch: a net of LSTMs makes the same hundred in every step.
    types: of the values, for 1 and 1.0 are equal. Raises as ``Kernels`` says.
    """
    kernel = TABLE[name]
    numbers = check_settings(name, kernel, dict(zip(given, values, strict=True)))
    if len(kinds) != len(kernel.arrays):
        wanted = ", ".join(buffer.name for buffer in kernel.arrays)
        raise TypeError(
            f"{name}: the arrays must be {wanted}; got {len(kinds)} of them; pass these, in "
            "this order, and all else by name"
        )
    chosen, work, largest = "", size(kernel.work, numbers), 0
    for buffer, kind in zip(kernel.arrays, kinds, strict=True):
        if kind is None and buffer.optional:
            continue
        check_buffer(name, buffer, kind, numbers, chosen)
        if kind is not None:
            largest = max(largest, math.prod(kind.shape))
            chosen = kind.dtype.name if buffer.dtype == FLOAT else chosen
    if not chosen:
        return name, work, tuple(numbers.values())
    whole = [v for k, v in numbers.items() if kernel.settings[k] == "int64"]
    if max(work, largest, *whole) >= FAR:
        return f"{name}_{chosen}_far", work, tuple(numbers.values())
    near = (numpy.int32(v) if kernel.settings[k] == "int64" else v for k, v in numbers.items())
    return f"{name}_{chosen}", work, tuple(near)


LOADED: dict[str, Any] = {}  # by the name of the array module


def kernels_of(x: Array) -> Any:
    """The ``Kernels`` for x's device, or None: on the host, on the device double, and for numbers
    that they do not know, such as the complex ones of a gradient check."""
    module = xp(x)
    name = module.__name__
    if name == "cupy" and name not in LOADED:
        LOADED[name] = Kernels(module)
    found = LOADED.get(name)
    return found if found is not None and x.dtype.name in ELEMENT_TYPES else None


def check_buffer(
    name: str, buffer: Buffer, array: Kind | None, numbers: dict[str, Any], chosen: str
) -> None:
    """Raise TypeError or ValueError unless dtype, shape and layout are those of the table.

    chosen: the element type of the arrays before this one, empty for the first.
    """
    if array is None:
        raise TypeError(on_the_device(name, buffer.name, array))
    found = array.dtype.name
    allowed = [buffer.dtype] if buffer.dtype != FLOAT else [chosen] if chosen else None
    if found not in (allowed or ELEMENT_TYPES):
        raise TypeError(
            f"{name}: {buffer.name} must be {' or '.join(allowed or ('float32', 'float64'))}; got "
            f"{found}; convert it with .astype, all float arrays of a call have one type"
        )
    shape = tuple(size(axis, numbers) for axis in buffer.shape)
    if array.shape != shape:
        formula = f"({', '.join(buffer.shape)})"
        raise ValueError(
            f"{name}: {buffer.name} must have the shape {formula} = {shape}; got {array.shape}; "
            "correct the settings, or reshape what is contiguous"
        )
    if not array.contiguous:
        raise ValueError(
            f"{name}: {buffer.name} must be contiguous, last axis fastest; got strides "
            f"{array.strides} for shape {array.shape}; copy it with ascontiguousarray"
        )


def check_settings(name: str, kernel: Kernel, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as NumPy numbers of the types in the table, in its order.

    NumPy's numbers, for CuPy passes each with its own type and size.
    """
    if set(settings) != set(kernel.settings):
        raise TypeError(
            f"{name}: the settings must be {', '.join(kernel.settings)}; got "
            f"{', '.join(settings) or 'none'}; pass exactly these, by name"
        )
    numbers = {}
    for key, kind in kernel.settings.items():
        value = settings[key]
        try:
            numbers[key] = _number(value, kind)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"{name}: {key} must be a number that fits {kind}; got {value!r}; pass a Python "
                "number, not an array: what changes from step to step has arguments of its own"
            ) from None
        least = 1 if key in ("sh", "sw", "dh", "dw") else 0
        if key != "by" and not numbers[key] >= least:
            raise ValueError(f"{name}: {key} must be >= {least}; got {value!r}; correct it")
    return numbers


def _number(value: Any, kind: str) -> Any:
    plain = isinstance(value, int | float | numpy.number) and not isinstance(value, bool)
    if not plain:  # an array would have to be waited for
        raise TypeError
    return numpy.dtype(kind).type(float(value) if kind == "float64" else operator.index(value))
