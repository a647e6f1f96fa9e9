"""Floor 1: naming the operation that first made a NaN or an infinity.

A NaN spreads to everything after it, so the loss tells nothing about its origin. These two
checks look at every result and every cotangent while ``detect_anomaly()`` is on.
"""

from collections.abc import Callable
from typing import Any

from minigen.autograd.state import state
from minigen.backend import Array, is_array, on_host, to_numpy, xp


def may_look(x: Array) -> bool:
    """Whether an operation may look at x's values to check them: on the host, and inside
    ``detect_anomaly()``. On a device every look makes the host wait, in every step."""
    return on_host(x) or state.anomaly


def _finite(x: Any) -> bool:
    if not hasattr(x, "dtype") or x.dtype.kind not in "fc":
        return True  # a number or a mask; NumPy's scalars, which cotangents may be, have a dtype
    return bool(xp(x).isfinite(x).all())


def _holds_nan(x: Any) -> bool:
    return bool(xp(x).isnan(x).any())


def _fit(*values: Any) -> str:
    return "finite" if all(_finite(v) for v in values) else "infinite in places, but no NaN"


def _describe(x: Array) -> str:
    """How many values of x are not finite, and the first of them."""
    module = xp(x)
    bad = module.asarray(~module.isfinite(x))
    index = tuple(int(i) for i in to_numpy(module.argwhere(bad))[0])
    return f"{int(bad.sum())} of {x.size} values are not finite, first {x[index]} at {index}"


def check_result(
    name: str, argument_name: Callable[[int], str], values: list[Any], y: Array
) -> None:
    """Raise FloatingPointError if ``y`` is not finite though every argument was, or holds a NaN.

    An argument that already holds a NaN came from outside the graph, and is named as such;
    an infinity from outside (a mask, say) may pass as long as it makes no NaN.
    """
    for i, value in enumerate(values):
        if is_array(value) and value.dtype.kind in "fc" and _holds_nan(value):
            raise FloatingPointError(
                f"{name}: argument {argument_name(i)} already holds NaN when it enters the "
                f"graph: {_describe(value)}; look at where it was made"
            )
    if not _finite(y) and (_holds_nan(y) or all(_finite(v) for v in values)):
        shapes = ", ".join(
            f"{argument_name(i)} {v.shape}" for i, v in enumerate(values) if is_array(v)
        )
        raise FloatingPointError(
            f"{name} (forward) made the first value that is not finite: {_describe(y)}; "
            f"its arguments {shapes} were {_fit(*values)}"
        )


def check_cotangent(name: str, argument: str, gy: Any, g: Any) -> None:
    """Raise FloatingPointError if a rule made a cotangent not finite from a finite one, or NaN."""
    got, came = getattr(g, "array", g), getattr(gy, "array", gy)
    if not _finite(got) and (_finite(came) or (_holds_nan(got) and not _holds_nan(came))):
        raise FloatingPointError(
            f"{name} (backward, gradient of {argument}) made the first value that is not "
            f"finite: {_describe(got)}; the gradient that came in was {_fit(came)}"
        )
