"""Imports point down: a module imports only from its own floor or from lower ones.

The imports are read from the source, so that nothing has to be run, and the reader of a floor
never has to know what is built above it. Libraries that belong in one place stay there.
"""

import ast
import re
from pathlib import Path

import pytest
from device.device_audit import HOST

ROOT = Path(__file__).parents[2]

# Package or module -> floor; the longest name that fits counts.
FLOORS = {
    "minigen.backend": 0, "minigen.files": 0,
    "minigen.autograd": 1,
    "minigen.ops": 2,
    "minigen.methods": 3,
    "minigen.values": 3,
    "minigen.tensor": 3,
    "minigen.creation": 3,
    "minigen.functional": 4, "minigen.equations": 4, "minigen.gradcheck": 4, "minigen.drawing": 4,
    "minigen.nn": 5, "minigen.optim": 5, "minigen.objectives": 5, "minigen.data": 5,
    "minigen.models": 6,
    "minigen.training": 7, "minigen.metrics": 7,
    "minigen.learn": 8, "minigen.cli": 8,
    "minigen": 8,  # the front door, which shows what all the others hold
    "minigen.__main__": 9,
}  # fmt: skip

# Library -> the only places that may import it.
PLACES = {
    "numpy": tuple(HOST),  # with the reason for each
    "cupy": ("minigen.backend",),
    "matplotlib": ("minigen.training.pictures", "minigen.learn.show", "minigen.learn.player"),
    # Nobody else imports behind this test's back: CuPy, and what only music needs.
    "importlib": ("minigen.backend", "minigen.data.music"),
    "torch": (),
    "pickle": (),
}  # fmt: skip


def inside(name, place):
    return name == place or name.startswith(place + ".")


def floor(name):
    places = [place for place in FLOORS if inside(name, place) and (place != "minigen")]
    if name == "minigen":
        return FLOORS["minigen"]
    return FLOORS[max(places, key=len)] if places else None


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "TYPE_CHECKING", "typing.TYPE_CHECKING",
    )  # fmt: skip


def imports(source, name, modules):
    """(imported module or library, line, whether it stands inside a function), for each import.

    Imports for the type checker alone are left out: they do not happen when the program runs.
    """
    found = []

    def visit(node, in_function):
        if is_type_checking(node):
            return
        if isinstance(node, ast.Import):
            found.extend((a.name, node.lineno, in_function) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".")[: -node.level or None]
                base = ".".join([*package, *([base] if base else [])])
            for a in node.names:
                whole = f"{base}.{a.name}"
                found.append((whole if whole in modules else base, node.lineno, in_function))
        inner = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(ast.parse(source), False)
    return found


def longest_module(target, modules):
    """minigen.nn.Parameter -> minigen.nn: the module that an import runs."""
    while target not in modules and "." in target:
        target = target.rpartition(".")[0]
    return target


def problems(sources):
    """What breaks the rules in ``sources``, a mapping of module names to source text."""
    found, edges = [], {}
    for name, source in sources.items():
        edges[name] = set()
        if floor(name) is None:
            found.append(f"{name}: has no floor; enter it into FLOORS in this test")
            continue
        for target, line, in_function in imports(source, name, sources):
            where = f"{name}, line {line}: imports {target}"
            if in_function:
                found.append(f"{where} inside a function; imports stand at the top")
            library = target.partition(".")[0]
            if library in PLACES and not any(inside(name, place) for place in PLACES[library]):
                found.append(f"{where}, which only {PLACES[library] or 'nobody'} may import")
            if library == "minigen":
                module = longest_module(target, sources)
                edges[name].add(module)
                if floor(module) is not None and floor(module) > floor(name):
                    found.append(
                        f"{where} from floor {floor(module)}, but stands on floor {floor(name)}; "
                        "imports point down"
                    )
    return found + circles(edges)


def circles(edges):
    """One line for each circle of imports, found by walking along them."""
    found, done = [], set()

    def walk(name, path):
        if name in path:
            found.append("circular import: " + " -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for target in sorted(edges.get(name, ())):
                if target != name:
                    walk(target, [*path, name])
            done.add(name)

    for name in sorted(edges):
        walk(name, [])
    return found


def sources_of_minigen():
    sources = {}
    for path in sorted((ROOT / "minigen").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return sources


def test_imports_point_down():
    sources = sources_of_minigen()
    assert len(sources) > 30
    assert {"minigen.backend.modules", "minigen.ops.linalg", "minigen.tensor"} <= set(sources)
    assert problems(sources) == []


def test_every_floor_stands():
    """A name that is misspelt in the list above would guard nothing."""
    names = sources_of_minigen()
    assert [place for place in FLOORS if place not in names] == []


# ---------------------------------------------------------------- the guard is awake
GOOD = {
    "minigen.backend": "import numpy\n",
    "minigen.autograd": "from minigen.backend import xp\n",
    "minigen.autograd.node": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from minigen.tensor import Tensor"
    ),
    "minigen.ops": "from minigen.ops.linalg import matmul\n",
    "minigen.ops.linalg": "from minigen import backend\nfrom minigen.autograd import primitive\n",
    "minigen.tensor": "from minigen import autograd, ops\nimport minigen.backend\n",
    "minigen.optim": "from minigen.nn import Parameter\n",
    "minigen.nn": "from minigen.tensor import Tensor\n",
    "minigen": "from minigen.tensor import Tensor\n",
}


def test_what_keeps_the_rules_passes():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("minigen.ops.bad", "from minigen.tensor import Tensor", "minigen.tensor from floor 3"),
        ("minigen.ops.bad", "from minigen import tensor", "minigen.tensor from floor 3"),
        ("minigen.ops.bad", "import minigen.tensor as t", "minigen.tensor from floor 3"),
        ("minigen.ops.bad", "from ..tensor import Tensor", "minigen.tensor from floor 3"),
        ("minigen.ops.bad", "import minigen", "minigen from floor 8"),
        ("minigen.ops.bad", "from minigen import Tensor", "minigen from floor 8"),
        ("minigen.ops.bad", "if 1:\n    from minigen.nn import Dense", "line 2: .*floor 5"),
        ("minigen.ops.bad", "import numpy as np", "numpy, which only"),
        ("minigen.ops.bad", "from numpy.linalg import svd", "numpy.linalg, which only"),
        ("minigen.nn.bad", "import matplotlib.pyplot", "matplotlib"),
        ("minigen.nn.bad", "import pickle", "pickle, which only nobody"),
        ("minigen.nn.bad", "def f():\n    import math", "line 2: .* inside a function"),
        ("minigen.nn.bad", "class A:\n  def f(s):\n    from os import path", "inside a function"),
        ("minigen.somewhere", "", "has no floor"),
        ("minigen.ops.linalg", "from minigen.ops import add", "circular import: minigen.ops -> "),
        ("minigen.nn", "from minigen.optim import Adam", "circular import: minigen.nn -> "),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_found(name, source, message):
    found = problems({**GOOD, name: source})
    assert any(re.search(message, line) for line in found), found
