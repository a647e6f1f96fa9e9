"""Capturing by CuPy's streams and graphs, with stand-ins for both that behave as CuPy's do."""

import gc
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from fake_cublas import FAKE_CUPY, FakeArray, on_fake_device

from minigen.backend import CaptureError, cublas
from minigen.backend.capture import GraphMemory, capturer
from minigen.backend.gemm import OwnProducts, gemm
from minigen.backend.kernels import LOADED, Kernels, entry_points
from minigen.backend.modules import MODULE_OF_TYPE, Uploads, asarray


class Graph:
    def __init__(self, log):
        self.log = log

    def upload(self, stream):
        self.log.append("upload")

    def launch(self, stream):
        self.log.append("launch")


class Stream:
    """invalid: set by what no capture can hold; then CuPy refuses even the question."""

    def __init__(self, log):
        self.log, self.capturing, self.invalid = log, False, False

    def __enter__(self):
        self.log.append("enter")

    def __exit__(self, *_):
        self.log.append("exit")

    def synchronize(self):
        if self.capturing:
            self.invalid = True
            raise RuntimeError("cudaErrorStreamCaptureUnsupported")
        self.log.append("wait")

    def begin_capture(self):
        assert not self.capturing
        self.capturing = True

    def end_capture(self):
        if not self.capturing:
            raise RuntimeError("cudaErrorIllegalState")
        self.capturing = False
        if self.invalid:
            self.invalid = False
            raise RuntimeError("cudaErrorStreamCaptureInvalidated")
        return Graph(self.log)

    def is_capturing(self):
        if self.invalid:
            raise RuntimeError("an error has invalidated the capture sequence")
        return self.capturing


class Pool:
    """A pool of CuPy's: what is freed stays in it. total: bytes it holds; free: those unused."""

    def __init__(self, log):
        self.log, self.total, self.free, self.room = log, 0, 0, 1000

    def malloc(self, size):
        if size > self.free:
            if self.total + size > self.room:  # CuPy gives back what is free, and tries again
                self.total, self.free = self.total - self.free, 0
            self.total += size
        else:
            self.free -= size
        return SimpleNamespace(mem=SimpleNamespace(size=size))

    def release(self, size):
        self.free += size

    def free_bytes(self):
        return self.free

    def total_bytes(self):
        return self.total

    def free_all_blocks(self):
        self.log.append(f"{self.free} bytes freed")
        self.total, self.free = self.total - self.free, 0


@pytest.fixture
def fake(monkeypatch):
    """A capturer of a stand-in for CuPy: its stream, the entry points compiled, what happened."""
    log, compiled, used, pools, stream = [], [], [], [], None
    usual_pinned_memory = object()
    pinned = [usual_pinned_memory]

    def new_pool():
        pools.append(Pool(log))
        return pools[-1]

    @contextmanager
    def using_allocator(malloc):
        log.append("its own memory")
        used.append(malloc)
        yield
        log.append("the usual memory")

    stream = Stream(log)
    cuda = SimpleNamespace(
        Stream=lambda non_blocking: stream if non_blocking else None,
        MemoryPool=new_pool,
        get_current_stream=lambda: Stream(log),
        using_allocator=using_allocator,
        set_pinned_memory_allocator=pinned.append,
    )
    module = SimpleNamespace(
        **{**vars(FAKE_CUPY), "cuda": cuda},
        get_default_memory_pool=lambda: SimpleNamespace(
            free_all_blocks=lambda: log.append("spare memory freed")
        ),
        get_default_pinned_memory_pool=lambda: SimpleNamespace(malloc=usual_pinned_memory),
        asarray=lambda x, dtype=None: on_fake_device(x),
        RawModule=lambda code, options: SimpleNamespace(get_function=compiled.append),
    )
    monkeypatch.setitem(MODULE_OF_TYPE, FakeArray, module)
    monkeypatch.setitem(LOADED, "cupy", Kernels(module))
    monkeypatch.setattr(cublas, "blas", lambda: log.append("a handle"))
    monkeypatch.setattr(GraphMemory, "pools", [])
    return SimpleNamespace(
        module=module, capturer=capturer(module), stream=stream, compiled=compiled, log=log,
        used=used, pools=pools, pinned=pinned,
    )  # fmt: skip


def test_a_step_is_captured_in_memory_of_its_own_and_launched(fake):
    assert sorted(fake.compiled) == sorted(entry_points()) and fake.log == ["a handle"]
    seen = []
    with fake.capturer as device:
        launch = device.capture(lambda: seen.append((fake.stream.capturing, OwnProducts.now)))
        launch()
        launch()
    assert seen == [(True, True)] and not OwnProducts.now
    assert fake.log == [
        "a handle", "wait", "enter", "wait", "spare memory freed", "its own memory",
        "upload", "the usual memory", "launch", "launch", "wait", "exit",
    ]  # fmt: skip


def test_a_graph_keeps_what_its_step_freed_and_gives_it_back_with_itself(fake):
    """What an array still needs is freed at the next opportunity after that."""

    def step():
        for size in (100, 30):
            fake.used[-1](size)
        fake.pools[-1].release(100)

    with fake.capturer as device:
        launch = device.capture(step)
        (pool,) = fake.pools
        GraphMemory.give_back()
        assert (pool.total, pool.free) == (130, 100)
        del launch
        assert (pool.total, pool.free) == (30, 0) and len(GraphMemory.pools) == 1
        pool.release(30)
    assert pool.total == 0 and GraphMemory.pools == []


