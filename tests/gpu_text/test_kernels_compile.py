"""The text compiles for a GPU, without one: with nvcc, and with the run-time compiler of CuPy.

Each is skipped where it is not installed. What is compiled are the entry points of the table, and
no kernel needs more registers than it has.
"""

import ctypes
import ctypes.util
import importlib.util
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cuda_on_cpu
import pytest

from minigen.backend import kernel_table
from minigen.backend.kernel_table import FILES
from minigen.backend.kernels import OPTIONS, TABLE, entry_points, text
from minigen.equations import REGISTER

FOLDER = Path(kernel_table.__file__).parent


def test_nvcc_compiles_the_text_without_a_warning_and_without_spills(tmp_path):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc was not found")
    source = tmp_path / "kernels.cu"
    source.write_text(text(), encoding="utf-8")
    done = subprocess.run(
        [nvcc, *OPTIONS, "-arch=sm_90", "-cubin", "-Xptxas", "-v", "-Werror", "all-warnings",
         "-o", str(tmp_path / "kernels.cubin"), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    compiled = re.findall(r"Compiling entry function '(\w+)' for 'sm_90'", done.stderr)
    assert sorted(compiled) == sorted(entry_points())
    # The functions that entry points call (the slow paths of sin and cos) are listed as well.
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr)
    assert len(spills) >= len(compiled) and set(spills) == {("0", "0")}


def nvrtc():
    """The run-time compiler's library, from the system or from NVIDIA's wheels, or None."""
    found = ctypes.util.find_library("nvrtc")
    spec = importlib.util.find_spec("nvidia")
    if found is None and spec is not None:
        folders = map(Path, spec.submodule_search_locations or ())
        files = [path for folder in folders for path in folder.rglob("libnvrtc*.so.*")]
        for path in files:
            if path.name.startswith("libnvrtc-builtins.so"):  # which the other one asks for
                ctypes.CDLL(str(path), ctypes.RTLD_GLOBAL)
        found = next((str(p) for p in files if p.name.startswith("libnvrtc.so")), None)
    return None if found is None else ctypes.CDLL(found)


def test_the_run_time_compiler_takes_the_text():
    """It brings no header with it, so the text may include none."""
    library = nvrtc()
    if library is None:
        pytest.skip("NVRTC, the CUDA run-time compiler, was not found")
    program = ctypes.c_void_p()
    made = library.nvrtcCreateProgram(
        ctypes.byref(program), text().encode(), b"kernels.cu", 0, None, None
    )
    assert made == 0
    options = [option.encode() for option in (*OPTIONS, "--gpu-architecture=sm_90")]
    passed = (ctypes.c_char_p * len(options))(*options)
    code = library.nvrtcCompileProgram(program, len(options), passed)
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert (code, log.value.decode()) == (0, "")
    library.nvrtcDestroyProgram(ctypes.byref(program))


# ---------------------------------------------------------------- the table
def test_the_table_names_equations_of_the_register():
    named = {kernel.equation for kernel in TABLE.values()} - {None}
    assert {name.removeprefix("E.") for name in named} <= set(REGISTER)
    code = text()
    assert all(f"[{name}]" in code for name in named if "CONV" not in name)


def test_the_table_has_every_kernel_of_the_text():
    named = re.findall(r"ENTRY_POINTS\((\w+), ?\(|ENTRY_POINTS\((\w+),\s", text())
    found = {a or b for a, b in named} - {"name"}
    assert found | {"advance", "bias_corrections"} == set(TABLE)


def test_the_text_is_short_and_needs_nothing():
    assert max(map(len, text().splitlines())) <= 100
    for name in FILES:
        assert len((FOLDER / name).read_text("utf-8").splitlines()) <= 320, name
    assert not any(word in text() for word in ("#include", "atomicAdd", "__syncthreads"))


@pytest.mark.parametrize("written", ["alpha is whole", "theta is only read", "alpha comes first"])
def test_a_table_that_does_not_fit_the_text_does_not_compile(written, monkeypatch):
    row = TABLE["adam"]
    theta, *between, alpha = row.arrays
    wrong = {
        "alpha is whole": replace(row, arrays=(theta, *between, replace(alpha, dtype="int64"))),
        "theta is only read": replace(row, arrays=(replace(theta, written=False), *between, alpha)),
        "alpha comes first": replace(row, arrays=(alpha, *between, theta)),
    }[written]
    monkeypatch.setitem(cuda_on_cpu.TABLE, "adam", wrong)
    with pytest.raises(cuda_on_cpu.DoesNotCompile, match="launch_adam_float32"):
        cuda_on_cpu.compiled(text(), OPTIONS)
