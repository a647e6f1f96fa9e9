"""The GPU benchmark's program, run without a GPU: what it prints, writes, shows and refuses."""

import importlib.util
import json
import re
from types import SimpleNamespace

import pytest

from benchmarks import gpu, gpu_child, gpu_minigen, gpu_report
from minigen.backend import cupy as cupy_loader

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed: make oracle")
pytestmark = pytest.mark.usefixtures("tiny")


class Inside(gpu_child.Side):
    """An engine without a process of its own: the child's answers, through JSON as there."""

    def __init__(self, name, child, variables):
        device = {"backend": "double"} if name == "minigen" else {"device": "cpu"}
        super().__init__(name, device | {"hidden_size": 6})
        self.name = name
        assert child == "benchmarks.gpu_child" and variables["CUPY_TF32"] in ("0", "1")

    def ask(self, action, **details):
        if action == "prepare":
            details["batch_size"] = 4
        request = json.loads(json.dumps(details))
        return json.loads(json.dumps(getattr(self, action)(**request)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


MACHINE = {"usable": True, "name": "GPU X", "cupy": "14.2.0", "cuda_runtime": 13010}


@pytest.fixture
def with_a_gpu(monkeypatch):
    """As if both libraries had found one."""
    runtime = SimpleNamespace(driverGetVersion=lambda: 13000)
    found = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    monkeypatch.setattr(gpu, "Engine", Inside)
    monkeypatch.setattr(gpu, "driver", lambda: "600.1")
    monkeypatch.setattr(gpu_minigen, "missing", lambda: None)
    monkeypatch.setattr(cupy_loader, "module", lambda: found)
    info = {"minigen": "0", "python": "3", "packages": {"numpy": "2"}, "gpu": MACHINE, "blas": {}}
    monkeypatch.setattr(gpu_minigen.minigen, "info", lambda: info)
    monkeypatch.setattr(gpu_child, "WARM_UP_STEPS", 3)
    monkeypatch.setattr(gpu_child, "WAKING_STEPS", 1)


@needs_torch
@pytest.mark.filterwarnings("default")
def test_a_run_prints_and_writes_its_result_and_makes_a_table(
    with_a_gpu, tmp_path, capsys, monkeypatch
):
    from benchmarks import gpu_torch

    def no_graphs(*_, **__):
        raise RuntimeError("no graphs\nhere")

    monkeypatch.setattr(gpu_torch, "missing", lambda: None)
    monkeypatch.setattr(gpu_torch, "captured", no_graphs)
    monkeypatch.setitem(gpu.MODES, "torch", ("eager", "graph"))
    path = tmp_path / "result.json"
    short = ["--only", "mlp_vae,lstm", "--rounds", "2", "--steps", "2", "--tf32", "off"]
    assert gpu.main([*short, "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    expected = (
        "GPU X, driver 600.1, ", "CUDA 13.1", "lstm: char LSTM", "float32 throughout",
        "failed: RuntimeError: no graphs here", "medians over 2 rounds of 2 steps",
    )  # fmt: skip
    assert [words for words in expected if words not in printed] == []
    result = json.loads(path.read_text("utf-8"))
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]
    assert re.match(r"\d{4}-\d\d-\d\dT", result["date"]) and result["driver"] == "600.1"
    assert (
        result["environment"]["torch"]["torch"] and "blas" not in result["environment"]["minigen"]
    )
    assert [(r["name"], r["tf32"]) for r in result["rows"]] == [("mlp_vae", False), ("lstm", False)]
    for row in result["rows"]:
        assert list(row["ms"]) == ["minigen eager", "minigen captured", "torch eager"]
        assert all(len(found) == 2 and min(found) > 0 for found in row["round_ms"].values())
        assert list(row["errors"]) == ["torch graph"]
    assert gpu.main(["--table", str(path)]) == 0
    assert "| dense VAE | off |" in capsys.readouterr().out


def made_up(**changes):
    times = {
        "minigen eager": [0.5, 0.4, 0.6], "minigen captured": [0.1, 0.1, 0.2],
        "torch eager": [1.0, 1.1, 0.9], "torch graph": [0.15, 0.15, 0.15],
    }  # fmt: skip
    rows = [
        gpu_report.row("dense_gan", False, times, {"torch compiled": "no compiler"}, 100),
        gpu_report.row("lstm", True, {"torch compiled": [3.0] * 3}, {}, 50),
    ]
    environment = {
        "minigen": {"minigen": "0.1", "python": "3.12", "packages": {"numpy": "2.5"},
                    "gpu": MACHINE},
        "torch": {"torch": "2.11", "cuda": "13.0", "cudnn": 9},
    }  # fmt: skip
    result = {"date": "2030-01-02T03:04:05+00:00", "driver": None, "environment": environment,
              "rows": rows}  # fmt: skip
    return result | changes


def test_the_table():
    found = gpu_report.table(made_up(), {"dense_gan": "dense GAN"}).splitlines()
    assert found == [
        "GPU X, driver unknown, 2030-01-02; minigen 0.1, CuPy 14.2.0, CUDA 13.1, NumPy 2.5, "
        "Python 3.12; PyTorch 2.11, CUDA 13.0, cuDNN 9.",
        "",
        "| training step, ms | TF32 | minigen | minigen, captured | PyTorch | torch.compile | "
        "PyTorch, CUDA graph | gain |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| dense GAN | off | 0.500 | 0.100 | 1.000 | failed | 0.150 | 1.50x |",
        "| lstm | on | failed | failed | failed | 3.000 | failed | - |",
        "",
        "Medians over 3 rounds of 50 or 100 steps; gain: against PyTorch's best.",
    ]
    alone = made_up(environment={"minigen": made_up()["environment"]["minigen"]})
    assert "PyTorch was not timed." in gpu_report.table(alone, {})


def test_a_result_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "result.json"
    gpu_report.write(path, made_up())
    assert json.loads(path.read_text("utf-8")) == made_up()
    with pytest.raises(TypeError):
        gpu_report.write(path, {"rows": object()})
    assert json.loads(path.read_text("utf-8")) == made_up()


def test_without_a_gpu_it_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "Engine", Inside)
    monkeypatch.setattr(gpu_minigen, "missing", lambda: "no NVIDIA driver was found")
    assert gpu.main(["--only", "lstm", "--alone"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "minigen cannot be timed on a GPU: no NVIDIA driver was found" in printed.err


@needs_torch
def test_a_pytorch_without_cuda_is_missing(with_a_gpu, capsys, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main(["--only", "lstm"]) == 1
    assert "torch cannot be timed on a GPU: torch " in capsys.readouterr().err


def test_an_engine_that_is_not_installed_is_missing(monkeypatch):
    def not_there(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(gpu_child.importlib, "import_module", not_there)
    reply = gpu_child.Side("torch").environment()
    assert reply["missing"].startswith("torch does not import (No module named")


def test_the_driver_is_asked_for_or_unknown(monkeypatch):
    done = SimpleNamespace(returncode=0, stdout="600.1\n600.1\n")
    monkeypatch.setattr(gpu_report.subprocess, "run", lambda *_, **__: done)
    assert gpu_report.driver() == "600.1"

    def not_there(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(gpu_report.subprocess, "run", not_there)
    assert gpu_report.driver() is None


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--only", "lstn"], "'lstn' is no workload; choose from dense_gan, "),
        (["--steps", "0"], "--steps: must be at least 1; got 0"),
        (["--tf32", "maybe"], "--tf32: invalid choice"),
        (["--json", "no/such/place/x.json"], "--json: the directory of .* must exist"),
        (["--table", "no_such.json"], "--table: no_such.json must be a file that --json wrote"),
    ],
)
def test_wrong_arguments_are_refused_at_once(argv, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        gpu.main(argv)
    assert stopped.value.code == 2 and re.search(message, capsys.readouterr().err)


def test_another_file_is_no_table(tmp_path, capsys):
    for text in ("{}", "nothing", '{"rows": 3}'):
        path = tmp_path / "other.json"
        path.write_text(text, encoding="utf-8")
        assert gpu.main(["--table", str(path)]) == 1
        assert "is no result of --json" in capsys.readouterr().err


def test_the_list(capsys):
    assert gpu.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(gpu.WORKLOADS)
