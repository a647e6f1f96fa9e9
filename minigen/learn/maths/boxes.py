"""Boxes of characters with a baseline: put beside, above and around each other."""

import unicodedata
from dataclasses import dataclass


def cells(text: str) -> int:
    """How many columns a text takes: a combining hat takes none."""
    return sum(not unicodedata.combining(c) for c in text)


@dataclass(frozen=True)
class Box:
    """Rows of equal width; ``base`` is the row that lies on the line of writing."""

    rows: tuple[str, ...]
    base: int = 0

    @property
    def width(self) -> int:
        return cells(self.rows[0])

    @property
    def height(self) -> int:
        return len(self.rows)


def text(string: str) -> Box:
    return Box((string,))


def padded(row: str, width: int, where: str = "centre") -> str:
    """A row filled with spaces up to the width."""
    missing = width - cells(row)
    left = {"left": 0, "right": missing, "centre": missing // 2}[where]
    return " " * left + row + " " * (missing - left)


def beside(*boxes: Box) -> Box:
    """Boxes in a row, their baselines in line."""
    boxes = tuple(box for box in boxes if box.width)
    if not boxes:
        return text("")
    up = max(box.base for box in boxes)
    down = max(box.height - box.base for box in boxes)
    rows = [""] * (up + down)
    for box in boxes:
        first = up - box.base
        for i in range(up + down):
            inside = first <= i < first + box.height
            rows[i] += box.rows[i - first] if inside else " " * box.width
    return Box(tuple(rows), up)


def stacked(boxes: list[Box], base: int, where: str = "centre") -> Box:
    """Boxes under each other; ``base`` is the row of the result on the line of writing."""
    width = max(box.width for box in boxes)
    return Box(tuple(padded(row, width, where) for box in boxes for row in box.rows), base)


def fraction(above: Box, below: Box, line: str) -> Box:
    """One box over another, with a line of the character between them, or a blank."""
    width = max(above.width, below.width) + 2
    return stacked([above, text(line * width), below], above.height)


def raised(base: Box, below: Box | None, above: Box | None) -> Box:
    """A base with scripts at its right: above its top row, and below its bottom row."""
    width = max(box.width for box in (below, above) if box is not None)
    up = [padded(row, width, "left") for row in above.rows] if above else []
    down = [padded(row, width, "left") for row in below.rows] if below else []
    left = [" " * base.width] * len(up) + list(base.rows) + [" " * base.width] * len(down)
    right = up + [" " * width] * base.height + down
    rows = tuple(a + b for a, b in zip(left, right, strict=True))
    return Box(rows, base.base + len(up))


def bracket(parts: tuple[str, str, str], height: int, base: int, centre: str = "") -> Box:
    """A bracket that has grown: top, middle and bottom; a brace has a centre."""
    top, middle, bottom = parts
    rows = [top, *[middle] * (height - 2), bottom]
    if centre and height > 2:
        rows[height // 2] = centre
    return Box(tuple(rows), base)
