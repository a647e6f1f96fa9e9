"""The pages of the real lessons in a terminal: nothing of LaTeX or of the markup is left over."""

import io
import re

import pytest
from rich.console import Console

from minigen.learn.lesson import lessons
from minigen.learn.player import steps
from minigen.learn.text import pages, render

LESSONS = lessons()


def shown(source, width=80, plain=False):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(render(source, width, plain))
    return console.file.getvalue()


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
@pytest.mark.parametrize("plain", [False, True])
def test_no_markup_is_left_and_no_line_is_cut(lesson, plain):
    for step in steps(lesson):
        if step.kind == "text":
            page = shown(step.source, plain=plain)
            for mark in ("$", "``", "**"):
                assert mark not in page, page
            assert not re.search(r"\\[a-zA-Z]", page), page
            assert page.isascii() or not plain
            for tag in (line for line in step.source.splitlines() if line.startswith("\\tag")):
                assert f"({tag[5:-1]})" in page, "the number of an equation is cut off"


def test_a_dash_or_a_number_inside_a_sentence_begins_no_list():
    page = shown("The distance is\n1. What then? It is $a\n- b$ or so.")
    assert page.strip() == "The distance is 1. What then? It is a − b or so."


def test_items_stand_under_each_other():
    page = shown("1. one\n2. two, which is\n   longer\n\nafter")
    assert page.splitlines() == ["  1. one", "  2. two, which is longer", "", "after", ""]


def test_a_long_section_is_cut_where_a_paragraph_begins():
    long = "Title\n-----\n" + "\n\n".join(f"**Part {n}.**" + "\nline" * 20 for n in range(3))
    found = pages(long)
    assert len(found) == 3
    assert found[1].startswith("**Part 1.**")
