"""The random numbers of ``kernels.cu`` in NumPy, so that a seed means the same on host and device.

Philox is a function and not a machine with a state: position p of the stream of a seed holds four
words of 32 bits, whoever asks and in whatever order. The uniform numbers are those of the device
bit for bit; the normal ones differ in the last bits, as two libraries' log, cos and sin do.
"""

import math
import operator
from typing import Any

import numpy

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # what is added to the key after each round
MASK = numpy.uint64(0xFFFFFFFF)
HALF = numpy.uint64(32)


def philox(counter: numpy.ndarray, key: tuple[int, int]) -> numpy.ndarray:
    """The words (4, n) that Philox4x32-10 makes of n counters (4, n), all uint32.

    Ten rounds of (a, b, c, d) -> (hi(M1 c) ^ b ^ key0, lo(M1 c), hi(M0 a) ^ d ^ key1, lo(M0 a)).
    key: two words. Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, Parallel random
    numbers: as easy as 1, 2, 3, SC 2011.
    """
    a, b, c, d = (word.astype(numpy.uint64) for word in counter)
    key0, key1 = key
    for _ in range(ROUNDS):
        p, q = a * numpy.uint64(MULTIPLIERS[0]), c * numpy.uint64(MULTIPLIERS[1])
        a, b = (q >> HALF) ^ b ^ numpy.uint64(key0), q & MASK
        c, d = (p >> HALF) ^ d ^ numpy.uint64(key1), p & MASK
        key0, key1 = (key0 + WEYL[0]) & 0xFFFFFFFF, (key1 + WEYL[1]) & 0xFFFFFFFF
    return numpy.stack([a, b, c, d]).astype(numpy.uint32)


def words_at(seed: int, offset: int, n: int) -> numpy.ndarray:
    """The words (4, n) at positions offset..offset + n - 1 of the stream of ``seed``."""
    position = numpy.arange(n, dtype=numpy.uint64) + numpy.uint64(offset)
    zero = numpy.zeros_like(position)
    counter = numpy.stack([position & MASK, position >> HALF, zero, zero]).astype(numpy.uint32)
    return philox(counter, (seed & 0xFFFFFFFF, seed >> 32))


def positions(n: int, dtype: Any = numpy.float32) -> int:
    """How many positions of a stream n numbers take: four float32 or two float64 each.

    A counter must be advanced by this much between draws that are to be independent.
    """
    return -(-n // _each(dtype))


def _each(dtype: Any) -> int:
    """How many numbers of this type the four words at a position make."""
    if numpy.dtype(dtype) not in (numpy.float32, numpy.float64):
        raise TypeError(f"philox: dtype must be float32 or float64; got {dtype}; draw one of them")
    return 16 // numpy.dtype(dtype).itemsize


def _checked(name: str, value: int, limit: int) -> int:
    number = operator.index(value)
    if not 0 <= number < limit:
        raise ValueError(f"philox: {name} must be in 0..{limit - 1}; got {number}; take another")
    return number


def _pairs(seed: int, offset: int, n: int, dtype: Any) -> numpy.ndarray:
    """Uniform numbers, all that the positions for n of them hold: an even number, flat."""
    each = _each(dtype)
    seed, offset = _checked("seed", seed, 1 << 64), _checked("offset", offset, 1 << 64)
    words = words_at(seed, offset, positions(_checked("n", n, 1 << 62), dtype))
    if each == 4:  # 24 bits of each word
        return ((words >> 8).astype(numpy.float32) * numpy.float32(2.0**-24)).T.reshape(-1)
    high, low = words[::2] >> 5, words[1::2] >> 6  # 27 + 26 bits of two words
    return ((high * 2.0**26 + low) * 2.0**-53).T.reshape(-1)


def uniform(seed: int, offset: int, n: int, dtype: Any = numpy.float32) -> numpy.ndarray:
    """n numbers uniform on [0, 1), from position ``offset`` on in the stream of ``seed``.

    seed, offset: 0..2^64 - 1; dtype: float32 (24 bits) or float64 (53 bits).
    """
    return _pairs(seed, offset, n, dtype)[:n]


def normal(seed: int, offset: int, n: int, dtype: Any = numpy.float32) -> numpy.ndarray:
    """n draws from N(0, 1), in pairs r cos(a) and r sin(a) with r = sqrt(-2 log(1 - u)) and
    a = 2 pi u', where u and u' are neighbours in ``uniform``; arguments as there.

    1 - u is in (0, 1], so every draw is finite. Source: Box and Muller 1958.
    """
    u = _pairs(seed, offset, n, dtype)
    r = numpy.sqrt(-2 * numpy.log(1 - u[::2]))
    angle = 2 * math.pi * u[1::2]
    return numpy.stack([r * numpy.cos(angle), r * numpy.sin(angle)], axis=1).reshape(-1)[:n]
