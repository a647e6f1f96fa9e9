"""The kernels of ``kernels.cu``, and launching them on CuPy arrays.

The table says of each what it computes and which arguments it takes; nothing reaches the device
that does not fit the table, for a kernel given a wrong array reads or writes other arrays' memory.
The text is compiled once, at the first launch; the cupy module is handed in, not imported.
"""

import math
import operator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy

from minigen.backend.cupy import line
from minigen.backend.modules import Array, BackendError, xp

FILE = Path(__file__).with_name("kernels.cu")
OPTIONS = ("--std=c++14",)
THREADS = 256  # in a block
MOST_BLOCKS = 4096  # more work than that goes round again: kernels take any grid
FLOAT = "float"  # the element type: float32 or float64, one for all such arrays of a call


@dataclass(frozen=True)
class Buffer:
    """An array argument. shape: axes as products of settings, such as ("4*hidden", "n")."""

    name: str
    shape: tuple[str, ...]
    dtype: str = FLOAT
    written: bool = False
    optional: bool = False  # None is passed as the null pointer


@dataclass(frozen=True)
class Kernel:
    """One row of the table: first the arrays, then the settings (name -> type), in the order of
    the text; ``work``: the axes whose product is the number of things to share out."""

    computes: str
    equation: str | None
    arrays: tuple[Buffer, ...]
    settings: dict[str, str]
    work: str

    @property
    def typed(self) -> bool:
        """Whether there is an entry point for each element type."""
        return any(array.dtype == FLOAT for array in self.arrays)


def _reads(shape: str, *names: str) -> tuple[Buffer, ...]:
    return tuple(Buffer(name, tuple(shape.split())) for name in names)


def _writes(shape: str, *names: str) -> tuple[Buffer, ...]:
    return tuple(Buffer(name, tuple(shape.split()), written=True) for name in names)


def _whole(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "int64")


ALPHA = Buffer("alpha", (), "float64")
OFFSET = Buffer("offset", (), "int64")
LENGTHS = Buffer("lengths", ("n",), "int64", optional=True)
BETAS = _whole("n") | dict.fromkeys(("beta1", "beta2", "epsilon"), "float64")
DRAW = _writes("n", "out") + (OFFSET,)
STATE = _whole("hidden", "n", "t")
WINDOWS = _whole("n", "h", "w", "c", "kh", "kw", "oh", "ow", "sh", "sw", "ph", "pw", "dh", "dw")
IMAGE, ROWS = "n h w c", "n*oh*ow kh*kw*c"

TABLE = {
    "philox_uniform": Kernel(
        "numbers uniform on [0, 1) from the stream of a seed, from position offset on",
        None, DRAW, _whole("n") | {"seed": "uint64"}, "n",
    ),
    "philox_normal": Kernel(
        "draws from N(0, 1) from the stream of a seed, from position offset on",
        None, DRAW, _whole("n") | {"seed": "uint64"}, "n",
    ),
    "advance": Kernel(
        "counter += by, for a position in a stream of random numbers or a number of steps",
        None, (Buffer("counter", (), "int64", written=True),), _whole("by"), "",
    ),
    "adam": Kernel(
        "one step of Adam, as stated", "E.ADAM",
        _writes("n", "theta") + _reads("n", "g") + _writes("n", "m", "v") + (ALPHA,), BETAS, "n",
    ),
    "adam_bias_corrected": Kernel(
        "step t of Adam with bias correction, t from 1", "E.ADAMBC",
        _writes("n", "theta") + _reads("n", "g") + _writes("n", "m", "v")
        + (ALPHA, Buffer("t", (), "int64")), BETAS, "n",
    ),
    "lstm_cell_forward": Kernel(
        "the gates in place of what they are functions of, c, tanh c, the state h, and h as output",
        "E.LSTM",
        _writes("4*hidden n", "a") + _reads("hidden n", "c_before")
        + _writes("hidden n", "c", "tanh_c", "state") + _writes("n hidden", "y_t") + (LENGTHS,),
        STATE, "hidden*n",
    ),
    "lstm_cell_backward": Kernel(
        "the gradients of what the gates are functions of (twice: feature by example and example "
        "by feature), and of c before the step in place of that after it", "E.LSTM",
        _reads("4*hidden n", "gates") + _reads("hidden n", "tanh_c", "c_before")
        + _reads("n hidden", "gy_t") + _reads("hidden n", "gh_next", "gh_last")
        + _writes("hidden n", "gc") + _writes("4*hidden n", "ga") + _writes("n 4*hidden", "ga_t")
        + (LENGTHS,),
        STATE, "hidden*n",
    ),
    "im2col": Kernel(
        "the window at each position of channels-last images as a row; zeros outside the image",
        "E.CONV2D", _reads(IMAGE, "x") + _writes(ROWS, "rows"), WINDOWS, "n*oh*ow*kh*kw*c",
    ),
    "col2im": Kernel(
        "the adjoint of im2col: each pixel sums what the windows that see it hold for it",
        "E.CONVTRANSPOSE2D", _reads(ROWS, "rows") + _writes(IMAGE, "x"), WINDOWS, "n*h*w*c",
    ),
    "bernoulli_logits": Kernel(
        "log p(x) from logits, element by element, in nats", "E.BERNOULLI",
        _reads("n", "x", "logits") + _writes("n", "y"), _whole("n"), "n",
    ),
    "bernoulli_logits_gradient": Kernel(
        "the gradient of log p(x) with respect to the logits", "E.BERNOULLI",
        _reads("n", "gy", "x", "logits") + _writes("n", "gl"), _whole("n"), "n",
    ),
}  # fmt: skip


