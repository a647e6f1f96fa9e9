"""Floor 4: the computation graph of a tensor as text or as a picture.

Backpropagation is easier to follow with the numbers at every step before one's eyes. The graph
does not keep every intermediate value; what it dropped is computed again from the arguments and
held against what it kept, so that a drawing never mixes values from before and after a change.
"""

import html
import inspect
import itertools
import os
import shutil
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minigen.autograd import GraphError, Node, Traced, grad, reachable
from minigen.backend import Array, is_array, to_numpy, xp
from minigen.files import write_text

FULL, WIDE, LONGEST = 6, 26, 40  # elements and characters of a value in full; of a call
FONT = "Helvetica,Arial,sans-serif"
GREY, RED = '"#6b6b6b"', '"#a8320a"'
STYLES = {
    "leaf": 'fillcolor="#d5ecd0"',
    "constant": 'fillcolor="#ececec"',
    "operation": 'fillcolor="#e3edf9", style="rounded,filled"',
    "result": 'fillcolor="#fdeebb", style="rounded,filled"',
}
CHANGED = (
    "draw_graph: the values must be those that y was computed from; an argument or the result of "
    "{} was changed in place (by assign or a step, say); compute y anew and draw it before that"
)


@dataclass(frozen=True, repr=False)
class GraphDrawing:
    """A drawn graph: ``text`` for a terminal, ``dot`` for Graphviz; a picture in a notebook."""

    text: str
    dot: str

    def svg(self) -> str:
        """The picture as SVG. Raises RuntimeError where Graphviz is not installed."""
        if shutil.which("dot") is None:
            raise RuntimeError(
                "svg: the program dot of Graphviz, which draws the picture, must be on the PATH; "
                "it was not found; install it (apt-get install graphviz, brew install graphviz, "
                "or graphviz.org/download), or use .text"
            )
        done = subprocess.run(
            ["dot", "-Tsvg"], input=self.dot, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"svg: dot must accept the drawing; it answered {done.stderr.strip()!r}; "
                "save('graph.dot') shows what it was given"
            )
        return done.stdout

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the drawing to ``path``, whole or not at all: .svg, .dot or .txt."""
        suffix = os.path.splitext(path)[1]
        if suffix not in (".svg", ".dot", ".txt"):
            raise ValueError(
                f"save: the name must end in .svg, .dot or .txt; got {os.fspath(path)!r}; "
                "for another format save a .dot and convert it with Graphviz"
            )
        write_text(path, {".dot": self.dot, ".txt": self.text + "\n"}.get(suffix) or self.svg())

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; None, so that it shows the text, where there is no Graphviz."""
        return self.svg() if shutil.which("dot") else None


@dataclass(frozen=True)
class _Row:
    """One node as it will be drawn."""

    kind: str  # a key of STYLES
    title: str  # the name of an input, or an operation with its settings
    call: str  # the same with the arguments
    shape: str
    value: str
    gradient: str
    edges: list[tuple[int, str]]  # (row of an argument, or 0: not shown; the argument's name)


def draw_graph(
    y: Any, names: Mapping[str, Any] | None = None, max_nodes: int = 200, cotangent: Any = None
) -> GraphDrawing:
    """The graph that y was computed by: operations, shapes, values, gradients of y.

    y: a tensor with a graph. names: name -> tensor or array of the graph, as ``{"w": w}``;
    other leaves are called by their parameter's name or x0, x1, ..., constant arrays c0, c1, ...
    max_nodes: only the latest so many leaves and operations are drawn. cotangent: array or
    tensor of y's shape, needed for gradients where y has several elements.
    Neither the graph nor any ``.grad`` is changed. Raises GraphError: no graph, freed graph,
    a value that was changed in place after its use.
    """
    if not isinstance(y, Traced) or y.node is None:
        raise GraphError(
            f"draw_graph: y must be a tensor with a graph; got a {type(y).__name__} without one; "
            "compute y from tensors with requires_grad=True, outside no_grad()"
        )
    nodes = reachable(y.node)  # latest first
    shown = _latest(nodes, max_nodes)
    handles = [y.result_type(y.array, node) for node in shown]  # grad looks at the node only
    gradients: list[Traced] = []
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # NaN: seen before
        values = _values(nodes[::-1], y)
        if cotangent is not None or y.array.size == 1:
            gradients = grad(y, handles, cotangent, retain_graph=True)
    given = {  # by node, or by array where there is none
        getattr(x, "node", None) or id(getattr(x, "array", x)): " ".join(str(name).split())
        for name, x in (names or {}).items()
    }
    rows = _rows(shown, values, dict(zip(shown, gradients, strict=False)), given)
    notes = []
    if len(shown) < len(nodes):
        notes.append(f"...: {len(nodes) - len(shown)} earlier nodes, beyond max_nodes={max_nodes}")
    if not gradients:
        notes.append(f"no gradients: y has shape {y.array.shape}; pass a cotangent= of it")
    return GraphDrawing(_text(rows, given.get(y.node, "y"), notes), _dot(rows, notes))


