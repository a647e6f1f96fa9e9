"""``minigen learn`` as a reader meets it: stepping, predicting, failing, passing, coming back."""

import json

import pytest
from click.testing import CliRunner

from minigen.cli.main import cli
from minigen.learn.exercise import reader_copy
from minigen.learn.lesson import LessonError, cells, folder, lesson, lessons, read

RIGHT = "import numpy as np\ndef twice(x): return x + x\ndef half(x): return x / 2\n"
WRONG = "def twice(x): return x * x\ndef half(x): return x / 0\n"


def learn(*words, typed="", code=0, environment=None):
    """Run ``minigen learn`` with lines typed; its whole output."""
    environment = {"COLUMNS": "90", **(environment or {})}
    result = CliRunner().invoke(cli, ["learn", *words], input=typed, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def progress(tmp_path):
    return json.loads((tmp_path / "minigen-learn" / "progress.json").read_text())["lessons"]


# ---------------------------------------------------------------- stepping through
def test_from_the_first_page_to_the_end(course, tmp_path):
    found = learn("1", typed="\n\n" + "forty\n" + "\n" * 12)
    for part in ("Doubling", "with x², code and bold words, [E.EXP]", "- an item"):
        assert part in found
    assert "2x\n    y = ────   (1.1)\n         1" in found
    assert "$" not in found and "**" not in found and "``" not in found
    assert "# symbols" not in found
    assert "twice 21 is 42" in found
    assert found.index("twice 21 is 42") < found.index("You predicted: forty")
    assert "They are now in minigen-learn/01_doubling.py" in found
    assert "picture: minigen-learn/pictures/01_doubling-1.png" in found
    assert (tmp_path / "minigen-learn/pictures/01_doubling-1.png").stat().st_size > 1000
    assert "The end of the lesson" in found
    assert progress(tmp_path)["01_doubling"]["finished"] is True


def test_the_place_is_remembered_and_cells_before_it_have_run(course, tmp_path):
    found = learn("1", typed="\n\n\n\n\n\nq\n")
    assert "Stopped at page 6 of 8; minigen learn 1 goes on here." in found
    assert progress(tmp_path)["01_doubling"]["step"] == 5
    found = learn("1", typed="p\nprint(y + 1)\nexit()\nq\n")
    assert "Running the cells before this place" in found
    assert "twice 21 is" not in found
    assert "43" in found
    assert "1: 6 of 8" in found
    assert "1: 1 of 8" in learn("1", "--restart", typed="q\n")


def test_back_again_help_and_run_again(course):
    found = learn("1", typed="r\n\n\n\nb\n?\nz\n\n\n\n\n\nr\nq\n")
    assert found.count("1: 2 of 8") == 2
    assert "There is no cell to run yet" in found
    assert found.count("Ctrl-D comes back") == 2
    assert found.count("twice 21 is 42") == 2


def test_the_end_of_piped_input_is_a_quiet_stop(course):
    assert "Stopped at page 1 of 8" in learn("1", typed="")


def test_smoke_reaches_the_lesson(course):
    assert "twice 21 is 42 smoke" in learn("1", "--smoke", typed="\n" * 12)


def test_a_cell_that_fails_shows_its_own_lines(course, tmp_path):
    path = course / "01_doubling.py"
    path.write_text(path.read_text().replace("y = 2 * 21", "y = 2 / 0"), encoding="utf-8")
    found = learn("1", typed="\n" * 6 + "q\n")
    number = path.read_text().splitlines().index("y = 2 / 0") + 1
    assert f'01_doubling.py", line {number}' in found
    assert "ZeroDivisionError" in found
    assert "player.py" not in found
    assert "The cell failed" in found


def test_a_terminal_without_unicode_gets_ascii(course):
    result = CliRunner(charset="ascii").invoke(
        cli, ["learn", "1"], input="\n" * 4 + "q\n", env={"COLUMNS": "90"}
    )
    assert "x^2" in result.output and "----" in result.output
    assert result.output.isascii()


# ---------------------------------------------------------------- exercises
def test_check_copies_judges_and_remembers(course, tmp_path):
    found = learn("check", "1", code=1)
    assert "Your exercises are now in minigen-learn/01_doubling.py" in found
    assert found.count("not started") == 2
    file = tmp_path / "minigen-learn" / "01_doubling.py"
    file.write_text(WRONG)
    found = learn("check", "1", code=1)
    assert "1.1 twice: wrong" in found
    assert "this is a known mistake: the square; 0 other known mistakes ruled out" in found
    assert "it raised ZeroDivisionError: float division by zero" in found
    assert "line 2: def half(x): return x / 0" in found
    assert "a hint: minigen learn hint 1.2" in found
    file.write_text(RIGHT)
    assert learn("check", "1").count("passed") == 2
    assert progress(tmp_path)["01_doubling"]["passed"] == ["half", "twice"]
    assert "2 of 2" in learn()
    file.write_text(WRONG)
    learn("check", "1.1", code=1)
    assert progress(tmp_path)["01_doubling"]["passed"] == ["half"]


def test_verdicts_as_json(course, tmp_path):
    learn("check", "1", code=1)
    (tmp_path / "minigen-learn" / "01_doubling.py").write_text(RIGHT + "half = None\n")
    found = json.loads(learn("check", "1", "--json", code=1))
    assert [row["status"] for row in found] == ["passed", "wrong"]
    assert found[1]["exercise"] == "half"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def twice(x)\n", "01_doubling.py, line 1: expected ':'"),
        ("import nowhere\n", "cannot be run: it raised ModuleNotFoundError"),
        ("x = 1\n", "there is no function twice"),
    ],
)
def test_a_file_that_cannot_be_run_is_told_why(course, tmp_path, source, message):
    learn("check", "1", code=1)
    (tmp_path / "minigen-learn" / "01_doubling.py").write_text(source)
    assert message in learn("check", "1", code=1)


