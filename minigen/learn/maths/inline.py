"""A tree of mathematics on one line, for the middle of a sentence."""

from typing import Any

from minigen.learn.maths import symbols
from minigen.learn.maths.boxes import Box
from minigen.learn.maths.layout import Layout, grouped, role
from minigen.learn.maths.parser import Accent, Fraction, Grid, Line, Root, Row, Scripts


class Inline(Layout):
    """Like ``Layout``, but every box has one row: a fraction is a slash."""

    def string(self, row: Row) -> str:
        return self.row(row).rows[0]

    def spaced(self, items: list[Any]) -> list[Box]:
        """A fraction next to a factor gets brackets, so that the slash ends where it should."""
        found = super().spaced(items)
        for k, item in enumerate(items):
            beside = [items[j] for j in (k - 1, k + 1) if 0 <= j < len(items)]
            row = found[k].rows[0]
            if isinstance(item, Fraction) and "/" in row and any(map(is_factor, beside)):
                lead = row[: len(row) - len(row.lstrip())]
                found[k] = Box((f"{lead}({row.strip()})",))
        return found

    def fraction(self, item: Fraction) -> Box:
        above, below = self.string(item.above), self.string(item.below)
        half = symbols.HALF.get((above, below))
        if half and not self.plain:
            return Box((half,))
        slash = "/" if item.bar else " over "
        return Box((f"{grouped(above)}{slash}{tight(below)}",))

    def root(self, item: Root) -> Box:
        body = self.string(item.body)
        index = self.string(item.index) if item.index else ""
        if self.plain:
            return Box((f"{'root_' + index if index else 'sqrt'}({body})",))
        small = "".join(symbols.SUPERSCRIPT.get(c, c) for c in index)
        return Box((f"{small}√{body if len(body) == 1 or body.isdigit() else f'({body})'}",))

    def accent(self, item: Accent) -> Box:
        body = self.string(item.body)
        if self.plain:
            return Box((f"{body}_{item.name.removeprefix('wide')}",))
        return Box(("".join(c + item.mark if c.isalnum() else c for c in body),))

    def scripts(self, item: Scripts) -> Box:
        base = self.item(item.base).rows[0]
        found = base
        for row, mark, table in (
            (item.below, "_", symbols.SUBSCRIPT),
            (item.above, "^", symbols.SUPERSCRIPT),
        ):
            if row is None:
                continue
            script = self.row(row)
            small = "" if self.plain else self.small(script, table)
            plain = script.rows[0].replace(" ", "")
            if set(plain) == {"'"}:  # a prime
                found += plain
                continue
            found += small or mark + (plain if len(plain) == 1 or plain.isalnum() else f"({plain})")
        return Box((found,))

    def line(self, item: Line) -> Box:
        return self.row(item.body)

    def grid(self, item: Grid) -> Box:
        rows = [" ".join(self.string(cell) for cell in row) for row in item.rows]
        joined = "; ".join(rows)
        return Box((f"{{{joined}}}" if item.name == "cases" else joined,))


def is_factor(item: Any) -> bool:
    """Whether an item multiplies what stands next to it."""
    return role(item) in ("ordinary", "function", "large")


def tight(string: str) -> str:
    """A divisor: in brackets where a product or a sum would be misread."""
    product = any(c in string for c in " ·×") or sum(c.isalpha() for c in string) > 1
    return f"({string})" if product and not string.startswith("√(") else grouped(string)


def one_line(row: Row, plain: bool) -> str:
    found: Any = Inline(plain).row(row)
    return " ".join(found.rows[0].split())
