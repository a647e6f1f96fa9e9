"""Images made smaller and larger again: the largest or the mean of each window, and back.

Both poolings move over an image as a convolution does, with one difference: channels do not
mix. What they do to each tap of the window is linear once it is known which taps win, so two
pairs of primitives do everything, and each primitive of a pair is the other's gradient: picking
winners and placing them, adding up windows and spreading values over them. Devices with kernels
of their own do it in ``pooling_kernels.py``.
"""

from collections.abc import Iterator
from typing import Any

from minigen.autograd import Traced, primitive
from minigen.backend import Array, in_chunks, kernels_of, xp
from minigen.ops import pooling_kernels
from minigen.ops.activation import read_by
from minigen.ops.convolution import Sizes, pair
from minigen.ops.convolve import Geometry, Pair, cropped, padded, seen_by, taps
from minigen.ops.indexing import check_positions, put
from minigen.ops.shape import floats, shape_of

NOTHING = float("nan")  # equals no number, not even -inf where a window sees nothing else


def raw(x: Any) -> Array:
    """The array of a tensor, or the array itself."""
    return x.array if isinstance(x, Traced) else x


def blank(x: Array, size: Pair) -> Array:
    """Images of another size, to be filled, channels last in memory."""
    n, c = x.shape[:2]
    return xp(x).empty((n, *size, c), dtype=x.dtype).transpose(0, 3, 1, 2)


def like_image(x: Array, size: Pair) -> Array:
    """Zeros for images of another size, channels last in memory."""
    y = blank(x, size)
    y[...] = 0
    return y


def bordered(x: Array, padding: Pair, value: float) -> Array:
    """x with a border of ``value``; x itself where there is no border. Raises TypeError for
    integers, which have no such value."""
    if padding == (0, 0):
        return x
    if value and x.dtype.kind != "f":
        raise TypeError(
            f"max_pool2d: images must be floating-point where there is padding; got {x.dtype}; "
            "convert them with .astype('float32')"
        )
    y = padded(x, padding)
    inside = cropped(y, padding, x.shape[2:])
    if value:
        inner = inside.copy()
        y[...] = value
        inside[...] = inner
    return y


# ---------------------------------------------------------------- the largest of each window
def largest(first: Array, *others: Array) -> Array:
    """The elementwise maximum of some arrays."""
    y = first
    for each in others:
        y = xp(y).maximum(y, each, out=None if y is first else y)
    return y


@primitive(name="max_pool2d")
def _max_pool(x: Array, *, kernel: Pair, geometry: Geometry) -> Array:
    if kernels_of(x):
        return pooling_kernels.max_pool(x, kernel, geometry)[0]
    (sh, sw), (height, width) = geometry.stride, geometry.output(x.shape[2:], kernel)
    y = blank(x, (height, width))

    def work(few: slice) -> None:
        wide = bordered(x[few], geometry.padding, -float("inf"))
        rows = (wide[:, :, u : u + sh * (height - 1) + 1 : sh] for u in range(kernel[0]))
        tall = largest(*rows)  # of each column: whole rows are compared, which are long runs
        columns = (tall[..., v : v + sw * (width - 1) + 1 : sw] for v in range(kernel[1]))
        y[few] = largest(*columns)

    in_chunks(work, x)
    return y


@_max_pool.vjp
def _(gy, y, x, *, kernel, geometry):
    settings = {"kernel": kernel, "geometry": geometry}
    return _place(gy, x=read_by(gy, x), y=read_by(gy, y), **settings)


def hits(x: Array, y: Array, kernel: Pair, g: Geometry) -> Iterator[tuple[Pair, Array]]:
    """For each tap: the windows of x whose largest number y it sees, as a mask like y.

    Each window has one such tap: of several equal numbers the first counts.
    """
    wide = bordered(x, g.padding, NOTHING)
    free = xp(y).ones_like(y, dtype=bool)
    *others, last = taps(kernel)
    for tap in others:
        hit = wide[:, :, *seen_by(tap, y.shape[2:], g)] == y
        hit &= free
        free ^= hit
        yield tap, hit
    yield last, free  # the windows where none of the others was it


def shares(
    gy: Array, x: Array, y: Array, kernel: Pair, g: Geometry
) -> Iterator[tuple[Pair, Array]]:
    """For each tap: gy where it is the first to see the window's largest number, else 0."""
    wide = bordered(x, g.padding, NOTHING)
    *others, last = taps(kernel)
    rest = gy  # what no tap has taken yet
    for tap in others:
        share = rest * (wide[:, :, *seen_by(tap, y.shape[2:], g)] == y)
        yield tap, share
        rest = rest - share
    yield last, rest


