"""Show docstrings as they are written: plain text with formulas, in lines that were set by hand."""

from typing import Any


def literal(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make one literal block of a docstring."""
    if lines and any(line.strip() for line in lines):
        lines[:] = [".. code-block:: text", "", *(f"    {line}" for line in lines), ""]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", literal)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