def _values(nodes: list[Node], y: Traced) -> dict[Node, Array | None]:
    """The value of every node, earliest first: kept, or computed again from its arguments.

    None where an input is gone: a leaf or a constant that nobody holds and no rule needs. Where
    both are at hand they must agree, or something was changed in place on the way.
    """
    calls = [node for node in nodes if node.primitive is not None]
    kept = _kept(calls) | {nodes[-1]: y.array}
    values: dict[Node, Array | None] = {}
    for node in nodes:
        if node.primitive is None:
            owner = node.leaf()
            values[node] = kept.get(node, None if owner is None else owner.array)
            continue
        saved = zip(node.saved, node.parents, strict=True)
        arguments = [value if parent is None else values[parent] for value, parent in saved]
        values[node] = kept.get(node)
        if not any(a is None or isinstance(a, Node) for a in arguments):  # a Node stands in
            # what a forward pass leaves for its backward pass must stay what it is
            settings = {k: getattr(v, "fresh", lambda v=v: v)() for k, v in node.settings.items()}
            again = xp(y.array).asarray(node.primitive.forward(*arguments, **settings))
            values[node] = kept.get(node, again)
            if not xp(again).allclose(again, values[node], 1e-4, 1e-6, equal_nan=True):
                raise GraphError(CHANGED.format(node.name))
    return values


def _kept(calls: list[Node]) -> dict[Node, Array]:
    """The values that nodes keep for their rules, once they are known to be unchanged."""
    kept: dict[Node, Array] = {}
    for node in calls:
        if node.released:
            raise GraphError(
                f"draw_graph: the graph must not be freed; {node.name} was, by a backward pass; "
                "draw it before, or pass retain_graph=True to that backward or grad"
            )
        if any(counter[0] != then for counter, then, _ in node.changes):
            raise GraphError(CHANGED.format(node.name))
        for value, parent in zip(node.saved, node.parents, strict=True):
            if parent is not None and value is not parent:
                kept[parent] = value
        if node.output is not None:
            kept[node] = node.output
    return kept


def _latest(nodes: list[Node], max_nodes: int) -> list[Node]:
    """The operations nearest to the result, each with its leaves, as many as max_nodes allows."""
    shown = dict.fromkeys(nodes[:1])
    for node in nodes:
        leaves = [p for p in node.parents if p is not None and p.primitive is None]
        more = shown | dict.fromkeys([*([node] if node.primitive else []), *leaves])
        if len(more) > max_nodes and node is not nodes[0]:
            break
        shown = more
    return list(shown)


def _show(v: Any) -> str:
    """A number, a setting, or the nested lists of a small array, as text."""
    if isinstance(v, list | tuple):
        inner = ", ".join(map(_show, v))
        return f"[{inner}]" if isinstance(v, list) else f"({inner}{',' if len(v) == 1 else ''})"
    if isinstance(v, slice):
        ends = [v.start, v.stop] if v.step is None else [v.start, v.stop, v.step]
        return ":".join("" if end is None else str(end) for end in ends)
    if is_array(v):
        return f"array{v.shape}"
    return f"{v + 0.0:.4g}" if isinstance(v, float) else " ".join(str(v).split())  # no -0


def _summary(x: Any) -> str:
    """Small arrays in full, others as mean (least..largest)."""
    if not is_array(x):
        return "not kept"
    a = to_numpy(x)
    if a.size <= FULL and len(text := _show(a.tolist())) <= WIDE:
        return text
    finite = a[xp(a).isfinite(a)].astype("float64")
    if finite.size < a.size:
        return f"{a.size - finite.size} of {a.size} not finite"
    mean, low, high = (v + 0.0 for v in (finite.mean(), finite.min(), finite.max()))
    return f"all {low:.4g}" if low == high else f"{mean:.3g} ({low:.3g}..{high:.3g})"


