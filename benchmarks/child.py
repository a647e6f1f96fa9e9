"""The process that one engine computes in: ``python -m benchmarks.child minigen|torch``.

Requests come in on standard input and replies go out on standard output, a line of JSON each.
Between requests the process only waits, so that the other engine has the processor for itself.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UP_STEPS = 10  # after a workload is made: allocators, caches, lazy initialisation
WAKING_STEPS = 2  # at the start of each round: threads asleep, caches full of the other's data


def _variables() -> dict[str, str]:
    """The environment variables by which a user sets threads and kernels."""
    beginnings = ("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "MINIGEN_", "TORCH_")
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(beginnings)}


class Side:
    """One engine's side of the benchmark, and the workload that it has at hand."""

    def __init__(self, engine: str) -> None:
        self.package = f"benchmarks.{engine}_side"
        self.step: Callable[[], None] = lambda: None

    def environment(self) -> dict[str, Any]:
        """What the engine runs on."""
        found = importlib.import_module(self.package).environment()
        return {**found, "variables": _variables()}

    def prepare(self, workload: str) -> dict[str, Any]:
        """Make the workload and run its first steps."""
        self.step = importlib.import_module(f"{self.package}.{workload}").make_step()
        self._run(WARM_UP_STEPS)
        return {}

    def steps(self, count: int) -> dict[str, Any]:
        """Milliseconds a step, over ``count`` steps in a row."""
        self._run(WAKING_STEPS)
        began = time.perf_counter()
        self._run(count)
        return {"ms": 1000 * (time.perf_counter() - began) / count}

    def memory(self) -> dict[str, Any]:
        """The most memory that this process has held so far, in MiB; None where it is not known."""
        status = Path("/proc/self/status")  # Linux
        if not status.is_file():
            return {"peak_mib": None}
        lines = status.read_text(encoding="ascii").splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
        return {"peak_mib": round(kib / 1024, 1)}

    def _run(self, count: int) -> None:
        for _ in range(count):
            self.step()


def answer(*actions: Callable[..., dict[str, Any]]) -> None:
    """Do what is asked for by name, until there are no more requests."""
    replies, sys.stdout = sys.stdout, sys.stderr  # what a workload prints is no reply
    by_name = {action.__name__: action for action in actions}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(by_name[request.pop("do")](**request)), file=replies, flush=True)


if __name__ == "__main__":
    side = Side(sys.argv[1])
    answer(side.environment, side.prepare, side.steps, side.memory)
