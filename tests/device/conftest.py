"""The two kinds of device: one without kernels of its own, and one that runs the kernels' text."""

import pytest
from device_methods import DoubleStandIn

from minigen.backend.kernels import LOADED, Kernels


@pytest.fixture(scope="session")
def compiled():
    """The kernels' text for the double, compiled once."""
    return Kernels(DoubleStandIn)


@pytest.fixture(params=["formulas", "kernels"])
def device(request, monkeypatch):
    """The double, computing by formulas or by kernels."""
    if request.param == "kernels":
        name = "minigen.backend.double"
        monkeypatch.setitem(LOADED, name, request.getfixturevalue("compiled"))
    return "double"
