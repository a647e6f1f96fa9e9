r"""Turn a lesson's text into a page: numbered equations, links between them, lit symbols.

Lessons are written so that Markdown and reStructuredText both can show them: formulas stand
between dollar signs, numbers in \tag. Here they become mathematics with anchors, "(5.1)" and
"[E.ADAM]" become links, and a comment "# symbols: m_hat=\hat{m}" becomes classes on the symbol.
"""

import json
import os
import re
from html import escape
from typing import Any

from minigen.learn.lesson import lessons

PAGE = re.compile(r"lessons/(\d\d)_\w+")
DISPLAY = re.compile(r"^\$\$\n(.*?)^\$\$$", re.MULTILINE | re.DOTALL)
TAG = re.compile(r"\s*\\tag\{(\d+\.\d+)(?:, (E\.[A-Z0-9]+))?\}\s*")
CODE = re.compile(
    r"^( *)\.\. code-block:: .*\n(?:\1 +:.*\n)*\n(?:\1 {2,}.*\n|[ \t]*\n)+", re.MULTILINE
)
SYMBOLS = re.compile(
    r"^(?:    # )?symbols: (.*)\n", re.MULTILINE
)  # first in a cell: taken for text
INLINE = re.compile(r"(?<![`\\])\$([^$]+?)\$")
ID = re.compile(r"\[(E\.[A-Z0-9]+)\]")
NUMBER = re.compile(r"\(([1-9]\d?)\.([1-9]\d?)\)")
LATEX = re.compile(r"\\[a-zA-Z]+\*?|\\.|[{}]|.", re.DOTALL)
WORDS = (r"\begin", r"\end", r"\operatorname", r"\mathrm", r"\text", r"\tag", r"\mathbb")


def arguments(gallery: Any, script: Any) -> list[str]:
    """The arguments that a lesson sees while the book is built."""
    return ["--smoke"] if os.environ.get("MINIGEN_BOOK_SMOKE") == "1" else []


def pages() -> dict[int, str]:
    """Lesson number -> the name of its page."""
    return {each.number: f"{each.stem}.html" for each in lessons()}


def on_source(app: Any, docname: str, content: list[str]) -> None:
    """Rewrite the text of a lesson's page before it is parsed."""
    if PAGE.fullmatch(docname):
        content[0] = rewrite(content[0], pages())


def rewrite(source: str, where: dict[int, str]) -> str:
    """The page's reStructuredText, made of what sphinx-gallery wrote."""
    symbols = dict(
        (part.strip() for part in pair.split("=", 1))
        for line in SYMBOLS.findall(source)
        for pair in line.split(";")
    )
    source = SYMBOLS.sub("", source)
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\x00{len(kept) - 1}\x00"

    source = CODE.sub(lambda match: keep(match[0]), source)
    source = DISPLAY.sub(lambda match: keep(equation(match[1], symbols)), source)
    source = re.sub(r"``.+?``", lambda match: keep(match[0]), source)
    source = INLINE.sub(
        lambda m: keep(role(m, f":math:`{lit(' '.join(m[1].split()), symbols)}`")), source
    )
    source = ID.sub(lambda m: keep(role(m, f"`[{m[1]}] <../equations.html#{m[1]}>`__")), source)
    source = NUMBER.sub(lambda m: keep(reference(m, where)), source)
    while "\x00" in source:
        source = re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], source)
    data = json.dumps(sorted(symbols))
    return source + f"\n.. raw:: html\n\n    <script>window.lessonSymbols = {data};</script>\n"


def reference(match: re.Match[str], where: dict[int, str]) -> str:
    """A link to an equation by its number; the number alone where there is no such lesson."""
    page = where.get(int(match[1]))
    if page is None:
        return match[0]
    return role(match, f"`{match[0]} <{page}#eq-{match[1]}-{match[2]}>`__")


def role(match: re.Match[str], text: str) -> str:
    """Marked-up text, kept apart from its neighbours where reStructuredText needs it."""
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    left = "" if before in ("", *" \n([{<-/:'\"") else "\\ "
    right = "" if after in ("", *" \n.,;:!?)]}>-/'\"") else "\\ "
    return left + text + right


def equation(latex: str, symbols: dict[str, str]) -> str:
    """A display equation, with its number at the right and an anchor."""
    tag = TAG.search(latex)
    body = lit(TAG.sub("", latex).strip(), symbols)
    label, anchor = "", ""
    if tag:
        number, name = tag[1], tag[2]
        anchor = f"eq-{number.replace('.', '-')}"
        index = f' <a href="../equations.html#{name}">{name}</a>' if name else ""
        label = f'<span class="number"><a href="#{anchor}">({number})</a>{index}</span>'
    shown = f'<div class="math notranslate nohighlight">\\[{escape(body)}\\]</div>'
    html = f'<div class="equation" id="{anchor}">{shown}{label}</div>' if tag else shown
    return "\n.. raw:: html\n\n" + "\n".join("    " + line for line in html.splitlines()) + "\n"


# ---------------------------------------------------------------- symbols in formulas
def tokens(latex: str) -> list[str]:
    return LATEX.findall(latex)


def bare(latex: str) -> list[str]:
    """Tokens without spaces and braces, for comparing \\hat{m} with \\hat m."""
    return [token for token in tokens(latex) if token not in "{}" and not token.isspace()]


def lit(latex: str, symbols: dict[str, str]) -> str:
    """The formula with each known symbol wrapped in a class of its own."""
    wanted = sorted(((bare(s), name) for name, s in symbols.items()), key=lambda p: -len(p[0]))
    parts, found, i = tokens(latex), "", 0
    while i < len(parts):
        if parts[i] in WORDS:
            end = closing(parts, i + 1)
            found += "".join(parts[i:end])
            i = end
            continue
        for symbol, name in wanted:
            end = matches(parts, i, symbol)
            if end:
                found += rf"\class{{symbol symbol-{name}}}{{{''.join(parts[i:end])}}}"
                i = end
                break
        else:
            found += parts[i]
            i += 1
    return found


def closing(parts: list[str], start: int) -> int:
    """The index after the group that begins at or after start."""
    depth = 0
    for i in range(start, len(parts)):
        depth += (parts[i] == "{") - (parts[i] == "}")
        if depth == 0 and parts[i] == "}":
            return i + 1
    return len(parts)


def matches(parts: list[str], start: int, symbol: list[str]) -> int:
    """The index after the symbol if it begins at start and its braces are closed, else 0."""
    i, k, depth = start, 0, 0
    while i < len(parts) and k < len(symbol):
        if parts[i] == "{" and k:
            depth += 1
        elif parts[i] == "}":
            depth -= 1
        elif parts[i].isspace() and k:
            pass
        elif parts[i] == symbol[k]:
            k += 1
        else:
            return 0
        i += 1
    while depth > 0 and i < len(parts) and parts[i] == "}":
        depth, i = depth - 1, i + 1
    return i if k == len(symbol) and depth == 0 else 0


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", on_source)
    app.set_html_assets_policy("always")  # pages with equations in raw HTML need MathJax too
    return {"parallel_read_safe": True, "parallel_write_safe": True}
