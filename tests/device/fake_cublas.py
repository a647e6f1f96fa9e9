"""cuBLAS and cupy for tests without a GPU: what cuBLAS reads at raw pointers, column by column,
is read here by ctypes and multiplied by NumPy, and what it would not accept is a status other
than 0."""

import ctypes
from types import SimpleNamespace

import numpy as np

from minigen.backend.cublas import COMPUTE, DEFAULT_ALGORITHM, REAL_TYPES, TRANSPOSED

STREAM = 7
INVALID = 7  # CUBLAS_STATUS_INVALID_VALUE
NUMBER = {code: getattr(np, name) for name, code in REAL_TYPES.items()}


class FakeArray(np.ndarray):
    """An array of the host with the pointer that CuPy's arrays have."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)


def on_fake_device(x):
    """x with its strides, as an array of the fake device."""
    return x.view(FakeArray)


def empty(shape, dtype="float64"):
    y = np.empty(shape, dtype=dtype)
    if y.dtype.kind == "f":
        y.fill(np.nan)
    return y.view(FakeArray)


FAKE_CUPY = SimpleNamespace(
    __name__="cupy",
    ndarray=FakeArray,
    empty=empty,
    ascontiguousarray=lambda x: np.ascontiguousarray(x).view(FakeArray),
    cuda=SimpleNamespace(get_current_stream=lambda: SimpleNamespace(ptr=STREAM)),
)


def column_major(pointer, kind, lead, shape, count, apart):
    """A view (count, *shape) of the matrices at a pointer, each stored column by column."""
    size = np.dtype(NUMBER[kind]).itemsize
    numbers = (count - 1) * apart + lead * (shape[1] - 1) + shape[0]
    memory = (ctypes.c_char * (numbers * size)).from_address(pointer.value)
    flat = np.frombuffer(memory, dtype=NUMBER[kind])
    strides = (apart * size, size, lead * size)
    return np.lib.stride_tricks.as_strided(flat, (count, *shape), strides)


class FakeCublas:
    """The functions of the library that minigen calls. calls: their names and settings so far;
    fail: the name of a function that is to return a status of its own."""

    def __init__(self, fail=None):
        self.calls = []
        self.fail = fail

    def _status(self, name, **settings):
        self.calls.append((name, settings))
        return 13 if name == self.fail else 0

    def cublasCreate_v2(self, handle):  # noqa: N802 - its name in cuBLAS, as those below
        handle._obj.value = 42
        return self._status("cublasCreate_v2")

    def cublasSetStream_v2(self, handle, stream):  # noqa: N802
        assert handle.value == 42
        return self._status("cublasSetStream_v2", stream=stream.value)

    def cublasSetWorkspace_v2(self, handle, pointer, size):  # noqa: N802
        assert handle.value == 42 and pointer.value
        return self._status("cublasSetWorkspace_v2", size=size.value)

    def cublasGemmEx(  # noqa: N802
        self, handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, b, type_b, ldb, beta, c, type_c,
        ldc, compute, algorithm,
    ):  # fmt: skip
        none = ctypes.c_longlong(0)
        return self.cublasGemmStridedBatchedEx(
            handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, none, b, type_b, ldb, none, beta,
            c, type_c, ldc, none, 1, compute, algorithm, "cublasGemmEx",
        )  # fmt: skip

    def cublasGemmStridedBatchedEx(  # noqa: N802
        self, handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, apart_a, b, type_b, ldb, apart_b,
        beta, c, type_c, ldc, apart_c, count, compute, algorithm, name="cublasGemmStridedBatchedEx",
    ):  # fmt: skip
        number = {REAL_TYPES["float32"]: ctypes.c_float, REAL_TYPES["float64"]: ctypes.c_double}
        assert handle.value == 42 and algorithm == DEFAULT_ALGORITHM
        assert type_a == type_b == type_c and compute in COMPUTE.values()
        assert type(alpha._obj) is type(beta._obj) is number[type_c]
        assert (alpha._obj.value, beta._obj.value) == (1, 0)
        shape_a = (k, m) if op_a == TRANSPOSED else (m, k)
        shape_b = (n, k) if op_b == TRANSPOSED else (k, n)
        wanted = ((lda, shape_a), (ldb, shape_b), (ldc, (m, n)))
        if min(m, n, k, count) < 1 or any(lead < max(1, rows) for lead, (rows, _) in wanted):
            return INVALID
        left = column_major(a, type_a, lda, shape_a, count, apart_a.value)
        right = column_major(b, type_b, ldb, shape_b, count, apart_b.value)
        left = left.swapaxes(1, 2) if op_a == TRANSPOSED else left
        right = right.swapaxes(1, 2) if op_b == TRANSPOSED else right
        column_major(c, type_c, ldc, (m, n), count, apart_c.value)[...] = left @ right
        return self._status(name, count=count, compute=compute)
