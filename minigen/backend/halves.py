"""Two halves of a batch on two threads, each with a BLAS of one thread.

Where copying and multiplying take turns, a BLAS with two threads leaves one processor idle
while the other copies. Two threads that each copy and multiply leave none.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="minigen-half")


def _two_processors() -> bool:
    threads = [
        library["num_threads"] for library in _blas().info() if library["user_api"] == "blas"
    ]
    return (os.cpu_count() or 1) > 1 and max(threads, default=1) > 1


_worthwhile: dict[str, bool] = {}


def in_halves(work: Callable[[slice], None], n: int) -> None:
    """Call work(slice) for each half of 0..n at the same time, or once for all of it.

    Once where there is one processor, where BLAS is held to one thread (by
    OPENBLAS_NUM_THREADS or by an outer ``in_halves``), or where n < 2.
    """
    if "two" not in _worthwhile:
        _worthwhile["two"] = _two_processors()
    if n < 2 or not _worthwhile["two"]:
        work(slice(0, n))
        return
    with _blas().limit(limits=1, user_api="blas"):
        other = _second_thread().submit(work, slice(n // 2, n))
        try:
            work(slice(0, n // 2))
        finally:
            other.result()
