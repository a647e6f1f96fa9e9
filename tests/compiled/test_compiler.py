"""Which compiler makes the kernels, when, and what happens where it cannot."""

import os
import shutil
import stat
import warnings

import numpy as np
import pytest

import minigen
from minigen.backend import BackendError, compiler, host_kernels

FOUND = next(filter(None, map(shutil.which, compiler.NAMES)), None)
needs_a_compiler = pytest.mark.skipif(FOUND is None, reason="no C compiler was found")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """A process that has not looked for a compiler."""
    monkeypatch.delenv("MINIGEN_COMPILER", raising=False)
    library = compiler.library
    library.cache_clear()
    yield
    library.cache_clear()


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_compiler_numpy_computes_and_info_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert compiler.library() is None
    assert host_kernels.host_kernels_of(np.ones(2, "float32")) is None
    assert minigen.info()["compiler"] == {
        "path": None, "why": "no C compiler: looked for cc, gcc, clang",
    }  # fmt: skip


def test_none_is_meant(monkeypatch):
    monkeypatch.setenv("MINIGEN_COMPILER", "none")
    assert compiler.library() is None
    assert minigen.info()["compiler"] == {"path": None, "why": "MINIGEN_COMPILER=none"}


def test_a_compiler_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setenv("MINIGEN_COMPILER", "no-such-cc")
    message = "'no-such-cc' is not there; install it, correct"
    with pytest.raises(BackendError, match=message):
        compiler.library()
    found = minigen.info()["compiler"]
    assert found["path"] is None and message in found["why"]


@needs_a_compiler
def test_it_is_compiled_once_in_a_process_and_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = compiler.library()
    assert first is not None and compiler.library() is first
    assert host_kernels.host_kernels_of(np.ones(2, "float32")).lanes in (4, 8, 16)
    assert list(tmp_path.iterdir()) == []
    assert minigen.info()["compiler"]["path"] == FOUND


def test_it_is_looked_for_on_linux_alone_unless_it_is_named(monkeypatch):
    for platform in ("win32", "darwin"):
        monkeypatch.setattr("sys.platform", platform)
        path, why = compiler.compiler()
        assert path is None and why.startswith("looked for on Linux alone; MINIGEN_COMPILER=cc")
    monkeypatch.setenv("MINIGEN_COMPILER", "sh")
    assert compiler.compiler() == (shutil.which("sh"), "MINIGEN_COMPILER=sh")


def test_every_processor_has_its_flag(monkeypatch):
    for machine, flag in (("x86_64", "-march"), ("AMD64", "-march"), ("aarch64", "-mcpu")):
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        assert compiler.for_this_processor() == (f"{flag}=native",)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_compiler_that_fails_is_a_warning_or_an_error_if_it_was_asked_for(monkeypatch, tmp_path):
    said = r"no licence \366 today"  # as in a language whose letters are not UTF-8
    broken = script(tmp_path / "cc", f"printf '{said}' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(
        RuntimeWarning, match="cc made no usable library of lstm.c: no licence . today; NumPy"
    ):
        assert compiler.library() is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiler.library() is None  # said once
    compiler.library.cache_clear()
    monkeypatch.setenv("MINIGEN_COMPILER", broken)
    with pytest.raises(BackendError, match="no licence . today; name another in MINIGEN_COMPILER"):
        compiler.library()


def test_a_folder_whose_files_may_not_be_run_is_named(monkeypatch, tmp_path):
    def refused(path):
        raise OSError("lstm.so: failed to map segment from shared object")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(compiler, "compiled", refused)
    monkeypatch.setenv("MINIGEN_COMPILER", "sh")
    with pytest.raises(BackendError, match=f"shared object; set TMPDIR to .* {tmp_path} is not"):
        compiler.library()


def test_the_check_tries_a_compiler_that_is_named_and_no_other(monkeypatch):
    tried = []
    monkeypatch.setattr(compiler, "library", lambda: tried.append(True))
    compiler.check()
    assert tried == []
    monkeypatch.setenv("MINIGEN_COMPILER", "sh")
    compiler.check()
    assert tried == [True]


@needs_a_compiler
def test_only_float32_on_the_host_is_computed_by_kernels():
    assert host_kernels.host_kernels_of(np.ones(2, "float32")) is not None
    for other in (np.ones(2), np.ones(2, "float16"), np.ones(2, "complex64"), [1.0]):
        assert host_kernels.host_kernels_of(other) is None
    with minigen.use_backend("double"):
        assert host_kernels.host_kernels_of(minigen.ones(2).array) is None


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_compiler_that_never_ends_is_a_failure_too(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    monkeypatch.setenv("MINIGEN_COMPILER", script(tmp_path / "cc", "exec sleep 60"))
    with pytest.raises(
        BackendError, match="made no usable library of lstm.c: .* timed out after 0.2 sec"
    ):
        compiler.library()


@needs_a_compiler
def test_a_library_of_something_else_is_a_failure_too(monkeypatch, tmp_path):
    other = tmp_path / "lstm.c"
    other.write_text("int other(void) { return 1; }")
    monkeypatch.setattr(compiler, "SOURCE", other)
    monkeypatch.setenv("MINIGEN_COMPILER", FOUND)
    with pytest.raises(BackendError, match="made no usable library of lstm.c: .*lanes"):
        compiler.library()


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_file_that_is_no_library_is_a_failure_too(monkeypatch, tmp_path):
    strange = script(tmp_path / "cc", 'while [ $# -gt 1 ]; do shift; done; echo text > "$1"')
    monkeypatch.setenv("MINIGEN_COMPILER", strange)
    with pytest.raises(BackendError, match="made no usable library of lstm.c"):
        compiler.library()


class Library:
    """Stands for a ctypes library: counts calls."""

    def __init__(self):
        self.calls = []
        self.lanes = lambda: 4

        def kernel(*arguments):
            self.calls.append(arguments)

        self.kernel = kernel


def test_wrong_arrays_never_reach_a_kernel():
    library = Library()
    kernels = host_kernels.HostKernels(library)
    whole = np.ones((4, 6), "float32")
    kernels("kernel", whole, None, np.ones(4, "int64"), n=7)
    assert len(library.calls) == 1
    pointers, size = library.calls[0][:3], library.calls[0][3]
    assert pointers[0].value == whole.ctypes.data and pointers[1].value is None
    assert size.value == 7
    for wrong, said in (
        (whole[:, ::2], r"float32 \(4, 3\) with gaps"), (whole.T, "in another order"),
        (whole.astype("float64"), r"float64 \(4, 6\)"), (np.ones(3, "int32"), "int32"),
        ([1.0], "list"), (np.ma.masked_array(whole), "MaskedArray"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"kernel: argument 1 must be .*{said}.*pass numpy"):
            kernels("kernel", whole, wrong, n=7)
    assert len(library.calls) == 1


@pytest.mark.parametrize("shape", [(3, 5), (1,), (0, 4), (2, 3, 4)])
def test_aligned_arrays_start_where_a_vector_does(shape):
    for _ in range(5):
        x = host_kernels.aligned(*shape)
        assert x.shape == shape and x.dtype == "float32" and x.flags.c_contiguous
        assert x.size == 0 or x.ctypes.data % host_kernels.ALIGNED == 0
        x[...] = 1
