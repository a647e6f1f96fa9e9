"""LaTeX to a small tree: rows of symbols, fractions, roots, scripts, brackets and grids."""

import re
from dataclasses import dataclass, field
from typing import Any

from minigen.learn.maths import symbols

TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\s+|.", re.DOTALL)
FONTS = ("mathrm", "mathbf", "mathit", "mathsf", "mathcal", "boldsymbol", "mathbb")
WORDS = ("text", "textbf", "textit", "operatorname", "operatorname*", "mathrm")
SIZES = ("big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr")
GRIDS = ("aligned", "cases", "matrix", "pmatrix", "bmatrix", "array")


class MathsError(ValueError):
    """A formula that cannot be shown; says which part, and what to do."""


@dataclass
class Symbol:
    """One or a few characters. role: "ordinary", "binary", "relation", "function", "large",
    "open", "close" or "comma"."""

    text: str
    ascii: str
    role: str = "ordinary"


@dataclass
class Row:
    items: list[Any] = field(default_factory=list)


@dataclass
class Space:
    width: int


@dataclass
class Fraction:
    above: Row
    below: Row
    small: bool = False
    bar: bool = True


@dataclass
class Root:
    body: Row
    index: Row | None = None


@dataclass
class Accent:
    body: Row
    mark: str
    name: str


@dataclass
class Scripts:
    base: Any
    below: Row | None = None
    above: Row | None = None


@dataclass
class Fenced:
    left: str
    body: Row
    right: str


@dataclass
class Line:
    """A body with a line or a brace over or under it; name is LaTeX's."""

    body: Row
    name: str


@dataclass
class Grid:
    name: str
    rows: list[list[Row]]


def parse(latex: str) -> tuple[Row, str]:
    """The tree of a formula and its tag, "" without one. Raises MathsError."""
    parser = Parser(latex)
    row = parser.row(())
    if parser.here < len(parser.tokens):
        parser.fail(f"{parser.peek()!r} closes nothing")
    return row, parser.tag


