"""minigen asks of arrays only what CuPy's have too: read from the source, for all of minigen.

Where CuPy is installed, with or without a GPU, the tables are held to it.
"""

import inspect
import re

import pytest
from device.device_audit import (
    DEVICE,
    HOST,
    NOT_AN_ARRAY,
    OFF_LIMITS,
    method_problems,
    method_uses,
    module_problems,
    module_uses,
    numpy_in,
    sources,
    within,
)

from minigen.backend.common import FUNCTIONS, INFIX, METHODS, WITHIN

SOURCES = sources()
FOLLOWED = {name: source for name, source in SOURCES.items() if name not in OFF_LIMITS}


# ---------------------------------------------------------------- the source
@pytest.mark.parametrize("name", [n for n in SOURCES if not within(n, HOST)])
def test_numpy_itself_is_named_only_where_values_are_on_the_host(name):
    assert numpy_in(SOURCES[name]) == []


@pytest.mark.parametrize("place", HOST)
def test_no_place_is_excused_without_need(place):
    assert any(numpy_in(source) for name, source in SOURCES.items() if within(name, [place]))


@pytest.mark.parametrize("name", FOLLOWED)
def test_functions_and_their_keyword_arguments_are_in_the_table(name):
    assert module_problems(name, SOURCES[name]) == []


@pytest.mark.parametrize("name", [n for n in SOURCES if within(n, DEVICE)])
def test_methods_of_arrays_are_in_the_table(name):
    assert method_problems(name, SOURCES[name]) == []


def asked(uses_of):
    """Name -> all keyword arguments that minigen gives it."""
    found = {}
    for source in FOLLOWED.values():
        for use in uses_of(source):
            found.setdefault(use.name, set()).update(use.keywords)
    return found


def unused(table, found):
    lines = [name for name in table if name not in found]
    return lines + [
        f"{name} {word}" for name in table for word in table[name] - found.get(name, set())
    ]


def test_nothing_in_the_tables_is_unused():
    functions = asked(lambda source: module_uses(source).uses)
    assert len(functions) > 40  # the audit sees
    assert unused(FUNCTIONS | WITHIN, functions) == []
    assert unused(METHODS, asked(method_uses)) == []
    assert unused({"exp": frozenset({"out"}), "sin": frozenset()}, {"exp": set()}) == [
        "sin", "exp out",
    ]  # fmt: skip


def test_no_method_is_excused_without_need():
    for name, method in NOT_AN_ARRAY:
        assert method in {use.name for use in method_uses(SOURCES[name])}, (name, method)


# ---------------------------------------------------------------- the audit is awake
@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import numpy as np\ny = 1", 1),
        ("from numpy import exp", 1),
        ("from numpy.linalg import qr", 1),
        ("from minigen.backend.modules import numpy", 1),
        ("x = 1\ny = np.exp(x)", 2),
        ("from minigen.backend import modules\ny = modules.numpy.exp(2.0)", 2),
    ],
)
def test_a_hard_coded_numpy_is_found(source, line):
    assert numpy_in(source) == [line]


def test_other_things_called_numpy_are_let_pass():
    assert numpy_in("from safetensors.numpy import save\ny = to_numpy(x)") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("xp(x).vecdot(x, x)", "line 2: vecdot is not in"),
        ("backend.xp(x).nanmean(x)", "nanmean is not in"),
        ("active().linalg.svd(x)", "linalg.svd is not in"),
        ("m = xp(x); m.unstack(x)", "unstack is not in"),
        ("module, n = xp(x), 2; module.unstack(x)", "unstack is not in"),
        ("m = xp(x)\n  def g(y):\n    return m.unstack(y)", "line 4: unstack"),
        ("xp(x).mean(x, where=x > 0)", r"mean\(where=\.\.\.\) is not"),
        ("xp(x).exp(x, **settings)", r"exp\(\*\*=\.\.\.\) is not"),
        ("xp(x).float32", "float32 is not in"),
        ("f = xp(x).exp; f(x, where=x)", "exp is not called where"),
        ("helper(xp(x))", "hands an array module on"),
        ("m = xp(x); getattr(m, 'svd')(x)", "hands an array module on"),
    ],
)  # fmt: skip
def test_what_the_table_does_not_list_is_found(body, message):
    (found,) = module_problems("minigen.ops.bad", f"def f(x):\n  {body}\n")
    assert re.search(message, found), found


def test_a_module_in_another_function_or_attribute_is_followed():
    source = "def f(module: ModuleType):\n  module.svd()\ndef g(module):\n  module.svd()\n"
    assert len(module_problems("minigen.nn.bad", source)) == 1
    source = "class A:\n  def f(s, x):\n    s.m = xp(x)\n  def g(s):\n    s.m.svd()\n"
    assert len(module_problems("minigen.nn.bad", source)) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("y = x.std()", r"line 1: \.std is not"),
        ("y = (x * x).tolist()", r"\.tolist is not"),
        ("y = x.array.item()", r"\.item is not"),
        ("y = x.flat[0]", r"\.flat is not"),
        ("y = x.sum(axis=0, initial=1)", r"\.sum\(initial=\.\.\.\) is not"),
        ("y = list(map(abs, x)); x.nonzero()", r"\.nonzero is not"),
    ],
)
def test_methods_that_the_table_does_not_list_are_found(body, message):
    (found,) = method_problems("minigen.ops.bad", body)
    assert re.search(message, found), found


def test_strings_modules_and_functions_are_not_taken_for_arrays():
    source = "from minigen import ops\nimport math\n' '.format()\nops.sort(x)\nxp(x).copy(x)\n"
    assert method_problems("minigen.nn.fine", source + "self.sort()\nx.sum(axis=0)\nx.T\n") == []


# ---------------------------------------------------------------- held to CuPy
def found_in(module, name):
    for part in name.split("."):
        module = getattr(module, part)
    return module


def words(function, cupy):
    """The keyword arguments that a function of CuPy takes."""
    if isinstance(function, cupy.ufunc):
        return {"out", "dtype", "casting"}
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:  # compiled: the first line of its help shows the arguments
        return set(re.findall(r"\b(\w+)(?=[=,)])", function.__doc__.splitlines()[0]))


def test_cupy_has_every_function_with_its_keyword_arguments():
    cupy = pytest.importorskip("cupy")
    for name, settings in (FUNCTIONS | WITHIN).items():
        assert settings <= words(found_in(cupy, name), cupy), name
    assert "where" not in words(cupy.mean, cupy) and not hasattr(cupy, "vecdot")


def test_cupy_takes_as_many_arguments_without_names():
    cupy = pytest.importorskip("cupy")
    for source in FOLLOWED.values():
        for use in module_uses(source).uses:
            if use.name not in FUNCTIONS or use.positional is None:
                continue
            function = getattr(cupy, use.name)
            if isinstance(function, cupy.ufunc):
                assert use.positional <= function.nargs, use
            else:
                inspect.signature(function).bind(
                    *range(use.positional), **dict.fromkeys(use.keywords)
                )


def test_arrays_of_cupy_have_every_method_and_operator():
    cupy = pytest.importorskip("cupy")
    for name, settings in METHODS.items():
        method = getattr(cupy.ndarray, name)
        assert settings <= words(method, cupy), name
    for name in INFIX:
        assert name in dir(cupy.ndarray), name
    assert "initial" not in words(cupy.ndarray.sum, cupy)
