"""Every command that trains, and what it draws, judges and samples, on the device double: what
reads or writes a host array by accident fails here, and not on a user's GPU."""

import json

import pytest
from click.testing import CliRunner
from device_methods import texts

from minigen.backend import use_backend
from minigen.cli.main import cli

SMALL = ("--epochs", 1, "--quiet")
IMAGES = {
    "autoencoder": ("--hidden", "12", "--code-size", 3),
    "vae": ("--hidden", "12", "--code-size", 3, "--pixels", "binary"),
    "conv-vae": ("--code-size", 3, "--hidden", "8"),
    "gan": ("--hidden", 12, "--noise-size", 4),
    "conv-gan": ("--noise-size", 4),
    "dcgan": ("--noise-size", 4),
}
TEXTS = {
    "char-lstm": ("--hidden", 6, "--embedding", 4, "--steps", 8, "--batch-size", 4),
    "char-transformer": ("--size", 8, "--heads", 2, "--layers", 1, "--steps", 8,
                         "--batch-size", 4),
    "rvae": ("--hidden", 6, "--embedding", 4, "--code-size", 2),
    "sequence-autoencoder": ("--hidden", 6, "--embedding", 4, "--code-size", 2),
}  # fmt: skip


def minigen(*words):
    result = CliRunner().invoke(cli, [str(w) for w in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def figures(run):
    return json.loads((run / "result.json").read_text())


@pytest.fixture(autouse=True)
def on_the_double():
    with use_backend("double"):
        yield


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in ("vae", "dcgan") else pytest.mark.slow) for n in IMAGES],
)
def test_images(name, tmp_path):
    run = tmp_path / "run"
    minigen("train", name, *SMALL, *IMAGES[name], "--out", run)
    assert figures(run)["environment"]["backend"] == "double"
    assert (run / "samples.png").stat().st_size > 1000
    minigen("sample", run, "--n", 4, "--interpolate", 3, "--out", tmp_path / "x.png")
    with use_backend("numpy"):  # a run of one backend is read on the other
        minigen("sample", run, "--n", 4, "--out", tmp_path / "y.png")


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name, tmp_path):
    run = tmp_path / "run"
    minigen("train", name, "--text", texts(tmp_path), *SMALL, *TEXTS[name], "--out", run)
    assert (run / "samples.txt").stat().st_size > 30
    written = minigen("sample", run, "--n", 5)
    with use_backend("numpy"):
        again = minigen("sample", run, "--n", 5)
    assert len(written) > 5 and len(again) > 5
