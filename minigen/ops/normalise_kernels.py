"""Statistics and normalisation channel by channel, on a device that has kernels for them."""

from minigen.backend import Array, kernels_of, xp

PARTS = 256  # stretches of rows that are summed at the same time: with 64 channels, 16,384 threads


def rows_of(x: Array) -> Array:
    """x (n, c, ...) as a matrix with a column a channel; a view if x lies channels last."""
    axes = (0, *range(2, x.ndim), 1)
    return xp(x).ascontiguousarray(x.transpose(axes)).reshape(-1, x.shape[1])


def shaped(rows: Array, x: Array) -> Array:
    """``rows_of`` undone: rows, or longer ones, as an array of x's shape."""
    n, c, *size = x.shape
    return rows.reshape(n, *size, c).transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def moments(x: Array) -> tuple[Array, Array, int]:
    """Mean and variance (with 1/size) of each channel, (c,), and over how many numbers."""
    rows = rows_of(x)
    n, c = rows.shape
    sizes = {"rows": n, "c": c, "parts": min(PARTS, n)}
    means, squares = (xp(x).empty((sizes["parts"], c), dtype=x.dtype) for _ in range(2))
    mean, var = (xp(x).empty(c, dtype=x.dtype) for _ in range(2))
    kernels = kernels_of(x)
    kernels("moments_of_parts", rows, means, squares, **sizes)
    kernels("moments_joined", means, squares, mean, var, **sizes)
    return mean, var, n


def sums_with(gy: Array, x: Array, mean: Array) -> tuple[Array, Array]:
    """Σ gy and Σ gy · (x - mean) of each channel."""
    g, rows = rows_of(gy), rows_of(x)
    n, c = rows.shape
    parts = min(PARTS, n)
    sums, dots = (xp(x).empty((parts, c), dtype=x.dtype) for _ in range(2))
    total, dot = (xp(x).empty(c, dtype=x.dtype) for _ in range(2))
    kernels = kernels_of(x)
    kernels("sums_of_parts", g, rows, mean, sums, dots, rows=n, c=c, parts=parts)
    kernels("sums_joined", sums, dots, total, dot, c=c, parts=parts)
    return total, dot


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
