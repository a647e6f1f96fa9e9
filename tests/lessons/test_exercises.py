"""Every exercise can be solved, fails unsolved, and tells a wrong answer which mistake it is.

The master files hold solutions, checks, hints and typical mistakes; here all of them are tried.
"""

import ast

import numpy as np
import pytest

from minigen.learn.checks import Formula, Rejected
from minigen.learn.exercise import (
    UNSOLVED,
    check_file,
    exercises,
    judge,
    reader_copy,
    solution,
    upper_part,
)
from minigen.learn.lesson import lessons

LESSONS = lessons()
EXERCISES = [(lesson, k, e) for lesson in LESSONS for k, e in enumerate(exercises(lesson), 1)]
MISTAKES = [(e, name) for _, _, e in EXERCISES for name in e.mistakes]
NAMED = [
    (check, name, f"{lesson.number:02d}.{k}")
    for lesson, k, e in EXERCISES
    for check in e.checks
    if isinstance(check, Formula)
    for name in check.wrong
]
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
every_exercise = pytest.mark.parametrize(
    ("lesson", "number", "exercise"),
    EXERCISES,
    ids=[f"{lesson.number:02d}.{k}-{e.name}" for lesson, k, e in EXERCISES],
)


@every_lesson
def test_a_lesson_has_two_to_four_exercises_and_one_knows_five_mistakes(lesson):
    found = exercises(lesson)
    assert 2 <= len(found) <= 4
    known = [sum(len(getattr(c, "wrong", ())) for c in e.checks) for e in found]
    assert max(known) >= 5, f"named mistakes by exercise: {known}"


@every_lesson
def test_the_solved_file_passes(lesson, tmp_path):
    path = tmp_path / lesson.path.name
    path.write_text(upper_part(lesson), encoding="utf-8")
    verdicts = check_file(lesson, path)
    assert [v.status for v in verdicts] == ["passed"] * len(verdicts), verdicts


@every_lesson
def test_the_readers_copy_is_not_started_and_shows_no_solution(lesson, tmp_path):
    path = tmp_path / lesson.path.name
    path.write_text(reader_copy(lesson), encoding="utf-8")
    verdicts = check_file(lesson, path)
    assert [v.status for v in verdicts] == ["not started"] * len(verdicts)
    assert f"minigen learn check {lesson.number}" in path.read_text()
    for exercise in exercises(lesson):
        last_line = solution(lesson, exercise.name).splitlines()[-1]
        assert last_line not in path.read_text()
        assert UNSOLVED not in solution(lesson, exercise.name)


@every_exercise
def test_an_exercise_has_a_task_hints_and_checks(lesson, number, exercise):
    assert len(ast.get_docstring(ast.parse(solution(lesson, exercise.name)).body[0])) > 80
    assert exercise.title.endswith(".")
    assert exercise.checks
    assert len(exercise.hints) >= 2
    assert all(len(hint) > 10 for hint in exercise.hints)


@every_exercise
def test_an_answer_that_gives_nothing_or_a_word_or_zero_is_wrong(lesson, number, exercise):
    for answer in (lambda *args: None, lambda *args: "no", lambda *args: 0.0):
        assert judge(exercise, answer).status == "wrong"


@pytest.mark.parametrize(
    ("exercise", "name"), MISTAKES, ids=[f"{e.name}-{name}" for e, name in MISTAKES]
)
def test_a_typical_mistake_gets_its_message(exercise, name):
    answer, fragment = exercise.mistakes[name]
    verdict = judge(exercise, answer)
    assert verdict.status == "wrong"
    assert fragment in verdict.message


def test_every_exercise_has_a_typical_mistake():
    assert [e.name for _, _, e in EXERCISES if not e.mistakes] == []


@pytest.mark.parametrize(
    ("check", "name", "where"), NAMED, ids=[f"{where}-{name}" for _, name, where in NAMED]
)
def test_each_known_mistake_is_called_by_its_name_and_no_other(check, name, where):
    with pytest.raises(Rejected) as caught:
        check.judge(check.wrong[name].transcription)
    explanation = check.wrong[name].explanation
    expected = (
        f"this is a known mistake: {explanation}; {len(check.wrong) - 1} other known mistakes"
    )
    assert expected in str(caught.value)


def test_the_solutions_of_lesson_2_take_whole_numbers_too():
    x = np.array([1, 2])
    found = {e.name: e.function for lesson, _, e in EXERCISES if lesson.number == 2}
    for name, h in (("central_difference", 1e-5), ("complex_step", 1e-30)):
        gradient = found[name](lambda x: np.sin(x).sum(), x, h)
        np.testing.assert_allclose(gradient, np.cos(x), rtol=1e-9)
    assert np.array_equal(x, [1, 2])


def test_what_the_readme_shows_is_what_the_checker_says():
    def epsilon_under_the_root(theta, g, m, v, alpha, beta1, beta2, epsilon):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        return theta - alpha * m / np.sqrt(v + epsilon), m, v

    readme = (LESSONS[0].path.parents[1] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("5.1 adam_step: wrong\n")[2].partition("```")[0]
    adam = next(e for _, _, e in EXERCISES if e.name == "adam_step")
    message = judge(adam, epsilon_under_the_root).message
    lines = [line.strip() for line in shown.splitlines() if line.strip() not in ("", "...")]
    assert len(lines) == 6
    assert [line for line in lines if line not in message] == []
