"""What the device double was asked to do: waits and uploads, and the tape of a capture."""

from collections.abc import Callable

from minigen.backend.modules import Array, CaptureError


class Tally:
    """Counts what costs time on a GPU, and remembers operations while a capture runs.

    launches: how many operations the device was asked for, views of arrays not counted; waits: how
    often the host waited for a value; uploads: how often it sent one; the last two by name.
    tape: while capturing, what each operation does again, else None; before: what was in the
    memory that it has written to, so that a capture that fails leaves nothing behind.
    """

    def __init__(self) -> None:
        self.launches = 0
        self.waits: dict[str, int] = {}
        self.uploads: dict[str, int] = {}
        self.tape: list[Callable[[], object]] | None = None
        self.before: list[tuple[Array, Array]] = []

    def reset(self) -> None:
        """Forget all counts."""
        self.launches, self.waits, self.uploads = 0, {}, {}

    def wait(self, what: str) -> None:
        """The host waits for the device. Raises CaptureError while capturing."""
        self._forbidden(f"{what}: the host waits for a value of the device")
        self.waits[what] = self.waits.get(what, 0) + 1

    def upload(self, what: str) -> None:
        """The host sends data. Raises CaptureError while capturing."""
        self._forbidden(f"{what}: the host sends data to the device")
        self.uploads[what] = self.uploads.get(what, 0) + 1

    def library(self, what: str) -> None:
        """A call of cuBLAS or cuSOLVER by CuPy. Raises CaptureError while capturing."""
        self._forbidden(f"{what}: CuPy calls a library of NVIDIA's")

    def record(self, operation: str, again: Callable[[], object]) -> None:
        """Count an operation; remember how to do it again, where a capture runs."""
        self.launches += 1
        if self.tape is not None:
            self.tape.append(again)

    def write(self, operation: str, do: Callable[[], object], *written: Array) -> None:
        """Do what writes to memory that was there before, and ``record`` it."""
        if self.tape is not None:
            self.before += [(memory, memory.copy()) for memory in written]
        do()
        self.record(operation, do)

    def undo(self) -> None:
        """Put back what was there before the capture."""
        for memory, was in reversed(self.before):
            memory[...] = was

    def _forbidden(self, what: str) -> None:
        if self.tape is not None:
            raise CaptureError(
                f"capture: {what}, which a captured step cannot repeat; keep it on the device, or "
                "do it before or after the step"
            )


tally = Tally()
