"""What a person sees while a model trains: a bar on a terminal, a few lines elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

LINES = 10  # lines for a whole run where there is no terminal


def in_words(figures: dict[str, float]) -> str:
    """Figures on one line: name and four significant digits."""
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())


class Progress:
    """A progress bar over epochs with the losses beside it. Use it as a context manager."""

    def __init__(self, name: str, epochs: int, steps: int, shown: bool = True) -> None:
        self.console = Console(stderr=True, quiet=not shown)
        self.name = name
        self.epochs = epochs
        self.steps = steps
        self.done = 0
        self.bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self.console,
            disable=not (shown and self.console.is_terminal),
        )
        self.task = TaskID(0)

    def __enter__(self) -> "Progress":
        self.bar.start()
        self.task = self.bar.add_task(self.name, total=self.epochs, losses="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def report(self, steps: int, losses: dict[str, float]) -> None:
        """The losses ``steps`` steps into the current epoch."""
        self.bar.update(
            self.task, completed=self.done + min(steps / self.steps, 1), losses=in_words(losses)
        )

    def epoch(self, number: int, figures: dict[str, float]) -> None:
        """The figures of a finished epoch."""
        self.done += 1
        self.bar.update(self.task, completed=self.done, losses=in_words(figures))
        every = max(1, self.epochs // LINES)
        if self.bar.disable and (self.done % every == 0 or self.done == self.epochs):
            line = f"{self.name} epoch {number}  {in_words(figures)}"
            self.console.print(line, highlight=False, soft_wrap=True)
