"""An engine in a process of its own, as the benchmark that asks it sees it.

The process is kept for all rounds of a workload: two persistent processes that take turns see
the same clock speeds, neighbours and heat, which two runs one after the other do not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FORCED = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}  # kernels and caches of another processor


class EngineError(RuntimeError):
    """An engine's process ended before its time."""


class Engine:
    """The process of one engine ("minigen" or "torch"). Use it as a context manager.

    child: the module that answers requests there; variables: more for its environment.

    What forces BLAS to take this processor for another is taken from its environment: what is
    to be measured is what a user gets.
    """

    def __init__(
        self, name: str, child: str = "benchmarks.child", variables: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        given = {k: v for k, v in os.environ.items() if k not in FORCED}
        self.process = subprocess.Popen(
            [sys.executable, "-m", child, name],
            cwd=ROOT,
            env=given | dict(variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, action: str, **details: Any) -> dict[str, Any]:
        """The reply to a request. Raises EngineError if the process fails; it says why itself."""
        assert self.process.stdin is not None and self.process.stdout is not None
        request = json.dumps({"do": action, **details})
        try:
            print(request, file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise EngineError(
                f"benchmark: the {self.name} process must answer {request}; it ended with code "
                f"{self.process.wait()} (below 0: a signal); put right what its own message "
                "above says, or run again where it was stopped from outside"
            )
        reply: dict[str, Any] = json.loads(line)
        return reply

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.process.kill()
        self.process.communicate()  # closes its input: it has no more to do, and ends
