"""Functions of arrays that leave a trace, with their vector-Jacobian products beside them.

Called with plain arrays, a primitive just computes. Called with a traced value it also
records a node. Three conventions make a rule short:

  * positional arguments are arrays and may have gradients, keyword arguments are settings;
  * a rule that names an argument or the result with a leading underscore (``_x``) does not
    need its values: the tape then keeps only ``_x.shape`` and ``_x.dtype``;
  * rules never mention broadcasting: the tape sums a cotangent to its argument's shape.

Rules are written in primitives and operators themselves, so that a backward pass over traced
cotangents records a graph of its own: gradients of gradients need no second set of rules.
"""

import inspect
from collections.abc import Callable
from typing import Any

from minigen.autograd.anomaly import check_result
from minigen.autograd.node import Node, Traced
from minigen.autograd.state import state
from minigen.backend import MODULE_OF_TYPE, NUMBER_TYPES, Array, BackendError, is_array, name_of, xp


class Primitive:
    """A function of arrays, with one vector-Jacobian product per differentiable argument."""

    def __init__(
        self, forward: Callable[..., Array], name: str, holomorphic: bool, cast: bool
    ) -> None:
        self.forward = forward
        self.name = name or forward.__name__
        self.holomorphic = holomorphic
        self.cast = cast
        self.__doc__ = forward.__doc__
        self.__name__ = self.name
        self.__module__ = forward.__module__
        self.__wrapped__ = forward
        parameters = inspect.signature(forward).parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.arguments = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.rules: dict[int, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None  # one rule for all arguments, in their place
        self.needs: dict[int, set[int]] = {}  # rule -> positions it reads (-1: the result)
        self._kept: dict[int, set[int]] = {}  # case -> positions whose values are kept

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def argument_name(self, index: int) -> str:
        return f"{self.arguments[0]}[{index}]" if self.variadic else self.arguments[index]

    def vjp(self, argument: str | Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the rule for one argument, as ``@f.vjp("x")``, or ``@f.vjp`` for the only
        one. The rule is called as rule(gy, y, *arguments, **settings) and returns the cotangent
        of that argument; a variadic primitive's rule also gets ``index=``."""
        if callable(argument):
            if len(self.arguments) > 1:
                raise ValueError(
                    f"{self.name}.vjp: name the argument, one of {', '.join(self.arguments)}; got "
                    f"none; write @{self.name}.vjp({self.arguments[0]!r})"
                )
            return self._add_rule(0, argument)
        if argument not in self.arguments:
            raise ValueError(
                f"{self.name}.vjp: the argument must be one of {', '.join(self.arguments)}; got "
                f"{argument!r}; settings (keyword arguments) have no gradient"
            )
        return lambda rule: self._add_rule(self.arguments.index(argument), rule)

    def joint_vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: one rule for all arguments, where their gradients share most of the work.

        Called as rule(wanted, gy, y, *arguments, **settings), wanted being the positions whose
        cotangents are asked for; returns one for each argument, None for those not wanted.
        """
        self.joint = rule
        reads = self._reads(list(inspect.signature(rule).parameters.values())[2:])
        self.needs = {i: reads for i in range(len(self.arguments))}
        self._kept.clear()
        return rule

    def _add_rule(self, index: int, rule: Callable[..., Any]) -> Callable[..., Any]:
        self.rules[index] = rule
        self.needs[index] = self._reads(list(inspect.signature(rule).parameters.values())[1:])
        self._kept.clear()
        return rule

    def _reads(self, parameters: list[inspect.Parameter]) -> set[int]:
        """The positions that a rule with these parameters, y and the arguments, reads."""
        output, *inputs = parameters
        positional = [p for p in inputs if p.kind is not p.KEYWORD_ONLY]
        if not self.variadic and len(positional) != len(self.arguments):
            raise ValueError(
                f"{self.name}.vjp: a rule takes gy, y and every argument; got "
                f"{', '.join(p.name for p in inputs) or 'none'} after gy and y; write "
                f"(gy, y, {', '.join(self.arguments)}), with an underscore before what is not read"
            )
        reads = {i for i, p in enumerate(positional) if not p.name.startswith("_")}
        return reads if output.name.startswith("_") else reads | {-1}

    def _kept_for(self, wanted: int, count: int) -> set[int]:
        """The positions whose values are needed for the gradients of the ``wanted`` ones."""
        kept: set[int] = set()
        for i in range(count):
            if wanted >> i & 1:
                reads = self.needs.get(0 if self.variadic else i, set())
                kept |= set(range(count)) | reads if self.variadic and 0 in reads else reads
        return kept

    def __call__(self, *args: Any, **settings: Any) -> Any:
        for a in args:
            if isinstance(a, Traced):
                return self._trace(a, args, settings)
        try:
            return self.forward(*args, **settings)
        except AttributeError:  # of something that is no array: say which
            self._check_closely(list(args))
            raise

    def _trace(self, first: Traced, args: tuple, settings: dict[str, Any]) -> Traced:
        """Compute on the arrays of ``args`` and record the call. This runs for every operation
        of every step, so it looks at each argument once."""
        if len(args) > len(self.arguments) and not self.variadic:
            raise TypeError(
                f"{self.name}: takes {len(self.arguments)} array(s), "
                f"{', '.join(self.arguments)}; got {len(args)} positional arguments; settings go "
                "by name, such as axis=0 or shape=(2, 3)"
            )
        values: list[Any] = []
        parents: list[Node | None] = []
        wanted = 0  # bit i: a gradient of argument i is wanted
        for a in args:
            if isinstance(a, Traced):
                values.append(a.array)
                if a.node is not None:
                    wanted |= 1 << len(parents)
                parents.append(a.node)
            else:
                values.append(a)
                parents.append(None)
        if len(values) > 1:
            self._check(first.array, values)
        y = self.forward(*values, **settings)
        if type(y) not in MODULE_OF_TYPE:  # NumPy's reductions return scalars
            y = xp(first.array).asarray(y)
        if y.dtype is not first.array.dtype and not self.cast:
            self._check_dtype(y.dtype, values)
        if state.anomaly:
            check_result(self.name, self.argument_name, values, y)
        result = first.result_type(y)
        base, x = y.base, first.array
        if y is x or (base is not None and (base is x or base is x.base)):
            result.version = first.version  # a view: changes are counted together
        has_gradient = y.dtype.kind in "fc" or not self.cast  # a cast to integers has none
        if wanted and state.recording and has_gradient:
            result.node = self._record(result, wanted, parents, args, values, settings)
        return result

    def _record(
        self,
        result: Traced,
        wanted: int,
        parents: list[Node | None],
        args: tuple,
        values: list[Any],
        settings: dict[str, Any],
    ) -> Node:
        node = Node(self, result.array, tuple(parents))
        node.settings = settings
        call = wanted | 1 << len(args)  # says both which gradients, and how many arguments
        kept = self._kept.get(call)
        if kept is None:
            kept = self._kept[call] = self._kept_for(wanted, len(args))
        for i, value in enumerate(values):
            if i in kept:
                a = args[i]
                if isinstance(a, Traced):
                    node.changes.append((a.version, a.version[0], i))
            elif parents[i] is not None:
                values[i] = parents[i]  # stands in for the array: shape and dtype
            elif is_array(value):
                values[i] = Node(None, value, ())  # the same, without keeping the array alive
        node.saved = values
        if -1 in kept:
            node.output = result.array
            node.changes.append((result.version, result.version[0], -1))
        return node

    def _check(self, array: Array, values: list[Any]) -> None:
        """Check, and complete in place, arguments that are not plainly alike."""
        for v in values:
            if type(v) is not type(array) or v.dtype is not array.dtype:
                if type(v) is float or type(v) is int:
                    continue
                self._check_closely(values)
                return

    def _check_closely(self, values: list[Any]) -> None:
        """Refuse what is no number or array, and arrays of two backends or precisions."""
        module = dtype = None
        for i, value in enumerate(values):
            found = MODULE_OF_TYPE.get(type(value))
            if found is None:
                if type(value) in NUMBER_TYPES:
                    continue
                if getattr(value, "shape", None) == () and hasattr(value, "item"):
                    values[i] = value.item()  # a NumPy scalar counts as a plain number
                    continue
                raise TypeError(
                    f"{self.name}: every argument must be a tensor, an array or a number; "
                    f"{self.argument_name(i)} is a {type(value).__name__}; "
                    "make it a tensor with minigen.tensor(...)"
                )
            if module is not None and found is not module:
                raise BackendError(self._mixed(values))
            module = found
            if value.dtype.kind == "f":
                if dtype is not None and value.dtype != dtype:
                    self._check_dtype(max(dtype, value.dtype, key=lambda d: d.itemsize), values)
                dtype = value.dtype

    def _mixed(self, values: list[Any]) -> str:
        where = ", ".join(
            f"{self.argument_name(i)} is on {name_of(xp(v))}"
            for i, v in enumerate(values)
            if is_array(v)
        )
        return (
            f"{self.name}: all arrays must be on one backend; {where}; move one over with "
            "minigen.asarray(...) (to the active backend) or minigen.to_numpy(...)"
        )

    def _check_dtype(self, dtype: Any, values: list[Any]) -> None:
        """A result of another precision than some argument means that two were mixed."""
        if dtype.kind != "f":
            return
        if dtype.itemsize < 4:  # what NumPy makes of integers of 8 bits
            raise TypeError(
                f"{self.name}: numbers must be float32 or float64; the result would be {dtype}; "
                "convert the argument with .astype('float32')"
            )
        for i, v in enumerate(values):
            if is_array(v) and v.dtype.kind == "f" and v.dtype != dtype:
                arrays = ", ".join(
                    f"{self.argument_name(j)} {w.dtype} {w.shape}"
                    for j, w in enumerate(values)
                    if is_array(w)
                )
                raise TypeError(
                    f"{self.name}: the result must keep the precision of {self.argument_name(i)},"
                    f" {v.dtype}, but would be {dtype}; got {arrays}; convert one with "
                    f".astype({v.dtype.name!r})"
                )


def primitive(
    forward: Callable[..., Array] | None = None,
    *,
    name: str = "",
    holomorphic: bool = False,
    cast: bool = False,
) -> Any:
    """Decorator: make a function of arrays traceable. Its rules follow with ``@f.vjp``.

    name: what errors and graphs call it, where that is not the function's name. holomorphic:
    the code is also right for complex arrays, as an analytic function, so that derivatives can
    be checked by the complex step. cast: the result may change precision.
    """
    if forward is None:
        return lambda f: Primitive(f, name, holomorphic, cast)
    return Primitive(forward, name, holomorphic, cast)
