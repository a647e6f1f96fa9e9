"""A lesson's text for the terminal: headings, lists, formulas, words in bold or code."""

import re
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from minigen.learn.maths import display, inline

INLINE = re.compile(r"(\$[^$]+\$|``.+?``|\*\*.+?\*\*|\[E\.[A-Z0-9]+\])", re.DOTALL)
UNDERLINE = re.compile(r"[-=]{3,}")
ITEM = re.compile(r"(- |\d+\. )(.*)")
LONG = 14  # lines of source that fill about half a screen once formulas have grown
KEEP = "\ue000"  # a space that must not end a line, until the line is made
WIDEST = 88  # columns of text: longer lines are hard to read


def pages(source: str) -> list[str]:
    """A text cell in pieces that are read one at a time: one for each heading."""
    lines = source.splitlines()
    starts = [i for i in range(len(lines) - 1) if UNDERLINE.fullmatch(lines[i + 1]) and lines[i]]
    cuts = sorted({0, *starts, len(lines)})
    sections = [lines[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    found = ["\n".join(page).strip() for section in sections for page in screens(section)]
    return [page for page in found if page]


def screens(lines: list[str]) -> Iterator[list[str]]:
    """A long section in pieces of about a screen, cut where a paragraph begins in bold."""
    page: list[str] = []
    for line in lines:
        if line.startswith("**") and len(page) >= LONG and not page[-1]:
            yield page
            page = []
        page.append(line)
    yield page


def render(source: str, width: int, plain: bool) -> RenderableType:
    """A page as something that rich can print. plain: ASCII only."""
    return Group(*blocks(source.splitlines(), min(width, WIDEST), plain))


def blocks(lines: list[str], width: int, plain: bool) -> Iterator[RenderableType]:
    """The blocks of a page, with an empty line after each."""
    i = 0
    while i < len(lines):
        if not lines[i].strip():
            i += 1
        elif i + 1 < len(lines) and UNDERLINE.fullmatch(lines[i + 1]):
            title = "bold underline" if lines[i + 1].startswith("=") else "bold"
            yield Text(lines[i], style=f"{title} cyan")
            yield Text()
            i += 2
        elif lines[i] == "$$":
            end = lines.index("$$", i + 1)
            rows = display("\n".join(lines[i + 1 : end]), plain, width - 4)
            shown = "\n".join("    " + row.rstrip() for row in rows)
            yield Text(shown + "\n", no_wrap=True, overflow="ignore")
            i = end + 1
        else:
            end = i + 1
            while end < len(lines) and lines[end].strip() and lines[end] != "$$":
                if ITEM.match(lines[i]) and ITEM.match(lines[end]):
                    break  # only an item ends at an item: a sentence may have "- " or "1. " in it
                end += 1
            yield paragraph(" ".join(line.strip() for line in lines[i:end]), width, plain)
            if not (ITEM.match(lines[i]) and end < len(lines) and ITEM.match(lines[end])):
                yield Text()
            i = end


def paragraph(string: str, width: int, plain: bool) -> RenderableType:
    """A paragraph or an item of a list, wrapped."""
    item = ITEM.match(string)
    words = styled(item[2] if item else string, plain)
    lines = words.wrap(Console(width=width), width - 2 * len(item[1]) if item else width)
    for line in lines:
        line.rstrip()
        line.plain = line.plain.replace(KEEP, " ")
    if not item:
        return Group(*lines)
    marks = [Text(item[1]), *[Text(" " * len(item[1]))] * (len(lines) - 1)]
    rows = Group(*(a + b for a, b in zip(marks, lines, strict=True)))
    return Padding(rows, (0, 0, 0, 2), expand=False)


def styled(string: str, plain: bool) -> Text:
    """A string with its formulas, code, bold words and IDs."""
    text = Text()
    for part in INLINE.split(string):
        if part.startswith("$"):
            text.append(inline(part[1:-1], plain).replace(" ", KEEP), style="italic")
        elif part.startswith("``"):
            text.append(part[2:-2].replace(" ", KEEP), style="green")
        elif part.startswith("**"):
            bold = styled(part[2:-2], plain)
            bold.stylize("bold")
            text.append_text(bold)
        elif part.startswith("[E."):
            text.append(part, style="dim")
        else:
            text.append(part)
    return text
