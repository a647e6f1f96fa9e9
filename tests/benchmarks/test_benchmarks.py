"""The benchmark program runs, says what it measured on, and fails loudly.

Times are not tested: on a machine that others use they mean nothing. PyTorch may be missing.
"""

import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAS_TORCH = importlib.util.find_spec("torch") is not None


def benchmark(*arguments, **variables):
    """Run ``python -m benchmarks.cpu`` as a user does, with these environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.cpu", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """What a short run with forced BLAS kernels in its environment printed and wrote."""
    path = tmp_path_factory.mktemp("benchmark") / "result.json"
    short = ("--only", "dense_gan", "--rounds", 2, "--steps", 2, "--json", path)
    done = benchmark(*short, OPENBLAS_CORETYPE="Haswell", OPENBLAS_L2_SIZE="512")
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text("utf-8"))


def test_rows(result):
    (row,) = result[1]["rows"]
    assert row["name"] == "dense_gan" and row["rounds"] == row["steps"] == 2
    assert row["others_busy"] is None or 0 <= row["others_busy"] <= 1
    assert row["minigen_ms"] > 0 and len(row["round_ms"]["minigen"]) == 2
    if HAS_TORCH:
        low, high = row["ratio_quartiles"]
        assert row["torch_ms"] > 0 and 0 < low <= row["ratio"] <= high
    else:
        assert row["torch_ms"] is row["ratio"] is row["ratio_quartiles"] is None


def test_environment(result):
    environment = result[1]["environment"]
    assert environment["processor"]["model"] and environment["processor"]["cores"] >= 1
    assert environment["minigen"]["blas"]["threads"] is None or (
        environment["minigen"]["blas"]["threads"] >= 1
    )
    assert ("torch" in environment) == HAS_TORCH


def test_engines_do_not_see_forced_kernels(result):
    environment = result[1]["environment"]
    assert environment["minigen"]["blas"].get("forced_architecture") is None
    for engine in environment.keys() - {"processor"}:
        assert not environment[engine]["variables"].keys() & {
            "OPENBLAS_CORETYPE",
            "OPENBLAS_L2_SIZE",
        }


def test_what_is_printed(result):
    for words in ("processor ", "minigen ", "torch ", "dense_gan: GAN 100-256-784", "ms a step"):
        assert words in result[0]
    assert ("quartiles" in result[0]) == HAS_TORCH


def test_minigen_alone(tmp_path):
    path = tmp_path / "result.json"
    short = ("--only", "mlp_vae", "--rounds", 1, "--steps", 1, "--json", path, "--alone")
    done = benchmark(*short)
    assert done.returncode == 0, done.stderr
    assert "timed alone" in done.stdout and "minigen / torch" not in done.stdout
    (row,) = json.loads(path.read_text("utf-8"))["rows"]
    assert row["minigen_ms"] > 0
    assert row["torch_ms"] is row["ratio"] is row["ratio_quartiles"] is None


def test_list():
    lines = benchmark("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "char_lstm", "char_transformer", "conv_halving", "conv_same", "conv_vae",
        "dcgan", "dense_gan", "mlp_vae", "rvae",
    ]  # fmt: skip


def test_both_sides_have_the_same_workloads():
    minigen, torch = (
        {p.name for p in (ROOT / "benchmarks" / side).glob("*.py")}
        for side in ("minigen_side", "torch_side")
    )
    assert minigen == torch


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--only", "dense_gam"),
            "'dense_gam' is no workload; choose from char_lstm, ",
        ),
        (("--rounds", "0"), "--rounds: must be at least 1; got 0"),
        (("--json", "no/such/directory/x.json"), "--json: the directory of .* must exist"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments, message):
    done = benchmark(*arguments)
    assert done.returncode == 2 and not done.stdout
    assert re.search(message, done.stderr)


def test_an_engine_that_fails_is_shown():
    done = benchmark("--only", "dense_gan", "--alone", MINIGEN_BACKEND="abacus")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "'abacus'" in done.stderr
    assert 'the minigen process must answer {"do": "prepare"' in done.stderr


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    "workload",
    ["char_lstm", "char_transformer", "conv_vae", "dcgan", "dense_gan", "mlp_vae", "rvae"],
)
def test_both_sides_train_as_many_parameters(workload, monkeypatch, tiny):
    import torch

    from minigen.optim.rule import UpdateRule

    theirs, ours = [], []
    adam, rule = torch.optim.Adam.__init__, UpdateRule.__init__
    monkeypatch.setattr(
        torch.optim.Adam,
        "__init__",
        lambda self, *a, **s: theirs.append(self) or adam(self, *a, **s),
    )
    monkeypatch.setattr(
        UpdateRule, "__init__", lambda self, *a, **s: ours.append(self) or rule(self, *a, **s)
    )
    for side in ("minigen_side", "torch_side"):
        importlib.import_module(f"benchmarks.{side}.{workload}").make_step()
    groups = [group["params"] for each in theirs for group in each.param_groups]
    counted = sum(p.numel() for group in groups for p in group)
    assert sum(p.size for each in ours for p in each.params) == counted > 0
