"""A module: something with parameters that can be called.

There is no registry: the parameters of a module are the ``Parameter`` objects among its
attributes, then those of the modules among its attributes, in the order in which they were
set. Their names are the attribute's names, joined by dots, as in PyTorch.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from minigen.backend import active, asarray, to_numpy, xp
from minigen.nn.checkpoint import load_tensors, save_tensors
from minigen.nn.parameter import Parameter
from minigen.tensor import Tensor


def _holds_parameters(value: Any) -> bool:
    """True if a module or parameter lies in ``value``, however deep in lists and dictionaries."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return any(_holds_parameters(v) for v in value)
    return isinstance(value, Module | Parameter)


class Module:
    """Base class of layers and models: subclass it, set attributes, write ``forward``.

    A ``Tensor`` attribute that is no ``Parameter`` is a buffer: saved, but not trained.
    ``training`` is True until ``eval()``, for layers that behave differently when sampling.
    """

    training: bool = True

    def forward(self, *args: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: write a method forward(self, ...) that computes the result"
        )

    def __call__(self, *args: Any) -> Any:
        return self.forward(*args)

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse_hidden(name, value)
        new = name not in vars(self)  # in a parameter's place, it stands in for the parameter
        wants_gradient = isinstance(value, Tensor) and value.is_leaf and value.requires_grad
        if new and wants_gradient and not isinstance(value, Parameter):
            raise TypeError(
                f"{type(self).__name__}.{name}: a tensor that requires a gradient would not be "
                "trained; wrap it in nn.Parameter, or detach() it"
            )
        if isinstance(value, Parameter) and not value.name:
            value.name = name
        super().__setattr__(name, value)

    def _refuse_hidden(self, name: str, value: Any) -> None:
        """Raise TypeError for modules and parameters inside lists, which would not be found."""
        if isinstance(value, list | tuple | dict) and _holds_parameters(value):
            raise TypeError(
                f"{type(self).__name__}.{name}: parameters inside a {type(value).__name__} would "
                "not be found; put modules into nn.Sequential or give each an attribute"
            )

    # ------------------------------------------------------------ walking the tree
    def children(self) -> Iterator[tuple[str, "Module"]]:
        """(attribute name, module) for the modules directly inside this one."""
        return ((name, m) for name, m in vars(self).items() if isinstance(m, Module))

    def modules(self) -> Iterator["Module"]:
        """This module and all inside it."""
        yield self
        for _, child in self.children():
            yield from child.modules()

    def _named(self, kind: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            self._refuse_hidden(name, value)  # a list may have grown since it was set
            if isinstance(value, kind):
                yield prefix + name, value
        for name, child in self.children():
            yield from child._named(kind, f"{prefix}{name}.")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter), each parameter once even where modules share it."""
        seen: set[int] = set()
        for name, parameter in self._named(Parameter):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> list[Parameter]:
        """All parameters, each once, in a fixed order."""
        return [parameter for _, parameter in self.named_parameters()]

    def parameter_count(self) -> int:
        """How many numbers are trained."""
        return sum(p.size for p in self.parameters() if p.requires_grad)

    # ------------------------------------------------------------ switches
    def train(self, mode: bool = True) -> "Module":
        """Switch to training (dropout active, ...), here and inside; returns self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Switch to evaluation; returns self."""
        return self.train(False)

    @contextmanager
    def evaluating(self) -> Iterator["Module"]:
        """A block in evaluation mode; after it every module inside is as it was."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            yield self
        finally:
            for module, mode in modes:
                module.training = mode

    def freeze(self) -> "Module":
        """Stop computing gradients for all parameters; returns self."""
        for parameter in self.parameters():
            parameter.requires_grad = False
        return self

    def unfreeze(self) -> "Module":
        """Compute gradients for all parameters again; returns self."""
        for parameter in self.parameters():
            parameter.requires_grad = True
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def astype(self, dtype: Any) -> "Module":
        """Convert parameters and buffers to "float32" or "float64", in place; returns self.

        Make optimisers after this: they hold the parameters' memory. Raises TypeError, before
        anything has changed, for another dtype.
        """
        if getattr(dtype, "__name__", str(dtype)) not in ("float32", "float64"):
            raise TypeError(
                f"{type(self).__name__}.astype: dtype must be float32 or float64; got {dtype!r}; "
                "parameters are trained in one of these"
            )
        for _, value in self._named(Tensor):
            if value.dtype.kind == "f":
                trained = value.requires_grad
                value.array = value.array.astype(dtype)
                value.grad, value.node = None, None
                value.requires_grad = trained
        return self

    # ------------------------------------------------------------ state
    def state_dict(self) -> dict[str, Any]:
        """Dotted name -> NumPy array (a copy), of parameters and buffers."""
        return {name: to_numpy(v.array).copy() for name, v in self._named(Tensor)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of ``state``: exactly these names, shapes and dtypes.

        Raises ValueError that lists every difference; then nothing has been changed.
        """
        own = dict(self._named(Tensor))
        problems = [f"{name} is missing" for name in own if name not in state]
        problems += [f"{name} is not part of the model" for name in state if name not in own]
        for name, value in own.items():
            if name in state:
                new = state[name]
                if tuple(new.shape) != value.shape or new.dtype != value.dtype:
                    problems.append(
                        f"{name} must be {value.shape} {value.dtype}, is {tuple(new.shape)} "
                        f"{new.dtype}"
                    )
        shared: dict[int, str] = {}
        for name, value in own.items():
            first = shared.setdefault(id(value), name)
            if problems or first == name:
                continue
            mine, theirs = to_numpy(state[name]), to_numpy(state[first])
            if not xp(mine).allclose(mine, theirs, 0.0, 0.0, equal_nan=True):
                problems.append(f"{name} and {first} are one tensor, but have two values")
        if problems:
            raise ValueError(
                f"load_state_dict: the values must fit {type(self).__name__} exactly; "
                + "; ".join(problems)
                + "; build the model with the sizes that the file was saved with"
            )
        values = {name: asarray(state[name]) for name in own}  # before the first is written
        for name, value in own.items():
            value.assign(values[name])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write parameters and buffers to ``path`` (.safetensors), whole or not at all."""
        save_tensors(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> "Module":
        """Read parameters and buffers that ``save`` or PyTorch wrote; returns self."""
        self.load_state_dict(load_tensors(path))
        return self

    # ------------------------------------------------------------ text
    def describe(self) -> str:
        """What stands between the parentheses of this module's line in ``repr``."""
        return ""

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}({self.describe()}"]
        for name, child in self.children():
            lines.append(f"  {name}: " + repr(child).replace("\n", "\n  "))
        return lines[0] + ")" if len(lines) == 1 else "\n".join([*lines, ")"])


def new_buffer(shape: tuple[int, ...], value: float = 0.0, dtype: Any = "float32") -> Tensor:
    """A tensor filled with ``value`` that a module saves but does not train."""
    return Tensor(active().full(shape, value, dtype=dtype))
