"""These tests are about files and options, not about how well a judge of samples is trained;
the slow ones look at the samples, and get the real judge."""

import pytest


@pytest.fixture(autouse=True)
def hasty_judge(request, monkeypatch):
    if "slow" not in request.keywords:
        monkeypatch.setattr("minigen.metrics.classifier.STEPS", 20)
