"""Step through a lesson in the terminal: read, predict, run, look.

Input is read line by line, so that it works over ssh and from a pipe. Cells run in one
namespace and keep their line numbers, so that a traceback points into the lesson's file.
"""

import code
import io
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib import pyplot
from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from minigen.learn import images
from minigen.learn.lesson import Lesson
from minigen.learn.reader import Reader
from minigen.learn.show import save, showing
from minigen.learn.text import pages, render

HELP = """
  Enter  go on: the next page, or run the cell that is shown
  b      back one page                   r  run the last cell again
  p      Python, with the cell's variables; Ctrl-D comes back
  q      quit; the place is remembered   ?  this help
"""
PREDICT = "**Predict.**"
NUMBERED = 86  # columns from which code of 79 has room for line numbers beside it


@dataclass(frozen=True)
class Step:
    """A page of text or a cell of code."""

    kind: str
    source: str
    line: int


def steps(lesson: Lesson) -> list[Step]:
    """The lesson in steps: text in pages, code in cells."""
    found = []
    for cell in lesson.cells:
        sources = pages(cell.source) if cell.kind == "text" else [cell.source]
        found += [Step(cell.kind, source, cell.line) for source in sources]
    return found


def close(picture: Any) -> None:
    """Do not show a picture."""
    pyplot.close("all")


def leave() -> None:
    """What exit() and quit() do at the Python prompt."""
    raise SystemExit


class Quit(Exception):
    """The reader wants to stop here."""


