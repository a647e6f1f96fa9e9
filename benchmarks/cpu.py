"""Training steps on the processor, minigen against PyTorch eager: ``python -m benchmarks.cpu``.

For each workload two processes, one per engine, take turns: some steps of one, a rest, the same
steps of the other, and so on. The ratio is taken round by round, so that whatever slows the
whole machine down for a while slows both. Without PyTorch, minigen is timed alone.
"""

import argparse
import ast
import importlib.util
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engine import Engine, EngineError
from benchmarks.neighbours import Neighbours
from benchmarks.report import environment_lines, processor, row, row_lines

SIDE = Path(__file__).parent / "minigen_side"


def workloads() -> dict[str, str]:
    """Name -> description of every workload: the first line of its file on minigen's side."""
    found = {}
    for path in sorted(SIDE.glob("[!_]*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.stem] = text.partition("\n")[0]
    return found


def measure(engines: list[Engine], workload: str, rounds: int, steps: int) -> dict[str, Any]:
    """One row of the result: the workload timed in rounds, each engine in turn.

    The engines must be fresh: what one workload leaves behind in a process (memory, threads)
    would count for the next.
    """
    for engine in engines:
        engine.ask("prepare", workload=workload)
    neighbours = Neighbours()
    times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            neighbours.rest()
            times[engine.name].append(engine.ask("steps", count=steps)["ms"])
    peaks = {engine.name: engine.ask("memory")["peak_mib"] for engine in engines}
    return row(workload, times, steps) | {"peak_mib": peaks, "others_busy": neighbours.share}


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line, checked before anything is started."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cpu", description=__doc__)
    parser.add_argument("--only", metavar="NAMES", help="workloads, separated by commas")
    parser.add_argument("--rounds", type=int, default=30, help="rounds (%(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="steps a round (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")
    parser.add_argument("--alone", action="store_true", help="leave PyTorch out")
    parser.add_argument("--list", action="store_true", help="list the workloads and stop")
    chosen = parser.parse_args(argv)
    known = workloads()
    chosen.names = chosen.only.split(",") if chosen.only else list(known)
    for name in chosen.names:
        if name not in known:
            parser.error(f"--only: {name!r} is no workload; choose from {', '.join(known)}")
    for option in ("rounds", "steps"):
        if getattr(chosen, option) < 1:
            parser.error(f"--{option}: must be at least 1; got {getattr(chosen, option)}")
    if chosen.json and not chosen.json.absolute().parent.is_dir():
        parser.error(f"--json: the directory of {chosen.json} must exist; make it first")
    return chosen


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    chosen = arguments(argv)
    if chosen.list:
        width = max(map(len, workloads())) + 2
        print("\n".join(f"{name:{width}}{text}" for name, text in workloads().items()))
        return 0
    names = ["minigen"]
    if not chosen.alone and importlib.util.find_spec("torch") is not None:
        names.append("torch")
    environment: dict[str, Any] = {"processor": processor()}
    rows = []
    try:
        for name in chosen.names:
            with ExitStack() as stack:
                engines = [stack.enter_context(Engine(engine)) for engine in names]
                if not rows:
                    environment |= {engine.name: engine.ask("environment") for engine in engines}
                    print("\n".join(environment_lines(environment)), flush=True)
                rows.append(measure(engines, name, chosen.rounds, chosen.steps))
                print("\n".join(row_lines(rows[-1], workloads()[name])), flush=True)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.json:
        text = json.dumps({"environment": environment, "rows": rows}, indent=2) + "\n"
        chosen.json.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
