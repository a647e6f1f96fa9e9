"""Reads from the source what minigen asks of its arrays: every function of the array module, every
method, every keyword argument.

A mistake that only a GPU would show is then found where there is none. Names decide: what is bound
to ``xp(...)`` or ``active()`` is an array module, and no other name may hold one.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy

from minigen.backend.common import FUNCTIONS, METHODS, WITHIN

ROOT = Path(__file__).parents[2] / "minigen"

# Where NumPy itself may be used, and why: all of it works on the host.
HOST = {
    "minigen.backend": "knows NumPy from CuPy",
    "minigen.data": "prepares batches, which are sent to the device whole",
    "minigen.equations": "transcriptions in naive NumPy, to be compared with",
    "minigen.gradcheck": "compares numbers that were fetched",
    "minigen.learn.checks": "judges what a reader's function returns",
    "minigen.learn.planted": "gives a reader's function its problems",
    "minigen.learn.steps": "walks with a reader's function",
    "minigen.metrics.classifier": "counts what was fetched",
    "minigen.training.gallery": "draws what was fetched",
    "minigen.training.music_gallery": "draws what was fetched",
    "minigen.training.pictures": "draws what was fetched",
}

# What runs on devices: here arrays have no methods but the listed ones.
DEVICE = (
    "minigen.autograd", "minigen.ops", "minigen.tensor", "minigen.methods", "minigen.creation",
    "minigen.functional", "minigen.nn", "minigen.optim", "minigen.objectives", "minigen.models",
)  # fmt: skip

# An array's attributes that are known without asking the device.
ATTRIBUTES = {
    "shape", "dtype", "ndim", "size", "nbytes", "itemsize", "strides", "flags", "T", "base",
}  # fmt: skip
# What may be given an array module: it asks for its name, for kernels, or is followed itself.
TAKE_MODULES = ("name_of", "Kernels", "DeviceGenerator", "capturer", "kind")
OFF_LIMITS = {  # the loader, and the double, which stand for the array module themselves
    "minigen.backend.cupy", "minigen.backend.double",
    "minigen.backend.double.array", "minigen.backend.double.tally",
}  # fmt: skip
OF_THE_DOUBLE = {
    "draw",
    "erf",
    "gemm",
}  # what it does in the place of a kernel; CuPy is not asked for it

# (module, method) that an array does not have, and what it belongs to instead.
NOT_AN_ARRAY = {
    ("minigen.autograd.primitive", "item"): "a NumPy scalar, not an array",
    ("minigen.ops.elementwise", "item"): "a NumPy scalar, where x is a number",
    ("minigen.ops.normalisation", "var"): "a field of Moments",
    ("minigen.ops.normalise", "sort"): "a list",
    ("minigen.tensor", "item"): "Tensor.item waits: it is how a user asks for a value",
}


@dataclass(frozen=True)
class Use:
    """A function of the array module, or a method, where the source names it.

    positional: how many arguments go without a name, or None where that cannot be read.
    """

    name: str
    line: int
    keywords: tuple[str, ...] = ()
    positional: int | None = None
    called: bool = True


def sources():
    """Module name -> source text, for all of minigen."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text("utf-8")
    return found


def within(name, places):
    return any(name == place or name.startswith(place + ".") for place in places)


# ---------------------------------------------------------------- NumPy where it does not belong
def numpy_in(source):
    """Lines that name NumPy itself, imported or reached through another module."""
    lines = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names]
            base = getattr(node, "module", None)
            names += [base] if base else []
            if isinstance(node, ast.ImportFrom):
                names = [n for n in names if n != base or n.partition(".")[0] == "numpy"]
        elif isinstance(node, ast.Name):
            names = [node.id]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        if any(n.partition(".")[0] in ("numpy", "np") for n in names):
            lines.add(node.lineno)
    return sorted(lines)