def _call(node: Node, numbers: dict[Any, int]) -> tuple[str, str, list[tuple[int, str]]]:
    """Title, call and edges of an operation; settings that are the usual ones are left out."""
    assert node.primitive is not None
    texts, literals, edges = [], [], []  # all arguments, plain numbers, arguments with a row
    for i, (value, parent) in enumerate(zip(node.saved, node.parents, strict=True)):
        number = numbers.get(id(value) if parent is None else parent, 0)
        name = node.primitive.argument_name(i)
        if parent is None and not number:
            texts.append(_show(value))
            literals.append(f"{name}={texts[-1]}")
        else:
            texts.append(f"#{number}" if number else "...")
            edges.append((number, name))
    usual = inspect.signature(node.primitive.forward).parameters
    given = {k: v for k, v in node.settings.items() if not hasattr(v, "fresh")}
    settings = [(k, _show(v), _show(usual[k].default)) for k, v in given.items()]
    changed = [f"{name}={text}" for name, text, default in settings if text != default]
    call = f"{node.name}({', '.join(texts + changed)})"
    call = call if len(call) <= LONGEST else call[: LONGEST - 4] + "...)"
    return " ".join([node.name, *literals, *changed]), call, edges


def _rows(
    shown: list[Node],
    values: dict[Node, Array | None],
    gradients: dict[Node, Traced],
    given: dict[Any, str],
) -> list[_Row]:
    """Inputs first, then operations, each in the order in which they were made."""
    in_order = sorted(shown, key=lambda n: (n.primitive is not None, n.order))
    arrays: dict[Any, Any] = {n: values[n] for n in in_order if n.primitive is None}
    for n in in_order[len(arrays) :]:  # before the operations, the constants that they take
        pairs = zip(n.saved, n.parents, strict=True)
        arrays |= {id(v): v for v, parent in pairs if parent is None and hasattr(v, "shape")}
    arrays |= {n: values[n] for n in in_order}
    numbers = {key: i for i, key in enumerate(arrays, 1)}
    unnamed = {kind: itertools.count() for kind in ("leaf", "constant")}
    rows = []
    for key, array in arrays.items():
        name = given.get(key, "")
        edges: list[tuple[int, str]] = []
        if isinstance(key, Node) and key.primitive is not None:
            kind = "result" if key is shown[0] else "operation"
            title, call, edges = _call(key, numbers)
            title, call = (f"{name} = {title}", f"{name} = {call}") if name else (title, call)
        else:
            kind = "leaf" if isinstance(key, Node) else "constant"
            own = getattr(key.leaf(), "name", "") if isinstance(key, Node) else ""
            title = name or own or f"{'x' if kind == 'leaf' else 'c'}{next(unnamed[kind])}"
            call = f"{title} ({kind})"
        shape = str(key.shape if isinstance(key, Node) else array.shape)
        gradient = _summary(gradients[key].array) if key in gradients else ""
        rows.append(_Row(kind, title, call, shape, _summary(array), gradient, edges))
    return rows


def _text(rows: list[_Row], result: str, notes: list[str]) -> str:
    """A table with one line for each row."""
    last = f"gradient of {result}" if any(r.gradient for r in rows) else ""
    cells = ((f"#{n}", r.call, r.shape, r.value, r.gradient) for n, r in enumerate(rows, 1))
    table = [("#", "computed as", "shape", "value or mean (range)", last), *cells]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
    return "\n".join([*lines, *notes])


def _dot(rows: list[_Row], notes: list[str]) -> str:
    """The same for Graphviz, from the top down; labels are its HTML."""
    lines = [
        "digraph {",
        f'  graph [label="{"; ".join(notes)}", fontname="{FONT}", fontsize=11];',
        f'  node [shape=box, style=filled, color="#8a8a8a", fontname="{FONT}", fontsize=11];',
        f'  edge [color={GREY}, fontcolor={GREY}, fontname="{FONT}", fontsize=9, arrowsize=0.6];',
    ]
    if any(number == 0 for r in rows for number, _ in r.edges):
        lines.append('  n0 [label="...", style=dashed];')
    for n, r in enumerate(rows, 1):
        label = f"<font color={GREY}>#{n} </font><b>{html.escape(r.title)}</b>"
        label += f"<font color={GREY}> {r.shape}</font><br/>{r.value}"
        label += f"<br/><font color={RED}>gradient {r.gradient}</font>" if r.gradient else ""
        lines.append(f"  n{n} [label=<{label}>, {STYLES[r.kind]}];")
        for number, name in r.edges:
            lines.append(f'  n{number} -> n{n} [label="{name if len(r.edges) > 1 else ""}"];')
    return "\n".join([*lines, "}", ""])
