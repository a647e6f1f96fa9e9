"""The process that one engine computes in: ``python -m benchmarks.gpu_child minigen|torch``.

Requests and replies are lines of JSON, as in ``child.py``. One process holds all ways of one
engine to take the steps of a workload. Times are those of many steps in a row, from an idle
device to an idle device.
"""

import importlib
import sys
import time
from typing import Any

from benchmarks.child import answer

WARM_UP_STEPS = 20  # after a step is made: kernels are compiled, graphs captured, memory found
WAKING_STEPS = 3  # at the start of each round


class Side:
    """One engine's side of the benchmark, and the steps that it has at hand, by mode."""

    def __init__(self, engine: str, settings: dict[str, Any] | None = None) -> None:
        self.engine = engine
        self.settings = settings or {}
        self.module: Any = None
        self.ready: dict[str, Any] = {}

    def environment(self) -> dict[str, Any]:
        """What the engine runs on, or, under "missing", why it cannot."""
        try:
            self.module = importlib.import_module(f"benchmarks.gpu_{self.engine}")
        except ImportError as error:
            return {"missing": f"{self.engine} does not import ({error}): install it"}
        if why := self.module.missing():
            return {"missing": why}
        found: dict[str, Any] = self.module.environment()
        return found

    def prepare(self, workload: str, mode: str, batch_size: int) -> dict[str, Any]:
        """Make a step and run it for the first times. What fails is part of the result."""
        try:
            ready = self.module.make_step(workload, mode, batch_size, **self.settings)
            self._run(ready, WARM_UP_STEPS)
        except Exception as error:
            return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        self.ready[mode] = ready
        return {}

    def steps(self, mode: str, count: int) -> dict[str, Any]:
        """Milliseconds a step, over ``count`` steps in a row."""
        self._run(self.ready[mode], WAKING_STEPS)
        return {"ms": 1000 * self._run(self.ready[mode], count) / count}

    def _run(self, ready: Any, count: int) -> float:
        """Seconds that ``count`` steps take, the last one's end included."""
        with ready.context:
            self.module.synchronise()
            began = time.perf_counter()
            for _ in range(count):
                ready.step()
            self.module.synchronise()
            return time.perf_counter() - began


if __name__ == "__main__":
    side = Side(sys.argv[1])
    answer(side.environment, side.prepare, side.steps)