# ---------------------------------------------------------------- what is asked of array modules
class ModuleUses:
    """The uses of array modules in one source text, and the places where one leaves sight."""

    def __init__(self, source):
        self.uses, self.problems = [], []
        self._walk(ast.parse(source), set(), None)

    def _walk(self, node, names, parent):
        """names: those that hold an array module here, such as ``m`` and ``self.module``."""
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.Module):
            names = names | self._bound(node, names)
        if self._is_module(node, names):
            self._module(node, parent)
        for child in ast.iter_child_nodes(node):
            child.above = node
            self._walk(child, names, node)

    def _is_module(self, node, names):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", None))
            return name in ("xp", "active")
        loaded = isinstance(getattr(node, "ctx", None), ast.Load)
        return loaded and isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names

    def _bound(self, scope, names):
        """The names that hold an array module in this scope."""
        found = set()
        arguments = getattr(scope, "args", None)
        for a in arguments.args if arguments else ():
            if a.annotation is not None and ast.unparse(a.annotation) == "ModuleType":
                found.add(a.arg)
        for node in ast.walk(scope):
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                pairs = (
                    zip(target.elts, node.value.elts, strict=False)
                    if several
                    else [(target, node.value)]
                )
                for to, value in pairs:
                    if self._is_module(value, names | found):
                        found.add(ast.unparse(to))
        return found if not isinstance(scope, ast.Module) else set()

    def _module(self, node, parent):
        """One mention of an array module: a use of it, or a way out of sight."""
        if isinstance(parent, ast.Attribute):
            self._use(parent)
        elif not (
            isinstance(parent, ast.Compare | ast.Assign | ast.Tuple | ast.Return)
            or (isinstance(parent, ast.Call) and ast.unparse(parent.func) in TAKE_MODULES)
        ):
            self.problems.append(
                (node.lineno, "hands an array module on, where this audit cannot follow it")
            )

    def _use(self, node):
        chain = [node.attr]
        while isinstance(above := node.above, ast.Attribute):
            node = above
            chain.append(node.attr)
        name = ".".join(chain)
        if name.startswith("__"):
            return
        above = node.above
        if isinstance(above, ast.Call) and above.func is node:
            self.uses.append(use_of(name, above))
        else:
            self.uses.append(Use(name, node.lineno, called=False))


module_uses = cache(ModuleUses)  # by the source text


def use_of(name, call):
    keywords = tuple(k.arg or "**" for k in call.keywords)
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    return Use(name, call.lineno, keywords, None if starred else len(call.args))


def module_problems(name, source):
    """What one module of minigen asks of array modules and may not, one line each."""
    found = module_uses(source)
    problems = [f"{name}, line {line}: {what}" for line, what in found.problems]
    tables = FUNCTIONS | WITHIN
    for use in found.uses:
        where = f"{name}, line {use.line}: {use.name}"
        if within(name, ["minigen.backend"]) and use.name in OF_THE_DOUBLE:
            continue
        if use.name not in tables:
            problems.append(f"{where} is not in backend/common.py; is it in CuPy?")
        elif not use.called:
            problems.append(f"{where} is not called where it is named; call it there")
        elif unknown := set(use.keywords) - tables[use.name]:
            problems.append(f"{where}({', '.join(sorted(unknown))}=...) is not in common.py")
    return problems


# ---------------------------------------------------------------- what is asked of arrays
@cache
def method_uses(source):
    """The uses of methods that could be an array's, on anything but modules and strings."""
    return list(_method_uses(source))


def _method_uses(source):
    tree = ast.parse(source)
    imported = {
        (a.asname or a.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for a in node.names
    }
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.above = node
    of_modules = module_uses(source).uses
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Store):
            continue
        owner = node.value
        if isinstance(owner, ast.Constant) or not hasattr(numpy.ndarray, node.attr):
            continue
        if isinstance(owner, ast.Name) and owner.id in imported | {"self", "cls"}:
            continue
        if ast.unparse(owner) == "super()" or node.attr.startswith("__"):
            continue
        above = node.above
        called = isinstance(above, ast.Call) and above.func is node
        use = use_of(node.attr, above) if called else Use(node.attr, node.lineno, called=False)
        if use not in of_modules:
            yield use


def method_problems(name, source):
    """What one module of minigen asks of arrays and may not, one line each."""
    problems = []
    for use in method_uses(source):
        allowed = METHODS.get(use.name, frozenset())
        known = use.name in METHODS or use.name in ATTRIBUTES
        if (name, use.name) in NOT_AN_ARRAY:
            continue
        if not known:
            problems.append(
                f"{name}, line {use.line}: .{use.name} is not among the METHODS of "
                "backend/common.py; is it a method of CuPy's arrays, and does it not wait?"
            )
        elif unknown := set(use.keywords) - allowed:
            problems.append(
                f"{name}, line {use.line}: .{use.name}({', '.join(sorted(unknown))}=...) is not "
                "in common.py"
            )
    return problems
