"""cuBLAS called directly, for products inside a captured training step.

cuBLAS stores matrices column by column, and so reads ours, which lie row by row, as their
transposes: C = A B is asked of it as C^T = B^T A^T. Its workspace is our own, for the one that
cuBLAS would allocate cannot be captured.
"""

import ctypes
import importlib
import os
from functools import cache
from itertools import pairwise
from typing import Any

from minigen.backend.modules import Array, BackendError, xp

WORKSPACE_BYTES = 32 << 20  # what NVIDIA recommends for an H100
REAL_TYPES = {"float32": 0, "float64": 1}  # cudaDataType: CUDA_R_32F, CUDA_R_64F
COMPUTE = {"float32": 68, "float64": 70, "tf32": 77}  # cublasComputeType_t
AS_STORED, TRANSPOSED = 0, 1  # cublasOperation_t
DEFAULT_ALGORITHM = -1
NUMBERS = {"float32": ctypes.c_float, "float64": ctypes.c_double}


def tf32() -> bool:
    """Whether float32 products may round to TF32: the variable CUPY_TF32, as for CuPy's own."""
    return os.environ.get("CUPY_TF32", "0") == "1"


def multiplies(a: Array, b: Array) -> bool:
    """Whether ``Blas.gemm`` takes them: for integers and the like CuPy has kernels of its own."""
    return bool(a.dtype == b.dtype) and a.dtype.name in REAL_TYPES


def layout(x: Array) -> tuple[Array, int, int]:
    """(x or a copy of it, operation, leading dimension) of matrices (..., rows, columns).

    As stored: the rows are runs of numbers, the leading dimension apart. Transposed: the columns
    are. A copy is made where neither is so.
    """
    rows, columns = x.shape[-2:]
    down, along = (s // x.itemsize for s in x.strides[-2:])
    if (along == 1 or columns == 1) and (down >= columns or rows == 1):
        return x, AS_STORED, max(down if rows > 1 else columns, 1)
    if (down == 1 or rows == 1) and (along >= rows or columns == 1):
        return x, TRANSPOSED, max(along if columns > 1 else rows, 1)
    return xp(x).ascontiguousarray(x), AS_STORED, max(columns, 1)


def operand(x: Array, leading: tuple[int, ...]) -> tuple[Array, int, int, int]:
    """x (..., rows, columns) with these leading axes as cuBLAS takes it: the array, operation,
    leading dimension, and how far apart its matrices lie, in numbers: 0 where one serves all."""
    if x.ndim == 2:
        return (*layout(x), 0)
    if tuple(x.shape[:-2]) != leading or apart(x) is None:
        wide = xp(x).empty((*leading, *x.shape[-2:]), dtype=x.dtype)
        wide[...] = x
        x = wide
    x, operation, lead = layout(x)
    return x, operation, lead, apart(x) or 0


def apart(x: Array) -> int | None:
    """How far apart the matrices of x (..., rows, columns) lie, in numbers; None where they do not
    follow one another evenly. Axes of size 1 are passed over: their strides mean nothing."""
    axes = [(n, s) for n, s in zip(x.shape[:-2], x.strides[:-2], strict=True) if n != 1]
    step = axes[-1][1] // x.itemsize if axes else 0
    even = all(s == below * n for (_, s), (n, below) in pairwise(axes))
    return step if even and step >= 0 else None


def leading_axes(a: Array, b: Array) -> tuple[int, ...]:
    """The shape to which the axes of a and b before the last two broadcast."""
    longest = max(a.ndim, b.ndim) - 2
    pairs = ((1,) * (longest - (x.ndim - 2)) + tuple(x.shape[:-2]) for x in (a, b))
    return tuple(max(i, j) for i, j in zip(*pairs, strict=True))


class Blas:
    """One cuBLAS handle, which runs on the stream that is current at each call.

    library: cuBLAS as ctypes loads it; cupy: the cupy module.
    """

    def __init__(self, library: Any, cupy: Any) -> None:
        self.library = library
        self.cupy = cupy
        self.handle = ctypes.c_void_p()
        self._call("cublasCreate_v2", ctypes.byref(self.handle))
        self.workspace = cupy.empty(WORKSPACE_BYTES, dtype="uint8")

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self.library, name)(*arguments)
        if status != 0:
            raise BackendError(f"{name}: cuBLAS must return 0; it returned status {status}")

    def _follow_stream(self) -> None:
        """Run on the current stream, with the own workspace, which setting a stream resets."""
        stream = self.cupy.cuda.get_current_stream().ptr
        self._call("cublasSetStream_v2", self.handle, ctypes.c_void_p(stream))
        pointer = ctypes.c_void_p(self.workspace.data.ptr)
        size = ctypes.c_size_t(WORKSPACE_BYTES)
        self._call("cublasSetWorkspace_v2", self.handle, pointer, size)

    def gemm(self, a: Array, b: Array, out: Array | None = None) -> Array:
        """a @ b for float arrays (..., n, k) and (..., k, m) of one type, leading axes broadcast.

        Raises TypeError for other types.
        """
        kind = a.dtype.name
        if not multiplies(a, b):
            raise TypeError(
                f"matmul: in a captured step a and b must both be float32 or float64; got "
                f"{a.dtype}, {b.dtype}; convert them before the step"
            )
        leading = leading_axes(a, b)
        n, k = a.shape[-2:]
        m = b.shape[-1]
        c = self.cupy.empty((*leading, n, m), dtype=a.dtype) if out is None else out
        target = c if c.flags.c_contiguous else self.cupy.empty(c.shape, dtype=a.dtype)
        if k == 0:
            target[...] = 0  # a sum of nothing
        elif 0 not in c.shape:
            self._follow_stream()
            self._multiply(operand(b, leading), operand(a, leading), target, (m, n, k), kind)
        if target is not c:
            c[...] = target
        return c

    def _multiply(
        self, left: Any, right: Any, c: Array, sizes: tuple[int, int, int], kind: str
    ) -> None:
        """c^T = left^T right^T, all as cuBLAS sees them; sizes: m, n, k in its own letters."""
        number, real = NUMBERS[kind], REAL_TYPES[kind]
        compute = COMPUTE["tf32" if kind == "float32" and tf32() else kind]
        m, n, _ = sizes
        count = c.size // (m * n)
        single = count == 1  # a function of its own: it may divide a long sum among processors

        def passed(x: Array, lead: int, apart: int) -> tuple[Any, ...]:
            stride = () if single else (ctypes.c_longlong(apart),)
            return ctypes.c_void_p(x.data.ptr), real, lead, *stride

        self._call(
            "cublasGemmEx" if single else "cublasGemmStridedBatchedEx",
            self.handle, left[1], right[1], *sizes,
            ctypes.byref(number(1)), *passed(left[0], *left[2:]), *passed(right[0], *right[2:]),
            ctypes.byref(number(0)), *passed(c, m, m * n), *(() if single else (count,)),
            compute, DEFAULT_ALGORITHM,
        )  # fmt: skip


@cache
def blas() -> Blas:
    """The handle of this process, made at the first call, which must not be inside a capture."""
    libraries = importlib.import_module("cupy_backends.cuda.libs")
    extension = libraries.cublas.__file__  # as an attribute: so CuPy loads what it needs before
    return Blas(ctypes.CDLL(extension), importlib.import_module("cupy"))
