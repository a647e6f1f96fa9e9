"""Finding CuPy, and saying exactly what is missing when it cannot be used.

``import cupy`` succeeds on machines without a GPU and fails later with a driver's error
number. Everything that can be wrong is asked for here once, with its remedy.
"""

import importlib
import importlib.util
from types import ModuleType


def module() -> ModuleType:
    """The cupy module. Only to be called when ``why_unusable()`` is None."""
    return importlib.import_module("cupy")


def why_unusable() -> str | None:
    """None when CuPy and a GPU can be used, else one sentence: what is missing, what to do."""
    if importlib.util.find_spec("cupy") is None:
        return (
            "cupy is not installed: pip install 'minigen[cuda12]' (CUDA 12) or "
            "'minigen[cuda13]' (CUDA 13)"
        )
    try:
        cupy = module()
    except ImportError as error:
        return f"cupy is installed but does not import ({error}): reinstall minigen[cuda12|cuda13]"
    if not cupy.is_available():
        if cupy.cuda.runtime.driverGetVersion() == 0:
            return "no NVIDIA driver was found: install the driver, or use the numpy backend"
        return "no NVIDIA GPU is visible: check nvidia-smi and CUDA_VISIBLE_DEVICES"
    try:
        one = cupy.ones((2, 2), dtype=cupy.float32)
        product = float((one @ one).sum())  # a kernel and a GEMM: compiler and cuBLAS both load
    except (ImportError, RuntimeError, OSError) as error:
        return (
            f"the CUDA libraries do not load ({error}): pip install 'minigen[cuda12]' or "
            "'minigen[cuda13]', which bring them"
        )
    return None if product == 8.0 else f"a 2x2 product on the GPU gave {product}, not 8"
