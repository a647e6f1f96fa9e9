"""Work shared out to as many threads as BLAS would use, each with a BLAS of one thread.

Where copying and multiplying take turns, a BLAS with several threads leaves all processors but
one idle while the array library copies. Threads that each copy and multiply leave none. The two
do not go together: BLAS's own threads stay awake for a while after each product and take the
processors away. So the first call that shares out work takes BLAS's threads over for the rest
of the process, and matrix products are shared out here from then on. Programs that
convolve no image, and run no large LSTM by compiled kernels, keep BLAS as it was.
``MINIGEN_THREADS`` says how many threads, and 1 leaves BLAS alone.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy
from threadpoolctl import ThreadpoolController

from minigen.backend.gemm import gemm
from minigen.backend.modules import Array, BackendError, xp

BLOCK = 1 << 18  # numbers: in smaller blocks threads wait longer for Python's lock than for memory
FEW = 1 << 15  # numbers, where there are no threads: the arrays of a formula fit a core's cache
LARGE = 1 << 18  # numbers, from which on blocks and threads pay
LARGE_PRODUCT = 1 << 21  # multiplications, from which on it pays to share a product out


class Threads:
    """The threads of this process, taken over from BLAS at the first use."""

    def __init__(self) -> None:
        self.count = 0  # not known before the first use
        self.pool: ThreadPoolExecutor | None = None
        self.lock = Lock()

    def start(self) -> int:
        """How many threads share the work; the first call takes them over from BLAS."""
        with self.lock:
            if not self.count:
                self.count = wanted()
                if self.count > 1:
                    ThreadpoolController().limit(limits=1, user_api="blas")
                    self.pool = ThreadPoolExecutor(self.count - 1, "minigen")
        return self.count


def wanted() -> int:
    """MINIGEN_THREADS, else as many threads as BLAS has. Raises BackendError for no number."""
    text = os.environ.get("MINIGEN_THREADS", "")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise BackendError(f"MINIGEN_THREADS must be a whole number >= 1; got {text!r}")
        return int(text)
    libraries = ThreadpoolController().info()
    blas = [lib["num_threads"] for lib in libraries if lib["user_api"] == "blas"]
    return min(max(blas, default=1), os.cpu_count() or 1)


threads = Threads()


def _forget() -> None:
    """What a forked process does first: it has the pool, but none of the pool's threads."""
    threads.count, threads.pool, threads.lock = 0, None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def in_parts(work: Callable[[slice], Any], x: Array) -> None:
    """Call work(slice) for equal parts of 0..len(x) at the same time, or once for all of it.

    x lies on a device: once. An error in any part is raised when all have ended. Parts must not
    call ``in_parts``.
    """
    n = len(x)
    if xp(x) is not numpy:
        work(slice(0, n))
        return
    share(work, n)


def share(work: Callable[[slice], Any], n: int) -> None:
    """``in_parts`` for the host."""
    count = min(threads.count or threads.start(), n)
    if count < 2 or threads.pool is None:
        work(slice(0, n))
        return
    edges = [n * i // count for i in range(count + 1)]
    others = [
        threads.pool.submit(work, slice(begin, end))
        for begin, end in zip(edges[1:-1], edges[2:], strict=True)
    ]
    try:
        work(slice(0, edges[1]))
    finally:
        errors = [other.exception() for other in others]  # waits for every one
    for error in errors:
        if error is not None:
            raise error


def in_chunks(work: Callable[[slice], Any], x: Array) -> None:
    """Call work(slice) for a few examples of x (n, ...) at a time, as many as fit the cache; once
    for all where x lies on a device."""
    if xp(x) is not numpy:
        work(slice(0, len(x)))
        return
    few = max(1, BLOCK // max(1, x[0].size)) if len(x) else 1

    def part(share: slice) -> None:
        for start in range(share.start, share.stop, few):
            work(slice(start, min(start + few, share.stop)))

    share(part, len(x))


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """a @ b for matrices, into ``out`` if it is given; shared out once the threads are ours."""
    rows, columns = a.shape[0], b.shape[1]
    if not threads.pool or rows * columns * a.shape[1] < LARGE_PRODUCT or xp(a) is not numpy:
        return gemm(a, b, out)
    c = numpy.empty((rows, columns), dtype=numpy.result_type(a, b)) if out is None else out
    if rows >= columns:
        share(lambda part: numpy.matmul(a[part], b, out=c[part]), rows)
    else:
        share(lambda part: numpy.matmul(a, b[:, part], out=c[:, part]), columns)
    return c


def contiguous(x: Array) -> Array:
    """x with its numbers in memory in the order of its axes: x itself, or a copy, which is shared
    out once the threads are ours. Not to be called by ``in_parts``."""
    if xp(x) is not numpy or x.size < LARGE or x.flags.c_contiguous or not threads.pool:
        return xp(x).ascontiguousarray(x)
    y = numpy.empty(x.shape, dtype=x.dtype)
    share(lambda part: numpy.copyto(y[part], x[part]), len(x))
    return y


def blockwise(work: Callable[..., Any], x: Array, *others: Array) -> Array:
    """A new array y like x, filled by work(y, x, *others), which computes element by element.

    Large arrays are handed to ``work`` as flat blocks, so that its steps meet their numbers in
    the cache, and on all threads once they are ours; others must have x's shape.
    """
    y = xp(x).empty_like(x)
    if x.size < LARGE or xp(x) is not numpy:
        work(y, x, *others)
        return y
    size = BLOCK if threads.pool else FEW
    flat = [a.ravel(order="K") for a in (y, *(laid_out_as(y, o) for o in (x, *others)))]

    def part(share: slice) -> None:
        for start in range(share.start, share.stop, size):
            block = slice(start, min(start + size, share.stop))
            work(*(a[block] for a in flat))

    if threads.pool:
        share(part, x.size)
    else:
        part(slice(0, x.size))
    return y


def laid_out_as(y: Array, x: Array) -> Array:
    """x with its numbers in memory in the order of y's: x itself, or a copy."""
    if x.strides == y.strides:
        return x
    copied = numpy.empty_like(y, dtype=x.dtype)
    copied[...] = x
    return copied
