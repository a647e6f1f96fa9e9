"""Work shared out to threads: everything is done once, errors are raised, results are the same.

The threads of the whole process are taken from BLAS at the first use; here a test gets threads
of its own, however many processors there are.
"""

import subprocess
import sys

import numpy as np
import pytest

from minigen.backend import BackendError, parallel


@pytest.fixture(params=[1, 2, 5])
def count(request, monkeypatch):
    """So many threads, for this test."""
    monkeypatch.setenv("MINIGEN_THREADS", str(request.param))
    monkeypatch.setattr(parallel, "threads", parallel.Threads())
    yield request.param
    if parallel.threads.pool:
        parallel.threads.pool.shutdown()


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
def test_parts_cover_everything_once(count, n):
    seen = []
    parallel.share(lambda part: seen.append(range(n)[part]), n)
    assert sorted(i for part in seen for i in part) == list(range(n))
    assert len(seen) == max(1, min(count, n))


def test_an_error_in_any_part_is_raised_after_all_have_ended(count):
    for bad in range(count):
        ended = []

        def work(part, bad=bad, ended=ended):
            ended.append(part)
            if part.start == bad * 10:
                raise RuntimeError("a part")

        with pytest.raises(RuntimeError, match="a part"):
            parallel.share(work, 10 * count)
        assert len(ended) == count


def test_chunks_are_a_few_examples_each(count):
    x, seen = np.zeros((9, parallel.BLOCK // 2)), []
    parallel.in_chunks(lambda few: seen.append(range(9)[few]), x)
    assert sorted(i for few in seen for i in few) == list(range(9))
    assert max(map(len, seen)) == min(2, -(-9 // count))
    parallel.in_chunks(lambda few: seen.append(few), x[:0])


@pytest.mark.parametrize("shape", [(200, 300, 400), (300, 400, 200), (3, 4, 5)])
def test_a_product_is_the_product(count, shape, monkeypatch):
    monkeypatch.setattr(parallel, "LARGE_PRODUCT", 100)
    parallel.threads.start()
    n, k, m = shape
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, k)), rng.normal(size=(k, m))
    np.testing.assert_allclose(parallel.product(a, b), np.dot(a, b), rtol=1e-12)
    np.testing.assert_allclose(parallel.product(a.T.copy().T, b), np.dot(a, b), rtol=1e-12)
    out = np.full((n, m), np.nan)
    assert parallel.product(a, b, out=out) is out
    np.testing.assert_allclose(out, np.dot(a, b), rtol=1e-12)


def test_elementwise_work_in_blocks_whatever_the_layout(count, monkeypatch):
    monkeypatch.setattr(parallel, "LARGE", 10)
    monkeypatch.setattr(parallel, "BLOCK", 7)
    parallel.threads.start()
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 3, 4, 5, 6))
    for a in (x, x.transpose(0, 2, 3, 1), x[:, ::2]):
        for b in (other.reshape(-1)[: a.size].reshape(a.shape), a.copy(order="F")):
            y = parallel.blockwise(lambda y, a, b: np.multiply(a, b, out=y), a, b)
            np.testing.assert_array_equal(y, a * b)


def test_a_copy_in_the_order_of_the_axes(count, monkeypatch):
    monkeypatch.setattr(parallel, "LARGE", 10)
    parallel.threads.start()
    x = np.arange(60.0, dtype="float32").reshape(5, 3, 4)
    assert parallel.contiguous(x) is x
    y = parallel.contiguous(x.transpose(0, 2, 1))
    assert y.flags.c_contiguous and y.dtype == x.dtype
    np.testing.assert_array_equal(y, x.transpose(0, 2, 1))


def test_no_thread_is_taken_from_blas_before_the_first_convolution():
    """In a process of its own: what a dense net computes with, and an image after it."""
    program = """
import numpy as np, minigen
from minigen.backend import parallel
minigen.matmul(np.ones((300, 300)), np.ones((300, 300)))
assert parallel.threads.count == 0, parallel.threads.count
minigen.conv2d(np.ones((2, 5, 8, 8)), np.ones((6, 5, 3, 3)))
assert parallel.threads.count == 3 and parallel.threads.pool is not None
info = parallel.ThreadpoolController().info()
assert all(lib["num_threads"] == 1 for lib in info if lib["user_api"] == "blas"), info
"""
    environment = {"MINIGEN_THREADS": "3", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


def test_a_number_of_threads_that_is_none_is_refused(monkeypatch):
    for wrong in ("many", "0", "²"):
        monkeypatch.setenv("MINIGEN_THREADS", wrong)
        with pytest.raises(BackendError, match=f"MINIGEN_THREADS must be a whole .*; got '{wrong}"):
            parallel.wanted()
    monkeypatch.delenv("MINIGEN_THREADS")
    assert parallel.wanted() >= 1
