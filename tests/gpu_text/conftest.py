"""The kernels compiled for the CPU, once for all tests here: none of them needs a GPU."""

import pytest
from cuda_on_cpu import on_cpu

import minigen.backend.kernels as kernels_module


@pytest.fixture(scope="session")
def kernels():
    return on_cpu()


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def from_here_on_far(monkeypatch):
    """A function that sets from how many numbers on indices have 64 bits."""

    def choose(numbers):
        monkeypatch.setattr(kernels_module, "FAR", numbers)
        kernels_module.plan.cache_clear()

    yield choose
    kernels_module.plan.cache_clear()