@primitive(name="max_pool2d_place", holomorphic=True)
def _place(gy: Array, *, x: Array, y: Array, kernel: Pair, geometry: Geometry) -> Array:
    """gx = zeros with every gy added where x is the largest of its window    ggy = ggx there"""
    if kernels_of(gy):
        return pooling_kernels.place(gy, x, kernel, geometry)
    (ph, pw), (sh, sw), size = geometry.padding, geometry.stride, x.shape[2:]
    apart = sh >= kernel[0] and sw >= kernel[1]
    tiled = geometry == (kernel, (0, 0), (1, 1)) and size == (sh * y.shape[2], sw * y.shape[3])
    gx = blank(gy, size) if tiled else like_image(gy, (size[0] + 2 * ph, size[1] + 2 * pw))

    def work(few: slice) -> None:
        for tap, share in shares(gy[few], x[few], y[few], kernel, geometry):
            seen = gx[few][:, :, *seen_by(tap, y.shape[2:], geometry)]
            if apart:  # windows do not share pixels: nothing to add to
                seen[...] = share
            else:
                seen += share

    in_chunks(work, x)
    return cropped(gx, geometry.padding, size)


@_place.vjp
def _(ggx, _gx, _gy, *, x, y, kernel, geometry):
    return _pick(ggx, x=x, y=y, kernel=kernel, geometry=geometry)


@primitive(name="max_pool2d_pick", holomorphic=True)
def _pick(z: Array, *, x: Array, y: Array, kernel: Pair, geometry: Geometry) -> Array:
    """The z where x is the largest of its window    gz = the cotangent placed there"""
    if kernels_of(z):
        return pooling_kernels.pick(z, x, kernel, geometry)
    z = bordered(z, geometry.padding, 0.0)
    picked = xp(y).zeros_like(y, dtype=z.dtype)
    for tap, hit in hits(x, y, kernel, geometry):
        picked += z[:, :, *seen_by(tap, y.shape[2:], geometry)] * hit
    return picked


@_pick.vjp
def _(gp, _p, _z, *, x, y, kernel, geometry):
    return _place(gp, x=x, y=y, kernel=kernel, geometry=geometry)


# ---------------------------------------------------------------- sums over windows
@primitive(holomorphic=True)
def window_sum(x: Array, *, kernel: Pair, geometry: Geometry) -> Array:
    """y = Σ of x over each window    gx = gy spread over its window"""
    if kernels_of(x):
        return pooling_kernels.window_sum(x, kernel, geometry)
    out = geometry.output(x.shape[2:], kernel)
    x = bordered(x, geometry.padding, 0.0)
    y = like_image(x, out)
    for tap in taps(kernel):
        y += x[:, :, *seen_by(tap, out, geometry)]
    return y


@window_sum.vjp
def _(gy, _y, _x, *, kernel, geometry):
    return window_spread(gy, size=tuple(_x.shape[2:]), kernel=kernel, geometry=geometry)


@primitive(holomorphic=True)
def window_spread(y: Array, *, size: Pair, kernel: Pair, geometry: Geometry) -> Array:
    """x = zeros with every y added to all pixels of its window    gy = Σ of gx over it"""
    if kernels_of(y):
        return pooling_kernels.spread(y, size, kernel, geometry)
    ph, pw = geometry.padding
    x = like_image(y, (size[0] + 2 * ph, size[1] + 2 * pw))
    for tap in taps(kernel):
        x[:, :, *seen_by(tap, y.shape[2:], geometry)] += y
    return cropped(x, geometry.padding, size)


@window_spread.vjp
def _(gx, _x, _y, *, size, kernel, geometry):
    return window_sum(gx, kernel=kernel, geometry=geometry)


# ---------------------------------------------------------------- pooling
def max_pool2d(x: Any, kernel: Sizes, *, stride: Sizes | None = None, padding: Sizes = 0) -> Any:
    """y[n, c, i, j] = max over u, v of x[n, c, s i + u - p, s j + v - p]    [E.MAXPOOL]

    gx = gy at the largest pixel of each window, the first of several equal ones (row by row).
    x: (n, c, h, w); kernel: height and width of a window, a number or two; stride: steps
    between windows, the kernel's size by default; padding: at most half of the kernel, and
    never the largest. Returns (n, c, h', w'), h' = floor((h + 2 p - k) / s) + 1.
    Raises ValueError for sizes that do not fit. Source: Zhou and Chellappa 1988.
    """
    size, geometry = pooling("max_pool2d", x, kernel, stride, padding)
    return _max_pool(x, kernel=size, geometry=geometry)


