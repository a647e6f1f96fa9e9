"""The backward pass: from a result to what it was computed from.

``backward`` and ``grad`` walk the nodes from the latest to the earliest, without recursion,
and hand each one the cotangent of its result. Broadcasting is undone here and nowhere else.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from minigen.autograd.anomaly import check_cotangent
from minigen.autograd.node import Node, Traced
from minigen.autograd.state import GraphError, state
from minigen.backend import is_array, xp

BY_AGE = attrgetter("order")


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an argument of ``shape`` was broadcast.

    The adjoint of broadcasting, and the only place where it is undone. Raises ValueError when
    an array of ``shape`` cannot be broadcast to g.shape.
    """
    extra = len(g.shape) - len(shape)
    if extra < 0:
        raise ValueError(f"shape {g.shape} is not a broadcast of {shape}")
    padded = (1,) * extra + tuple(shape)
    if any(size not in (1, wide) for size, wide in zip(padded, g.shape, strict=True)):
        raise ValueError(f"shape {g.shape} is not a broadcast of {shape}")
    axes = tuple(
        i for i, (size, wide) in enumerate(zip(padded, g.shape, strict=True)) if size != wide
    )
    if axes:
        g = g.sum(axis=axes, keepdims=True)
    return g.reshape(shape) if extra else g


def _as_traced(node: Node, y: Any, box: type) -> tuple[Any, tuple[Any, ...]]:
    """The result and the arguments that a node kept as traced values, at their places in the graph.

    They share the memory of what they were computed from, so that they share the count of its
    changes as well: a gradient of the gradient after such a change is an error, too.
    """
    counters = {index: counter for counter, _, index in node.changes}

    def traced(value: Any, parent: Node | None, index: int) -> Any:
        if index in counters and value.dtype.kind not in "fc":
            return value.copy()  # labels, masks: rules read them as arrays
        if value is parent or (parent is None and index not in counters):
            return value  # a stand-in, a number, or an array that nobody counts
        boxed = box(value, parent)
        boxed.version = counters.get(index, boxed.version)
        return boxed

    saved = (traced(v, p, i) for i, (v, p) in enumerate(zip(node.saved, node.parents, strict=True)))
    return traced(y, node, -1), tuple(saved)


def _argument_cotangents(
    node: Node, indices: list[int], gy: Any, create_graph: bool, box: type
) -> Iterator[tuple[int, Any]]:
    """(i, cotangent) for these arguments of ``node``, each of its argument's shape and dtype."""
    call: Any = node.primitive
    y, saved = node if node.output is None else node.output, node.saved
    if create_graph:
        y, saved = _as_traced(node, y, box)
    if call.joint is not None:
        found = call.joint(set(indices), gy, y, *saved, **node.settings)
        for i in indices:
            yield i, _fitted(node, i, gy, found[i])
        return
    for i in indices:
        rule = call.rules.get(0 if call.variadic else i)
        if rule is None:
            raise GraphError(
                f"{call.name}: no gradient is defined for argument {call.argument_name(i)}; "
                "detach() it, or give the primitive a rule with @vjp"
            )
        settings = {**node.settings, "index": i} if call.variadic else node.settings
        yield i, _fitted(node, i, gy, rule(gy, y, *saved, **settings))


def _fitted(node: Node, index: int, gy: Any, g: Any) -> Any:
    """The cotangent g of an argument, summed to its shape; GraphError if it cannot be its."""
    call: Any = node.primitive
    parent: Any = node.parents[index]
    if g.shape != parent.shape:
        try:
            g = unbroadcast(g, parent.shape)
        except ValueError as error:
            raise GraphError(
                f"{call.name}: the gradient of argument {call.argument_name(index)} must have "
                f"its shape {parent.shape}; got {g.shape}: {error}"
            ) from None
    if g.dtype != parent.dtype:
        raise GraphError(
            f"{call.name}: the gradient of argument {call.argument_name(index)} must have its "
            f"dtype {parent.dtype}; got {g.dtype}"
        )
    if state.anomaly:
        check_cotangent(call.name, call.argument_name(index), gy, g)
    return g


