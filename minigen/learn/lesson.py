"""Read a lesson: the cells of a ``lessons/NN_name.py``, its number and its title.

A lesson is an ordinary Python file in the form that sphinx-gallery, editors and Jupyter share:
``# %%`` starts a cell of code, ``# %% [markdown]`` one of text in comments. Whoever shows or
checks lessons reads them here, so a new lesson is a new file and nothing else.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
NAME = re.compile(r"(\d\d)_[a-z0-9_]+")
CELL = re.compile(r"# %%(.*)")


class LessonError(Exception):
    """There is no such lesson, or its file has not the form of one."""


@dataclass(frozen=True)
class Cell:
    """A piece of a lesson.

    kind: "text" or "code"; source: what it says, for text without the comment signs;
    line: number of its first line in the file, counted from 1.
    """

    kind: str
    source: str
    line: int


@dataclass(frozen=True)
class Lesson:
    """One lesson: its number, its stem such as "05_adam", its file, title and cells."""

    number: int
    stem: str
    path: Path
    title: str
    cells: tuple[Cell, ...]

    @property
    def exercises_path(self) -> Path:
        """The file that holds its exercises with their solutions and checks."""
        return self.path.parent / "exercises" / self.path.name

    @property
    def text(self) -> str:
        """All text cells, joined."""
        return "\n\n".join(cell.source for cell in self.cells if cell.kind == "text")


def folder() -> Path:
    """Where the lessons lie: inside an installed minigen, or beside it in a clone.

    Raises LessonError where neither is.
    """
    for path in (PACKAGE / "lessons", PACKAGE.parent / "lessons"):
        if path.is_dir():
            return path
    raise LessonError(
        f"lessons: no folder of lessons inside or beside {PACKAGE}; reinstall minigen"
    )


def lessons() -> list[Lesson]:
    """All lessons, by number."""
    files = sorted(path for path in folder().glob("*.py") if NAME.fullmatch(path.stem))
    return [read(path) for path in files]


def lesson(number: int) -> Lesson:
    """The lesson of this number; raises LessonError naming those that there are."""
    for path in folder().glob(f"{number:02d}_*.py"):
        return read(path)
    there = ", ".join(str(found.number) for found in lessons())
    raise LessonError(f"lesson {number}: there is none yet; there are {there}")


def read(path: Path) -> Lesson:
    """The lesson in a file. Raises LessonError for a wrong name, or without a title."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        raise LessonError(f"{path}: a lesson is called NN_name.py, such as 05_adam.py")
    source = path.read_text(encoding="utf-8")
    opening = ast.get_docstring(ast.parse(source))
    if not opening or "\n===" not in opening:
        raise LessonError(f"{path}: a lesson opens with a docstring whose title is underlined =")
    return Lesson(int(match[1]), path.stem, path, opening.splitlines()[0], cells(source))


def cells(source: str) -> tuple[Cell, ...]:
    """The cells of a lesson's source; the docstring is the first."""
    lines = source.splitlines()
    docstring = ast.parse(source).body[0]
    first = Cell("text", ast.get_docstring(ast.parse(source)) or "", docstring.lineno)
    starts = [i for i, line in enumerate(lines) if CELL.fullmatch(line)]
    body = [(docstring.end_lineno or 1, "")] + [(i + 1, lines[i]) for i in starts]
    ends = [*starts, len(lines)]
    found = [first]
    for (start, marker), end in zip(body, ends, strict=True):
        kind = "text" if "[markdown]" in marker else "code"
        inside = lines[start:end]
        while inside and not inside[0].strip():
            inside, start = inside[1:], start + 1
        text = "\n".join(uncommented(inside) if kind == "text" else inside).rstrip()
        if text:
            found.append(Cell(kind, text, start + 1))
    return tuple(found)


def uncommented(lines: list[str]) -> list[str]:
    """Lines of a comment without "# ", up to the first line that is none."""
    found = []
    for line in lines:
        if not line.startswith("#"):
            break
        found.append(line[2:] if line.startswith("# ") else line[1:])
    return found
