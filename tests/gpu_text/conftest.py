"""The kernels compiled for the CPU, once for all tests here: none of them needs a GPU."""

import pytest
from cuda_on_cpu import on_cpu


@pytest.fixture(scope="session")
def kernels():
    return on_cpu()


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param
