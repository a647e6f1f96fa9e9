"""The backend seam: which arrays belong where, and what is said when a backend is missing.

A GPU that cannot be used is reported with its remedy, at once; nothing falls back in silence.
"""

import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import types

import numpy as np
import pytest

import minigen
from minigen import BackendError, backend, use_backend
from minigen.backend import cupy as cupy_loader
from minigen.backend import memory, special
from minigen.backend.info import blas


# ---------------------------------------------------------------- choosing
def test_an_unknown_name_is_named_with_the_choice():
    with pytest.raises(
        BackendError, match="one of numpy, cupy, double, auto; got 'jax' .*MINIGEN_BACKEND"
    ):
        use_backend("jax")
    assert backend.active_name() == "numpy"


def test_cupy_that_is_not_installed_is_an_error_with_its_remedy(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"'cupy' .* pip install 'minigen\[cuda12\]'.*cuda13"):
        use_backend("cupy")
    assert backend.active_name() == "numpy"


def test_a_block_gives_the_backend_back_also_after_an_error():
    with use_backend("numpy"):
        assert backend.active() is np
    with pytest.raises(KeyError), use_backend("numpy"):
        raise KeyError
    assert backend.active_name() == "numpy"


def test_a_block_restores_what_was_active_before(monkeypatch):
    """A module that stands in for cupy shows who is active; no array is made on it."""
    stand_in = types.SimpleNamespace(__name__="cupy", ndarray=type("ndarray", (), {}))
    monkeypatch.setattr(cupy_loader, "why_unusable", lambda: None)
    monkeypatch.setattr(cupy_loader, "module", lambda: stand_in)
    monkeypatch.setattr(backend.modules, "MODULE_OF_TYPE", dict(backend.MODULE_OF_TYPE))
    with use_backend("cupy"):
        assert backend.active_name() == "cupy"
        with use_backend("numpy"):
            assert backend.active_name() == "numpy"
        assert backend.active_name() == "cupy"
    assert backend.active_name() == "numpy"


def run_python(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_variable_is_read_when_minigen_is_imported():
    done = run_python("import minigen; minigen.zeros(3)", MINIGEN_BACKEND="nonsense")
    assert done.returncode != 0
    assert "one of numpy, cupy, double, auto; got 'nonsense'" in done.stderr
    done = run_python(
        "import minigen; print(minigen.info()['backend'])", MINIGEN_BACKEND="nonsense"
    )
    assert (done.returncode, done.stdout) == (0, "none\n")  # what is missing can be asked for
    done = run_python("import minigen; print(minigen.info()['backend'])", MINIGEN_BACKEND="numpy")
    assert (done.returncode, done.stdout) == (0, "numpy\n")


@pytest.fixture
def restored():
    """What is chosen in a test is forgotten after it."""
    with use_backend("numpy"):
        yield


def test_an_empty_variable_means_none(monkeypatch, restored):
    monkeypatch.setenv("MINIGEN_BACKEND", "")
    backend.configure_from_environment()
    assert backend.active_name() == "numpy"
    monkeypatch.setenv("MINIGEN_BACKEND", "numpy")
    backend.configure_from_environment()
    monkeypatch.setenv("MINIGEN_BACKEND", "jax")
    backend.configure_from_environment()
    assert backend.active_name() == "none"
    for make in (
        lambda: minigen.tensor([1.0]),
        lambda: minigen.zeros(2),
        lambda: minigen.arange(2),
    ):
        with pytest.raises(BackendError, match="got 'jax'"):
            make()
    with use_backend("numpy"):  # naming one that can be used mends it
        assert minigen.zeros(2).shape == (2,)
    assert backend.active_name() == "numpy"


# ---------------------------------------------------------------- crossing
def test_arrays_numbers_and_other_things():
    assert backend.is_array(np.ones(2)) and backend.xp(np.ones(2)) is np
    assert not backend.is_array(2.0) and backend.xp(2.0) is np
    assert not backend.is_array([1.0]) and not backend.is_array(minigen.tensor([1.0]))
    array = np.ones(2)
    assert minigen.asarray(array) is array
    assert minigen.asarray([1, 2], dtype="float32").dtype == "float32"
    assert minigen.to_numpy(array) is array


def test_arrays_of_a_device_are_fetched_by_name(monkeypatch):
    """The two crossings, with a class that stands in for an array on a device."""

    class DeviceArray:
        def get(self):
            return np.array([1.0, 2.0])

    device = types.SimpleNamespace(__name__="device")
    monkeypatch.setitem(backend.MODULE_OF_TYPE, DeviceArray, device)
    assert backend.to_numpy(DeviceArray()).tolist() == [1.0, 2.0]
    assert backend.asarray(DeviceArray()).tolist() == [1.0, 2.0]


# ---------------------------------------------------------------- what the two do differently
def test_scatter_add_rows_is_a_loop_over_rows():
    rng = np.random.default_rng(0)
    for n, rows in ((0, 3), (1, 1), (7, 3), (200, 5), (50, 400)):
        total = rng.normal(size=(rows, 4))
        positions, values = rng.integers(0, rows, n), rng.normal(size=(n, 4))
        expected = total.copy()
        for position, value in zip(positions, values, strict=True):
            expected[position] += value
        backend.scatter_add_rows(total, positions, values)
        np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-13)


