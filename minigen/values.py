"""Floor 3: what may be written into a tensor, and what may pick from it."""

from typing import Any

from minigen import backend
from minigen.autograd import Traced
from minigen.backend import is_array

KINDS = "bifc"  # booleans, integers, floats, complex: each holds those before it


def raw(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x.array if isinstance(x, Traced) else x


def kind_of(value: Any) -> str:
    """What kind of numbers a number or a list of them is: one of ``KINDS``."""
    for kind, type_ in zip(KINDS, (bool, int, float, complex), strict=True):
        if type(value) is type_:
            return kind
    return str(backend.asarray(value).dtype.kind).replace("u", "i")


def raw_key(key: Any, own: bool = False) -> Any:
    """An index with its tensors replaced by their arrays, lists by arrays. own: as copies, which
    the backward pass finds as they were."""
    if isinstance(key, tuple):
        return tuple(raw_key(k, own) for k in key)
    if isinstance(key, list):
        return backend.asarray(key)
    plain = raw(key)
    return plain.copy() if own and is_array(plain) else plain
