"""Images made larger: zeros between the pixels, copies of them, or lines drawn between them."""

from operator import index
from typing import Any

from minigen.autograd import Traced, primitive
from minigen.backend import Array, xp
from minigen.ops.convolve import Geometry
from minigen.ops.indexing import getitem
from minigen.ops.linalg import matmul
from minigen.ops.pooling import like_image, window_spread
from minigen.ops.shape import shape_of


@primitive(holomorphic=True)
def unpool2d(x: Array, *, factor: int) -> Array:
    """y[n, c, s i, s j] = x[n, c, i, j], 0 elsewhere    gx = gy at those pixels    [E.UNPOOL]

    Unpooling for a decoder, which has no winners to put back: each number goes to the top left
    of its block. x: (n, c, h, w); factor: s >= 1 -> (n, c, s h, s w).
    Source: Dosovitskiy, Springenberg and Brox 2015.
    """
    image_and_factor("unpool2d", x, factor)
    y = like_image(x, (x.shape[2] * factor, x.shape[3] * factor))
    y[:, :, ::factor, ::factor] = x
    return y


@unpool2d.vjp
def _(gy, _y, _x, *, factor):
    return getitem(gy, key=(slice(None), slice(None), *[slice(None, None, factor)] * 2))


def upsample_nearest2d(x: Any, factor: int) -> Any:
    """y[n, c, i, j] = x[n, c, floor(i / s), floor(j / s)]    [E.NEAREST]

    gx = Σ of gy over each pixel's s x s copies: the adjoint of adding up windows.
    x: (n, c, h, w); factor: s >= 1 -> (n, c, s h, s w). Raises ValueError for others.
    """
    shape = image_and_factor("upsample_nearest2d", x, factor)
    size = (shape[2] * factor, shape[3] * factor)
    geometry = Geometry((factor, factor), (0, 0), (1, 1))
    return window_spread(x, size=size, kernel=(factor, factor), geometry=geometry)


def upsample_bilinear2d(x: Any, factor: int) -> Any:
    """y = A_h x A_wᵀ, row i of A weighs the two pixels next to (i + ½) / s - ½    [E.BILINEAR]

    gx = A_hᵀ gy A_w. Pixels are squares, and positions are those of their centres; beyond the
    outermost centres the image goes on as it is there (PyTorch's align_corners=False).
    x: (n, c, h, w); factor: s >= 1 -> (n, c, s h, s w). Raises ValueError for others.
    """
    shape = image_and_factor("upsample_bilinear2d", x, factor)
    raw = x.array if isinstance(x, Traced) else x
    rows, columns = (interpolation(raw, n, factor) for n in (shape[2], shape[3]))
    return matmul(matmul(rows, x), columns.swapaxes(0, 1))


def interpolation(x: Array, size: int, factor: int) -> Array:
    """The matrix A (factor · size, size): the weights of the two nearest pixels, elsewhere 0."""
    m = xp(x)
    at = (m.arange(size * factor, dtype="float64") + 0.5) / factor - 0.5
    distance = abs(at.clip(0, size - 1)[:, None] - m.arange(size, dtype="float64"))
    weights = (1 - distance).clip(0, None)
    return weights.astype(x.dtype) if x.dtype.kind == "f" else weights


def image_and_factor(name: str, x: Any, factor: int) -> tuple[int, ...]:
    """x's shape. Raises ValueError unless it is that of images, and factor a whole number >= 1."""
    shape = shape_of(name, "x", x)
    try:
        fits = len(shape) == 4 and min(shape[2:]) >= 1 and index(factor) >= 1
    except TypeError:  # a fraction, say
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: x must be (n, c, h, w) with h and w >= 1, factor a whole number >= 1; got "
            f"x {shape}, factor {factor!r}"
        )
    return shape
