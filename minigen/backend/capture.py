"""A training step as one graph: captured once, launched as often as one likes.

A step of a small model is a few hundred kernels of a few microseconds each, and the host takes
longer to ask for them than the device to run them. A captured graph is asked for in one call. It
repeats the same kernels on the same memory: whatever changes from step to step must lie in the
device's memory, and nothing may be read back on the way.
"""

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType, TracebackType
from typing import Any, ClassVar

from minigen.backend import cublas
from minigen.backend.gemm import OwnProducts
from minigen.backend.kernels import Kernels, kernels_of
from minigen.backend.modules import CaptureError, Uploads, name_of


class Launch:
    """A captured graph, ready to be launched."""

    def __init__(self, graph: Any, stream: Any) -> None:
        self.graph = graph
        self.stream = stream

    def __call__(self) -> None:
        self.graph.launch(self.stream)


class GraphMemory:
    """The memory that graphs work in, each in a pool of its own, which nobody else may be given.

    What a step frees its pool keeps, for the graph goes on using it, until the graph is dropped.
    A pool of CuPy's keeps it also when nobody holds the pool any more; so the pools are held here,
    also those of captures that failed, until they are empty.
    """

    pools: ClassVar[list[tuple[Any, Callable[[], Any]]]] = []  # and what tells its graph, if any

    @classmethod
    def give_back(cls) -> None:
        """Free what belongs to no graph any more."""
        for pool, graph in list(cls.pools):  # freeing may run this once more
            if graph() is None:
                pool.free_all_blocks()
        cls.pools[:] = [(p, g) for p, g in cls.pools if g() is not None or p.total_bytes()]

    @classmethod
    def belongs_to(cls, pool: Any, launch: Launch | None) -> None:
        """Keep a pool for as long as a graph, or until it is empty."""
        cls.pools.append((pool, (lambda: None) if launch is None else weakref.ref(launch)))
        if launch is not None:
            weakref.finalize(launch, cls.give_back).atexit = False


def keeping(pool: Any) -> Callable[[int], Any]:
    """The pool's ``malloc``, as long as there is enough memory.

    Where there is not, CuPy's gives back what the pool has free, and tries again. But the step that
    is captured is going to use that.
    """

    def malloc(size: int) -> Any:
        free = pool.free_bytes()
        memory = pool.malloc(size)
        if pool.free_bytes() not in (free, free - memory.mem.size):
            raise MemoryError(f"Out of memory allocating {size:,} bytes for a captured step")
        return memory

    return malloc


def refuse(size: int) -> Any:
    """CuPy asks for pinned memory before each upload of its own."""
    raise CaptureError(
        "CuPy sends data to the device, such as a list that is used as an index, which a captured "
        "step cannot repeat; do it before or after the step"
    )


@contextmanager
def no_collection() -> Iterator[None]:
    """No cycle of garbage is taken apart inside: arrays of the step's own pool might be in it, and
    what they free between the two counts of ``keeping`` would look like memory given back."""
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class OnCuPy:
    """Captures on a stream of its own, which is current inside the ``with`` block.

    Products are asked of cuBLAS itself there, also outside of a capture.
    """

    def __init__(self, cupy: ModuleType | Any) -> None:
        self.cupy = cupy
        self.stream = cupy.cuda.Stream(non_blocking=True)
        self.before = False  # whether products were asked of cuBLAS itself already
        kernels = kernels_of(cupy.empty(0))
        assert isinstance(kernels, Kernels)
        kernels.compile()
        cublas.blas()  # neither a compiler nor a handle can be made while capturing

    def __enter__(self) -> "OnCuPy":
        self.cupy.cuda.get_current_stream().synchronize()  # what was begun before is done first
        self.stream.__enter__()
        self.before, OwnProducts.now = OwnProducts.now, True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        OwnProducts.now = self.before
        try:
            self.stream.synchronize()
            GraphMemory.give_back()
        finally:
            self.stream.__exit__(kind, error, trace)

    def capture(self, step: Callable[[], Any]) -> Callable[[], None]:
        """What launches ``step`` again. It must have run before on this stream, for what is made
        at a first call cannot be made here; it does not run now."""
        self.stream.synchronize()
        GraphMemory.give_back()
        self.cupy.get_default_memory_pool().free_all_blocks()  # what it keeps, no other pool gets
        pool, launch = self.cupy.cuda.MemoryPool(), None
        try:
            with no_collection(), self.cupy.cuda.using_allocator(keeping(pool)):
                launch = self._captured(step)
        except (RuntimeError, NotImplementedError, MemoryError) as error:
            raise CaptureError(
                f"capture: the step does what no captured graph can repeat ({error}); keep its "
                "values on the device, or train without capture"
            ) from error
        finally:
            GraphMemory.belongs_to(pool, launch)
        return launch

    def _captured(self, step: Callable[[], Any]) -> Launch:
        self.stream.begin_capture()
        try:
            Uploads.refused = True
            self.cupy.cuda.set_pinned_memory_allocator(refuse)
            step()
            graph = self.stream.end_capture()
        except BaseException:
            self._abandon()
            raise
        finally:
            Uploads.refused = False
            # CuPy does not tell which allocator was set before: from here on it is its usual one
            pinned = self.cupy.get_default_pinned_memory_pool()
            self.cupy.cuda.set_pinned_memory_allocator(pinned.malloc)
        graph.upload(self.stream)
        return Launch(graph, self.stream)

    def _abandon(self) -> None:
        """Take the stream out of a capture that failed. CUDA says once more that it has failed,
        and even asking whether the stream still captures is an error then."""
        with suppress(RuntimeError):
            self.stream.end_capture()


class OnDouble:
    """Captures by keeping a list of what the device double was asked to do."""

    def __init__(self, double: ModuleType | Any) -> None:
        self.tally = double.tally

    def __enter__(self) -> "OnDouble":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def capture(self, step: Callable[[], Any]) -> Callable[[], None]:
        """What launches ``step`` again. The double cannot note down without doing: the step runs
        once now, and that counts as the first launch. A step that fails is undone."""
        tape: list[Callable[[], object]] = []
        self.tally.tape = tape
        try:
            step()
        except BaseException:
            self.tally.undo()
            raise
        finally:
            self.tally.tape = None
            self.tally.before = []
        done = [True]

        def launch() -> None:
            if done.pop() if done else False:
                return
            for again in tape:
                again()

        return launch


def capturer(module: ModuleType) -> Any:
    """What captures steps on a device, to be entered with ``with``; None for the host, where
    there is nothing to gain."""
    kinds: dict[str, Any] = {"cupy": OnCuPy, "double": OnDouble}
    kind = kinds.get(name_of(module))
    return None if kind is None else kind(module)
