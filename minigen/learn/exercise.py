"""Exercises: what a reader completes, the file it stands in, and how an answer is judged.

The master file ``lessons/exercises/NN_name.py`` holds the functions with their solutions and,
below a marker, their checks. The reader gets a copy of the upper part without the solutions.
"""

import ast
import runpy
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigen.learn.checks import Rejected
from minigen.learn.lesson import Lesson, LessonError

MARKER = "# ---- checks: everything below stays out of the reader's copy ----"
UNSOLVED = "complete this function"


@dataclass(frozen=True)
class Exercise:
    """A function to complete.

    function: the solution; its name is the name of the reader's function, the first line of
    its docstring the title. checks: are called with the reader's function one after the other
    and raise Rejected. hints: from a nudge to almost the answer. mistakes: typical wrong
    answers, each with a part of the message that it must get.
    """

    function: Callable[..., Any]
    checks: tuple[Callable[[Callable[..., Any]], None], ...]
    hints: tuple[str, ...]
    mistakes: Mapping[str, tuple[Callable[..., Any], str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def title(self) -> str:
        return (self.function.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Verdict:
    """How an answer was judged: "passed", "wrong" or "not started", and the message."""

    exercise: str
    status: str
    message: str

    @property
    def passed(self) -> bool:
        return self.status == "passed"


def exercises(lesson: Lesson) -> tuple[Exercise, ...]:
    """The lesson's exercises. Raises LessonError where its file has none."""
    found = runpy.run_path(str(lesson.exercises_path)).get("EXERCISES", ())
    if not found:
        raise LessonError(f"{lesson.exercises_path}: EXERCISES must hold at least one Exercise")
    return tuple(found)


def judge(exercise: Exercise, answer: Callable[..., Any] | None, file: str = "") -> Verdict:
    """Check an answer; file is the reader's file, whose line is named where the answer raises."""
    if answer is None:
        return Verdict(
            exercise.name, "wrong", f"there is no function {exercise.name} in {file or 'the file'}"
        )
    try:
        for check in exercise.checks:
            check(answer)
    except Rejected as reason:
        return Verdict(exercise.name, "wrong", str(reason))
    except NotImplementedError as error:
        if UNSOLVED in str(error):
            return Verdict(exercise.name, "not started", str(error))
        return Verdict(exercise.name, "wrong", raised(error, file))
    except (Exception, SystemExit) as error:  # the reader's code may raise anything
        return Verdict(exercise.name, "wrong", raised(error, file))
    return Verdict(exercise.name, "passed", f"{len(exercise.checks)} checks passed")


def raised(error: BaseException, file: str) -> str:
    """An exception in the reader's code: what, and on which line of their file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    where = f"\n    line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
    return f"it raised {type(error).__name__}: {error}{where}"


def check_file(lesson: Lesson, path: Path) -> list[Verdict]:
    """Judge every exercise of the lesson in the reader's file.

    A file that cannot be run at all gives one verdict for each exercise, all with that error.
    """
    wanted = exercises(lesson)
    try:
        answers = runpy.run_path(str(path))
    except SyntaxError as error:
        message = f"{path.name}, line {error.lineno}: {error.msg}\n    {(error.text or '').strip()}"
        return [Verdict(exercise.name, "wrong", message) for exercise in wanted]
    except (Exception, SystemExit) as error:  # the reader's code may raise anything
        message = f"{path.name} cannot be run: {raised(error, str(path))}"
        return [Verdict(exercise.name, "wrong", message) for exercise in wanted]
    return [judge(exercise, answers.get(exercise.name), str(path)) for exercise in wanted]


# ---------------------------------------------------------------- the reader's copy
def upper_part(lesson: Lesson) -> str:
    """The part of the master file above the marker. Raises LessonError where there is none."""
    source = lesson.exercises_path.read_text(encoding="utf-8")
    upper, marker, _ = source.partition(MARKER)
    if not marker:
        raise LessonError(f"{lesson.exercises_path}: the line {MARKER!r} is missing")
    return upper.rstrip() + "\n"


def functions(source: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def reader_copy(lesson: Lesson) -> str:
    """What the reader gets: the functions with their docstrings, but not their solutions."""
    source = upper_part(lesson)
    lines = source.splitlines()
    defined = functions(source)
    numbered = list(enumerate(exercises(lesson), start=1))
    order = sorted(numbered, key=lambda pair: -defined[pair[1].name].lineno)
    for k, exercise in order:  # from the last to the first: line numbers above stay right
        body = defined[exercise.name].body
        left = f'    raise NotImplementedError("exercise {lesson.number}.{k}: {UNSOLVED}")'
        lines[(body[0].end_lineno or 0) : body[-1].end_lineno] = [left]
    return "\n".join(lines) + "\n"


def solution(lesson: Lesson, name: str) -> str:
    """The source of an exercise's solution, with its docstring."""
    source = upper_part(lesson)
    node = functions(source)[name]
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
