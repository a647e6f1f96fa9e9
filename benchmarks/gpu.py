"""Training steps on a GPU, minigen against PyTorch: ``python -m benchmarks.gpu``.

minigen operation by operation and as a captured graph; PyTorch eager, compiled, and as a CUDA
graph. The ways take turns, round by round, each with the data in the GPU's memory. The result is
written after each workload, so that a run that is cut short is not lost.
"""

import argparse
import datetime
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engine import Engine, EngineError
from benchmarks.gpu_report import driver, environment_lines, row, row_lines, table, write

MODES = {"minigen": ("eager", "captured"), "torch": ("eager", "compiled", "graph")}
WORKLOADS = {  # name -> batch, title, description
    "dense_gan": (100, "dense GAN", "GAN 100-256-784, batch 100, D and G step"),
    "mlp_vae": (100, "dense VAE", "VAE 784-200-200-50, batch 100"),
    "dcgan": (128, "DCGAN", "DCGAN 28x28, 64 and 128 channels, batch 128, D and G step"),
    "conv_vae": (128, "conv VAE", "conv VAE 28x28, 32 and 64 channels, batch 128"),
    "lstm": (64, "LSTM", "char LSTM, hidden 512, 64 texts of 64 characters, 96 symbols"),
}
PRECISIONS = {"off": (False,), "on": (True,), "both": (False, True)}


class Missing(RuntimeError):
    """An engine cannot be used here; the message says what to do."""


def measure(engines: list[Any], workload: str, tf32: bool, rounds: int, steps: int) -> Any:
    """One row of the result: the workload timed in rounds, each engine and mode in turn.

    The engines must be fresh. A mode that fails is left out, and the row says why.
    """
    times: dict[str, list[float]] = {}
    errors: dict[str, str] = {}
    turns = []
    for engine in engines:
        for mode in MODES[engine.name]:
            key = f"{engine.name} {mode}"
            batch_size = WORKLOADS[workload][0]
            reply = engine.ask("prepare", workload=workload, mode=mode, batch_size=batch_size)
            if "error" in reply:
                errors[key] = reply["error"]
            else:
                times[key] = []
                turns.append((key, engine, mode))
    for _ in range(rounds):
        for key, engine, mode in turns:
            times[key].append(engine.ask("steps", mode=mode, count=steps)["ms"])
    return row(workload, tf32, times, errors, steps)


def started(stack: ExitStack, alone: bool, tf32: bool) -> tuple[list[Engine], dict[str, Any]]:
    """Fresh engines, and what they run on. Raises Missing where one of them cannot be used."""
    variables = {"CUPY_TF32": "1" if tf32 else "0"}
    names = ["minigen"] if alone else list(MODES)
    engines = [
        stack.enter_context(Engine(name, "benchmarks.gpu_child", variables)) for name in names
    ]
    found = {engine.name: engine.ask("environment") for engine in engines}
    for name, environment in found.items():
        if "missing" in environment:
            raise Missing(f"benchmark: {name} cannot be timed on a GPU: {environment['missing']}")
    return engines, found


def run(chosen: argparse.Namespace) -> None:
    """All workloads that were chosen, printed as they are done and written to the file."""
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    result: dict[str, Any] = {"date": date, "driver": driver(), "environment": {}, "rows": []}
    for tf32 in PRECISIONS[chosen.tf32]:
        for name in chosen.names:
            with ExitStack() as stack:
                engines, found = started(stack, chosen.alone, tf32)
                if not result["rows"]:
                    result["environment"] = found
                    print("\n".join(environment_lines(result)), flush=True)
                figures = measure(engines, name, tf32, chosen.rounds, chosen.steps)
            result["rows"].append(figures)
            print("\n".join(row_lines(figures, WORKLOADS[name][2])), flush=True)
            if chosen.json:
                write(chosen.json, result)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line, checked before anything is started."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--only", metavar="NAMES", help="workloads, separated by commas")
    parser.add_argument("--rounds", type=int, default=10, help="rounds (%(default)s)")
    parser.add_argument("--steps", type=int, default=100, help="steps a round (%(default)s)")
    parser.add_argument("--tf32", choices=PRECISIONS, default="both", help="(%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")
    parser.add_argument("--alone", action="store_true", help="leave PyTorch out")
    parser.add_argument("--list", action="store_true", help="list the workloads and stop")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="print the result in FILE as a table and stop"
    )
    chosen = parser.parse_args(argv)
    chosen.names = chosen.only.split(",") if chosen.only else list(WORKLOADS)
    for name in chosen.names:
        if name not in WORKLOADS:
            parser.error(f"--only: {name!r} is no workload; choose from {', '.join(WORKLOADS)}")
    for option in ("rounds", "steps"):
        if getattr(chosen, option) < 1:
            parser.error(f"--{option}: must be at least 1; got {getattr(chosen, option)}")
    if chosen.json and not chosen.json.absolute().parent.is_dir():
        parser.error(f"--json: the directory of {chosen.json} must exist; make it first")
    if chosen.table and not chosen.table.is_file():
        parser.error(f"--table: {chosen.table} must be a file that --json wrote")
    return chosen


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark, or show its result; the exit code."""
    chosen = arguments(argv)
    if chosen.list:
        print("\n".join(f"{name:12}{about}" for name, (_, _, about) in WORKLOADS.items()))
        return 0
    if chosen.table:
        titles = {name: title for name, (_, title, _) in WORKLOADS.items()}
        try:
            print(table(json.loads(chosen.table.read_text(encoding="utf-8")), titles))
        except (ValueError, KeyError, TypeError) as error:
            print(f"--table: {chosen.table} is no result of --json ({error})", file=sys.stderr)
            return 1
        return 0
    try:
        run(chosen)
    except (Missing, EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
