"""Breaking every gradient rule, to see the alarm ring.

A check that cannot fail proves nothing. For every primitive and every one of its rules, each
case that consists of this primitive alone must fail once the rule is off by a thousandth, and
once it returns zeros.
"""

import importlib
import pkgutil

import pytest
from cases import CASES

from minigen import ops
from minigen.autograd import Primitive, reachable
from minigen.backend import to_numpy
from minigen.creation import tensor
from minigen.gradcheck import GradientError, gradcheck


def find_primitives():
    """Every primitive in every module of minigen.ops, exported or not, each once."""
    found = {}
    for module in pkgutil.iter_modules(ops.__path__, "minigen.ops."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Primitive):
                found[id(value)] = value
    return list(found.values())


PRIMITIVES = find_primitives()
RULES = [
    (p, i) for p in PRIMITIVES for i in (range(len(p.arguments)) if p.joint else sorted(p.rules))
]


def rules_used(case):
    """(rules that a backward pass through the case uses, how many primitives it calls)."""
    function, arrays = case.call(case.values())
    y = function(*[tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays])
    roots = {each.node for each in (y if isinstance(y, list) else [y])}
    nodes = {node for root in roots for node in reachable(root) if node.primitive is not None}
    used = {
        (node.primitive, 0 if node.primitive.variadic else i)
        for node in nodes
        for i, parent in enumerate(node.parents)
        if parent is not None
    }
    return used, len(nodes)


def cases_of_rules():
    """Rule -> the cases that use it, those that consist of its primitive alone first."""
    table = {rule: [] for rule in RULES}
    for case in CASES:
        used, calls = rules_used(case)
        for rule in used:
            table[rule].append((calls, case))
    return {rule: sorted(cases, key=lambda pair: pair[0]) for rule, cases in table.items()}


CASES_OF = cases_of_rules()


def test_the_walk_finds_primitives_that_are_not_exported():
    names = {p.name for p in PRIMITIVES}
    assert {"matmul", "concatenate", "linear", "put", "put_rows", "transpose", "astype"} <= names
    assert len(RULES) > len(PRIMITIVES) >= 40


@pytest.mark.parametrize("factor", [1.001, 0.999, 0.0])
@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r[0].name}-{r[0].argument_name(r[1])}")
def test_a_wrong_rule_is_found_by_each_of_its_cases(rule, factor, monkeypatch):
    slopes = []
    break_rule(rule, factor, slopes, monkeypatch)
    found = 0
    for case in [case for calls, case in CASES_OF[rule] if calls == 1]:
        function, arrays = case.call(case.values())
        slopes.clear()
        if raises_gradient_error(function, arrays):
            found += 1
        else:
            assert slopes and not any(slopes), f"{case.label} does not see a wrong rule"
    assert found, f"add a case to tests/cases.py that calls {rule[0].name} and nothing else"


def break_rule(rule, factor, slopes, monkeypatch):
    """Multiply what the rule returns; note in slopes whether there was anything to multiply."""
    primitive, index = rule
    right = primitive.joint or primitive.rules[index]

    def scaled(g):
        slopes.append(bool(to_numpy(g).any()))
        return g * factor

    def wrong(*args, **settings):
        return scaled(right(*args, **settings))

    def wrong_in_one(wanted, *args, **settings):
        found = list(right(wanted, *args, **settings))
        if index in wanted:
            found[index] = scaled(found[index])
        return found

    if primitive.joint:
        monkeypatch.setattr(primitive, "joint", wrong_in_one)
    else:
        monkeypatch.setitem(primitive.rules, index, wrong)


def raises_gradient_error(function, arrays):
    try:
        return not gradcheck(function, *arrays)
    except GradientError:
        return True