def test_scatter_add_adds_up_where_positions_repeat():
    total = np.zeros((2, 3))
    backend.scatter_add(total, (np.array([0, 0, 1]), np.array([1, 1, 2])), np.array([1.0, 2, 4]))
    assert total.tolist() == [[0, 3, 0], [0, 0, 4]]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_row_maxima_are_the_largest_of_each_row(dtype):
    x = (np.random.default_rng(0).normal(size=(3, 5, 4)) * 9).astype(dtype)
    for y in (x, x.transpose(2, 0, 1), x[:, ::2], x[0, 0], x[0, 0, 0].reshape(())):
        found = backend.row_maxima(y)
        rows = np.asarray(y).reshape(-1, y.shape[-1] if y.ndim else 1).tolist()
        assert np.ravel(found).tolist() == [max(row) for row in rows]
        assert found.shape == (*y.shape[:-1], 1)[: y.ndim]


def test_row_maxima_know_infinities_and_pass_nan_on():
    inf, nan = np.inf, np.nan
    x = np.array([[1, inf], [-inf, -inf], [1, nan], [nan, inf]])
    for y in (x, np.asfortranarray(x)):
        np.testing.assert_array_equal(backend.row_maxima(y), [[inf], [-inf], [nan], [nan]])


SUMMED = [
    (3, 4), (64, 1), (100, 7), (200, 97), (2, 40, 5, 6), (64, 512), (70, 784), (99, 1000),
    (65, 997), (64, 4096), (3000, 1), (3000, 2), (5, 0), (0, 5), (7,),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "complex128"])
@pytest.mark.parametrize("shape", SUMMED, ids=str)
def test_row_sums_and_column_sums_are_as_exact_as_numpys(shape, dtype):
    """Of numbers that cancel and of numbers that add up, in any order of memory."""
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=shape) * 9, np.full(shape, 0.1), rng.random(shape) + 1):
        x = x.astype(dtype)
        for y in (x, np.asfortranarray(x), x[::-1], x[..., :3]):
            check_sums(backend.row_sums(y), y, -1, 2, keepdims=True)
            if y.ndim == 2:
                check_sums(backend.column_sums(y), y, 0, 2 if y.shape[1] == 1 else 2 + len(y) / 16)


def check_sums(found, x, axis, units, **settings):
    """found is x.sum(axis), as exactly as that or to so many units in the last place of Σ |x|."""
    expected, exact = x.sum(axis, **settings), x.astype("clongdouble").sum(axis, **settings)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    spacing = np.finfo(x.dtype).eps if x.dtype.kind in "fc" else 0
    allowed = abs(expected - exact).max(initial=0)
    assert (abs(found - exact) <= allowed + units * spacing * abs(x).sum(axis, **settings)).all()


def test_row_sums_know_infinities_and_pass_nan_on():
    inf, nan = np.inf, np.nan
    x = np.array([[1, inf], [-inf, -inf], [1, nan], [nan, inf]] * 32)
    np.testing.assert_array_equal(backend.row_sums(x)[:4], [[inf], [-inf], [nan], [nan]])
    columns = np.tile([[1, inf, -inf, nan]], (128, 1))
    np.testing.assert_array_equal(backend.column_sums(columns), [128, inf, -inf, nan])
    with pytest.raises(FloatingPointError, match="invalid"):  # as the tests have NumPy do
        backend.row_sums(np.array([[inf, -inf]] * 64))


def test_read_only_is_a_view():
    array = np.zeros(2)
    view = backend.read_only(array)
    array[0] = 3.0
    assert view.tolist() == [3.0, 0.0]
    assert array.flags.writeable and not view.flags.writeable


