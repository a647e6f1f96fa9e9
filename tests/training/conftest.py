"""These tests are about files and options, not about how well a judge of samples is trained."""

import pytest


@pytest.fixture(autouse=True)
def hasty_judge(monkeypatch):
    monkeypatch.setattr("minigen.metrics.classifier.STEPS", 20)
