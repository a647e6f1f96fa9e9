"""The command ``minigen train music``, on a few made-up pieces instead of the chorales."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from minigen.cli import train_music
from minigen.cli.main import cli
from minigen.data.music import KEYS, Music

pytest.importorskip("mido")


def test_a_run_has_figures_pictures_and_midi(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)

    def made_up(split, data_dir):
        assert data_dir.name == "there"
        rolls = tuple((rng.random((n, KEYS)) < 0.05).astype("float32") for n in (9, 5, 12))
        return Music(split, rolls)

    monkeypatch.setattr(train_music, "chorales", made_up)
    words = ["train", "music", "--data-dir", "there", "--epochs", "2", "--hidden", "8", "--quiet"]
    result = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "run" / "result.json").read_text())
    assert 0 < figures["test_loss"] < 62 and figures["epoch"] == 2
    lowest = min(float(line.split(",")[-1]) for line in rows(tmp_path / "run"))
    assert figures["chosen_valid_loss"] == pytest.approx(lowest, rel=1e-6)
    for name in ("samples.png", "samples.mid", "losses.png", "checkpoint.safetensors"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    words = ["sample", str(tmp_path / "run"), "--n", "5"]
    for extra, expected in (
        ([], "run/sample-seed0-5.mid"),
        (["--out", str(tmp_path / "x.mid")], "x.mid"),
    ):
        result = CliRunner().invoke(cli, words + extra)
        assert result.exit_code == 0, result.output
        assert (tmp_path / expected).read_bytes().startswith(b"MThd")


def rows(run):
    return (run / "history.csv").read_text().splitlines()[1:]
