"""Every lesson runs as a script, in seconds with --smoke, and says nothing on standard error.

Each runs in a process of its own and in an empty directory, as a reader would run it.
"""

import os
import subprocess
import sys
import time

import pytest

from minigen.learn.lesson import lessons

LESSONS = lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
SECONDS = 40  # of a lesson in full; about 10 on an idle machine with two cores


def run(lesson, folder, *arguments, **variables):
    """Standard output of the lesson, run as ``python lessons/NN_name.py``."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(lesson.path), *arguments],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg", **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def pictures(folder, printed):
    """The sizes of the pictures that were announced, in bytes."""
    announced = [line.split(": ")[1] for line in printed.splitlines() if "picture: " in line]
    return [(folder / name).stat().st_size for name in announced]


@every_lesson
def test_smoke(lesson, tmp_path):
    sizes = pictures(tmp_path, run(lesson, tmp_path, "--smoke"))
    assert sizes and min(sizes) > 5_000


@every_lesson
def test_on_another_device(lesson, tmp_path):
    """The same lesson, unchanged, where tensors do not live on the host."""
    assert "picture: " in run(lesson, tmp_path, "--smoke", MINIGEN_BACKEND="double")


@pytest.mark.slow
@every_lesson
def test_in_full(lesson, tmp_path):
    begin = time.perf_counter()
    sizes = pictures(tmp_path, run(lesson, tmp_path))
    assert sizes and min(sizes) > 5_000
    assert time.perf_counter() - begin < SECONDS
