"""Random numbers that a device draws for itself.

The position in the stream is a number in the device's memory, which each draw moves on: a captured
step draws new numbers at each replay, and the host never waits.
"""

import math
from types import ModuleType
from typing import Any

from minigen.backend.kernels import ELEMENT_TYPES, kernels_of
from minigen.backend.modules import Array
from minigen.backend.philox import positions


class DeviceGenerator:
    """The stream of Philox4x32-10 that belongs to a seed (0..2^64 - 1), on the device of an array
    module. The numbers are those of ``philox.py``, normal ones up to the last bits."""

    def __init__(self, module: ModuleType, seed: int) -> None:
        self.module = module
        self.seed = seed
        self.offset = module.zeros((), dtype="int64")

    def __deepcopy__(self, memo: dict[int, Any]) -> "DeviceGenerator":
        """Another generator at the same place of the stream. Modules cannot be copied."""
        other = type(self)(self.module, self.seed)
        other.offset[...] = self.offset
        memo[id(self)] = other
        return other

    def random(self, shape: Any, dtype: Any) -> Array:
        """Numbers uniform on [0, 1), an array of ``shape`` and float ``dtype``."""
        return self._draw("uniform", shape, dtype)

    def standard_normal(self, shape: Any, dtype: Any) -> Array:
        """Draws from N(0, 1), an array of ``shape`` and float ``dtype``."""
        return self._draw("normal", shape, dtype)

    def _draw(self, kind: str, shape: Any, dtype: Any) -> Array:
        n = math.prod(shape) if isinstance(shape, tuple) else int(shape)
        out = self.module.empty(n, dtype=dtype)
        if out.dtype.name not in ELEMENT_TYPES:
            raise TypeError(
                f"Generator: a device draws {' or '.join(ELEMENT_TYPES)}; got {out.dtype}; convert "
                "the numbers with astype"
            )
        kernels = kernels_of(out)
        if kernels is None:  # the device double
            self.module.draw(kind, out, self.offset, self.seed)
        else:
            kernels(f"philox_{kind}", out, self.offset, n=n, seed=self.seed)
            kernels("advance", self.offset, by=positions(n, dtype))
        return out.reshape(shape)
