"""Kernels for the host: ``lstm.c``, compiled at its first use by the C compiler that is there.

NumPy computes a long chain of small operations at a fraction of the processor's speed: its matrix
product copies the weights anew in every step. Where there is no compiler, or ``MINIGEN_COMPILER``
is ``none``, the op's own formula in NumPy computes the same, more slowly.

Compiling takes about half a second and happens once in a process. Nothing is kept for the next: a
kept library would have to be protected from other processors, other users and damage.
"""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

from minigen.backend.modules import BackendError

SOURCE = Path(__file__).with_name("lstm.c")
NAMES = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-std=c11", "-ffp-contract=fast", "-fPIC", "-shared")
PATIENCE = 60  # seconds that a compiler may take


def compiler() -> tuple[str | None, str]:
    """The path of the C compiler, or None; and why this one, or why none.

    It is the one that ``MINIGEN_COMPILER`` names, else on Linux the first of cc, gcc and clang that
    is there. (macOS has a cc that asks to be installed; a Windows compiler takes other options.)
    Raises BackendError for a name that is not there.
    """
    asked = os.environ.get("MINIGEN_COMPILER", "")
    if asked == "none":
        return None, "MINIGEN_COMPILER=none"
    if asked:
        if path := shutil.which(asked):
            return path, f"MINIGEN_COMPILER={asked}"
        raise BackendError(
            f"MINIGEN_COMPILER must be a C compiler on the path, or none; {asked!r} is not there; "
            "install it, correct the name, or unset the variable"
        )
    if not sys.platform.startswith("linux"):
        return None, "looked for on Linux alone; MINIGEN_COMPILER=cc takes the one called cc"
    for name in NAMES:
        if path := shutil.which(name):
            return path, f"{name} was found"
    return None, f"no C compiler: looked for {', '.join(NAMES)}"


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled kernels, made by the first call; None where there is no compiler.

    Raises BackendError where the compiler that ``MINIGEN_COMPILER`` names does not compile them; a
    compiler that merely was there gives a RuntimeWarning, and None.
    """
    path, _ = compiler()
    if path is None:
        return None
    try:
        return compiled(path)
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        problem = f"{path} made no usable library of {SOURCE.name}: {said.strip()[:500]}"
        if "failed to map" in said:  # as from a folder that is mounted noexec
            here = tempfile.gettempdir()
            problem += f"; set TMPDIR to a folder whose files may be run, {here} is not"
        if os.environ.get("MINIGEN_COMPILER"):
            raise BackendError(problem + "; name another in MINIGEN_COMPILER, or none") from error
        warnings.warn(
            problem + "; NumPy computes LSTMs instead, more slowly; MINIGEN_COMPILER=none says "
            "that this is meant",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def check() -> None:
    """Raise BackendError now, rather than at the first LSTM, if ``MINIGEN_COMPILER`` names no
    compiler that makes the kernels."""
    if os.environ.get("MINIGEN_COMPILER"):
        library()


def compiled(path: str, *flags: str) -> ctypes.CDLL:
    """What the compiler at ``path`` makes of the kernels: for this processor, unless ``flags`` name
    another. Raises OSError, AttributeError or SubprocessError where it makes nothing of them."""
    with tempfile.TemporaryDirectory(prefix="minigen-", ignore_cleanup_errors=True) as folder:
        made = str(Path(folder) / "lstm.so")
        subprocess.run(
            [path, *FLAGS, *(flags or for_this_processor()), str(SOURCE), "-o", made],
            check=True, capture_output=True, text=True, errors="replace", timeout=PATIENCE,
        )  # fmt: skip
        library = ctypes.CDLL(made)  # stays loaded when the file is gone
    library.lanes.restype = ctypes.c_int64
    return library


def for_this_processor() -> tuple[str, ...]:
    """The flag that allows all instructions of this machine's processor."""
    intel = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
    return ("-march=native",) if intel else ("-mcpu=native",)
