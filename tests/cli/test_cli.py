"""The command line as a user meets it: what it prints, what it writes, what it refuses."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from minigen.cli import main as entry
from minigen.cli.main import cli
from minigen.training import between


def minigen(*words: str, code: int = 0) -> str:
    """Run a command in this process; its whole output. Errors that the user can mend are
    raised here and turned into one line by ``main``."""
    result = CliRunner().invoke(cli, list(words), catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def train(out, *words: str) -> str:
    return minigen("train", *words, "--out", str(out), "--epochs", "1", "--quiet")


@pytest.mark.parametrize("model", ["vae", "gan", "autoencoder", "conv-vae", "conv-gan", "dcgan"])
def test_train_then_sample(tmp_path, model):
    output = train(tmp_path / "run", model)
    assert "samples.png" in output
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["epoch"] == 1
    assert result["seconds"] > 0
    output = minigen("sample", str(tmp_path / "run"), "--n", "9", "--seed", "3")
    assert (tmp_path / "run" / "sample-seed3-9.png").is_file()
    assert "wrote" in output
    output = minigen("sample", str(tmp_path / "run"), "--n", "2", "--interpolate", "5")
    assert (tmp_path / "run" / "interpolation-seed0-2x5.png").is_file()


def test_convolutional_models_show_kernels_and_features(tmp_path):
    output = train(tmp_path / "run", "conv-vae", "--channels", "4,6", "--code-size", "3")
    for name in ("kernels.png", "features.png", "traversals.png", "latent.png"):
        assert name in output and (tmp_path / "run" / name).stat().st_size > 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["model_arguments"] == {
        "shape": [8, 8],
        "code_size": 3,
        "channels": [4, 6],
        "hidden": [256],
    }


def test_a_way_between_codes_is_straight_and_has_its_ends():
    begin, end = np.zeros((2, 3)), np.array([[1.0, 2.0, 4.0], [-1.0, 0.0, 1.0]])
    way = between(begin, end, 5).reshape(2, 5, 3)
    np.testing.assert_array_equal(way[:, 0], begin)
    np.testing.assert_array_equal(way[:, -1], end)
    np.testing.assert_allclose(way[:, 1], end / 4)


def test_the_same_seed_gives_the_same_files(tmp_path):
    for name in ("a", "b"):
        train(tmp_path / name, "gan", "--seed", "7")
    for file in ("checkpoint.safetensors", "samples.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_options_reach_the_model_and_the_config(tmp_path):
    train(
        tmp_path / "run", "vae", "--hidden", "24,12", "--code-size", "3", "--beta", "0.5",
        "--activation", "tanh", "--rule", "momentum", "--alpha", "1e-4", "--set", "beta=1e-5",
        "--pixels", "binary", "--batch-size", "250",
    )  # fmt: skip
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["model_arguments"] == {
        "data_size": 64, "hidden": [24, 12], "code_size": 3, "activation": "tanh",
    }  # fmt: skip
    assert (config["rule"], config["alpha"], config["settings"]) == (
        "momentum", 1e-4, {"beta": 1e-5},
    )  # fmt: skip
    assert (config["beta"], config["pixels"], config["batch_size"]) == (0.5, "binary", 250)
    history = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert history[1].startswith("1,6,")  # 1,500 images in batches of 250


@pytest.mark.parametrize("rule", ["gd", "sgd", "heavy-ball", "rmsprop", "adam-bias-corrected"])
def test_every_rule_can_be_named(tmp_path, rule):
    extra = ["--set", "beta=0.5"] if rule == "heavy-ball" else []
    train(tmp_path / "run", "autoencoder", "--rule", rule, "--alpha", "1e-4", *extra)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["rule"] == rule


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "vea"], "No such command 'vea'"),
        (["train", "vae", "--epoch", "3"], "Did you mean '--epochs'?"),
        (["train", "vae", "--data", "cifar"], "'digits', 'mnist'"),
        (["train", "vae", "--hidden", "20,x"], "write whole numbers >= 1 with commas"),
        (["train", "dcgan", "--channels", "8"], "takes two numbers, such as 32,64; got 1"),
        (["train", "conv-vae", "--data", "mnist", "--pixels", "counts"], "counts is for"),
        (["sample", "x", "--interpolate", "1"], "1 is not in the range"),
        (["train", "gan", "--set", "beta1"], "write NAME=NUMBER, such as beta1=0.5"),
        (["train", "gan", "--rule", "sgd", "--set", "beta=1"], "has no hyper-parameter 'beta'"),
        (["train", "gan", "--rule", "rmsprop", "--set", "gamma=1"], "it has: beta, epsilon"),
        (["train", "vae", "--alpha", "-1"], "alpha"),
        (["train", "vae", "--rule", "momentum"], "needs beta; write --set beta=NUMBER"),
        (["train", "vae", "--beta", "nan"], "not a finite number"),
        (["train", "gan", "--real-weight", "inf"], "not a finite number"),
        (["train", "gan", "--real-label", "1.5"], "1.5 is not in the range"),
        (["train", "vae", "--data-dir", "x"], "is for --data mnist"),
        (["train", "vae", "--data", "mnist", "--pixels", "counts"], "counts is for --data digits"),
        (["sample", "x", "--out", "y.jpg"], "must end in .png"),
    ],
)
def test_a_wrong_option_says_what_would_be_right(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = minigen(*words, code=2)
    assert message in " ".join(output.split())
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command_and_option():
    assert all(word in minigen("--help") for word in ("demo", "train", "sample", "info"))
    text = minigen("train", "gan", "--help")
    for option in ("--real-weight", "--generator-loss", "--seed", "--rule", "--set", "--backend"):
        assert option in text


def test_info_says_what_it_runs_on():
    values = json.loads(minigen("info", "--json"))
    assert values["backend"] == "numpy"
    text = minigen("info")
    assert values["packages"]["numpy"] in text
    assert "BLAS" in text
    assert "GPU" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sample", "nowhere"], "nowhere must be the directory of a finished run"),
        (["train", "vae", "--data", "mnist", "--data-dir", "nowhere"], "nowhere"),
        (["train", "gan", "--quiet", "--out", "/dev/null/x"], "/dev/null"),
    ],
)
def test_errors_that_the_user_can_mend_end_in_one_line(words, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["minigen", *words])
    with pytest.raises(SystemExit) as stop:
        entry()
    captured = capsys.readouterr()
    assert stop.value.code == 1
    assert captured.err.startswith("minigen: ")
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_run_is_not_overwritten_unasked(tmp_path):
    train(tmp_path / "run", "autoencoder")
    before = (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    with pytest.raises(ValueError, match="holds a run already"):
        train(tmp_path / "run", "autoencoder", "--seed", "1")
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == before
    train(tmp_path / "run", "autoencoder", "--seed", "1", "--overwrite")
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() != before


def test_the_command_is_installed_and_reports_a_missing_backend():
    done = subprocess.run(
        [sys.executable, "-m", "minigen", "train", "vae", "--backend", "cupy"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        pytest.skip("this machine has a GPU that cupy can use")
    assert done.returncode == 1
    assert done.stderr.startswith("minigen: backend: 'cupy' was asked for and cannot be used")


@pytest.mark.slow
def test_demo_makes_digits(tmp_path):
    """The README's main command: recognisable digits of many classes from both models."""
    output = minigen("demo", "--out", str(tmp_path))
    assert "Open these pictures" in output
    for name, confident in (("vae", 0.6), ("gan", 0.7)):
        result = json.loads((tmp_path / name / "result.json").read_text())
        assert result["samples_classes"] >= 8, (name, result)
        assert result["samples_confident"] >= confident, (name, result)