def test_erf_is_the_c_librarys_to_the_last_bits():
    x = np.concatenate([np.linspace(-7, 7, 20001), [0.46875, -4.0, 4.0, 1e-300, -0.0, 1e4, -1e4]])
    y = backend.erf(x)
    assert np.array_equal(backend.erf(-x), -y)
    expected = np.vectorize(math.erf)(x)
    assert abs(y - expected).max() < 1e-15
    assert backend.erf(np.array([np.inf, -np.inf])).tolist() == [1.0, -1.0]
    assert np.isnan(backend.erf(np.array(np.nan)))


def test_erf_in_single_precision_keeps_its_relative_error():
    """Over several blocks, near 0 and far out, and never beyond 1; the shape and the order stay."""
    x = np.concatenate([np.linspace(-7, 7, 40001), np.geomspace(1e-30, 1e4, 9999), [1e38, -np.inf]])
    x = x.astype("float32").reshape(2, -1).T
    y = backend.erf(x)
    expected = np.vectorize(math.erf)(x.astype("float64"))
    assert y.dtype == "float32" and y.shape == x.shape and abs(y).max() == 1
    assert abs(y - expected).max() < 4e-7
    assert abs(y / np.where(expected == 0, 1, expected) - 1)[x != 0].max() < 4e-7
    assert np.array_equal(backend.erf(-x), -y)
    assert np.isnan(backend.erf(np.float32("nan"))) and backend.erf(np.ones((0, 3), "f")).size == 0


def test_other_devices_use_their_own_functions(monkeypatch):
    """erf and the scatter of rows ask which module an array belongs to."""

    class Elsewhere(np.ndarray):
        pass

    def by_eights(xs, axis):
        assert len(xs) <= 8
        return np.concatenate(xs, axis=axis)

    monkeypatch.setitem(
        backend.MODULE_OF_TYPE,
        Elsewhere,
        types.SimpleNamespace(add=np.add, concatenate=by_eights, __name__="cupy"),
    )
    monkeypatch.setattr(special, "device_erf", lambda x: "the device's own")
    assert backend.erf(np.ones(2).view(Elsewhere)) == "the device's own"
    total = np.zeros((2, 1)).view(Elsewhere)
    backend.scatter_add_rows(total, np.array([1, 1]), np.ones((2, 1)))
    assert total.tolist() == [[0.0], [2.0]]
    for n in (1, 8, 9, 64, 65, 100):
        columns = [np.full((2, 1), i).view(Elsewhere) for i in range(n)]
        assert backend.concatenate(columns, axis=1).tolist() == [list(range(n))] * 2
    assert backend.smallest_number(np.zeros(1, "float32").view(Elsewhere)) == 2.0**-126
    assert backend.smallest_number(np.zeros(1).view(Elsewhere)) == 2.0**-1074
    assert backend.smallest_number(np.zeros(1, "float32")) == 2.0**-149
    maxima = backend.row_maxima(np.array([[1.0, 2.0]]).view(Elsewhere))
    assert isinstance(maxima, Elsewhere) and maxima.tolist() == [[2.0]]
    view = backend.read_only(total)
    assert view.base is not None and view.flags.writeable


# ---------------------------------------------------------------- memory and info
def test_the_allocator_is_left_alone_on_request(monkeypatch):
    monkeypatch.setenv("MINIGEN_MALLOC", "system")
    assert minigen.backend.keep_freed_memory() is False


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.delenv("MINIGEN_MALLOC", raising=False)
    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("musl", "1.2"))
    assert memory.keep_freed_memory() is False


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_glibc_is_told_to_keep_memory(monkeypatch):
    monkeypatch.delenv("MINIGEN_MALLOC", raising=False)
    assert memory.keep_freed_memory() is True


def test_info_can_be_written_as_json_and_is_complete(monkeypatch):
    found = minigen.info()
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {
        "minigen", "python", "platform", "cpus", "backend", "backend_choice", "packages", "blas",
        "compiler", "gpu",
    }  # fmt: skip
    assert found["backend"] == "numpy"
    assert found["packages"]["numpy"] == np.__version__
    assert found["blas"]["threads"] is None or found["blas"]["threads"] >= 1


def test_a_blas_that_is_not_recognised_is_said_to_be_so(monkeypatch):
    monkeypatch.setitem(blas.__globals__, "threadpool_info", lambda: [{"user_api": "openmp"}])
    assert blas() == {"name": "unknown to threadpoolctl", "version": None, "threads": None}
