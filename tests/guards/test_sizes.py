"""Files and functions stay short enough to be read in one go, and free of leftovers.

What is capped is the file and the function, not the whole: a cap on the total makes people
write lines that nobody can read.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 320  # "about 300", with room for the one line that would make a split silly
FUNCTION_LINES = 50  # aim for 40; the docstring does not count
LESSON_LINES = 150  # of code: neither blank nor comment

# File -> (its own cap, why it may be longer).
LONGER = {}
LEFTOVERS = {
    r"\bTO" + r"DO\b": "finish it or leave it out",
    r"\bFIX" + r"ME\b": "fix it",
    r"\bX" + r"XX\b": "say what is wrong, or fix it",
}


def length(node):
    """Lines of a function without its docstring and decorators."""
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
        lines -= first.end_lineno - first.lineno + 1
    return lines


def problems(name, source, cap=FILE_LINES):
    """What makes the file too long, or leaves something behind in it."""
    found = []
    count = len(source.splitlines())
    if count > cap:
        found.append(f"{name}: {count} lines; split it, a file has at most about 300")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node)
            if lines > FUNCTION_LINES:
                found.append(
                    f"{name}, line {node.lineno}: {node.name} has {lines} lines without its "
                    "docstring; split it, aim for 40"
                )
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"{name}, line {node.lineno}: a bare except hides every mistake")
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(n.partition(".")[0] in ("pickle", "cPickle", "dill") for n in names):
            found.append(f"{name}, line {node.lineno}: no pickle: loading one runs its code")
    for i, line in enumerate(source.splitlines(), start=1):
        for pattern, remedy in LEFTOVERS.items():
            if re.search(pattern, line):
                found.append(f"{name}, line {i}: {line.strip()[:40]}: {remedy}")
    return found


def lines_of_code(source):
    """Lines with at least one token that is neither a comment nor a string on its own."""
    lines, new_statement = set(), True
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in skipped or token.type == tokenize.ENDMARKER:
            continue
        on_its_own = new_statement and token.type == tokenize.STRING
        if token.type != tokenize.NEWLINE and not on_its_own:
            lines.update(range(token.start[0], token.end[0] + 1))
        new_statement = token.type == tokenize.NEWLINE
    return len(lines)


def opening(source):
    """The first paragraph of the docstring that a file starts with."""
    return (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]


FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "minigen").rglob("*.py"))]
TESTS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests").rglob("*.py"))]
LESSONS = [p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "lessons").glob("[0-9]*.py"))]


@pytest.mark.parametrize("name", FILES + TESTS)
def test_files_and_functions_are_short_and_finished(name):
    source = (ROOT / name).read_text()
    assert problems(name, source, LONGER.get(name, (FILE_LINES,))[0]) == []


@pytest.mark.parametrize("name", FILES + TESTS)
def test_files_begin_by_saying_why_they_exist(name):
    text = opening((ROOT / name).read_text())
    assert text.endswith("."), f"{name}: open with two to four plain sentences"


def test_lessons_are_short():
    long = {n: lines_of_code((ROOT / n).read_text()) for n in LESSONS}
    assert {n: count for n, count in long.items() if count > LESSON_LINES} == {}


def test_no_exception_is_kept_without_need():
    """A file that became short again leaves the list."""
    short = [n for n in LONGER if len((ROOT / n).read_text().splitlines()) <= FILE_LINES]
    assert short == []


# ---------------------------------------------------------------- the guard is awake
BODY = "\n".join(f"    x = {i}" for i in range(FUNCTION_LINES))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n" * (FILE_LINES + 1), "321 lines; split it"),
        (f"def f():\n{BODY}\n", "f has 51 lines"),
        (f'class A:\n  def g(self):\n    """One."""\n{BODY}\n', "line 2: g has 51 lines"),
        ("try:\n    pass\nexcept:\n    pass\n", "line 3: a bare except"),
        ("import pickle\n", "no pickle"),
        ("from pickle import load\n", "no pickle"),
        ("x = 1  # TO" + "DO: later\n", "finish it"),
    ],
)
def test_what_breaks_a_rule_is_found(source, message):
    (found,) = problems("made_up.py", source)
    assert message in found


def test_what_keeps_the_rules_passes():
    docstring = '    """' + "words\n" * 60 + '    """\n'
    assert problems("fine.py", f"def f():\n{docstring}" + BODY.replace("    x = 0\n", "")) == []


def test_lines_of_code_are_counted_without_words():
    source = '"""Why.\n\nMore."""\n# %% question\n\nx = 1  # one\ny = f(\n    x,\n)\n"""Words."""\n'
    assert lines_of_code(source) == 4
