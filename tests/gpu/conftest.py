"""Checks for a real GPU, each of which the device double runs as well.

What runs on the double is run by every machine, so that a mistake in a check is found where there
is no GPU. ``pytest -m gpu`` runs those on the GPU alone.
"""

from functools import cache

import pytest

from minigen.backend import cupy as cupy_loader

DEVICES = [
    "double",
    # warnings of CuPy about NumPy are no failures of minigen's
    pytest.param("cupy", marks=[pytest.mark.gpu, pytest.mark.filterwarnings("default")]),
]
why_unusable = cache(cupy_loader.why_unusable)


@pytest.fixture(params=DEVICES)
def device(request):
    """The name of the device under test. Skips the GPU's where there is none, and says why."""
    if request.param == "cupy" and (why := why_unusable()):
        pytest.skip(why)
    return request.param
