"""Floor 4: proving a gradient, by comparing it with the definition of the derivative.

For a random cotangent u and a random direction v, the number <u, J v> is computed twice: by
the tape, as <Jᵀu, v>, and from values of f alone. A sum of the outputs in place of u would not
do: the outputs of a softmax always add up to 1, and a rule that returns zeros would pass.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from minigen import autograd
from minigen.backend import Generator, to_numpy
from minigen.creation import tensor
from minigen.tensor import Tensor

COMPLEX_STEP = 1e-30  # no difference is taken, so the step may be far below rounding
CENTRAL_STEP = 6e-6  # about the cube root of the rounding error of float64
TOLERANCE = {"complex": 1e-9, "central": 1e-6}  # relative, a hundred times the usual error


class GradientError(AssertionError):
    """A gradient disagrees with the definition of the derivative."""


@dataclass(frozen=True)
class _Problem:
    """One thing to check: a function of several arrays, and how to take differences of it."""

    name: str
    function: Callable[..., list[Tensor]]
    inputs: list[Tensor]
    checked: list[int]  # positions of the inputs that have gradients
    order: int
    rng: Generator


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    method: str = "auto",
    full_jacobian: bool = False,
    tolerance: float | None = None,
    seed: int = 0,
) -> bool:
    """Check the gradients of f at ``inputs`` in float64; True if they are right.

    f: a function of tensors that returns a tensor or a sequence of tensors. inputs: tensors,
    arrays or numbers; floating-point ones are converted to float64 and checked, integer and
    boolean ones are handed through. order: 1, or 2 to check the gradient of the gradient too.
    method: "complex" (complex step: Squire and Trapp 1998; f must be analytic), "central"
    (central differences), or "auto": complex where every operation allows it. full_jacobian:
    compare every element instead of one random direction. tolerance: relative error allowed.
    Choose inputs away from kinks and ties.

    Raises GradientError, naming function, argument, index, the gradient got and the one
    expected; ValueError or TypeError for other arguments than these; GraphError in no_grad().
    """
    if order not in (1, 2):
        raise ValueError(f"gradcheck: order must be 1 or 2; got {order!r}")
    if method not in ("auto", "complex", "central"):
        raise ValueError(f"gradcheck: method must be auto, complex or central; got {method!r}")
    if not autograd.is_recording():
        raise autograd.GraphError("gradcheck: there is no graph to check inside no_grad()")
    tensors = [_as_float64(x) for x in inputs]
    checked = [i for i, x in enumerate(tensors) if x.dtype.kind == "f"]
    if not checked:
        raise TypeError("gradcheck: at least one input must be floating-point")
    rng = Generator(seed)

    def function(*xs: Tensor) -> list[Tensor]:
        return _outputs(f(*xs))

    name = getattr(f, "__name__", repr(f))
    problem = _Problem(name, function, tensors, checked, 1, rng)
    used = _check(problem, method, full_jacobian, tolerance)
    if order == 2:
        outputs = function(*tensors)
        cotangents = [rng.normal(y.shape, "float64") for y in outputs]

        def gradient(*xs: Tensor) -> list[Tensor]:
            return _gradients(function, list(xs), checked, cotangents, create_graph=True)

        problem = _Problem(name, gradient, tensors, checked, 2, rng)
        # The gradient runs f as well: it is analytic only if f is.
        _check(problem, "central" if used == "central" else method, full_jacobian, tolerance)
    return True


def _as_float64(x: Any) -> Tensor:
    raw = tensor(x.array if isinstance(x, Tensor) else x)
    return tensor(raw, dtype="float64") if raw.dtype.kind == "f" else raw


def _outputs(y: Any) -> list[Tensor]:
    outputs = list(y) if isinstance(y, Sequence) else [y]
    for each in outputs:
        if not isinstance(each, Tensor):
            raise TypeError(
                f"gradcheck: f must return tensors; got {type(each).__name__}: the graph was "
                "left, or f returns a plain array or number"
            )
    return outputs


def _leaves(inputs: list[Tensor], checked: list[int]) -> list[Tensor]:
    """Fresh copies of the inputs, the checked ones as leaves with gradients."""
    return [tensor(x, requires_grad=i in checked) for i, x in enumerate(inputs)]


def _inner(pairs: Any) -> Any:
    """Σ <a, b> over pairs of a tensor and an array."""
    total: Any = 0.0
    for a, b in pairs:
        total = total + (a * b).sum()
    return total


def _gradients(
    function: Callable[..., list[Tensor]],
    xs: list[Tensor],
    checked: list[int],
    cotangents: list[Any],
    create_graph: bool = False,
) -> list[Tensor]:
    """Jᵀu for each checked input, by the tape; zeros where f does not depend on it."""
    live = [
        x if x.requires_grad or i not in checked else tensor(x, requires_grad=True)
        for i, x in enumerate(xs)
    ]
    value = _inner(zip(function(*live), cotangents, strict=True))
    wanted = [live[i] for i in checked]
    if not isinstance(value, Tensor) or not value.requires_grad:
        return [tensor(numpy.zeros(x.shape, x.dtype)) for x in wanted]
    return autograd.grad(value, wanted, create_graph=create_graph, unused="zero")


def _is_holomorphic(problem: _Problem) -> bool:
    """True if every operation in the graph of f allows the complex step."""
    outputs = problem.function(*_leaves(problem.inputs, problem.checked))
    roots = [y.node for y in outputs if y.node is not None]
    nodes = [n for root in roots for n in autograd.reachable(root)]
    return all(n.primitive is None or n.primitive.holomorphic for n in nodes)


def _check(problem: _Problem, method: str, full: bool, tolerance: float | None) -> str:
    """Compare tape and differences for every checked input; the method that was used."""
    if method == "auto":
        method = "complex" if _is_holomorphic(problem) else "central"
    tolerance = TOLERANCE[method] if tolerance is None else tolerance
    xs = _leaves(problem.inputs, problem.checked)
    outputs = problem.function(*xs)
    cotangents = [problem.rng.normal(y.shape, "float64") for y in outputs]
    got = _gradients(problem.function, problem.inputs, problem.checked, cotangents)
    for position, g in zip(problem.checked, got, strict=True):
        values = to_numpy(g.array)
        directions = [_direction(problem.rng, values.shape) for _ in range(2)]
        if full:
            directions = _unit_directions(values.shape)
        for v in directions:
            along = float((values * v).sum())
            expected = _difference(problem, position, v, cotangents, method)
            size = math.sqrt(float(((values * v) ** 2).sum()))
            if not abs(along - expected) <= tolerance * (abs(expected) + size + 1e-3):
                _fail(problem, position, values, cotangents, method, (along, expected))
    return method


def _direction(rng: Generator, shape: tuple[int, ...]) -> Any:
    """A random direction of length 1 with no component near 0, which would hide its element."""
    v = to_numpy(rng.normal(shape, "float64"))
    v = v + numpy.copysign(0.1, v)
    return v / math.sqrt(max(float((v**2).sum()), 1e-300))


def _unit_directions(shape: tuple[int, ...]) -> list[Any]:
    n = math.prod(shape)
    return [row.reshape(shape) for row in numpy.eye(n)]


def _difference(problem: _Problem, position: int, v: Any, cotangents: Any, method: str) -> float:
    """<u, J v> from values of f alone, along v in one input."""
    x = to_numpy(problem.inputs[position].array)

    def value(moved: Any) -> Any:
        xs = list(problem.inputs)
        for i in problem.checked:
            xs[i] = tensor(moved if i == position else xs[i], dtype=moved.dtype)
        pairs = zip(problem.function(*xs), cotangents, strict=True)
        return _inner(pairs).item()

    if method == "complex":
        return float(value(x + 1j * COMPLEX_STEP * v).imag) / COMPLEX_STEP
    h = CENTRAL_STEP * max(1.0, float(abs(x).max(initial=0.0)))
    return float((value(x + h * v) - value(x - h * v)) / (2 * h))


def _fail(
    problem: _Problem, position: int, got: Any, cotangents: Any, method: str, along: Any
) -> None:
    """Find the element that is most wrong and raise GradientError about it."""
    units = _unit_directions(got.shape)
    expected = numpy.array(
        [_difference(problem, position, v, cotangents, method) for v in units]
    ).reshape(got.shape)
    index = numpy.unravel_index(numpy.argmax(abs(got - expected)), got.shape) if got.ndim else ()
    where = tuple(int(i) for i in index)
    relative = abs(got[index] - expected[index]) / max(abs(expected[index]), 1e-300)
    what = "gradient" if problem.order == 1 else "gradient of the gradient"
    raise GradientError(
        f"gradcheck: {problem.name}, argument {position}, index {where}: the {what} is wrong; "
        f"got {got[index]:.10g}, expected {expected[index]:.10g} (relative error {relative:.2g}, "
        f"order {problem.order}, {method} difference); along a direction: got {along[0]:.10g}, "
        f"expected {along[1]:.10g}; look at the rule of the operation, or whether the input lies "
        "on a kink"
    )
