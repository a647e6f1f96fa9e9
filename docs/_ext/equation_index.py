"""The index of equations, made from the register whenever the book is built.

For each: the formula, its symbols, where it comes from, the line of code that computes it, the
lesson that derives it, the tests that hold it, and the mistakes that are told from it.
"""

import inspect
import pkgutil
import re
from html import escape
from pathlib import Path
from typing import Any

import minigen
from minigen.equations import REGISTER, Equation
from minigen.learn.lesson import lessons

ROOT = Path(minigen.__file__).resolve().parents[1]
HEAD = """Index of equations
==================

Each formula of minigen once: the ID that stands in the code above the line that computes it, in the
lesson that derives it and in the test that holds the two together.

"""


def place(entry: Equation) -> str:
    """The file and line of the code that computes the equation."""
    found = pkgutil.resolve_name(entry.code)
    found = getattr(found, "__wrapped__", found)
    lines, first = inspect.getsourcelines(found)
    name = inspect.getsourcefile(found) or ""
    offset = next((i for i, line in enumerate(lines) if f"[{entry.id}]" in line), 0)
    return f"{Path(name).resolve().relative_to(ROOT)}:{first + offset}"


def tests() -> dict[str, list[str]]:
    """ID -> the places in the tests where it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for name in re.findall(r"\[(E\.[A-Z0-9]+)\]", line):
                found.setdefault(name, []).append(f"{path.relative_to(ROOT)}:{number}")
    return found


def taught() -> dict[str, list[tuple[str, str]]]:
    """ID -> (page, title) of the lessons that name it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in lessons():
        for name in sorted(set(re.findall(r"\[(E\.[A-Z0-9]+)\]", each.text))):
            title = f"{each.number}. {each.title}"
            found.setdefault(name, []).append((f"lessons/{each.stem}.html", title))
    return found


def section(entry: Equation, tested: list[str], lessons: list[tuple[str, str]]) -> str:
    """One equation as HTML."""
    symbols = "".join(
        f"<dt>\\({escape(symbol)}\\)</dt><dd>{words(meaning)}</dd>"
        for symbol, meaning in entry.symbols.items()
    )
    where = ", ".join(f'<a href="{page}">{escape(title)}</a>' for page, title in lessons)
    rows = [
        ("source", escape(entry.source)),
        ("code", f"<code>{escape(entry.code)}</code>, <code>{place(entry)}</code>"),
        ("lesson", where or "an elementary operation"),
        ("tests", ", ".join(f"<code>{t}</code>" for t in tested[:3])),
    ]
    facts = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in rows)
    wrong = "".join(f"<li>{escape(w.explanation)}</li>" for w in entry.wrong.values())
    mistakes = (
        f"<details><summary>{len(entry.wrong)} mistakes that are told from it</summary>"
        f"<ul>{wrong}</ul></details>"
        if wrong
        else ""
    )
    return (
        f'<section class="entry" id="{entry.id}"><h2>{escape(entry.title)} '
        f'<a class="id" href="#{entry.id}">{entry.id}</a></h2>'
        f'<div class="math notranslate nohighlight">\\[{escape(entry.latex)}\\]</div>'
        f'<dl class="symbols math">{symbols}</dl><table>{facts}</table>{mistakes}</section>'
    )


def words(meaning: str) -> str:
    return escape(meaning)


def write(app: Any) -> None:
    """Write equations.rst; only if it changes, so that the page is not built again for nothing."""
    tested, lessons_of = tests(), taught()
    parts = [HEAD]
    for entry in sorted(REGISTER.values(), key=lambda e: e.name):
        html = section(entry, tested.get(entry.id, []), lessons_of.get(entry.id, []))
        parts.append(f".. raw:: html\n\n    {html}\n\n")
    path, text = Path(app.srcdir) / "equations.rst", "".join(parts)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
