"""One ID joins the formula, the code, the test and the lesson; none may be missing.

A reader who greps [E.TANH] finds the docstring above the code, the row that tests it and the
lesson that derives it. And the register keeps to itself: it never imports what it judges.
"""

import ast
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from minigen.equations import FAMILIES, REGISTER
from minigen.equations.equation import equation

ROOT = Path(__file__).parents[2]
ID = re.compile(r"\[E\.([A-Z][A-Z0-9]*)\]")
PLACEHOLDER = "NAME"  # as in "[E.NAME]", where the form of an ID is explained
# Elementary operations, whose source is "definition", need no lesson; nor do these.
NOT_TAUGHT: set[str] = set()
every_entry = pytest.mark.parametrize("entry", REGISTER.values(), ids=lambda entry: entry.id)


def docstrings(source):
    """All docstrings in a module's source."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return "\n".join(ast.get_docstring(node) or "" for node in nodes)


def ids(texts):
    return {name for text in texts for name in ID.findall(text)} - {PLACEHOLDER}


def python_files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


IN_DOCSTRINGS = ids(docstrings(path.read_text()) for path in python_files("minigen"))
IN_TESTS = ids(
    path.read_text() for path in python_files("tests") if path.parent != Path(__file__).parent
)
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.py"))


# ---------------------------------------------------------------- all IDs, everywhere
def test_every_id_that_is_used_is_registered():
    """Also those in comments of the package and in lessons."""
    texts = [path.read_text() for path in [*python_files("minigen"), *LESSONS]]
    assert sorted((ids(texts) | IN_TESTS) - set(REGISTER)) == []


def test_every_registered_id_stands_above_its_code():
    assert sorted(set(REGISTER) - IN_DOCSTRINGS) == []


def test_every_registered_id_stands_in_a_test():
    assert sorted(set(REGISTER) - IN_TESTS) == []


def test_lessons_and_formulas_find_each_other():
    """As soon as there are lessons: each names an equation, and each equation has a lesson."""
    taught = {path.name: ids([path.read_text()]) for path in LESSONS}
    assert [name for name, found in taught.items() if not found] == []
    published = {name for name, entry in REGISTER.items() if entry.source != "definition"}
    if LESSONS:
        assert sorted(published - NOT_TAUGHT - set().union(*taught.values())) == []
    assert sorted(NOT_TAUGHT & set().union(*taught.values())) == []


# ---------------------------------------------------------------- each entry
@every_entry
def test_code_is_there_and_its_docstring_has_the_id(entry):
    parts = entry.code.split(".")
    for n in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
            break
        except ModuleNotFoundError:
            continue
    for part in parts[n:]:
        found = getattr(found, part)
    assert f"[{entry.id}]" in (found.__doc__ or "")


@every_entry
def test_latex_and_words_can_be_shown(entry):
    assert ID.fullmatch(f"[{entry.id}]")
    assert entry.title and entry.source and entry.symbols
    assert "$" not in entry.latex
    assert entry.latex.count("{") == entry.latex.count("}")
    assert entry.latex.count(r"\left") - entry.latex.count(r"\leftarrow") == entry.latex.count(
        r"\right"
    ) - entry.latex.count(r"\rightarrow")
    assert entry.latex.count(r"\begin") == entry.latex.count(r"\end")
    assert callable(entry.transcription)
    assert entry.probes or not entry.wrong, f"{entry.id}: wrong variants need probes"


def flat(result):
    """A transcription's result, one or several arrays, as one vector of float64."""
    parts = result if isinstance(result, tuple | list) else [result]
    return np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])


def differ(a, b):
    return a.shape != b.shape or not np.allclose(a, b, rtol=1e-6, atol=0)


WRONG = [(entry, name) for entry in REGISTER.values() for name in entry.wrong]


@pytest.mark.parametrize(("entry", "name"), WRONG, ids=[f"{e.id}-{name}" for e, name in WRONG])
def test_each_wrong_variant_is_told_from_the_formula(entry, name):
    wrong = entry.wrong[name]
    assert len(wrong.explanation) > 10
    with np.errstate(all="ignore"):  # some of the mistakes are overflows
        right = [flat(entry.transcription(*probe)) for probe in entry.probes]
        made = [flat(wrong.transcription(*probe)) for probe in entry.probes]
    assert all(np.isfinite(r).all() for r in right)
    assert any(differ(r, m) for r, m in zip(right, made, strict=True))


# ---------------------------------------------------------------- the register itself
def test_entries_never_import_the_engine():
    files = python_files("minigen/equations")
    assert len(files) >= len(FAMILIES)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                library = name.partition(".")[0]
                own = library in sys.stdlib_module_names or library == "numpy"
                assert own or name.startswith("minigen.equations"), f"{path.name} imports {name}"


def test_an_id_is_given_once():
    with pytest.raises(ValueError, match=r"the ID E.TANH is taken by minigen.ops.elementwise.tanh"):
        equation("TANH", "", "", {}, "", "nowhere")(abs)


def test_the_guard_reads_docstrings_and_not_code():
    source = 'X = "[E.NOTHERE]"\ndef f():\n    """y = x  [E.HERE]"""\n    # [E.NORHERE]\n'
    assert ids([docstrings(source)]) == {"HERE"}
    assert ids(["[E.NAME] [E.] [E.lower] E.BARE [E.LOG1P]"]) == {"LOG1P"}
