"""A tree of mathematics as a box of characters: fractions stacked, brackets grown.

Where everything fits on one line, it stays there: short scripts are Unicode's small letters.
"""

from typing import Any

from minigen.learn.maths import boxes, symbols
from minigen.learn.maths.boxes import Box, beside
from minigen.learn.maths.parser import (
    Accent,
    Fenced,
    Fraction,
    Grid,
    Line,
    Root,
    Row,
    Scripts,
    Space,
    Symbol,
)

OPENERS = ("binary", "relation", "open", "comma", "function", "large", "start")


def role(item: Any) -> str:
    """What an item is to its neighbours."""
    if isinstance(item, Symbol):
        return item.role
    if isinstance(item, Scripts):
        return role(item.base)
    return "space" if isinstance(item, Space) else "ordinary"


def gap(before: Any, after: Any, earlier: str) -> int:
    """Spaces between two neighbours; earlier: the role before ``before``."""
    left, right = role(before), role(after)
    if "space" in (left, right):
        return 0
    if "relation" in (left, right):
        return 1
    if (is_stacked(before) or is_stacked(after)) and "open" not in (left,) and right != "close":
        return int(left != "start" and right != "comma")
    if right == "binary":
        return 0 if left in OPENERS else 1
    if left == "binary":
        return 0 if earlier in OPENERS else 1
    if left == "comma":
        return 1
    if left == "function" and isinstance(after, Fenced):
        return 0
    if left in ("function", "large") and right not in ("open", "close", "comma"):
        return 1
    if right in ("function", "large") and left not in ("open",):
        return 1
    return 0


def is_stacked(item: Any) -> bool:
    """Whether an item has no brackets of its own to keep it from its neighbours."""
    return (isinstance(item, Fraction) and not item.small) or isinstance(item, Grid)