class Player:
    """One reading of a lesson.

    ask: shows a prompt and returns a line without its end; raises EOFError where there is none.
    """

    def __init__(
        self,
        lesson: Lesson,
        reader: Reader,
        console: Console,
        ask: Callable[[str], str] = input,
        smoke: bool = False,
    ) -> None:
        self.lesson, self.reader, self.console, self.ask = lesson, reader, console, ask
        self.steps = steps(lesson)
        self.plain = not console.encoding.lower().startswith("utf")
        self.namespace: dict[str, Any] = {"__name__": "__main__", "__file__": str(lesson.path)}
        self.arguments = [str(lesson.path), *(["--smoke"] if smoke else [])]
        self.prediction = ""
        self.done: set[int] = set()  # code steps that have run

    # ------------------------------------------------------------ the way through
    def play(self, restart: bool = False) -> None:
        """From the remembered place to the end, or until the reader quits."""
        memory = self.reader.of(self.lesson)
        place = 0 if restart or memory["finished"] else min(memory["step"], len(self.steps) - 1)
        matplotlib.use("agg")
        arguments, sys.argv = sys.argv, self.arguments
        try:
            if place:
                self.catch_up(place)
            while place < len(self.steps):
                memory["step"] = place
                place = max(0, place + self.step(place))
            memory["step"], memory["finished"] = 0, True
            self.console.print("\n[bold]The end of the lesson.[/bold]")
        except (Quit, EOFError, KeyboardInterrupt):
            self.console.print(
                f"\nStopped at page {memory['step'] + 1} of {len(self.steps)}; "
                f"minigen learn {self.lesson.number} goes on here."
            )
        finally:
            sys.argv = arguments
            self.reader.save()

    def catch_up(self, place: int) -> None:
        """Run the cells before the place, without a word, so that their variables exist."""
        self.console.print("Running the cells before this place ...", style="dim")
        for i in range(place):
            if self.steps[i].kind == "code" and not self.run(i, quiet=True):
                break

    def step(self, place: int) -> int:
        """Show one step and do what the reader says; by how much the place moves."""
        step = self.steps[place]
        self.console.print(Rule(f"{self.lesson.number}: {place + 1} of {len(self.steps)}"))
        if step.kind == "code":
            return self.code_step(place)
        self.console.print(render(step.source, self.console.width, self.plain))
        if PREDICT in step.source:
            self.prediction = self.line("Your prediction (Enter: none): ")
        if step.source.startswith("Exercises\n"):
            self.offer_exercises()
        return self.choose("Enter: on", place)

    def code_step(self, place: int) -> int:
        step = self.steps[place]
        lines = step.source.splitlines()
        empty = (i for i, s in enumerate(lines) if s and not s.startswith("# symbols:"))
        hidden = next(empty, 0)
        shown = Syntax(
            "\n".join(lines[hidden:]),
            "python",
            line_numbers=self.console.width >= NUMBERED,
            start_line=step.line + hidden,
            background_color="default",
            word_wrap=True,
        )
        self.console.print(shown)
        moved = self.choose("Enter: run this cell", place)
        if moved != 1:
            return moved
        if not self.run(place):
            return self.choose("The cell failed. Enter: on", place)
        if self.prediction:
            self.console.print(f"You predicted: {self.prediction}", style="yellow", markup=False)
            self.prediction = ""
        return 1

    def choose(self, prompt: str, place: int) -> int:
        """Ask until the answer moves the place: 1 on, -1 back, 0 the same again."""
        while True:
            answer = self.line(f"[{prompt}   b: back   q: quit   ?: more] ").lower()
            if answer == "":
                return 1
            if answer in ("q", "quit"):
                raise Quit
            if answer == "b":
                return -1
            if answer == "p":
                self.python()
            elif answer == "r":
                self.run(max(self.done, default=place))
            else:
                self.console.print(HELP)

    def line(self, prompt: str) -> str:
        """One answer; where nobody types, the line that typing would have ended is ended."""
        self.console.file.flush()
        answer = self.ask(prompt)
        if not sys.stdin.isatty():
            self.console.print()
        return answer.strip()

    # ------------------------------------------------------------ what a cell does
    def run(self, place: int, quiet: bool = False) -> bool:
        """Run the cell at the place; False, after its traceback, if it failed."""
        step = self.steps[place]
        if step.kind != "code":
            self.console.print("There is no cell to run yet.")
            return True
        source = "\n" * (step.line - 1) + step.source + "\n"
        try:
            program = compile(source, str(self.lesson.path), "exec")
            show = showing(close if quiet else self.picture)
            with show, redirect_stdout(io.StringIO()) if quiet else nullcontext():
                exec(program, self.namespace)
        except KeyboardInterrupt:
            self.console.print("\nInterrupted.")
            return False
        except Exception as error:  # a lesson that the reader changed may raise anything
            self.report(error)
            return False
        self.done.add(place)
        return True

    def report(self, error: Exception) -> None:
        """The traceback, from the lesson's own lines on."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [i for i, f in enumerate(frames) if f.filename == str(self.lesson.path)]
        kept = frames[own[0] :] if own else frames
        lines = ["Traceback (most recent call last):\n", *traceback.format_list(kept)]
        lines += traceback.format_exception_only(error)
        self.console.print(Text("".join(lines), style="red"), soft_wrap=True)

    def picture(self, picture: Any) -> None:
        """Save a picture beside the exercises, say where, and show it where that is possible."""
        path = save(picture, self.reader.directory / "pictures", self.lesson.stem)
        self.console.print(f"picture: {path}", style="bold", markup=False, highlight=False)
        if self.console.is_terminal:
            self.console.file.write(images.escape(path, images.protocol()))

    def python(self) -> None:
        """A Python prompt with the variables of the cells; Ctrl-D or exit() comes back."""
        own: dict[str, Any] = {
            name: self.namespace[name] for name in ("exit", "quit") if name in self.namespace
        }
        self.namespace.update(exit=leave, quit=leave)  # Python's own would close the input
        with suppress(SystemExit):
            code.interact(
                banner="The cells' variables are here. Ctrl-D comes back.",
                readfunc=self.ask,
                local=self.namespace,
                exitmsg="",
            )
        del self.namespace["exit"], self.namespace["quit"]
        self.namespace |= own

    def offer_exercises(self) -> None:
        """Put the exercises into the reader's directory and say what to do with them."""
        new = self.reader.copy(self.lesson)
        path, n = self.reader.path(self.lesson), self.lesson.number
        self.console.print(
            f"{'They are now' if new else 'Yours are'} in {path}\n"
            f"  minigen learn check {n}      which of them are right\n"
            f"  minigen learn hint {n}.1     a hint for the first one\n",
            highlight=False,
            markup=False,
        )