def _check_unchanged(node: Node) -> None:
    if node.released:
        raise GraphError(
            f"backward: the graph through {node.name} was already used and freed; compute the "
            "result anew, or pass retain_graph=True to the first backward or grad"
        )
    for counter, then, index in node.changes:
        if counter[0] != then:
            call = node.primitive
            assert call is not None
            what = "its result" if index < 0 else f"its argument {call.argument_name(index)}"
            raise GraphError(
                f"backward: {node.name} needs {what} as it was, but it was changed in place "
                "after use (by assign, an in-place operator or an optimiser's step); compute "
                "the result anew after the change"
            )


def reachable(root: Node, targets: set[Node] | None = None) -> list[Node]:
    """The nodes that ``root`` was computed from, latest first, without recursion.

    With ``targets``, only the nodes through which a target is reached.
    """
    seen, stack = {root}, [root]
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    nodes = sorted(seen, key=BY_AGE)  # an argument is older than its result
    if targets is not None:
        leads: set[Node] = set()
        for node in nodes:
            if node in targets or any(p in leads for p in node.parents):
                leads.add(node)
        nodes = [n for n in nodes if n in leads]
    return nodes[::-1]


def backpropagate(
    root: Node,
    cotangent: Any,
    targets: set[Node] | None,
    create_graph: bool,
    retain_graph: bool,
    box: type,
) -> Iterator[tuple[Node, Any]]:
    """Walk from ``root`` to its inputs; yield each leaf or target with its cotangent.

    Cotangents that meet in a node are added. Nobody writes to a cotangent in place, so one
    array may serve two arguments. With ``targets``, only what leads to them is computed.
    """
    nodes = reachable(root, targets)
    wanted: set[Node | None] = set(nodes)
    cotangents: dict[Node | None, Any] = {root: cotangent}
    for node in nodes:
        gy = cotangents.pop(node)
        if targets is None:
            if node.primitive is None:
                yield node, gy
                continue
        elif node in targets:
            yield node, gy
        if node.primitive is None:
            continue
        # None, an argument without gradient, never is wanted
        indices = [i for i, parent in enumerate(node.parents) if parent in wanted]
        if not indices:
            continue
        _check_unchanged(node)
        for i, g in _argument_cotangents(node, indices, gy, create_graph, box):
            parent = node.parents[i]
            cotangents[parent] = cotangents[parent] + g if parent in cotangents else g
        if not retain_graph:
            node.release()


def _start(y: Any, cotangent: Any, create_graph: bool, who: str) -> tuple[Node, Any]:
    """The node to start from and the cotangent of y, checked."""
    if not isinstance(y, Traced):
        raise TypeError(f"{who}: y must be a tensor; got {type(y).__name__}")
    if y.node is None:
        raise GraphError(
            f"{who}: y has no graph: no input had requires_grad=True, or it was computed "
            "under no_grad() or after detach()"
        )
    if cotangent is None:
        if y.array.size != 1:
            raise GraphError(
                f"{who}: y must be one number, or a cotangent of its shape must be given; "
                f"y has shape {y.array.shape}; take .sum() or .mean(), or pass cotangent="
            )
        cotangent = xp(y.array).ones_like(y.array)
    raw = cotangent.array if isinstance(cotangent, Traced) else cotangent
    if not is_array(raw) or raw.shape != y.array.shape or raw.dtype != y.array.dtype:
        raise ValueError(
            f"{who}: the cotangent must be an array of y's shape and dtype, {y.array.shape} "
            f"{y.array.dtype}; got {getattr(raw, 'shape', type(raw).__name__)} "
            f"{getattr(raw, 'dtype', '')}"
        )
    if create_graph and not isinstance(cotangent, Traced):
        cotangent = y.result_type(cotangent)
    return y.node, cotangent if create_graph else raw