class Layout:
    """Makes boxes of items. plain: characters below 128 only."""

    def __init__(self, plain: bool) -> None:
        self.plain = plain

    def text(self, symbol: Symbol) -> str:
        return symbol.ascii if self.plain else symbol.text

    def row(self, row: Row) -> Box:
        return beside(*self.spaced(row.items))

    def spaced(self, items: list[Any]) -> list[Box]:
        """A box for each item, with its space in front."""
        found: list[Box] = []
        earlier, previous = "start", None
        for item in items:
            box = self.item(item)
            if previous is not None:
                space = gap(previous, item, earlier)
                space = space or self.words_touch(found[-1], box)
                box = beside(boxes.text(" " * space), box) if space else box
                earlier = role(previous) if role(previous) != "space" else "start"
            found.append(box)
            previous = item
        return found

    def words_touch(self, left: Box, right: Box) -> int:
        """1 where two names such as "alpha" and "g" would run together."""
        a, b = left.rows[left.base][-2:], right.rows[right.base].strip()[:2]
        long = (
            len(a) > 1 and a.isalpha() and a.isascii() or len(b) > 1 and b.isalpha() and b.isascii()
        )
        return int(bool(a[-1:].isalnum() and b[:1].isalnum() and long))

    def item(self, item: Any) -> Box:
        match item:
            case Symbol():
                return boxes.text(self.text(item))
            case Row():
                return self.row(item)
            case Space():
                return boxes.text(" " * item.width)
            case Fraction():
                return self.fraction(item)
            case Root():
                return self.root(item)
            case Accent():
                return self.accent(item)
            case Scripts():
                return self.scripts(item)
            case Fenced():
                return self.fenced(item)
            case Line():
                return self.line(item)
            case Grid():
                return self.grid(item)
        raise TypeError(f"maths: no layout for {type(item).__name__}")

    def fraction(self, item: Fraction) -> Box:
        above, below = self.row(item.above), self.row(item.below)
        half = symbols.HALF.get((above.rows[0], below.rows[0]))
        if item.small and half and not self.plain:
            return boxes.text(half)
        if item.small and above.height == below.height == 1:
            return boxes.text(f"{grouped(above.rows[0])}/{grouped(below.rows[0])}")
        line = " " if not item.bar else "-" if self.plain else "─"
        return boxes.fraction(above, below, line)

    def root(self, item: Root) -> Box:
        body = self.row(item.body)
        index = self.row(item.index).rows[0] if item.index else ""
        if self.plain:
            left = boxes.text(f"root_{index}" if index else "sqrt")
            return beside(left, self.around("(", body, ")"))
        small = "".join(symbols.SUPERSCRIPT.get(c, c) for c in index)
        side = [*[" " * boxes.cells(small) + "│"] * (body.height - 1), small + "√"]
        rows = [" " * boxes.cells(side[0]) + "_" * body.width]
        rows += [mark + row for mark, row in zip(side, body.rows, strict=True)]
        return Box(tuple(rows), body.base + 1)

    def accent(self, item: Accent) -> Box:
        body = self.row(item.body)
        if self.plain:
            return boxes.text(f"{body.rows[body.base]}_{item.name.removeprefix('wide')}")
        if body.height == 1 and body.width == 1:
            return boxes.text(body.rows[0] + item.mark)
        mark = {"bar": "_" * body.width}.get(
            item.name, {"hat": "^", "tilde": "~"}.get(item.name.removeprefix("wide"), ".")
        )
        return boxes.stacked([boxes.text(mark), body], body.base + 1)

    def scripts(self, item: Scripts) -> Box:
        base = self.item(item.base)
        below = self.script(item.below) if item.below else None
        above = self.script(item.above) if item.above else None
        if isinstance(item.base, Line) and item.base.name != "overline":
            return self.labelled(item.base, base, below, above)
        if self.takes_limits(item.base) and not self.plain:
            parts = [b for b in (above, base, below) if b is not None]
            return boxes.stacked(parts, above.height if above else 0)
        low, high = self.small(below, symbols.SUBSCRIPT), self.small(above, symbols.SUPERSCRIPT)
        fits = (below is None or low) and (above is None or high)
        if fits and base.height == 1 and not self.plain:
            return boxes.text(base.rows[0] + low + high)
        if self.plain and all(b is None or b.height == 1 for b in (below, above)):
            marks = f"_{bracketed(below)}" if below else ""
            prime = above is not None and set(above.rows[0]) == {"'"}
            marks += above.rows[0] if above and prime else f"^{bracketed(above)}" if above else ""
            return beside(base, Box((marks,)))
        if base.height == 1 and (low or high) and not self.plain:
            beside_base = boxes.raised(base, None if low else below, None if high else above)
            middle = list(beside_base.rows)
            row = base.rows[0] + low + high
            width = max(beside_base.width, boxes.cells(row))
            middle = [boxes.padded(line, width, "left") for line in middle]
            middle[beside_base.base] = boxes.padded(row, width, "left")
            return Box(tuple(middle), beside_base.base)
        return boxes.raised(base, below, above)

    def script(self, row: Row) -> Box:
        """A script; its parts stand close together."""
        box = self.row(row)
        return (
            Box(tuple(r.replace(", ", ",").replace(" = ", "=") for r in box.rows), box.base)
            if box.height == 1
            else box
        )

    def takes_limits(self, base: Any) -> bool:
        return role(base) == "large" or isinstance(base, Symbol) and base.text in symbols.LIMITS

    def small(self, box: Box | None, table: dict[str, str]) -> str:
        """A script in small letters, or "" where some letter has none."""
        if box is None or box.height > 1:
            return ""
        letters = [c for c in box.rows[0] if c != " "]
        return "".join(table[c] for c in letters) if all(c in table for c in letters) else ""

    def labelled(self, line: Line, box: Box, below: Box | None, above: Box | None) -> Box:
        parts = [b for b in (above, box, below) if b is not None]
        return boxes.stacked(parts, box.base + (above.height if above else 0))

    def line(self, item: Line) -> Box:
        body = self.row(item.body)
        width = body.width
        if item.name == "stack":
            return body
        if item.name in ("overline", "underline"):
            rule = boxes.text(
                "_" * width if item.name == "overline" else ("-" if self.plain else "─") * width
            )
        else:
            left, right, bar, up = ("\\", "/", "_", "_") if self.plain else ("╰", "╯", "─", "┬")
            if item.name == "overbrace" and not self.plain:
                left, right, up = "╭", "╮", "┴"
            inside = max(1, width - 2)
            arm = inside // 2
            rule = boxes.text(left + bar * arm + up + bar * (inside - arm - 1) + right)
        over = item.name in ("overline", "overbrace")
        parts = [rule, body] if over else [body, rule]
        return boxes.stacked(parts, body.base + over)

    def fenced(self, item: Fenced) -> Box:
        return self.around(item.left, self.row(item.body), item.right)

    def around(self, left: str, body: Box, right: str) -> Box:
        return beside(self.side(left, body), body, self.side(right, body))

    def side(self, mark: str, body: Box) -> Box:
        """One bracket, as tall as what it holds."""
        grows = symbols.GROWING.get(mark)
        if self.plain and mark in symbols.ASCII_WORDS:
            return boxes.text(symbols.ASCII_DELIMITERS[mark])
        if self.plain:
            grows = symbols.GROWING_ASCII.get(mark, (mark,) * 3)
            mark = symbols.ASCII_DELIMITERS.get(mark, mark)
        if body.height == 1 or grows is None or not mark:
            return boxes.text(mark)
        if self.plain and len(mark) > 1:
            return boxes.text(mark)
        centre = symbols.BRACE_CENTRE.get(mark, "") if not self.plain else ""
        return boxes.bracket(grows, body.height, body.base, centre)

    def grid(self, item: Grid) -> Box:
        table = [[self.row(cell) for cell in row] for row in item.rows]
        count = max(len(row) for row in table)
        widths = [max((r[k].width for r in table if k < len(r)), default=0) for k in range(count)]
        tall = any(box.height > 1 for row in table for box in row)
        lines: list[Box] = []
        for row in table:
            filled = [self.cell(item.name, k, box, widths[k]) for k, box in enumerate(row)]
            line = beside(*filled)
            missing = sum(widths) + 2 * (count - 1) - line.width
            if tall and lines:
                lines.append(boxes.text(""))
            lines.append(beside(line, boxes.text(" " * max(0, missing))) if missing > 0 else line)
        height = sum(line.height for line in lines)
        base = lines[0].base if len(lines) == 1 else height // 2
        grid = boxes.stacked(lines, base, "left")
        if item.name == "cases":
            return beside(self.side("{", grid), boxes.text(" "), grid)
        return grid

    def cell(self, name: str, column: int, box: Box, width: int) -> Box:
        where = "left" if name == "cases" else "centre"
        if name == "aligned":
            where = "left" if column % 2 else "right"
        rows = tuple(boxes.padded(row, width, where) for row in box.rows)
        space = "" if column == 0 else " " if name == "aligned" else "  "
        return beside(boxes.text(space), Box(rows, box.base))


def grouped(string: str) -> str:
    """In brackets where it is more than one thing."""
    return f"({string})" if any(c in string.strip() for c in " +−-/") else string


def bracketed(box: Box) -> str:
    string = box.rows[0].replace(" ", "")
    return string if string.isalnum() else f"({string})"
