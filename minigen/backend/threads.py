"""Elementwise work on all processor cores.

NumPy computes an elementwise expression on one core, but lets go of Python's lock while it
does. A few large blocks, one thread each, therefore run side by side. Each element is computed
as before, so the result is the same to the last bit, whatever the number of threads.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# Whoever limits the BLAS to some threads means the whole program.
LIMITS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
MOST_THREADS = 8  # memory, not arithmetic, is the limit beyond a few


def thread_count() -> int:
    """How many threads elementwise work is spread over: the cores this process may use, unless
    one of the usual variables (OMP_NUM_THREADS, ...) says fewer."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    limits = [int(v) for v in (os.environ.get(name, "") for name in LIMITS) if v.isdigit()]
    return max(1, min([count, MOST_THREADS, *limits]))


class _Pool:
    """The threads, started at first use, and started anew in a forked process."""

    executor: ThreadPoolExecutor | None = None
    threads = 1

    @classmethod
    def forget(cls) -> None:
        cls.executor = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Pool.forget)


def for_each(function: Callable[..., Any], blocks: Sequence[tuple[Any, ...]]) -> None:
    """Call function(*block) for every block, spread over the threads; an error is raised here.

    The blocks must not depend on one another: their order is not defined.
    """
    if _Pool.executor is None:
        _Pool.threads = thread_count()
        _Pool.executor = ThreadPoolExecutor(max(1, _Pool.threads - 1), "minigen")
    n = min(_Pool.threads, len(blocks))

    def work(first: int) -> None:
        for block in blocks[first::n]:
            function(*block)

    others = [_Pool.executor.submit(work, i) for i in range(1, n)]
    try:
        work(0)
    finally:
        for other in others:
            other.result()
