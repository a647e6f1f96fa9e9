"""What minigen runs on: versions, the BLAS behind NumPy, and the GPU or why there is none.

A benchmark figure without these lines cannot be compared with another, and most reports of
"it is slow here" are explained by one of them.
"""

import os
import platform
from importlib import metadata
from typing import Any

import numpy
from threadpoolctl import threadpool_info

from minigen.backend import cupy as cupy_loader
from minigen.backend.compiler import compiler
from minigen.backend.cublas import tf32
from minigen.backend.modules import BackendError, active_name, choice

PACKAGES = ("numpy", "matplotlib", "safetensors", "rich", "click")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def blas() -> dict[str, Any]:
    """The BLAS library that NumPy uses: name, version, kernel architecture, threads."""
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            return {
                "name": pool["internal_api"],
                "version": pool["version"],
                "architecture": pool.get("architecture", "unknown"),
                "threads": pool["num_threads"],
                "forced_architecture": os.environ.get("OPENBLAS_CORETYPE"),
            }
    return {"name": "unknown to threadpoolctl", "version": None, "threads": None}


def gpu() -> dict[str, Any]:
    """The GPU that the cupy backend would use, or one sentence on why there is none.

    tf32: whether float32 products may round to TF32, which the variable CUPY_TF32=1 allows.
    """
    problem = cupy_loader.why_unusable()
    if problem is not None:
        return {"usable": False, "why": problem, "tf32": tf32()}
    cupy = cupy_loader.module()
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    return {
        "usable": True,
        "name": properties["name"].decode(),
        "memory_bytes": int(properties["totalGlobalMem"]),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "cupy": cupy.__version__,
        "cuda_runtime": int(cupy.cuda.runtime.runtimeGetVersion()),
        "cuda_driver": int(cupy.cuda.runtime.driverGetVersion()),
        "tf32": tf32(),
    }


def c_compiler() -> dict[str, Any]:
    """The compiler of the host's kernels: its path, or None, and why this one or none."""
    try:
        path, why = compiler()
    except BackendError as error:
        path, why = None, str(error)
    return {"path": path, "why": why}


def info() -> dict[str, Any]:
    """What this program runs on, as a dictionary that json.dumps accepts.

    Keys: minigen, python, platform, cpus, backend (the active one), backend_choice (why this
    one), packages, blas, compiler (of the host's kernels: path, or None, and why), gpu.
    """
    return {
        "minigen": _version("minigen"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "backend": active_name(),
        "backend_choice": choice(),
        "packages": {name: _version(name) for name in PACKAGES} | {"numpy": numpy.__version__},
        "blas": blas(),
        "compiler": c_compiler(),
        "gpu": gpu(),
    }