def test_a_capture_that_fails_gives_its_memory_back(fake):
    def failing():
        fake.used[-1](100)
        fake.pools[-1].release(100)
        raise MemoryError("Out of memory allocating 8 bytes")

    with fake.capturer as device, pytest.raises(CaptureError, match="Out of memory allocating 8"):
        device.capture(failing)
    assert not fake.stream.capturing
    assert fake.pools[0].total == 0 and GraphMemory.pools == []


def test_memory_that_the_step_has_freed_is_not_taken_from_it(fake):
    """CuPy would give it back where memory runs out, and the graph would use it all the same."""

    def step():
        fake.used[-1](600)
        fake.pools[-1].release(600)
        fake.used[-1](500)
        fake.pools[-1].release(500)
        fake.used[-1](700)

    with fake.capturer as device, pytest.raises(CaptureError, match="allocating 700 bytes for a"):
        device.capture(step)


def test_one_capture_inside_another_leaves_the_outer_one_as_it_was(fake):
    inner = capturer(fake.module)
    with fake.capturer:
        with inner:
            assert OwnProducts.now
        assert OwnProducts.now
    assert not OwnProducts.now


def test_a_wait_in_the_step_is_refused_and_the_stream_is_free_again(fake):
    with fake.capturer as device:
        with pytest.raises(CaptureError, match="cudaErrorStreamCaptureUnsupported.*keep its value"):
            device.capture(fake.stream.synchronize)
        assert OwnProducts.now and not fake.stream.capturing
        device.capture(lambda: None)()
    assert fake.log.count("launch") == 1


def test_what_cupy_does_not_capture_is_refused(fake):
    def product():
        raise NotImplementedError("calling cuBLAS API during stream capture")

    with fake.capturer as device, pytest.raises(CaptureError, match="calling cuBLAS API"):
        device.capture(product)
    assert not fake.stream.capturing


def test_an_upload_of_cupys_own_is_refused_before_it_is_begun(fake):
    """A list as an index: CuPy asks for pinned memory, and would spoil the capture later on."""
    before = fake.pinned[-1]

    def indexing():
        fake.pinned[-1](16)

    with fake.capturer as device:
        with pytest.raises(CaptureError, match="CuPy sends data to the device, such as a list"):
            device.capture(indexing)
        assert fake.pinned[-1] is before and not fake.stream.capturing
        device.capture(lambda: None)
    assert fake.pinned[-1] is before and len(fake.pinned) == 5


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_collected_before_a_step_is_captured_and_not_meanwhile(fake, enabled):
    was_enabled, seen = gc.isenabled(), []
    (gc.enable if enabled else gc.disable)()
    try:
        with fake.capturer as device:
            device.capture(lambda: seen.append(gc.isenabled()))
            seen.append(gc.isenabled())
            with pytest.raises(CaptureError):
                device.capture(fake.stream.synchronize)
            seen.append(gc.isenabled())
    finally:
        (gc.enable if was_enabled else gc.disable)()
    assert seen == [False, enabled, enabled]


def test_the_stream_is_left_also_when_waiting_for_it_fails(fake):
    def failing():
        raise RuntimeError("cudaErrorIllegalAddress")

    fake.capturer.__enter__()
    fake.stream.synchronize = failing
    with pytest.raises(RuntimeError, match="IllegalAddress"):
        fake.capturer.__exit__(None, None, None)
    assert fake.log[-1] == "exit" and not OwnProducts.now


def test_other_errors_pass_and_leave_no_capture_behind(fake):
    def wrong():
        raise ValueError("a shape that does not fit")

    with fake.capturer as device, pytest.raises(ValueError, match="does not fit"):
        device.capture(wrong)
    assert not fake.stream.capturing and not OwnProducts.now


def test_nothing_is_sent_to_the_device_inside_a_capture(fake):
    host = np.ones(3)
    there = on_fake_device(host)
    with fake.capturer as device:
        with pytest.raises(CaptureError, match="the host sends data to the device.*keep its value"):
            device.capture(lambda: asarray(host, like=there))
        assert not Uploads.refused and not fake.stream.capturing
        device.capture(lambda: asarray(there, like=there))
    assert not Uploads.refused
    assert isinstance(asarray(host, like=there), FakeArray)


def test_products_of_other_numbers_stay_with_cupy(fake, monkeypatch):
    """Between captures a user may multiply what cuBLAS itself does not take, such as integers."""
    asked = []
    fake.module.matmul = lambda a, b, out=None: asked.append(a.dtype.name)
    own = SimpleNamespace(gemm=lambda a, b, out: asked.append("own"))
    monkeypatch.setattr(cublas, "blas", lambda: own)
    with fake.capturer:
        for dtype in ("float32", "int64", "float64", "complex64"):
            a = on_fake_device(np.ones((2, 2), dtype))
            gemm(a, a)
    gemm(a.real, a.real)
    assert asked == ["own", "int64", "own", "complex64", "float32"]
