"""Choosing a backend: "auto" says what it chose and why, a named one never gives way to another.

Each thing that can be missing on a machine has a sentence of its own, with its remedy; modules that
stand in for cupy lack one thing after the other.
"""

import importlib.util
import json
import types

import numpy as np
import pytest

import minigen
from minigen import BackendError, backend, use_backend
from minigen.backend import cupy as cupy_loader
from minigen.backend.info import gpu
from minigen.backend.kernels import Kernels


class Runtime(types.SimpleNamespace):
    """The part of CuPy that speaks with the driver."""

    def __init__(self, driver):
        super().__init__(
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: 13000,
            getDeviceProperties=lambda i: {
                "name": b"Tester", "totalGlobalMem": 7, "major": 9, "minor": 0,
            },
        )  # fmt: skip


class StandIn(types.SimpleNamespace):
    """As much of the cupy module as the loader and info() ask for."""

    def __init__(self, available=True, driver=13020, ones=np.ones):
        device = types.SimpleNamespace(id=0)
        super().__init__(
            __name__="cupy",
            __version__="14.2.0",
            is_available=lambda: available,
            cuda=types.SimpleNamespace(runtime=Runtime(driver), Device=lambda: device),
            ones=ones,
            float32="float32",
            ndarray=type("ndarray", (), {}),
        )


@pytest.fixture
def with_module(monkeypatch):
    """Calls that put a module, or an error at its import, in the place of cupy."""
    monkeypatch.setattr(backend.modules, "MODULE_OF_TYPE", dict(backend.MODULE_OF_TYPE))

    def put(module):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: module and object())
        monkeypatch.setattr(
            cupy_loader,
            "module",
            fails(module) if isinstance(module, Exception) else lambda: module,
        )

    return put


def fails(error):
    def raising(*_, **__):
        raise error

    return raising


CompileException = type("CompileException", (Exception,), {})
DynamicLibNotFoundError = type("DynamicLibNotFoundError", (RuntimeError,), {})
BROKEN = [
    (None, r"cupy is not installed: pip install 'minigen\[cuda12\]' .* 'minigen\[cuda13\]'"),
    (ImportError("libfoo\nmore"), r"does not import \(libfoo\): reinstall it, pip install"),
    (StandIn(available=False, driver=0), "no NVIDIA driver was found: install the driver"),
    (StandIn(available=False, driver=12040),
     "driver is for CUDA 12.4, and this cupy for CUDA 13.0: update the driver, or"),
    (StandIn(available=False), "no NVIDIA GPU is visible: check nvidia-smi and CUDA_VIS"),
    (StandIn(ones=fails(ImportError("libcublas.so.13"))),
     r"CUDA libraries do not load \(libcublas.so.13\): pip install"),
    (StandIn(ones=fails(DynamicLibNotFoundError("libnvrtc"))),
     r"CUDA libraries do not load \(libnvrtc\): pip install"),
    (StandIn(ones=fails(RuntimeError("CuPy failed to load libnvrtc.so.13"))),
     r"CUDA libraries do not load \(CuPy failed to load libnvrtc.so.13\): pip"),
    (StandIn(ones=fails(CompileException("x.cu(1): cannot open cuda_fp16.h\n" * 9))),
     r"kernels do not compile \(x.cu\(1\): cannot open cuda_fp16.h\): the CUDA headers"),
    (StandIn(ones=fails(MemoryError("out of memory"))), "no memory left .* nvidia-smi shows who"),
    (StandIn(ones=fails(RuntimeError("cudaErrorDevicesUnavailable: busy"))),
     r"refuses to compute \(cudaErrorDevicesUnavailable: busy\): check nvidia-smi"),
    (StandIn(ones=lambda shape, dtype: np.zeros(shape)), "gave a sum of 8.0, not 32"),
]  # fmt: skip


# ---------------------------------------------------------------- what is missing
@pytest.mark.parametrize(("module", "sentence"), BROKEN)
def test_each_thing_that_can_be_missing_has_its_sentence(module, sentence, with_module):
    with_module(module)
    with pytest.raises(
        BackendError, match=f"'cupy' was asked for and cannot be used; .*{sentence}"
    ):
        use_backend("cupy")
    assert backend.active_name() == "numpy"
    found = gpu()
    assert found == {"usable": False, "why": cupy_loader.why_unusable(), "tf32": False}
    assert "\n" not in found["why"]


def test_no_two_sentences_are_alike(with_module):
    found = set()
    for module, _ in BROKEN:
        with_module(module)
        found.add(cupy_loader.why_unusable())
    assert len(found) == len(BROKEN)


def test_a_gpu_that_works_has_nothing_to_complain_about(with_module):
    with_module(StandIn())
    assert cupy_loader.why_unusable() is None


def test_kernels_that_do_not_compile_are_named():
    class RawModule:
        def __init__(self, **_):
            pass

        get_function = fails(CompileException("kernels.cu(7): error\nand more"))

    with pytest.raises(
        BackendError,
        match=r"kernels.cu, .*cu must compile .* kernels.cu\(7\): error; inst",
    ):
        Kernels(types.SimpleNamespace(RawModule=RawModule)).compile()


# ---------------------------------------------------------------- auto
def test_auto_takes_a_gpu_that_can_be_used_and_says_so(with_module):
    module = StandIn()
    with_module(module)
    with use_backend("auto"):
        assert backend.active() is module
        assert backend.choice() == "cupy, chosen by auto: a GPU can be used"
        with use_backend("numpy"):
            assert backend.choice() == "numpy, as asked for"
        assert backend.choice().startswith("cupy, chosen by auto")
    assert backend.choice() == "numpy, the default"


@pytest.mark.parametrize(("module", "sentence"), BROKEN)
def test_auto_takes_numpy_where_there_is_no_gpu_and_says_why(module, sentence, with_module):
    with_module(module)
    with use_backend("auto"):
        assert backend.active() is np
        found = minigen.info()["backend_choice"]
    assert found == f"numpy, chosen by auto: cupy cannot be used; {cupy_loader.why_unusable()}"


def test_the_variable_may_say_auto(with_module, monkeypatch):
    with_module(None)
    monkeypatch.setenv("MINIGEN_BACKEND", "auto")
    with use_backend("numpy"):  # what was active comes back
        backend.configure_from_environment()
        assert "chosen by auto: cupy cannot be used; cupy is not inst" in backend.choice()
    monkeypatch.setenv("MINIGEN_BACKEND", "cupy")
    backend.configure_from_environment()
    try:
        assert backend.active_name() == "none"
        assert backend.choice().startswith("none: backend: 'cupy' was asked for and cannot be")
        with pytest.raises(BackendError, match="cupy is not installed"):
            minigen.zeros(2)
    finally:
        with use_backend("numpy"):
            pass
    assert backend.active_name() == "numpy"


# ---------------------------------------------------------------- info
def test_info_describes_the_gpu_that_would_be_used(with_module, monkeypatch):
    with_module(StandIn())
    monkeypatch.setenv("CUPY_TF32", "1")
    assert gpu() == {
        "usable": True, "name": "Tester", "memory_bytes": 7, "compute_capability": "9.0",
        "cupy": "14.2.0", "cuda_runtime": 13000, "cuda_driver": 13020, "tf32": True,
    }  # fmt: skip
    assert json.loads(json.dumps(gpu())) == gpu()
