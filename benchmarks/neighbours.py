"""Whether other programs computed while the benchmark ran.

On a machine that is shared, a figure may say more about the neighbours than about the engines.
Between two turns both engines sleep: whatever keeps the processor busy then is somebody else.
"""

import time
from pathlib import Path

STATISTICS = Path("/proc/stat")  # Linux; elsewhere nothing is known
REST = 0.1  # seconds; OpenBLAS and OpenMP threads spin for some hundredths before they sleep
WATCH = 0.05  # seconds after the rest in which nobody here computes
BUSY = 0.1  # share of the processor from which on a figure is not to be relied upon


def _ticks() -> tuple[int, int]:
    """Clock ticks of all cores since the start of the machine: not idle, and all."""
    if not STATISTICS.is_file():
        return 0, 0
    first = STATISTICS.read_text(encoding="ascii").partition("\n")[0]
    ticks = [int(t) for t in first.split()[1:9]]  # user, nice, system, idle, iowait, irq, ...
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


class Neighbours:
    """Adds up, over many rests, how busy others kept the processor."""

    def __init__(self) -> None:
        self.busy = self.total = 0

    def rest(self) -> None:
        """Wait until the engine that had its turn is asleep, then watch for a moment."""
        time.sleep(REST)
        busy, total = _ticks()
        time.sleep(WATCH)
        busy_then, total_then = _ticks()
        self.busy += busy_then - busy
        self.total += total_then - total

    @property
    def share(self) -> float | None:
        """What part of the processor others used, 0 to 1; None where it cannot be known."""
        return round(self.busy / self.total, 3) if self.total else None
