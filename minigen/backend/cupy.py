"""Finding CuPy, and saying exactly what is missing when it cannot be used.

``import cupy`` succeeds on machines without a GPU and fails later with a driver's error
number. Everything that can be wrong is asked for here once, with its remedy.
"""

import importlib
import importlib.util
from types import ModuleType

EXTRAS = "pip install 'minigen[cuda12]' (CUDA 12) or 'minigen[cuda13]' (CUDA 13)"


def module() -> ModuleType:
    """The cupy module. Only to be called when ``why_unusable()`` is None."""
    return importlib.import_module("cupy")


def why_unusable() -> str | None:
    """None when CuPy and a GPU can be used, else one sentence: what is missing, what to do."""
    if importlib.util.find_spec("cupy") is None:
        return f"cupy is not installed: {EXTRAS}"
    try:
        cupy = module()
    except ImportError as error:
        return f"cupy is installed but does not import ({line(error)}): reinstall it, {EXTRAS}"
    return no_device(cupy) or no_result(cupy)


def no_device(cupy: ModuleType) -> str | None:
    """Why no GPU is there, or None."""
    if cupy.is_available():
        return None
    runtime = cupy.cuda.runtime
    driver, needed = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    if driver == 0:
        return "no NVIDIA driver was found: install the driver, or use the numpy backend"
    if driver // 1000 < needed // 1000:
        return (
            f"the NVIDIA driver is for CUDA {version(driver)}, and this cupy for CUDA "
            f"{version(needed)}: update the driver, or install the cupy for its CUDA, {EXTRAS}"
        )
    return "no NVIDIA GPU is visible: check nvidia-smi and CUDA_VISIBLE_DEVICES"


def no_result(cupy: ModuleType) -> str | None:
    """Why the GPU that is there does not compute, or None: a kernel and a product are tried."""
    try:
        two = cupy.ones((2, 2), dtype=cupy.float32) + 1  # the compiler loads, and compiles
        product = float((two @ two).sum())  # cuBLAS loads
    except (ImportError, OSError) as error:
        return unloadable(error)
    except MemoryError as error:
        return f"the GPU has no memory left ({line(error)}): nvidia-smi shows who holds it"
    except Exception as error:  # CuPy's own kinds have no common base
        if type(error).__name__ == "CompileException":
            return (
                f"CuPy's kernels do not compile ({line(error)}): the CUDA headers are missing or "
                f"those of another version; {EXTRAS}, which bring them"
            )
        if type(error).__name__ == "DynamicLibNotFoundError" or "load lib" in str(error):
            return unloadable(error)
        return (
            f"the GPU refuses to compute ({line(error)}): check nvidia-smi, and that the GPU is "
            "not reserved for another program"
        )
    return None if product == 32.0 else f"a 2x2 product on the GPU gave a sum of {product}, not 32"


def unloadable(error: Exception) -> str:
    """The sentence about libraries that are missing."""
    return f"the CUDA libraries do not load ({line(error)}): {EXTRAS}, which bring them"


def line(error: Exception) -> str:
    """The first line of what an error says: a compiler says hundreds."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def version(number: int) -> str:
    """12040 -> 12.4"""
    return f"{number // 1000}.{number % 1000 // 10}"
