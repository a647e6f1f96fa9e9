"""Where commands compute: --backend, --device and MINIGEN_BACKEND, and what they say about it."""

import json
import os

import pytest
from click.testing import CliRunner

from minigen.backend import BackendError, configure_from_environment, info, use_backend
from minigen.backend import cupy as cupy_loader
from minigen.backend.compiler import library
from minigen.cli.main import cli

CHOICE = "minigen: backend: numpy, chosen by auto: cupy cannot be used; no GPU: buy one\n"


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    """A machine without a GPU; what a command makes active is given back."""
    monkeypatch.delenv("MINIGEN_BACKEND", raising=False)
    monkeypatch.setattr(cupy_loader, "why_unusable", lambda: "no GPU: buy one")
    with use_backend("numpy"):
        yield


def train(directory, *words):
    out = ["--out", str(directory / "run"), "--overwrite", "--epochs", "1", "--quiet"]
    return CliRunner().invoke(cli, ["train", "autoencoder", "--hidden", "4", *out, *words])


@pytest.mark.parametrize("words", [("--backend", "auto"), ("--device", "auto")])
def test_auto_trains_on_what_there_is_and_says_so(words, tmp_path):
    done = train(tmp_path, *words)
    assert done.exit_code == 0, done.output
    assert done.stderr == CHOICE
    assert json.loads((tmp_path / "run" / "config.json").read_text())["backend"] == "numpy"
    done = CliRunner().invoke(cli, ["sample", str(tmp_path / "run"), "--n", "1", *words])
    assert (done.exit_code, done.stderr) == (0, CHOICE)


def test_the_variable_may_say_auto_and_an_option_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_BACKEND", "auto")
    configure_from_environment()
    assert train(tmp_path).stderr == CHOICE
    assert train(tmp_path, "--device", "cpu").stderr == ""


@pytest.mark.parametrize("words", [("--backend", "numpy"), ("--device", "cpu"), ()])
def test_what_was_named_is_not_announced(words, tmp_path):
    done = train(tmp_path, *words)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [("--backend", "cupy"), ("--device", "gpu")])
def test_a_gpu_that_was_named_is_never_replaced(words, tmp_path):
    for command in (["train", "vae"], ["sample", str(tmp_path)], ["demo"]):
        done = CliRunner().invoke(cli, [*command, *words])
        assert type(done.exception) is BackendError
        assert "'cupy' was asked for and cannot be used; no GPU: buy one" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_both_options_at_once_are_refused(tmp_path):
    done = train(tmp_path, "--backend", "numpy", "--device", "gpu")
    assert done.exit_code == 2
    assert "--backend and --device choose the same thing; got both" in done.stderr
    assert "leave one of them out" in " ".join(done.stderr.split())


def test_a_demo_says_it_once(tmp_path, monkeypatch):
    """It calls two commands that say it too."""
    monkeypatch.setattr("minigen.cli.run.EPOCHS", {"vae": {"digits": 1}, "gan": {"digits": 1}})
    done = CliRunner().invoke(cli, ["demo", "--out", str(tmp_path), "--device", "auto"])
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith(CHOICE) and done.stderr.count("chosen by auto") == 1


def test_info_shows_the_compiler(monkeypatch):
    monkeypatch.setenv("MINIGEN_COMPILER", "none")
    assert "compiler  none: MINIGEN_COMPILER=none\nGPU" in CliRunner().invoke(cli, ["info"]).output
    monkeypatch.setenv("MINIGEN_COMPILER", "no-such-cc")
    assert "compiler  none: MINIGEN_COMPILER must be" in CliRunner().invoke(cli, ["info"]).output
    monkeypatch.setitem(info.__globals__, "c_compiler", lambda: {"path": "/cc", "why": "found"})
    text = CliRunner().invoke(cli, ["info"]).output
    assert "compiler  /cc: found\n          tried at the first large LSTM\nGPU" in text


def test_info_shows_the_choice_and_the_gpu(monkeypatch):
    text = CliRunner().invoke(cli, ["info"]).output
    assert "numpy, as asked for" in text and "GPU       none: no GPU: buy one" in text
    found = {
        "usable": True, "name": "Tester", "memory_bytes": 2**34, "compute_capability": "9.0",
        "cupy": "14.2.0", "cuda_runtime": 13000, "cuda_driver": 13020, "tf32": False,
    }  # fmt: skip
    monkeypatch.setitem(info.__globals__, "gpu", lambda: found)
    text = CliRunner().invoke(cli, ["info"]).output
    assert "Tester, 16 GiB, compute capability 9.0\n" in text
    assert "cupy 14.2.0 with CUDA 13.0, driver for CUDA 13.2\n" in text
    assert "products of float32 not rounded to TF32\n" in text
    found["tf32"] = True
    assert "rounded to TF32 (CUPY_TF32=1)" in CliRunner().invoke(cli, ["info"]).output


@pytest.mark.parametrize("variable", ["MINIGEN_COMPILER", "MINIGEN_THREADS"])
def test_a_variable_that_cannot_be_followed_stops_before_anything_is_written(
    variable, tmp_path, monkeypatch
):
    monkeypatch.setenv(variable, "no-such-thing")
    done = train(tmp_path)
    assert done.exit_code != 0 and isinstance(done.exception, BackendError)
    assert variable in str(done.exception) and not (tmp_path / "run").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a program that fails")
def test_a_compiler_that_fails_costs_no_run_that_is_there(tmp_path, monkeypatch):
    assert train(tmp_path).exit_code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.*")}
    monkeypatch.setenv("MINIGEN_COMPILER", "false")
    library.cache_clear()
    done = train(tmp_path)  # with --overwrite
    library.cache_clear()
    assert isinstance(done.exception, BackendError)
    assert "false made no usable library" in str(done.exception)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.*")} == before
