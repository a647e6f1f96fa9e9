"""The kernels, cuBLAS and the random numbers of a device against NumPy's."""

import numpy as np
import pytest
from device import matrices
from device.device_methods import DoubleStandIn
from gpu_text import kernel_checks, lstm_checks, pooling_checks
from gpu_watch import Moved, synchronise

import minigen
from minigen.backend import cublas, gemm, philox, to_numpy, use_backend
from minigen.backend.kernels import LOADED, Kernels
from minigen.backend.modules import load

CHECKS = [
    getattr(module, name)
    for module in (kernel_checks, lstm_checks, pooling_checks)
    for name in sorted(vars(module))
    # one asks a function of the text that is no entry point; uniform numbers show the same
    if name.startswith("check_") and name not in ("check_rule", "check_known_answers")
]
DEVICE_TIGHT = {"float32": 1e-5, "float64": 1e-12}  # multiplications are fused with additions
DEVICE_ULPS = 16


@pytest.fixture(scope="session")
def compiled():
    """The kernels' text for the double."""
    return Kernels(DoubleStandIn)


@pytest.fixture
def kernels(device, request, monkeypatch):
    """The device's kernels, handed arrays of the host."""
    monkeypatch.setattr(kernel_checks, "TIGHT", DEVICE_TIGHT)
    monkeypatch.setattr(kernel_checks, "ULPS", DEVICE_ULPS)
    module = load(device)
    if device == "double":
        monkeypatch.setitem(LOADED, module.__name__, request.getfixturevalue("compiled"))
    return Moved(module)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_kernel_computes_what_minigen_computes(check, kernels, dtype, device):
    check(kernels, dtype)
    synchronise(device)


def product(device, a, b):
    """As a captured step multiplies."""
    return cublas.blas().gemm(a, b) if device == "cupy" else gemm(a, b)


def check_product(device, a, b, dtype):
    """a @ b of arrays that lie on the device as these lie on the host."""
    module = load(device)
    strided = module.lib.stride_tricks.as_strided
    there = [matrices.in_type(x, dtype, module.asarray, strided) for x in (a, b)]
    expected = np.matmul(*(x.astype(dtype) for x in (a, b)))
    tolerance = {"float32": 2e-5, "float64": 1e-13}[dtype]
    found = to_numpy(product(device, *there))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.delenv("CUPY_TF32", raising=False)


@pytest.mark.parametrize("left", matrices.WAYS)
@pytest.mark.parametrize("right", matrices.WAYS)
def test_products_wherever_matrices_lie(left, right, device, dtype, exact):
    for n, k, m in (*matrices.SIZES, (33, 65, 17)):
        check_product(device, matrices.WAYS[left](n, k), matrices.WAYS[right](k, m), dtype)


@pytest.mark.parametrize("pair", matrices.BATCHES)
def test_products_of_stacks(pair, device, dtype, exact):
    check_product(device, *matrices.BATCHES[pair], dtype)


def test_tf32_rounds_and_only_where_it_is_asked_for(device, monkeypatch):
    """With 10 bits a product of numbers that need 12 is wrong by about 2^-11, and not by more."""
    x = np.full((256, 256), 1 + 2.0**-12)
    module = load(device)
    there = module.asarray(x, dtype="float32")
    errors = {}
    for setting in ("0", "1"):
        monkeypatch.setenv("CUPY_TF32", setting)
        found = to_numpy(product(device, there, there))
        errors[setting] = float(abs(found / (x @ x) - 1).max())
    assert errors["0"] < 1e-6 and errors["1"] < 2e-3
    assert device == "double" or errors["1"] > 1e-5


@pytest.mark.parametrize("shape", [(7,), (3, 5), ()])
def test_a_seed_draws_the_numbers_of_its_stream(shape, device, dtype):
    """Uniform ones bit for bit, normal ones up to the last bits; draws follow one another."""
    with use_backend(device):
        rng = minigen.Generator(5)
        seed, n = rng.device.seed, int(np.prod(shape))
        first, second = (to_numpy(rng.random(shape, dtype)) for _ in range(2))
        normal = to_numpy(rng.normal(shape, dtype))
    step = philox.positions(n, dtype)
    np.testing.assert_array_equal(first.ravel(), philox.uniform(seed, 0, n, dtype))
    np.testing.assert_array_equal(second.ravel(), philox.uniform(seed, step, n, dtype))
    expected = philox.normal(seed, 2 * step, n, dtype)
    np.testing.assert_array_max_ulp(normal.ravel(), expected, maxulp=DEVICE_ULPS)
