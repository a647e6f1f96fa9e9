"""What the tests of the GPU benchmark share."""

import importlib
import importlib.util

import pytest

from benchmarks import minigen_side
from benchmarks.minigen_side import char_lstm
from minigen.backend import use_backend


@pytest.fixture
def tiny(monkeypatch):
    """Few images and short texts; the backend of before comes back."""
    sides = [(minigen_side, char_lstm)]
    if importlib.util.find_spec("torch") is not None:
        torch_side = importlib.import_module("benchmarks.torch_side")
        sides.append((torch_side, importlib.import_module("benchmarks.torch_side.char_lstm")))
    for images, texts in sides:
        monkeypatch.setattr(images, "IMAGES", 20)
        monkeypatch.setattr(texts, "STEPS", 3)
    with use_backend("numpy"):
        yield