def max_pool2d_indices(
    x: Any, kernel: Sizes, *, stride: Sizes | None = None, padding: Sizes = 0
) -> tuple[Any, Array]:
    """max_pool2d's result, and for each of its numbers the pixel that it comes from.

    The indices are an array (n, c, h', w') of int64, row · w + column, as PyTorch's; max_unpool2d
    takes them. Arguments and errors are those of max_pool2d.
    """
    size, geometry = pooling("max_pool2d_indices", x, kernel, stride, padding)
    y = _max_pool(x, kernel=size, geometry=geometry)
    if kernels_of(raw(x)):
        return y, pooling_kernels.max_pool(raw(x), size, geometry)[1]
    m = xp(raw(y))
    rows, columns = (m.zeros(y.shape, dtype="int64") for _ in "yx")
    for (u, v), hit in hits(raw(x), raw(y), size, geometry):
        rows += u * hit
        columns += v * hit
    (sh, sw), (ph, pw) = geometry.stride, geometry.padding
    rows += m.arange(y.shape[2])[:, None] * sh - ph
    columns += m.arange(y.shape[3]) * sw - pw
    height, width = x.shape[2:]  # where there is NaN the last tap won, which may lie outside
    return y, m.clip(rows, 0, height - 1) * width + m.clip(columns, 0, width - 1)


def max_unpool2d(x: Any, indices: Array, size: Pair) -> Any:
    """y = zeros with y[n, c].flat[indices[n, c, i, j]] += x[n, c, i, j]    [E.MAXUNPOOL]

    gx = gy at the indices. x: (n, c, h', w'); indices: integers of x's shape, as
    max_pool2d_indices gives them; size: (h, w) of the result (n, c, h, w).
    Raises ValueError, TypeError or IndexError for indices that do not fit.
    Source: Zeiler, Taylor and Fergus 2011 (the switches).
    """
    shape = shape_of("max_unpool2d", "x", x)
    if len(shape) != 4 or tuple(raw(indices).shape) != shape:
        raise ValueError(
            f"max_unpool2d: x must be (n, c, h, w) and indices of its shape; got x {shape}, "
            f"indices {tuple(raw(indices).shape)}"
        )
    indices = raw(indices).copy()  # as they are now, whatever becomes of them
    check_positions("max_unpool2d", indices, size[0] * size[1], "indices")
    m = xp(indices)
    key = (m.arange(shape[0])[:, None, None, None], m.arange(shape[1])[:, None, None], indices)
    flat = put(x, key=key, shape=(*shape[:2], size[0] * size[1]))
    return flat.reshape((*shape[:2], *size))


def avg_pool2d(x: Any, kernel: Sizes, *, stride: Sizes | None = None, padding: Sizes = 0) -> Any:
    """y[n, c, i, j] = 1 / (kh kw) Σ_u,v x[n, c, s i + u - p, s j + v - p]    [E.AVGPOOL]

    gx = gy / (kh kw), added to all pixels of the window. Arguments, result and errors are those
    of max_pool2d; pixels outside are zeros, and count. Source: LeCun et al. 1998, section II.B.
    """
    floats("avg_pool2d", x=x)
    size, geometry = pooling("avg_pool2d", x, kernel, stride, padding)
    return window_sum(x, kernel=size, geometry=geometry) * (1 / (size[0] * size[1]))


def windows(
    name: str, kernel: Sizes, stride: Sizes | None, padding: Sizes
) -> tuple[Pair, Geometry]:
    """Kernel and geometry as pairs, checked."""
    size = pair(name, "kernel", kernel, 1)
    step = size if stride is None else pair(name, "stride", stride, 1)
    geometry = Geometry(step, pair(name, "padding", padding, 0), (1, 1))
    if any(2 * p > k for p, k in zip(geometry.padding, size, strict=True)):
        raise ValueError(
            f"{name}: padding must be at most half of the kernel; got kernel {size}, padding "
            f"{geometry.padding}"
        )
    return size, geometry


def pooling(
    name: str, x: Any, kernel: Sizes, stride: Sizes | None, padding: Sizes
) -> tuple[Pair, Geometry]:
    """Kernel and geometry as pairs, checked against x."""
    shape, (size, geometry) = shape_of(name, "x", x), windows(name, kernel, stride, padding)
    if len(shape) != 4:
        raise ValueError(f"{name}: x must be (n, c, h, w); got x {shape}")
    if min(geometry.output((shape[2], shape[3]), size)) < 1:
        raise ValueError(
            f"{name}: a window must fit into the padded image; got x {shape}, kernel {size}, "
            f"padding {geometry.padding}; take a smaller kernel"
        )
    return size, geometry
