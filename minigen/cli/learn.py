"""``minigen learn``: the course in the terminal, and the exercises' checks."""

import json
import re
import time
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from minigen.learn.exercise import Verdict, check_file, exercises, solution
from minigen.learn.lesson import Lesson, LessonError, lesson, lessons
from minigen.learn.player import Player, steps
from minigen.learn.reader import Reader

PLACE = re.compile(r"(\d+)(?:\.(\d+))?")
MARKS = {
    "passed": "[green]passed[/green]",
    "wrong": "[red]wrong[/red]",
    "not started": "not started",
}
POLL = 0.5  # seconds between two looks at the file


class Place(click.ParamType):
    """A lesson's number, with or without an exercise's: 5 or 5.2."""

    name = "N or N.K"

    def convert(self, value: object, param: object, context: object) -> tuple[int, int | None]:
        match = PLACE.fullmatch(str(value))
        if match is None:
            self.fail(f"must be a lesson such as 5 or an exercise such as 5.2; got {value}")
        return int(match[1]), int(match[2]) if match[2] else None


class LearnGroup(click.Group):
    """Takes a number where the name of a command stands: ``minigen learn 5``."""

    def resolve_command(self, context, arguments):
        if arguments and PLACE.fullmatch(arguments[0]):
            return "play", self.get_command(context, "play"), arguments
        return super().resolve_command(context, arguments)


@click.group("learn", cls=LearnGroup, invoke_without_command=True)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("minigen-learn"),
    show_default=True,
    envvar="MINIGEN_LEARN_DIR",
    help="Your directory: exercises, pictures, how far you are.",
)
@click.pass_context
def learn_group(context: click.Context, directory: Path) -> None:
    """The course: lessons to step through, exercises that are checked.

    \b
        minigen learn             the lessons, and how far you are
        minigen learn 5           step through lesson 5
        minigen learn check 5     which exercises are right, and which mistake the others make
        minigen learn hint 5.1    the next hint
    """
    context.obj = Reader(directory)
    if context.invoked_subcommand is None:
        overview(context.obj)


