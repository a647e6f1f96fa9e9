"""Formulas in a terminal: the equations of the register as they were looked at and found right.

And what holds for every formula: nothing is lost, rows are equally wide, ASCII is ASCII, and
what is not known is an error.
"""

import re

import pytest
from learn.maths import golden

from minigen.equations import REGISTER
from minigen.learn.lesson import lessons
from minigen.learn.maths import MathsError, display, inline
from minigen.learn.maths.boxes import cells
from minigen.learn.maths.symbols import GREEK

every_equation = pytest.mark.parametrize("entry", REGISTER.values(), ids=lambda e: e.id)
LESSONS = lessons()
KNOWN = {
    text.partition("\n")[0].removeprefix("==== "): text
    for text in re.split(r"(?m)^(?===== )", golden.FILE.read_text(encoding="utf-8"))
    if text
}


@every_equation
def test_equations_look_as_they_were_found_right(entry):
    assert KNOWN[entry.id].rstrip() == golden.section(entry).rstrip()


def test_the_golden_file_holds_no_equation_that_is_gone():
    assert set(KNOWN) == set(golden.sections())


@every_equation
@pytest.mark.parametrize("plain", [False, True])
def test_rows_are_equally_wide_and_ascii_is_ascii(entry, plain):
    rows = display(entry.latex, plain=plain)
    assert len({cells(row) for row in rows}) == 1
    if plain:
        assert all(ord(c) < 128 for c in "".join(rows) + inline(entry.latex, plain=True))


@every_equation
def test_no_letter_is_lost(entry):
    """Each Greek letter and each long name of the LaTeX is in the result, as often."""
    shown = "".join(display(entry.latex, width=60))
    small = str.maketrans("ᵦᵧᵨᵩᵪ", "βγρφχ")
    for name, letter in GREEK.items():
        wanted = len(re.findall(rf"\\{name}(?![a-zA-Z])", entry.latex))
        if wanted:
            assert shown.translate(small).count(letter) >= wanted, name
    for word in ("log", "exp", "tanh", "sin", "cos", "max", "min", "erf", "KL"):
        assert shown.count(word) >= len(re.findall(rf"(?<![a-z]){word}(?![a-z])", entry.latex))


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
def test_every_formula_of_the_lessons_can_be_shown(lesson):
    pieces = lesson.text.split("$$")
    for block in pieces[1::2]:
        for plain in (False, True):
            rows = display(block, plain=plain, width=76)
            assert max(cells(row) for row in rows) <= 100
    for part in "".join(pieces[::2]).split("$")[1::2]:
        assert inline(part) and inline(part, plain=True)


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\frac{a}{b + c}", "a/(b + c)"),
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"\frac{a}{b c}", "a/(bc)"),
        (r"x \frac{a}{b}", "x (a/b)"),
        (r"\sqrt{x}", "√x"),
        (r"\sqrt{x + y}", "√(x + y)"),
        (r"\sqrt[3]{x}", "³√x"),
        (r"x_{t+1}^2", "xₜ₊₁²"),
        (r"x^{a/b}", "x^(a/b)"),
        (r"\hat m_t", "m\u0302ₜ"),
        (r"-x - y", "−x − y"),
        (r"a = -b", "a = −b"),
        (r"f(-x)", "f(−x)"),
        (r"E_q[\log p]", "E_q[log p]"),
        (r"a \le b \ne c", "a ≤ b ≠ c"),
        (r"x'", "x′"),
        (r"\left\{x\right.", "{x"),
        (r"\operatorname{sign}(a)", "sign(a)"),
        (r"W^\top", "Wᵀ"),
        (r"\text{stated:} \quad x", "stated: x"),
    ],
)
def test_one_line(latex, shown):
    assert inline(latex) == shown


def test_two_dimensions():
    assert display(r"y = \frac{a}{b} + 1 \tag{5.1, E.ADAM}") == [
        "     a                     ",
        "y = ─── + 1   (5.1, E.ADAM)",
        "     b                     ",
    ]


def test_a_wide_formula_breaks_before_a_relation():
    rows = display("a = " + "b + " * 20 + "c = d", width=60)
    assert len(rows) > 1
    assert rows[-1].lstrip().startswith("= ")
    assert "".join("".join(rows).split()) == "".join(inline("a = " + "b + " * 20 + "c = d").split())


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\unknown x", r"unknown command \\unknown, at character"),
        (r"\frac{a}", "an argument is missing"),
        (r"{x", "expected '}', got 'the end'"),
        (r"x}", "'}' closes nothing"),
        (r"\left( x", r"expected '\\\\right'"),
        (r"\left a x \right)", "'a' is no bracket"),
        (r"\begin{tikzpicture} x \end{tikzpicture}", "unknown environment 'tikzpicture'"),
        (r"\begin{cases} x \end{aligned}", "closed by another"),
        (r"\begin{cases} x", r"expected '\\\\end'"),
    ],
)
def test_what_is_not_known_is_an_error(latex, message):
    with pytest.raises(MathsError, match=message):
        display(latex)
    with pytest.raises(MathsError):
        inline(latex)
