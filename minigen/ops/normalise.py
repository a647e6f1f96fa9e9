"""Statistics and normalisation of plain arrays, channel by channel, in few passes over memory.

Arrays are taken as rows of channels: an image batch that lies channels last in memory is one
such matrix without a copy. Several rows are joined to a long one, for NumPy needs a few dozen
numbers in a row to get up to speed. Everything is done a block of rows at a time, so that the
several steps of a formula meet their numbers in the cache, and parts of the rows run on several
threads. The readable composition stands in ``normalisation.py``; tests hold this to it. Devices
with kernels of their own do it in ``normalise_kernels.py``.
"""

from typing import Any, NamedTuple

from minigen.backend import Array, in_parts, kernels_of, xp
from minigen.ops import normalise_kernels
from minigen.ops.normalise_kernels import rows_of, shaped

BLOCK_BYTES = 1 << 20  # of one array: measured; two or three such blocks fit a core's cache
LONG_ROW = 1024  # numbers


class Moments(NamedTuple):
    """Mean and variance (with 1/size) of each channel, (c,), and over how many numbers."""

    mean: Array
    var: Array
    size: int


def long_rows(x: Array) -> Array:
    """The matrix ``rows_of(x)`` with several of its rows joined to one."""
    rows = rows_of(x)
    while rows.shape[1] < LONG_ROW and len(rows) % 2 == 0 and len(rows) > 2:
        rows = rows.reshape(len(rows) // 2, 2 * rows.shape[1])
    return rows


def along(rows: Array, values: Array) -> Array:
    """Numbers (c,), one for each channel, repeated along a row."""
    return xp(rows).tile(values, rows.shape[1] // len(values))


def by_channel(sums: Array, channels: int) -> Array:
    """Sums of columns (several times c,), added up for each channel."""
    return sums.reshape(-1, channels).sum(axis=0)


def blocks(part: slice, rows: Array) -> list[slice]:
    """``part`` of the rows, cut into blocks that fit the cache."""
    length = max(1, BLOCK_BYTES // max(1, rows.shape[1] * rows.itemsize))
    return [slice(i, min(i + length, part.stop)) for i in range(part.start, part.stop, length)]


def channel_sums(x: Array) -> Array:
    """Σ x of each channel: (n, c, ...) -> (c,)."""
    rows = long_rows(x)
    found = []
    in_parts(lambda part: found.append((part.start, rows[part].sum(axis=0))), rows)
    return by_channel(sum(total for _, total in sorted(found, key=first)), x.shape[1])


def first(entry: tuple[Any, ...]) -> Any:
    """By which entries of several threads are sorted: sums do not depend on who was first."""
    return entry[0]


def moments(x: Array) -> Moments:
    """Mean and variance of each channel, in one pass over memory.

    Each column of each block gives its own mean and sum of squared deviations; joined by
    Σ (x - m)² = Σ_b [Σ (x - m_b)² + n_b (m_b - m)²], which loses no digits as Σ x² - n m² would.
    Source: Chan, Golub and LeVeque 1983, equation 2.1.
    """
    if kernels_of(x):
        return Moments(*normalise_kernels.moments(x))
    rows, c = long_rows(x), x.shape[1]
    found = []

    def measure(part: slice) -> None:
        for block in blocks(part, rows):
            piece = rows[block]
            mean = piece.sum(axis=0) / len(piece)
            deviation = piece - mean
            deviation *= deviation
            found.append((block.start, len(piece), mean, deviation.sum(axis=0)))

    in_parts(measure, rows)
    found.sort(key=first)
    count = rows.size // max(1, c)
    mean = by_channel(sum(n * m for _, n, m, _ in found), c) / count
    centre = along(rows, mean)
    squares = sum(squares + n * (m - centre) ** 2 for _, n, m, squares in found)
    return Moments(mean, by_channel(squares, c) / count, count)


def scale_and_shift(x: Array, scale: Array, shift: Array) -> Array:
    """y = scale · x + shift, channel by channel."""
    if kernels_of(x):
        return normalise_kernels.scale_and_shift(x, scale, shift)
    rows = long_rows(x)
    y = xp(x).empty_like(rows)
    scale, shift = along(rows, scale), along(rows, shift)

    def work(part: slice) -> None:
        for block in blocks(part, rows):
            piece = y[block]
            xp(x).multiply(rows[block], scale, out=piece)
            piece += shift

    in_parts(work, rows)
    return shaped(y, x)


def sums_with(gy: Array, x: Array, mean: Array) -> tuple[Array, Array]:
    """Σ gy and Σ gy · (x - mean) of each channel."""
    if kernels_of(x):
        return normalise_kernels.sums_with(gy, x, mean)
    g, rows, c = long_rows(gy), long_rows(x), x.shape[1]
    centre = along(rows, mean)
    found = []

    def work(part: slice) -> None:
        for block in blocks(part, rows):
            deviation = rows[block] - centre
            deviation *= g[block]
            found.append((block.start, g[block].sum(axis=0), deviation.sum(axis=0)))

    in_parts(work, rows)
    found.sort(key=first)
    total, dot = sum(t for _, t, _ in found), sum(d for _, _, d in found)
    return by_channel(total, c), by_channel(dot, c)


def combine(gy: Array, x: Array, a: Array, b: Array, c: Array) -> Array:
    """a · gy + b · x + c, channel by channel."""
    if kernels_of(x):
        return normalise_kernels.combine(gy, x, a, b, c)
    g, rows = long_rows(gy), long_rows(x)
    y = xp(x).empty_like(rows)
    a, b, c = (along(rows, v) for v in (a, b, c))

    def work(part: slice) -> None:
        for block in blocks(part, rows):
            piece = y[block]
            xp(x).multiply(rows[block], b, out=piece)
            piece += c
            piece += a * g[block]

    in_parts(work, rows)
    return shaped(y, x)
