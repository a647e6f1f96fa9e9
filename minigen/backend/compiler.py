"""Kernels for the host: ``lstm.c``, compiled at its first use by the C compiler that is there.

NumPy computes a long chain of small operations at a fraction of the processor's speed: its matrix
product copies the weights anew in every step. Where there is no compiler, or ``MINIGEN_COMPILER``
is ``none``, the op's own formula in NumPy computes the same, more slowly. The compiled file is kept
beside downloaded data, under a name that says for which text, compiler and processor it was made.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

from minigen.backend.modules import BackendError
from minigen.files import cache_directory, write_bytes

SOURCE = Path(__file__).with_name("lstm.c")
NAMES = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-std=c11", "-ffp-contract=fast", "-fPIC", "-shared")
PATIENCE = 120  # seconds that a compiler may take


def compiler() -> tuple[str | None, str]:
    """The path of the C compiler, or None; and why this one, or why none.

    It is the one that ``MINIGEN_COMPILER`` names, else the first of cc, gcc and clang that is
    there. Raises BackendError for a name that is not there.
    """
    asked = os.environ.get("MINIGEN_COMPILER", "")
    if asked == "none":
        return None, "MINIGEN_COMPILER=none"
    for name in (asked,) if asked else NAMES:
        if path := shutil.which(name):
            return path, f"MINIGEN_COMPILER={asked}" if asked else f"{name} was found"
    if asked:
        raise BackendError(
            f"MINIGEN_COMPILER must be a C compiler on the path, or none; {asked!r} is not there; "
            "install it, correct the name, or unset the variable"
        )
    return None, f"no C compiler: looked for {', '.join(NAMES)}"


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled kernels, made now if they were not yet; None where there is no compiler.

    Raises BackendError where the compiler that ``MINIGEN_COMPILER`` names does not compile them; a
    compiler that merely was there gives a RuntimeWarning, and None.
    """
    path, _ = compiler()
    if path is None:
        return None
    try:
        return loaded(path)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        problem = f"{path} did not compile {SOURCE.name}: {said.strip()[:500]}"
        if os.environ.get("MINIGEN_COMPILER"):
            raise BackendError(problem + "; name another in MINIGEN_COMPILER, or none") from error
        warnings.warn(
            problem + "; NumPy computes LSTMs instead, more slowly; MINIGEN_COMPILER=none says "
            "that this is meant",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def loaded(path: str) -> ctypes.CDLL:
    """What the compiler at ``path`` makes of the kernels, made now if it is not kept."""
    name = f"lstm-{fingerprint(path)}.so"
    kept = cache_directory("kernels") / name
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="minigen-") as folder:
            made = Path(folder) / name
            run(path, *FLAGS, *for_this_processor(), str(SOURCE), "-o", str(made))
            try:
                write_bytes(kept, made.read_bytes())
            except OSError:  # nothing can be kept there: it is made again next time
                return ctypes.CDLL(str(made))
    return ctypes.CDLL(str(kept))


def fingerprint(path: str) -> str:
    """What the compiled kernels depend on: text, flags, the compiler's version and the processor,
    which show in the names that the compiler defines by itself."""
    defined = run(path, *FLAGS, *for_this_processor(), "-dM", "-E", "-x", "c", os.devnull)
    parts = (SOURCE.read_bytes(), " ".join(FLAGS).encode(), defined.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def for_this_processor() -> tuple[str, ...]:
    """The flag that allows all instructions of this machine's processor."""
    intel = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
    return ("-march=native",) if intel else ("-mcpu=native",)


def run(*command: str) -> str:
    """What a command prints. Raises CalledProcessError where it fails."""
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PATIENCE
    ).stdout
