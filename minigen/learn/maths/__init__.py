"""Formulas for a terminal: LaTeX as two-dimensional Unicode, or as one line, or in ASCII.

An unknown command is an error that names it, never a guess.
"""

from minigen.learn.maths import boxes
from minigen.learn.maths.boxes import Box, beside
from minigen.learn.maths.inline import one_line
from minigen.learn.maths.layout import Layout, role
from minigen.learn.maths.parser import MathsError, Row, Space, parse

__all__ = ["MathsError", "display", "inline"]

INDENT = 4  # of the lines that continue a formula


def display(latex: str, plain: bool = False, width: int | None = None) -> list[str]:
    r"""The rows of a formula in two dimensions, all of the same width.

    latex: without dollar signs; a \tag at its end is put at the right. plain: only characters
    below 128. width: columns to stay within where possible, by breaking before relations and
    wide spaces. Raises MathsError for what is not known.
    """
    row, tag = parse(latex)
    layout = Layout(plain)
    label = f"   ({tag})" if tag else ""
    box = layout.row(row)
    if width is not None and box.width + len(label) > width:
        box = broken(layout, row, width - len(label))
        if label and box.width + len(label) > width:  # no room beside it: a row of its own
            below = boxes.text(label.rjust(max(width, box.width)))
            return list(boxes.stacked([box, below], box.base, "left").rows)
    return list(beside(box, Box((label,))).rows) if label else list(box.rows)


def broken(layout: Layout, row: Row, width: int) -> Box:
    """The formula in several lines, each begun by a relation or after a wide space."""
    pieces: list[list[object]] = [[]]
    between = [""]  # the space in front of each piece
    for item in row.items:
        wide = isinstance(item, Space) and item.width >= 2
        if (wide or role(item) == "relation") and pieces[-1]:
            pieces.append([])
            between.append("    " if wide else " ")
        if not wide:
            pieces[-1].append(item)
    lines = [layout.row(Row(pieces[0]))]
    for piece, space in zip(pieces[1:], between[1:], strict=True):
        box = layout.row(Row(list(piece)))
        joined = beside(lines[-1], boxes.text(space), box)
        if joined.width <= width:
            lines[-1] = joined
        else:
            lines.append(beside(boxes.text(" " * INDENT), box))
    parts = [part for line in lines for part in (line, boxes.text(""))][:-1]
    tall = any(line.height > 1 for line in lines)
    return boxes.stacked(parts if tall else lines, lines[0].base, "left")


def inline(latex: str, plain: bool = False) -> str:
    """A formula on one line. Raises MathsError for what is not known."""
    return one_line(parse(latex)[0], plain)
