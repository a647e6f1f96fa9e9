"""A module that stands in for cupy where there is no GPU: its arrays are NumPy's, and its
RawModule compiles the kernels' text with g++ and runs it on the CPU, one thread after the other.

Each array is handed over with NaN on both sides: what a kernel reads beyond its borders spoils
the result, and what it writes there is found. The compiler checks the table of kernels against
the text, for it makes the functions that launch them.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from minigen.backend.kernel_table import FLOAT, KINDS, TABLE, text
from minigen.backend.kernels import OPTIONS, Kernels

HERE = Path(__file__).parent
COMPILER = os.environ.get("CXX", "g++")
BORDER = 1 << 14  # bytes on both sides of an array, a multiple of all sizes of a number
C_TYPES = {
    "float32": "float", "float64": "double", "int32": "int", "int64": "long long",
    "uint64": "unsigned long long",
}  # fmt: skip
WORDS = """
extern "C" void philox_words(const unsigned* counter, const unsigned* key, unsigned* out) {
    const Words x = philox(Words{counter[0], counter[1], counter[2], counter[3]}, key[0], key[1]);
    out[0] = x.a, out[1] = x.b, out[2] = x.c, out[3] = x.d;
}
"""


def launcher(name, kind):
    """A C++ function that launches an entry point, with the types that the table says."""
    kernel, real, far = TABLE[name], "float32" if "32" in kind else "float64", "far" in kind
    whole = C_TYPES["int64"] if far or not kind else C_TYPES["int32"]
    parameters = []
    for array in kernel.arrays:
        type_name = C_TYPES[real if array.dtype == FLOAT else array.dtype]
        parameters.append(f"{'' if array.written else 'const '}{type_name}* {array.name}")
    for setting, dtype in kernel.settings.items():
        parameters.append(f"{whole if dtype == 'int64' else C_TYPES[dtype]} {setting}")
    names = ", ".join(parameter.split()[-1] for parameter in parameters)
    space = f"{'far' if far else 'near'}{real[-2:]}::" if kind else ""
    entry = name + kind
    return (
        f'extern "C" void launch_{entry}(unsigned grid, unsigned block, int backwards, '
        f"{', '.join(parameters)}) {{ LAUNCH({space}{entry}({names})) }}\n"
    )


def source(code):
    launchers = "".join(
        launcher(name, kind)
        for name, kernel in TABLE.items()
        for kind in (KINDS if kernel.typed else ("",))
    )
    return f'#include "{HERE / "cuda_on_cpu.h"}"\n{code}{WORDS}{launchers}'


class DoesNotCompile(Exception):
    """What the compiler says."""


def compiled(code, options):
    """The text as a library. Skips the test where there is no compiler."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no C++ compiler: {COMPILER} was not found")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernels.so")
        done = subprocess.run(
            # Bsymbolic: the text's own functions, not those of the C library that have their names.
            [COMPILER, "-O1", "-shared", "-fPIC", "-Wl,-Bsymbolic", "-ffp-contract=off", "-Wall",
             "-Wextra", "-Werror", *options, "-x", "c++", "-", "-o", str(path)],
            input=source(code), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise DoesNotCompile(done.stderr)
        return ctypes.CDLL(str(path))  # stays loaded when the file is gone


class Bordered:
    """A copy of an array with NaN (integers: numbers below 0) on both sides, and the way back.

    mark: a byte in each NaN, which results that are computed from it inherit: where every array of
    a call has its own, also a NaN that is written to a border is found.
    """

    def __init__(self, array, mark):
        self.array = array
        pattern = np.array([mark, 0xFF, 0xFF, 0xFF], np.uint8)
        self.bytes = np.tile(pattern, (array.nbytes + 2 * BORDER) // 4)
        self.border = self.bytes[:BORDER].copy()
        inside = self.bytes[BORDER : BORDER + array.nbytes]
        self.inside = inside.view(array.dtype).reshape(array.shape)
        self.inside[...] = array

    def take_back(self):
        borders = self.bytes[:BORDER], self.bytes[-BORDER:]
        kept = all((border == self.border).all() for border in borders)
        assert kept, "written beyond the borders"
        self.array[...] = self.inside


class RawModule:
    """What cupy.RawModule is to the kernels, on the CPU."""

    def __init__(self, code, options):
        self.library = compiled(code, options)
        self.backwards = False

    def get_function(self, name):
        launch = getattr(self.library, f"launch_{name}")

        def call(grid, block, arguments):
            bordered = [
                Bordered(a, mark) if isinstance(a, np.ndarray) else None
                for mark, a in enumerate(arguments)
            ]
            passed = [
                as_c(a) if held is None else ctypes.c_void_p(held.inside.ctypes.data)
                for a, held in zip(arguments, bordered, strict=True)
            ]
            sizes = (ctypes.c_uint(grid[0]), ctypes.c_uint(block[0]))
            launch(*sizes, ctypes.c_int(self.backwards), *passed)
            for held in bordered:
                if held is not None:
                    held.take_back()

        return call

    def words(self, counter, key):
        """One call of the Philox function: four words from a counter of four and a key of two."""
        given = [np.array(words, dtype=np.uint32) for words in (counter, key, [0] * 4)]
        self.library.philox_words(*(ctypes.c_void_p(a.ctypes.data) for a in given))
        return given[2].tolist()


def as_c(number):
    """A NumPy number as CuPy passes it: with the size and the kind that it has."""
    kinds = {
        "float64": ctypes.c_double, "int32": ctypes.c_int32, "int64": ctypes.c_int64,
        "uint64": ctypes.c_uint64,
    }  # fmt: skip
    return kinds[number.dtype.name](number.item())


class StandIn:
    """The part of the cupy module that the kernels ask for."""

    ndarray = np.ndarray
    RawModule = RawModule


def on_cpu(code=None):
    """Kernels that run on the CPU, from their own text or from another, in which variables may be
    left without a use."""
    kernels = Kernels(StandIn)
    if code is not None:
        kernels.module = RawModule(code, (*OPTIONS, "-O0", "-w"))  # in place of the cached property
    return kernels


def with_fault(old, new, code=None):
    """The text with a mistake: ``new`` in place of ``old``, which must stand there once."""
    code = text() if code is None else code
    assert code.count(old) == 1, f"stands {code.count(old)} times in the text: {old}"
    return code.replace(old, new)