def overview(reader: Reader) -> None:
    """The lessons with what was read and passed, and what comes next."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "lesson", "read", "exercises"):
        table.add_column(column, justify="left" if column == "lesson" else "right")
    following = None
    for each in lessons():
        memory, count = reader.of(each), len(exercises(each))
        read = 1.0 if memory["finished"] else memory["step"] / len(steps(each))
        table.add_row(
            str(each.number), each.title, f"{read:.0%}", f"{len(memory['passed'])} of {count}"
        )
        if following is None and (read < 1 or len(memory["passed"]) < count):
            following = f"minigen learn {'check ' if read == 1 else ''}{each.number}"
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\nNext: {following}" if following else "\nAll of it. Well done.")


@learn_group.command("play", hidden=True)
@click.argument("place", type=Place())
@click.option("--restart", is_flag=True, help="From the beginning, not from where you were.")
@click.option("--smoke", is_flag=True, help="With less work in each cell, to look around quickly.")
@click.pass_obj
def play_command(reader: Reader, place: tuple[int, int | None], restart: bool, smoke: bool) -> None:
    """Step through a lesson."""
    if place[1] is not None:
        n, k = place
        raise LessonError(
            f"{n}.{k}: a lesson is stepped through whole, with 'minigen learn {n}'; its exercises "
            f"are judged by 'minigen learn check {n}.{k}'"
        )
    Player(lesson(place[0]), reader, Console(highlight=False), smoke=smoke).play(restart)


@learn_group.command("check")
@click.argument("place", type=Place())
@click.option("--json", "as_json", is_flag=True, help="The verdicts as JSON.")
@click.option("--watch", is_flag=True, help="Check again whenever the file is saved.")
@click.pass_obj
def check_command(
    reader: Reader, place: tuple[int, int | None], as_json: bool, watch: bool
) -> None:
    """Check the exercises of a lesson, or one of them. Exit code 1 unless all passed."""
    of = lesson(place[0])
    if reader.copy(of):
        click.echo(f"Your exercises are now in {reader.path(of)}: complete them there.", err=True)
    passed = check_once(reader, of, place[1], as_json)
    while watch:
        seen = reader.path(of).stat().st_mtime_ns
        try:
            while reader.path(of).stat().st_mtime_ns == seen:
                time.sleep(POLL)
        except KeyboardInterrupt:
            break
        passed = check_once(reader, of, place[1], as_json)
    if not passed:
        raise SystemExit(1)


def check_once(reader: Reader, of: Lesson, only: int | None, as_json: bool) -> bool:
    """Judge, remember and print; True if all that were asked for passed."""
    numbered = list(enumerate(check_file(of, reader.path(of)), start=1))
    if only is not None:
        number_of(of, only)
        numbered = [(k, verdict) for k, verdict in numbered if k == only]
    memory = reader.of(of)
    for _, verdict in numbered:
        names = set(memory["passed"]) - {verdict.exercise}
        memory["passed"] = sorted(names | ({verdict.exercise} if verdict.passed else set()))
    reader.save()
    if as_json:
        keys = ("exercise", "status", "message")
        rows = [{key: getattr(v, key) for key in keys} for _, v in numbered]
        click.echo(json.dumps(rows, indent=1))
    else:
        report(of, numbered)
    return all(verdict.passed for _, verdict in numbered)


def report(of: Lesson, numbered: list[tuple[int, Verdict]]) -> None:
    console = Console(highlight=False)
    for k, verdict in numbered:
        console.print(f"{of.number}.{k} {verdict.exercise}: {MARKS[verdict.status]}")
        if verdict.status == "wrong":
            console.print(Padding(Text(verdict.message), (0, 0, 0, 4), expand=False))
        if not verdict.passed:
            console.print(f"    a hint: minigen learn hint {of.number}.{k}", style="dim")


def number_of(of: Lesson, k: int) -> int:
    """k, if the lesson has an exercise of this number. Raises LessonError."""
    count = len(exercises(of))
    if not 1 <= k <= count:
        raise LessonError(f"exercise {of.number}.{k}: lesson {of.number} has 1 to {count}")
    return k


@learn_group.command("hint")
@click.argument("place", type=Place())
@click.pass_obj
def hint_command(reader: Reader, place: tuple[int, int | None]) -> None:
    """The next hint for an exercise, such as 5.1; one more at each call."""
    of = lesson(place[0])
    k = number_of(of, 1 if place[1] is None else place[1])
    exercise = exercises(of)[k - 1]
    seen = reader.of(of)["hints"]
    count = min(seen.get(exercise.name, 0) + 1, len(exercise.hints))
    seen[exercise.name] = count
    reader.save()
    for i, text in enumerate(exercise.hints[:count], start=1):
        click.echo(f"hint {i} of {len(exercise.hints)}: {text}")
    if count == len(exercise.hints):
        click.echo(f"The solution: minigen learn solution {of.number}.{k}")


@learn_group.command("solution")
@click.argument("place", type=Place())
@click.option("--yes", is_flag=True, help="Do not ask whether you want to see it.")
@click.pass_obj
def solution_command(reader: Reader, place: tuple[int, int | None], yes: bool) -> None:
    """A solution of an exercise, such as 5.1."""
    of = lesson(place[0])
    exercise = exercises(of)[number_of(of, 1 if place[1] is None else place[1]) - 1]
    if exercise.name not in reader.of(of)["passed"] and not yes:
        click.confirm("You have not passed this exercise yet. Show the solution?", abort=True)
    console = Console(highlight=False)
    console.print(Syntax(solution(of, exercise.name), "python", background_color="default"))


@learn_group.command("reset")
@click.argument("place", type=Place())
@click.pass_obj
def reset_command(reader: Reader, place: tuple[int, int | None]) -> None:
    """Put a fresh copy of a lesson's exercises in place; the old file stays beside it."""
    of = lesson(place[0])
    kept = reader.reset(of)
    click.echo(f"A fresh copy is in {reader.path(of)}.")
    if kept is not None:
        click.echo(f"Your old file is {kept}.")