class Parser:
    """Goes through the tokens once, from left to right."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = TOKEN.findall(latex)
        self.here = 0
        self.tag = ""

    def fail(self, what: str) -> Any:
        at = len("".join(self.tokens[: self.here]))
        raise MathsError(
            f"formula: {what}, at character {at} of {self.latex!r}; known names are in "
            "minigen/learn/maths/symbols.py"
        )

    def peek(self) -> str:
        while self.here < len(self.tokens) and self.tokens[self.here].isspace():
            self.here += 1
        return self.tokens[self.here] if self.here < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.here += 1
        return token

    def expect(self, token: str) -> None:
        if self.peek() != token:
            self.fail(f"expected {token!r}, got {self.peek() or 'the end'!r}")
        self.here += 1

    def row(self, stops: tuple[str, ...]) -> Row:
        """Items up to one of the stops, which is left for the caller."""
        items: list[Any] = []
        while (token := self.peek()) and token not in stops and token not in ("}", "\\right"):
            if token in ("&", r"\\") or token == "\\end":
                break
            if token in ("_", "^", "'"):
                items.append(self.scripts(items.pop() if items else Row()))
            else:
                item = self.item()
                if item is not None:
                    items.append(item)
        return Row(items)

    def scripts(self, base: Any) -> Scripts:
        found = base if isinstance(base, Scripts) else Scripts(base)
        token = self.take()
        if token == "'":
            found.above = Row([*(found.above.items if found.above else []), Symbol("′", "'")])
        elif token == "_":
            found.below = self.argument()
        else:
            found.above = Row([*(found.above.items if found.above else []), *self.argument().items])
        return found

    def argument(self) -> Row:
        """What a command applies to: a group in braces, or one item."""
        if self.peek() == "{":
            self.take()
            row = self.row(())
            self.expect("}")
            return row
        if not self.peek():
            self.fail("an argument is missing")
        item = self.item()
        return Row([item])

    def raw(self) -> str:
        """The text of a group, spaces and all."""
        self.expect("{")
        start = self.here
        while self.here < len(self.tokens) and self.tokens[self.here] != "}":
            self.here += 1
        if self.here == len(self.tokens):
            self.fail("a group is not closed")
        self.here += 1
        return "".join(self.tokens[start : self.here - 1])

    def item(self) -> Any:
        token = self.take()
        if token == "{":
            row = self.row(())
            self.expect("}")
            return row
        if token.startswith("\\") and token not in symbols.DELIMITERS:
            return self.command(token[1:])
        return character(token)

    def command(self, name: str) -> Any:
        """The item that a command begins; None for one that shows nothing."""
        found = named(name)
        if found is not None:
            return found
        if name in ("frac", "dfrac", "tfrac", "binom"):
            above, below = self.argument(), self.argument()
            fraction = Fraction(above, below, small=name == "tfrac", bar=name != "binom")
            return fraction if name != "binom" else Fenced("(", Row([fraction]), ")")
        if name == "sqrt":
            return self.root()
        if name in symbols.ACCENTS:
            return Accent(self.argument(), symbols.ACCENTS[name], name)
        if name in ("underbrace", "overbrace", "overline", "underline"):
            return Line(self.argument(), name)
        if name in ("overset", "stackrel", "underset"):
            label, base = self.argument(), self.argument()
            over = name != "underset"
            stack = Line(base, "stack")
            return Scripts(stack, None if over else label, label if over else None)
        if name in WORDS or name in FONTS:
            return self.word(name)
        return self.structure(name)

    def structure(self, name: str) -> Any:
        if name == "left":
            return self.fenced()
        if name == "begin":
            return self.grid()
        if name in SIZES:
            return character(self.take())
        if name == "tag":
            self.tag = self.raw()
            return None
        if name in ("phantom", "limits", "displaystyle", "nonumber"):
            return Space(0) if name != "phantom" else Space(len(self.argument().items))
        return self.fail(f"unknown command \\{name}")

    def root(self) -> Root:
        index = None
        if self.peek() == "[":
            self.take()
            index = self.row(("]",))
            self.expect("]")
        return Root(self.argument(), index)

    def word(self, name: str) -> Any:
        if name == "mathbb":
            letter = self.raw()
            return Symbol(symbols.DOUBLE_STRUCK.get(letter, letter), letter)
        if name in ("mathbf", "boldsymbol", "mathcal", "mathit", "mathsf"):
            return self.argument()
        text = self.raw().replace("~", " ")
        role = "function" if name.startswith("operatorname") else "ordinary"
        return Symbol(text, text, role)

    def fenced(self) -> Fenced:
        left = self.take()
        body = self.row(())
        while self.peek() in ("&", r"\\"):
            self.fail("& and \\\\ may not stand between \\left and \\right")
        self.expect("\\right")
        right = self.take()
        for side in (left, right):
            if side not in symbols.DELIMITERS:
                self.fail(f"{side!r} is no bracket")
        return Fenced(symbols.DELIMITERS[left], body, symbols.DELIMITERS[right])

    def grid(self) -> Any:
        name = self.raw()
        if name not in GRIDS:
            self.fail(f"unknown environment {name!r}")
        if name == "array":
            self.raw()
        rows = [[self.row(())]]
        while (token := self.peek()) in ("&", r"\\"):
            self.take()
            if token == "&":
                rows[-1].append(self.row(()))
            else:
                rows.append([self.row(())])
        self.expect("\\end")
        if self.raw() != name:
            self.fail(f"\\begin{{{name}}} is closed by another \\end")
        rows = [row for row in rows if any(cell.items for cell in row)]
        brackets = {"pmatrix": "()", "bmatrix": "[]"}.get(name)
        grid = Grid(name, rows)
        return Fenced(brackets[0], Row([grid]), brackets[1]) if brackets else grid


def character(token: str) -> Any:
    """What a single character, or a bracket by name, stands for."""
    if token == "~":
        return Space(1)
    shown = symbols.DELIMITERS.get(token, token) if token != "." else "."
    plain = symbols.ASCII_DELIMITERS.get(shown, shown)
    if token in "([" or token in (r"\{", r"\langle", r"\lfloor", r"\lceil", r"\lVert", r"\lvert"):
        return Symbol(shown, plain, "open")
    if token in ")]" or token in (r"\}", r"\rangle", r"\rfloor", r"\rceil", r"\rVert", r"\rvert"):
        return Symbol(shown, plain, "close")
    if token in "+-":
        return Symbol("−" if token == "-" else "+", token, "binary")
    if token in "=<>:":
        return Symbol(token, token, "relation")
    if token in ",;":
        return Symbol(token, token, "comma")
    return Symbol(shown, plain)


def named(name: str) -> Any:
    """The symbol of a command without arguments, or None."""
    if name in symbols.GREEK:
        return Symbol(symbols.GREEK[name], name.removeprefix("var"))
    tables = (
        (symbols.ORDINARY, "ordinary"),
        (symbols.BINARY, "binary"),
        (symbols.RELATIONS, "relation"),
        (symbols.LARGE, "large"),
    )
    for table, role in tables:
        if name in table:
            return Symbol(*table[name], role)
    if name in symbols.FUNCTIONS:
        return Symbol(name, name, "function")
    if name in symbols.SPACES:
        return Space(symbols.SPACES[name])
    return None