def test_watch_checks_again_when_the_file_is_saved(course, tmp_path, monkeypatch):
    learn("check", "1", code=1)
    file = tmp_path / "minigen-learn" / "01_doubling.py"
    rounds = iter(["save", "stop"])

    def sleep(seconds):
        if next(rounds) == "stop":
            raise KeyboardInterrupt
        file.write_text(RIGHT)

    monkeypatch.setattr("minigen.cli.learn.time.sleep", sleep)
    found = learn("check", "1", "--watch")
    assert found.index("not started") < found.index("passed")


def test_hints_come_one_at_a_time_and_the_solution_asks_first(course):
    assert "hint 1 of 2: Add it." in learn("hint", "1.1")
    found = learn("hint", "1.1")
    assert "hint 2 of 2: 2 * x" in found
    assert "minigen learn solution 1.1" in found
    assert "return 2 * x" not in learn("solution", "1.1", typed="n\n", code=1)
    assert "return 2 * x" in learn("solution", "1.1", typed="y\n")
    assert "return x / 2" in learn("solution", "1.2", "--yes")


def test_a_fresh_copy_never_costs_the_old_one(course, tmp_path):
    learn("check", "1", code=1)
    file = tmp_path / "minigen-learn" / "01_doubling.py"
    for n, text in ((1, "first"), (2, "second")):
        file.write_text(text)
        assert f"01_doubling.py.bak-{n}" in learn("reset", "1")
        assert file.with_name(f"01_doubling.py.bak-{n}").read_text() == text
    assert file.read_text() == reader_copy(lesson(1))


def test_the_directory_can_be_chosen(course, tmp_path):
    learn("--dir", "mine", "check", "1", code=1)
    learn("check", "1", code=1, environment={"MINIGEN_LEARN_DIR": "other"})
    assert (tmp_path / "mine/01_doubling.py").exists()
    assert (tmp_path / "other/01_doubling.py").exists()


def test_a_damaged_memory_is_an_error_and_stays(course, tmp_path):
    file = tmp_path / "minigen-learn" / "progress.json"
    file.parent.mkdir()
    memories = ("[]", '{"step": "two", "finished": false, "passed": [], "hints": {}}')
    damaged = [f'{{"version": 1, "lessons": {{"01_doubling": {m}}}}}' for m in memories]
    for text in ("{", '{"version": 9, "lessons": {}}', "[]", '{"version": 1}', *damaged):
        file.write_text(text)
        with pytest.raises(LessonError, match="progress.json must be a file that minigen learn"):
            learn()
        assert file.read_text() == text


@pytest.mark.parametrize("words", [("7",), ("check", "7"), ("hint", "1.9"), ("check", "1.3")])
def test_what_there_is_not_is_an_error_that_says_what_there_is(course, words):
    with pytest.raises(LessonError, match=r"there are 1|lesson 1 has 1 to 2"):
        learn(*words)


@pytest.mark.parametrize("words", [("hint", "1.0"), ("solution", "1.0", "--yes")])
def test_there_is_no_exercise_0(course, words):
    with pytest.raises(LessonError, match=r"exercise 1.0: lesson 1 has 1 to 2"):
        learn(*words)


def test_an_exercise_is_not_stepped_through(course):
    with pytest.raises(LessonError, match="its exercises are judged by 'minigen learn check 1.2'"):
        learn("1.2")


def test_a_wrong_word_is_told_the_form(course):
    assert "must be a lesson such as 5" in learn("check", "five", code=2)


# ---------------------------------------------------------------- reading lessons
def test_cells_know_their_lines(course):
    found = lessons()[0]
    lines = found.path.read_text().splitlines()
    assert [c.kind for c in found.cells] == ["text", "code", "text", "code", "text", "code"]
    for cell in found.cells[1:]:
        assert lines[cell.line - 1].endswith(cell.source.splitlines()[0])


def test_a_comment_after_text_is_no_text():
    found = cells('"""T\n===\n"""\n\n# %% [markdown]\n# a\n#\n# b\n\nx = 1\n')
    assert found[1].source == "a\n\nb"


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("lesson.py", '"""T\n===\n"""\n', "a lesson is called NN_name.py"),
        ("01_a.py", "x = 1\n", "a lesson opens with a docstring"),
    ],
)
def test_a_file_that_is_no_lesson_is_an_error(tmp_path, name, source, message):
    (tmp_path / name).write_text(source)
    with pytest.raises(LessonError, match=message):
        read(tmp_path / name)


def test_the_real_lessons_are_found():
    assert (folder() / "05_adam.py").exists()
    with pytest.raises(LessonError, match="lesson 99: there is none yet; there are 1, 2"):
        lesson(99)
