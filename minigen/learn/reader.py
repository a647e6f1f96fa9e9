"""The directory that the reader owns: their exercises, their pictures, and how far they are.

Nothing in it is ever overwritten: a fresh copy of an exercise file leaves the old one beside it.
"""

import itertools
import json
from pathlib import Path
from typing import Any

from minigen.files import write_text
from minigen.learn.exercise import reader_copy
from minigen.learn.lesson import Lesson, LessonError

VERSION = 1


class Reader:
    """A reader's directory. It comes into being with the first thing that is written there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "progress.json"
        self.progress: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        if not self.file.exists():
            return {"version": VERSION, "lessons": {}}
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            if found["version"] != VERSION:
                raise ValueError("another version")
            for stem, memory in found["lessons"].items():
                self._check(stem, memory)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LessonError(
                f"progress: {self.file} must be a file that minigen learn wrote; it cannot be read "
                f"({error}); mend it, or move it away to begin anew"
            ) from error
        return found

    @staticmethod
    def _check(stem: str, memory: dict[str, Any]) -> None:
        """Raise ValueError, KeyError or TypeError unless ``memory`` is as ``of`` describes it."""
        counts = [memory["step"], *memory["hints"].values()]
        if not all(isinstance(n, int) and n >= 0 for n in counts):
            raise ValueError(f"{stem}: steps and hints must be counts")
        if not isinstance(memory["passed"], list) or not isinstance(memory["finished"], bool):
            raise ValueError(f"{stem}: passed must be a list, finished true or false")

    def of(self, lesson: Lesson) -> dict[str, Any]:
        """What is remembered of a lesson: step, finished, passed (names), hints (name: count)."""
        lessons = self.progress["lessons"]
        empty = {"step": 0, "finished": False, "passed": [], "hints": {}}
        return lessons.setdefault(lesson.stem, empty)

    def save(self) -> None:
        """Write the progress, whole or not at all."""
        write_text(self.file, json.dumps(self.progress, indent=1) + "\n")

    def path(self, lesson: Lesson) -> Path:
        """Where the reader's exercises of the lesson are."""
        return self.directory / lesson.path.name

    def copy(self, lesson: Lesson) -> bool:
        """Put the exercises there unless there are some; True if they were put there."""
        path = self.path(lesson)
        if path.exists():
            return False
        write_text(path, reader_copy(lesson))
        return True

    def reset(self, lesson: Lesson) -> Path | None:
        """Put a fresh copy there; the old file's new name, None if there was none."""
        path = self.path(lesson)
        kept = None
        if path.exists():
            names = (path.with_name(f"{path.name}.bak-{n}") for n in itertools.count(1))
            kept = path.rename(next(name for name in names if not name.exists()))
        self.copy(lesson)
        self.of(lesson)["passed"] = []
        self.save()
        return kept
