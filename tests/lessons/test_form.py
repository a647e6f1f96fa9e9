"""Every lesson has the form that its readers rely on: the terminal, the book and the student.

Its equations are the register's, its numbers count up, what it uses was introduced before.
"""

import ast
import pkgutil
import re

import pytest

from minigen.equations import REGISTER
from minigen.learn.lesson import lessons

LESSONS = lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
SECTIONS = [
    "Predict", "Derivation", "By hand", "With minigen", "Check", "Picture", "Break it",
    "Exercises", "Where next",
]  # fmt: skip
HEADING = re.compile(r"^(.+)\n-{3,}$", re.MULTILINE)
DISPLAY = re.compile(r"^\$\$\n(.*?)^\$\$$", re.MULTILINE | re.DOTALL)
TAG = re.compile(r"\\tag\{(\d+)\.(\d+)(?:, E\.([A-Z0-9]+))?\}\s*$")
REFERENCE = re.compile(r"\(([1-9]\d?)\.([1-9]\d?)\)")
# Plumbing of a lesson, not a part of minigen that a student must have met.
PLUMBING = {"minigen", "minigen.learn.show", "minigen.equations.REGISTER"}


def bare(latex):
    return "".join(latex.split())


def tags(lesson):
    """(number within the lesson, ID or None, LaTeX without the tag) of its tagged equations."""
    found = []
    for block in DISPLAY.findall(lesson.text):
        tag = TAG.search(block)
        if tag:
            assert int(tag[1]) == lesson.number, f"\\tag{{{tag[1]}.{tag[2]}}} in {lesson.stem}"
            found.append((int(tag[2]), tag[3], block[: tag.start()]))
    return found


def aliases(tree):
    """Local name -> dotted name of minigen, from a lesson's imports."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.asname or a.name: a.name for a in node.names if a.name == "minigen"}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minigen"):
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def used(lesson):
    """Dotted names of minigen that the lesson's code uses."""
    tree = ast.parse(lesson.path.read_text(encoding="utf-8"))
    known = aliases(tree)
    found = set()
    inner = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            head, _, rest = ast.unparse(node).partition(".")
            if head in known and re.fullmatch(r"[\w.]*", rest):
                found.add(f"{known[head]}.{rest}".rstrip("."))
    return found - PLUMBING


def introduced(lesson):
    return set(re.findall(r"``(minigen\.[\w.]+)``", lesson.text))


def is_introduced(name, so_far):
    """The name or what it is an attribute of (``minigen.nn.initialisers`` for its members)."""
    parts = name.split(".")
    return any(".".join(parts[:n]) in so_far for n in range(2, len(parts) + 1))


@every_lesson
def test_sections_come_in_order(lesson):
    found = HEADING.findall(lesson.text)
    assert [h for h in found if h in SECTIONS] == SECTIONS
    assert len(lesson.cells[0].source.split("\n\n")) >= 2, "open with a question"
    assert "?" in lesson.cells[0].source


@every_lesson
def test_numbers_count_up_and_references_exist(lesson):
    numbers = [number for number, _, _ in tags(lesson)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers
    there = {(other.number, n) for other in LESSONS for n, _, _ in tags(other)}
    references = {(int(a), int(b)) for a, b in REFERENCE.findall(lesson.text)}
    assert sorted(references - there) == []


@every_lesson
def test_equations_with_an_id_are_the_registers(lesson):
    for _, name, latex in tags(lesson):
        if name:
            assert bare(latex) == bare(REGISTER[name].latex), name
    assert any(name for _, name, _ in tags(lesson)), "at least one equation of the register"


@every_lesson
def test_only_what_was_introduced_is_used(lesson):
    so_far = set().union(*(introduced(each) for each in LESSONS if each.number <= lesson.number))
    assert sorted(name for name in used(lesson) if not is_introduced(name, so_far)) == []


@every_lesson
def test_names_in_the_text_exist(lesson):
    for name in introduced(lesson):
        assert pkgutil.resolve_name(name) is not None


@every_lesson
def test_a_prediction_comes_before_its_code_and_the_answer_after(lesson):
    asked = [i for i, c in enumerate(lesson.cells) if "\n**Predict.**" in "\n" + c.source]
    assert asked
    for i in asked:
        assert lesson.cells[i].kind == "text"
        assert lesson.cells[i + 1].kind == "code"
    said = sum(cell.source.startswith("You should see") for cell in lesson.cells)
    assert said >= 2


@every_lesson
def test_the_file_can_be_read_as_cells_anywhere(lesson):
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    for i, line in enumerate(lines):
        if line.startswith("# %%"):
            assert lines[i - 1] == "", f"line {i + 1}: a blank line before each cell"
            assert line in ("# %%", "# %% [markdown]")
        assert len(line) <= 79, f"line {i + 1} has {len(line)} characters"
    assert 'SMOKE = "--smoke" in sys.argv' in lines
    assert "__name__" not in "".join(lines)
    assert any(line.startswith("assert ") for line in lines)
    assert any(re.match(r"show\(", line) for line in lines)


@every_lesson
def test_symbols_that_light_up_are_in_the_code_and_in_an_equation(lesson):
    found = 0
    for cell in lesson.cells:
        for line in re.findall(r"^# symbols: (.*)$", cell.source, re.MULTILINE):
            for pair in line.split(";"):
                name, _, symbol = (part.strip() for part in pair.partition("="))
                assert re.search(rf"\b{name}\b", cell.source.replace(line, "")), name
                assert bare(symbol) in bare(lesson.text), symbol
                found += 1
    assert found, "join at least one name in the code to its symbol"
