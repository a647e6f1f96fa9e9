"""One explicit source of random numbers, for the host and for the device.

Nothing in minigen draws from a hidden global generator: whoever needs chance is handed a
``Generator``. The same seed gives the same bytes on the same machine and backend.
"""

import math
from typing import Any

import numpy

from minigen.backend.device_random import DeviceGenerator
from minigen.backend.modules import Array, active

Shape = int | tuple[int, ...]


def box_muller(host: numpy.random.Generator, shape: Shape) -> numpy.ndarray:
    """Draws from N(0, 1) in float32: r cos(a) and r sin(a) with r = sqrt(-2 log(1 - u)),
    a = 2 pi u', u and u' uniform on [0, 1).

    Twice as fast as NumPy's draws one by one. u has 24 bits, so no draw lies beyond 5.8, where
    one in 10^8 would. Source: Box and Muller 1958.
    """
    n = math.prod(shape) if isinstance(shape, tuple) else shape
    half = (n + 1) // 2
    u = host.random(2 * half, dtype=numpy.float32)
    r, angle = u[:half], u[half:]
    numpy.subtract(1, r, out=r)
    numpy.log(r, out=r)
    r *= -2
    numpy.sqrt(r, out=r)
    angle *= 2 * math.pi
    draws = numpy.empty(2 * half, dtype=numpy.float32)
    numpy.multiply(r, numpy.cos(angle), out=draws[:half])
    numpy.multiply(r, numpy.sin(angle), out=draws[half:])
    return draws[:n].reshape(shape)


def check_generator(operation: str, rng: Any) -> None:
    """Raise TypeError for what is passed by mistake: nothing, a seed, or NumPy's own generator."""
    if rng is None or isinstance(rng, int | numpy.random.Generator | numpy.random.RandomState):
        raise TypeError(
            f"{operation}: rng must be a minigen.Generator; got {rng!r}; write "
            "rng=minigen.Generator(0), with a seed of your own"
        )


class Generator:
    """Random numbers for one purpose, made on the backend active when it was created.

    ``seed`` is a non-negative integer. ``spawn(n)`` gives n independent children, so that
    initial weights, the order of the data and the noise do not disturb each other.
    """

    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | numpy.integer) or seed < 0:
            raise ValueError(f"Generator: seed must be an integer >= 0; got {seed!r}")
        self._begin(numpy.random.SeedSequence(int(seed)))

    def _begin(self, sequence: numpy.random.SeedSequence) -> None:
        self.sequence = sequence
        self.host = numpy.random.Generator(numpy.random.PCG64DXSM(sequence))
        self.device: Any = self.host
        if active() is not numpy:  # host draws (data order) stay on the host
            seed = int(sequence.generate_state(1, numpy.uint64)[0])
            self.device = DeviceGenerator(active(), seed)

    def spawn(self, n: int) -> list["Generator"]:
        """``n`` generators whose streams are independent of this one and of each other."""
        children = []
        for sequence in self.sequence.spawn(n):
            child = Generator.__new__(Generator)
            child._begin(sequence)
            children.append(child)
        return children

    def normal(self, shape: Shape, dtype: Any = numpy.float32) -> Array:
        """Draws from N(0, 1), an array of ``shape`` and float ``dtype``."""
        if self.device is self.host and numpy.dtype(dtype) == numpy.float32:
            return box_muller(self.host, shape)
        return self.device.standard_normal(shape, dtype=dtype)

    def random(self, shape: Shape, dtype: Any = numpy.float32) -> Array:
        """Draws from the uniform distribution on [0, 1), of ``shape`` and float ``dtype``."""
        return self.device.random(shape, dtype=dtype)

    def uniform(self, low: float, high: float, shape: Shape, dtype: Any = numpy.float32) -> Array:
        """Draws from the uniform distribution between low and high; rounding may reach high."""
        low, high = float(low), float(high)  # a NumPy number would promote float32 to float64
        return low + (high - low) * self.random(shape, dtype)

    def integers(self, low: int, high: int, shape: Shape) -> numpy.ndarray:
        """Integers from low to high - 1, each as likely, as an int64 array on the host."""
        return self.host.integers(low, high, shape)

    def permutation(self, n: int) -> numpy.ndarray:
        """The numbers 0..n-1 in random order, as an int64 array on the host."""
        return self.host.permutation(n)


def generator(seed: int) -> Generator:
    """A Generator from ``seed``, an integer >= 0, on the active backend."""
    return Generator(seed)
