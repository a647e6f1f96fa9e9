"""What every test runs under: floating-point errors raise, and one backend after the other."""

import numpy as np
import pytest

from minigen.backend import use_backend

# A name and what makes it the active backend. A row added here runs every test that asks for
# the fixture ``backend`` once more.
BACKENDS = {
    "numpy": lambda: use_backend("numpy"),
    "double": lambda: use_backend("double"),
}


@pytest.fixture(autouse=True)
def floating_point_errors_raise():
    """0/0 and overflow are errors unless a test says that it means them. Underflow is not: a
    number too small for its type becomes 0, which is its correct rounding."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The name of the backend under test, which is active while the test runs."""
    with BACKENDS[request.param]():
        yield request.param


def pytest_collection_modifyitems(items):
    """Which lines run is counted on NumPy, and for what only a device does in tests/device: the
    same tests on the double would count the same lines again, at twice the time."""
    for item in items:
        settings = getattr(item, "callspec", None)
        here = item.path.parts
        again = settings is not None and settings.params.get("backend") == "double"
        if again or "gpu" in here or "gpu_text" in here or "lessons" in here or "guards" in here:
            item.add_marker(pytest.mark.no_cover)
