"""What every equation of the register looks like in a terminal, as one text.

``python tests/learn/maths/golden.py`` writes golden.txt anew; look at the difference before it
is committed.
"""

from pathlib import Path

from minigen.equations import REGISTER
from minigen.learn.maths import display, inline

FILE = Path(__file__).with_name("golden.txt")


def section(entry):
    """One equation: in two dimensions, on one line, in ASCII; then its symbols."""
    parts = [
        f"==== {entry.id}",
        *display(entry.latex, width=90),
        "----",
        inline(entry.latex),
        "----",
        *display(entry.latex, plain=True, width=90),
        "----",
        " | ".join(inline(symbol) for symbol in entry.symbols),
    ]
    return "\n".join(line.rstrip() for line in parts) + "\n"


def sections():
    return {entry.id: section(entry) for entry in REGISTER.values()}


if __name__ == "__main__":
    FILE.write_text("\n".join(sections().values()), encoding="utf-8")
