"""Statistics and normalisation channel by channel, on a device that has kernels for them."""

from itertools import pairwise

from minigen.backend import Array, kernels_of, xp

ROUNDS = (256, 16, 1)  # stretches of rows that are summed at the same time, then groups of them


def rows_of(x: Array) -> Array:
    """x (n, c, ...) as a matrix with a column a channel; a view if x lies channels last."""
    axes = (0, *range(2, x.ndim), 1)
    return xp(x).ascontiguousarray(x.transpose(axes)).reshape(-1, x.shape[1])


def shaped(rows: Array, x: Array) -> Array:
    """``rows_of`` undone: rows, or longer ones, as an array of x's shape."""
    n, c, *size = x.shape
    return rows.reshape(n, *size, c).transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def rounds(rows: int) -> list[int]:
    """Into how many stretches so many rows are divided, and how many are left after each round."""
    return [parts for parts in ROUNDS if parts <= max(1, rows)]


def two(x: Array, *shape: int) -> list[Array]:
    return [xp(x).empty(shape, dtype=x.dtype) for _ in range(2)]


def moments(x: Array) -> tuple[Array, Array, int]:
    """Mean and variance (with 1/size) of each channel, (c,), and over how many numbers."""
    rows, kernels = rows_of(x), kernels_of(x)
    n, c = rows.shape
    parts = rounds(n)[0]
    found = two(x, parts, c)
    kernels("moments_of_parts", rows, *found, rows=n, c=c, parts=parts)
    for parts, groups in pairwise(rounds(n)):
        joined = two(x, groups, c)
        kernels("moments_joined", *found, *joined, rows=n, c=c, parts=parts, groups=groups)
        found = joined
    return found[0][0], found[1][0], n


def sums_with(gy: Array, x: Array, mean: Array) -> tuple[Array, Array]:
    """Σ gy and Σ gy · (x - mean) of each channel."""
    g, rows, kernels = rows_of(gy), rows_of(x), kernels_of(x)
    n, c = rows.shape
    parts = rounds(n)[0]
    found = two(x, parts, c)
    kernels("sums_of_parts", g, rows, mean, *found, rows=n, c=c, parts=parts)
    for parts, groups in pairwise(rounds(n)):
        joined = two(x, groups, c)
        kernels("sums_joined", *found, *joined, c=c, parts=parts, groups=groups)
        found = joined
    return found[0][0], found[1][0]


def scale_and_shift(x: Array, scale: Array, shift: Array) -> Array:
    """y = scale · x + shift, channel by channel."""
    rows = rows_of(x)
    y = xp(x).empty(rows.shape, dtype=x.dtype)
    n, c = rows.shape
    kernels_of(x)("channel_affine", rows, scale, shift, y, rows=n, c=c)
    return shaped(y, x)


def combine(gy: Array, x: Array, a: Array, b: Array, c: Array) -> Array:
    """a · gy + b · x + c, channel by channel."""
    g, rows = rows_of(gy), rows_of(x)
    y = xp(x).empty(rows.shape, dtype=x.dtype)
    n, channels = rows.shape
    kernels_of(x)("channel_combine", g, rows, a, b, c, y, rows=n, c=channels)
    return shaped(y, x)