def _boxed(found: Any, cotangent: Any, box: type) -> list[tuple[Node, Any]]:
    """Each (node, gradient), the gradient as a traced value that shares memory with nothing.

    On the way one array may serve several arguments, be a view or the caller's own cotangent;
    what is handed out may be changed in place. Gradients with a graph stay as they are.
    """
    boxed, taken = [], {id(cotangent)}
    pairs = list(found)  # keeps every array alive, so that ids stay distinct
    for node, g in pairs:
        if not isinstance(g, Traced):
            if g.base is not None or id(g) in taken:
                g = g.copy()
            taken.add(id(g))
            g = box(xp(g).asarray(g))  # NumPy's arithmetic gives scalars for arrays without axes
        boxed.append((node, g))
    return boxed


def _leaf_of(i: int, x: Any) -> Node:
    """The node of backward's i-th input, which must collect gradients."""
    if not isinstance(x, Traced) or x.node is None:
        raise GraphError(
            f"backward: every input must be a tensor that requires a gradient; inputs[{i}] does "
            "not (use tensor(..., requires_grad=True))"
        )
    if x.node.primitive is not None:
        raise GraphError("backward: inputs must be leaves; use grad(y, x) for other tensors")
    return x.node


def backward(
    y: Traced,
    cotangent: Any = None,
    inputs: Sequence[Traced] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> None:
    """Add the gradient of y to ``.grad`` of every leaf that y was computed from.

    y: a tensor with one element, or any shape with ``cotangent`` (same shape and dtype): then
    the gradient is of sum(cotangent * y). inputs: collect in these leaves only; nothing else
    is computed. ``.grad`` accumulates over calls until it is set to None. The graph is freed
    unless ``retain_graph``; with ``create_graph`` (which retains it) the gradients can be
    differentiated in turn.
    Raises GraphError: no graph, freed graph, a value changed in place after its use.
    """
    node, gy = _start(y, cotangent, create_graph, "backward")
    box = y.result_type
    retain = retain_graph or create_graph
    targets = None if inputs is None else {_leaf_of(i, x) for i, x in enumerate(inputs)}
    found = _boxed(backpropagate(node, gy, targets, create_graph, retain, box), gy, box)
    if targets is not None and len(found) < len(targets):
        reached = {leaf for leaf, _ in found}
        missed = [i for i, x in enumerate(inputs or ()) if x.node not in reached]
        raise GraphError(
            f"backward: y does not depend on inputs {missed}, counted from 0; leave them out"
        )
    for leaf, g in found:  # only now: an error on the way leaves every .grad as it was
        owner = leaf.leaf()
        if owner is not None:
            owner.grad = g if owner.grad is None else owner.grad + g


def grad(
    y: Traced,
    x: Any,
    cotangent: Any = None,
    create_graph: bool = False,
    retain_graph: bool = False,
    unused: str = "error",
) -> Any:
    """The gradient of y with respect to x: a tensor, or a list where x is a sequence.

    Only what leads from y to x is computed, and no ``.grad`` is touched. x: one or several
    tensors of the graph, leaves or intermediate values. cotangent, retain_graph and
    create_graph: as for ``backward``. unused: what to do with an x that y does not depend on:
    "error" raises GraphError, "zero" returns zeros.
    """
    if unused not in ("error", "zero"):
        raise ValueError(f"grad: unused must be 'error' or 'zero'; got {unused!r}")
    several = not isinstance(x, Traced)
    xs: Sequence[Traced] = list(x) if several else [x]
    for i, each in enumerate(xs):
        if not isinstance(each, Traced) or (each.node is None and unused == "error"):
            raise GraphError(
                f"grad: every x must be a tensor that requires a gradient; x[{i}] does not "
                "(use tensor(..., requires_grad=True))"
            )
    node, gy = _start(y, cotangent, create_graph, "grad")
    targets = {each.node for each in xs if each.node is not None}
    box, retain = y.result_type, retain_graph or create_graph
    found = dict(_boxed(backpropagate(node, gy, targets, create_graph, retain, box), gy, box))
    results = []
    for i, each in enumerate(xs):
        g = found.get(each.node)  # type: ignore[arg-type]
        if g is None:
            if unused == "error":
                raise GraphError(
                    f"grad: y does not depend on x[{i}], shape {each.array.shape}; leave it "
                    "out, or pass unused='zero'"
                )
            g = box(xp(each.array).zeros_like(each.array))
        results.append(g)
    return results if several else results[0]