def text() -> str:
    """The CUDA C text of all kernels."""
    return FILE.read_text("utf-8")


def entry_points() -> list[str]:
    """The names of all functions in the text that can be launched."""
    names = []
    for name, kernel in TABLE.items():
        names += [f"{name}_float32", f"{name}_float64"] if kernel.typed else [name]
    return names


def size(axis: str, settings: dict[str, Any]) -> int:
    """An axis such as "4*hidden" as a number; the empty axis is 1."""
    factors = axis.split("*") if axis else []
    return math.prod(int(f) if f.isdigit() else int(settings[f]) for f in factors)


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
        kernel = TABLE[name]
        numbers = check_settings(name, kernel, settings)
        suffix = self._check_arrays(name, kernel, arrays, numbers)
        work = size(kernel.work, numbers)
        if work == 0:
            return
        passed = [numpy.uint64(0) if array is None else array for array in arrays]  # null pointer
        blocks = min(-(-work // THREADS), MOST_BLOCKS)
        self._function(name + suffix)((blocks,), (THREADS,), (*passed, *numbers.values()))

    def _function(self, entry: str) -> Any:
        if entry not in self._functions:
            try:
                self._functions[entry] = self.module.get_function(entry)
            except Exception as error:  # CuPy's own kinds have no common base
                raise BackendError(
                    f"kernels: {FILE.name} must compile for this GPU; CuPy says: {line(error)}; "
                    "install the cupy for its CUDA version, or report this with minigen info"
                ) from error
        return self._functions[entry]

    def _check_arrays(
        self, name: str, kernel: Kernel, arrays: tuple[Any, ...], numbers: dict[str, Any]
    ) -> str:
        """The suffix of the entry point for these arrays, all of which the kernel can take."""
        if len(arrays) != len(kernel.arrays):
            wanted = ", ".join(buffer.name for buffer in kernel.arrays)
            raise TypeError(
                f"{name}: the arrays must be {wanted}; got {len(arrays)} of them; pass these, in "
                "this order, and all else by name"
            )
        chosen = ""
        for buffer, array in zip(kernel.arrays, arrays, strict=True):
            if array is None and buffer.optional:
                continue
            if not isinstance(array, self.cupy.ndarray):
                raise TypeError(
                    f"{name}: {buffer.name} must be an array on the device, cupy.ndarray; got "
                    f"{type(array).__name__}; convert it with cupy.asarray"
                )
            check_buffer(name, buffer, array, numbers, chosen)
            if buffer.dtype == FLOAT:
                chosen = array.dtype.name
        return f"_{chosen}" if chosen else ""


LOADED: dict[str, Any] = {}  # by the name of the array module


def kernels_of(x: Array) -> Any:
    """The ``Kernels`` for x's device, or None: on the host, and on the device double."""
    module = xp(x)
    name = module.__name__
    if name == "cupy" and name not in LOADED:
        LOADED[name] = Kernels(module)
    return LOADED.get(name)


def check_buffer(
    name: str, buffer: Buffer, array: Array, numbers: dict[str, Any], chosen: str
) -> None:
    """Raise TypeError or ValueError unless dtype, shape and layout are those of the table.

    chosen: the element type of the arrays before this one, empty for the first.
    """
    found = array.dtype.name
    allowed = [buffer.dtype] if buffer.dtype != FLOAT else [chosen] if chosen else None
    if found not in (allowed or ("float32", "float64")):
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
    if not array.flags.c_contiguous:
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
