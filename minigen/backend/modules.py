"""Which array module an array belongs to.

Computation follows the data: an op asks its arguments once (``xp``). Creation follows the
active backend (``use_backend``, ``MINIGEN_BACKEND``). Crossing between the two is spelled
out (``asarray``, ``to_numpy``) and never happens by itself.
"""

import importlib
import os
from types import ModuleType, TracebackType
from typing import Any

import numpy

from minigen.backend import cupy as cupy_loader

Array = Any  # numpy.ndarray or cupy.ndarray; neither library offers a common base class

BACKENDS = ("numpy", "cupy", "double")
AUTO = "auto"  # cupy where it can be used, else numpy

# Array type -> module. CuPy's row is added when the cupy backend is first used.
MODULE_OF_TYPE: dict[type, ModuleType] = {numpy.ndarray: numpy}
NUMBER_TYPES = (bool, int, float, complex)


class BackendError(RuntimeError):
    """A backend was asked for that cannot be had, or arrays of two backends were mixed."""


class CaptureError(BackendError):
    """A training step did something that no captured graph can repeat."""


def load(name: str) -> ModuleType:
    """The array module called ``name``: "numpy", "cupy", or "double", the strict stand-in for a
    GPU (``double/``).

    Raises BackendError with the remedy when cupy, its driver or its device is missing.
    """
    if name == "numpy":
        return numpy
    if name == "cupy":
        problem = cupy_loader.why_unusable()
        if problem is not None:
            raise BackendError(f"backend: 'cupy' was asked for and cannot be used; {problem}")
        module = cupy_loader.module()
        MODULE_OF_TYPE[module.ndarray] = module
        return module
    if name == "double":
        module = importlib.import_module("minigen.backend.double")
        MODULE_OF_TYPE[module.ndarray] = module
        return module
    raise BackendError(
        f"backend: the name must be one of {', '.join((*BACKENDS, AUTO))}; got {name!r} "
        "(from minigen.use_backend or the variable MINIGEN_BACKEND)"
    )


def choose(name: str) -> tuple[ModuleType, str]:
    """The array module that ``name`` stands for, and why it is this one.

    "auto" is the only name that may stand for one or the other. Raises BackendError as ``load``.
    """
    if name != AUTO:
        return load(name), f"{name}, as asked for"
    problem = cupy_loader.why_unusable()
    if problem is None:
        return load("cupy"), "cupy, chosen by auto: a GPU can be used"
    return numpy, f"numpy, chosen by auto: cupy cannot be used; {problem}"


class _Active:
    """The backend that new arrays are made on and why, or why there is none."""

    module: ModuleType = numpy
    choice: str = "numpy, the default"
    by_auto = False
    problem: BackendError | None = None


class use_backend:  # noqa: N801 - reads as a statement: use_backend("cupy")
    """Make ``name`` ("numpy", "cupy", "double" or "auto") the backend on which new arrays are
    created.

    Works as a call, for the rest of the program, and as a context manager, for a block.
    Raises BackendError at once when the backend cannot be used; it never falls back. "auto" is
    cupy where it can be used, else numpy: which one and why, ``minigen.info()["backend_choice"]``
    says.
    """

    def __init__(self, name: str) -> None:
        self._before = _Active.module, _Active.choice, _Active.by_auto
        _Active.module, _Active.choice = choose(name)
        _Active.by_auto = name == AUTO
        _Active.problem = None

    def __enter__(self) -> "use_backend":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _Active.module, _Active.choice, _Active.by_auto = self._before


def active() -> ModuleType:
    """The array module on which new arrays are created (numpy unless told otherwise).

    Raises BackendError if MINIGEN_BACKEND names one that cannot be used.
    """
    if _Active.problem is not None:
        raise _Active.problem
    return _Active.module


def active_name() -> str:
    """The active backend: "numpy", "cupy" or "double"; "none" where it cannot be used."""
    return "none" if _Active.problem is not None else name_of(_Active.module)


def choice() -> str:
    """The active backend and why it is this one, in one line."""
    return f"none: {_Active.problem}" if _Active.problem is not None else _Active.choice


def chosen_by_auto() -> bool:
    """Whether the active backend was left open to what the machine has."""
    return _Active.by_auto


def name_of(module: ModuleType) -> str:
    """What a backend is called: "numpy", "cupy" or "double"."""
    return module.__name__.rpartition(".")[2]


def xp(x: Any) -> ModuleType:
    """The array module that ``x`` belongs to; numbers belong to NumPy."""
    return MODULE_OF_TYPE.get(type(x), numpy)


def on_host(x: Array) -> bool:
    """True for a NumPy array, False for one on a device."""
    return xp(x) is numpy


def is_array(x: Any) -> bool:
    """True for an array of a known backend (False for numbers, lists and tensors)."""
    return type(x) in MODULE_OF_TYPE


class Uploads:
    """Whether the host may send data to a GPU: not while a step is captured, for CuPy would capture
    a copy out of a buffer that it lends to others afterwards."""

    refused = False


def asarray(x: Any, dtype: Any = None, like: Array | None = None) -> Array:
    """``x`` (list, number, NumPy or CuPy array) as an array of the active backend, or of the
    backend of the array ``like``.

    The spelled-out way to the device. Copies only where the type or the device differs. Raises
    CaptureError for what would be sent to a GPU inside a captured step.
    """
    module = active()
    if like is not None:
        module = xp(like)
    there = is_array(x) and xp(x) is module
    if not there and Uploads.refused and module is not numpy:
        raise CaptureError(
            "asarray: the host sends data to the device, which a captured step cannot repeat; do "
            "it before or after the step"
        )
    if is_array(x) and not there:
        x = to_numpy(x)
    return module.asarray(x, dtype=dtype)


def to_numpy(x: Any) -> numpy.ndarray:
    """``x`` as a NumPy array: the spelled-out way from the device. Synchronises on a GPU."""
    if xp(x) is numpy:
        return numpy.asarray(x)
    return x.get()


def configure_from_environment() -> None:
    """Activate the backend that the variable MINIGEN_BACKEND names, if it is set.

    One that cannot be used is an error where the first array is made, not here, so that
    ``minigen info`` can still say what is missing. There is no fall-back but that of "auto".
    """
    name = os.environ.get("MINIGEN_BACKEND", "")
    if name:
        try:
            use_backend(name)
        except BackendError as error:
            _Active.problem = error
