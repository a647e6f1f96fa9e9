"""The products of a captured step, for all the ways in which matrices lie in memory.

The library is a stand-in (fake_cublas.py) that reads the raw pointers as cuBLAS does: a wrong
leading dimension, operation or distance gives wrong numbers, or a status as from cuBLAS.
"""

import numpy as np
import pytest
from fake_cublas import FAKE_CUPY, STREAM, FakeArray, FakeCublas, on_fake_device
from matrices import BATCHES, SIZES, WAYS, in_type, numbers

from minigen.backend import BackendError
from minigen.backend.cublas import COMPUTE, WORKSPACE_BYTES, Blas, apart, layout
from minigen.backend.modules import MODULE_OF_TYPE

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setitem(MODULE_OF_TYPE, FakeArray, FAKE_CUPY)
    monkeypatch.delenv("CUPY_TF32", raising=False)
    return FakeCublas()


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


def check(library, a, b, out=None):
    """a @ b by the library and by NumPy."""
    expected = np.matmul(a, b)
    before = [np.array(x) for x in (a, b)]
    given = None if out is None else on_fake_device(out)
    got = Blas(library, FAKE_CUPY).gemm(on_fake_device(a), on_fake_device(b), given)
    assert got.shape == expected.shape and got.dtype == a.dtype == expected.dtype
    tolerance = TOLERANCE[a.dtype.name]
    np.testing.assert_allclose(np.asarray(got), expected, rtol=tolerance, atol=tolerance)
    for x, then in zip((a, b), before, strict=True):
        np.testing.assert_array_equal(x, then)
    assert out is None or got is given
    return got


@pytest.mark.parametrize("left", WAYS)
@pytest.mark.parametrize("right", WAYS)
def test_matrices_wherever_they_lie(left, right, library, dtype):
    for n, k, m in SIZES:
        check(library, in_type(WAYS[left](n, k), dtype), in_type(WAYS[right](k, m), dtype))


@pytest.mark.parametrize("way", ["row after row", "some columns of more", "column after column"])
def test_what_lies_well_is_not_copied(way, library):
    x = on_fake_device(WAYS[way](3, 5))
    found, _, lead = layout(x)
    assert found is x and lead == max(x.strides) // x.itemsize


@pytest.mark.parametrize("pair", BATCHES)
def test_stacks_of_matrices(pair, library, dtype):
    a, b = (in_type(x, dtype) for x in BATCHES[pair])
    check(library, a, b)
    ((name, call),) = [c for c in library.calls if "Gemm" in c[0]]
    assert call["count"] == max(1, int(np.prod(np.matmul(a, b).shape[:-2])))
    assert name == ("cublasGemmEx" if call["count"] == 1 else "cublasGemmStridedBatchedEx")


@pytest.mark.parametrize(("n", "heads"), [(2, 3), (1, 3), (2, 1), (1, 1)])
def test_the_products_of_attention(n, heads, library):
    """Queries, keys and values of all heads are views of one array: (steps, n, heads, features)
    with its axes exchanged; the gradients multiply with each of them transposed."""
    q, k, v = (numbers(4, n, heads * 2, seed=i) for i in range(3))
    q, k, v = (x.reshape(4, n, heads, 2).transpose(1, 2, 0, 3) for x in (q, k, v))
    weights = check(library, q, k.swapaxes(-1, -2))
    y = check(library, np.asarray(weights), v)
    check(library, np.asarray(weights).swapaxes(-1, -2), np.asarray(y))
    check(library, np.asarray(y), v.swapaxes(-1, -2))


def test_axes_of_size_1_may_have_any_stride():
    x = np.lib.stride_tricks.as_strided(numbers(40), (5, 1, 2, 3), (48, 8000, 24, 8))
    assert x.flags.c_contiguous and apart(x) == 6
    assert apart(x[::2]) == 12 and apart(x[::-1]) is None and apart(x[0]) == 0


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0), (2, 0, 4), (0, 0, 0)])
def test_what_is_empty_needs_no_library(shape, library):
    n, k, m = shape
    check(library, numbers(n, k), numbers(k, m))
    check(library, numbers(5, n, k), numbers(5, k, m))
    check(library, numbers(0, 2, 3), numbers(0, 3, 4))
    assert all(name == "cublasCreate_v2" for name, _ in library.calls)


OUTS = {
    "in one piece": np.zeros((2, 4)),
    "transposed": np.zeros((4, 2)).T,
    "some columns of more": np.zeros((2, 9))[:, 3:7],
    "every second column": np.zeros((2, 8))[:, ::2],
}


@pytest.mark.parametrize("way", OUTS)
def test_the_result_goes_where_it_is_wanted(way, library):
    check(library, numbers(2, 3), numbers(3, 4), OUTS[way])
    stack = np.zeros((5, 4, 2)).swapaxes(1, 2)
    check(library, numbers(5, 2, 3), numbers(3, 4), stack)


def test_precision(library, monkeypatch):
    def computed(dtype):
        Blas(library, FAKE_CUPY).gemm(*(on_fake_device(numbers(2, 2, dtype=dtype)),) * 2)
        return library.calls[-1][1]["compute"]

    assert [computed(d) for d in ("float32", "float64")] == [COMPUTE["float32"], COMPUTE["float64"]]
    monkeypatch.setenv("CUPY_TF32", "1")
    assert [computed(d) for d in ("float32", "float64")] == [COMPUTE["tf32"], COMPUTE["float64"]]
    monkeypatch.setenv("CUPY_TF32", "0")
    assert computed("float32") == COMPUTE["float32"]


def test_each_product_follows_the_stream_with_its_own_workspace(library):
    """The workspace is set after the stream, which resets it."""
    check(library, numbers(2, 3), numbers(3, 4))
    names = [name for name, _ in library.calls]
    assert names == [
        "cublasCreate_v2", "cublasSetStream_v2", "cublasSetWorkspace_v2",
        "cublasGemmEx",
    ]  # fmt: skip
    assert library.calls[1][1] == {"stream": STREAM}
    assert library.calls[2][1] == {"size": WORKSPACE_BYTES}


TYPES = [
    ("float16", "float16"), ("int64", "int64"), ("float32", "float64"),
    ("complex128", "complex128"),
]  # fmt: skip


@pytest.mark.parametrize("types", TYPES)
def test_other_types_are_refused(types, library):
    a, b = (on_fake_device(np.ones((2, 2), dtype=t)) for t in types)
    with pytest.raises(TypeError, match=f"both be float32 or float64; got {types[0]}, {types[1]}"):
        Blas(library, FAKE_CUPY).gemm(a, b)


@pytest.mark.parametrize(
    "name",
    ["cublasCreate_v2", "cublasSetStream_v2", "cublasSetWorkspace_v2",
     "cublasGemmEx", "cublasGemmStridedBatchedEx"],
)  # fmt: skip
def test_a_status_other_than_0_is_an_error_that_names_the_call(name, library):
    library.fail = name
    with pytest.raises(BackendError, match=f"{name}: cuBLAS must return 0; it returned status 13"):
        check(library, numbers(2, 3), numbers(3, 4))
        check(library, numbers(2, 2, 3), numbers(3, 4))
