"""Convolution, transposed convolution and the gradient of their weight.

All three come from one sum over (x, W, y): <conv(x, W), y> = <x, transpose(y, W)> =
<weight(x, y), W>. Each is linear in both of its arguments, and the gradients of each are the
other two: gradients of any order need nothing else.
"""

from operator import index
from typing import Any

from minigen.autograd import primitive
from minigen.backend import Array, is_array
from minigen.ops import convolve_fast
from minigen.ops.convolve import Geometry, Pair
from minigen.ops.normalise import channel_sums
from minigen.ops.shape import floats, shape_of

Sizes = int | tuple[int, int]


@primitive(name="conv2d", holomorphic=True)
def _conv(x: Array, weight: Array, *, geometry: Geometry) -> Array:
    return convolve_fast.conv(x, weight, geometry)


@_conv.vjp("x")
def _(gy, _y, _x, weight, *, geometry):
    return _transpose(gy, weight, size=tuple(_x.shape[2:]), geometry=geometry)


@_conv.vjp("weight")
def _(gy, _y, x, _weight, *, geometry):
    return _weight_of(x, gy, kernel=tuple(_weight.shape[2:]), geometry=geometry)


@primitive(name="conv_transpose2d", holomorphic=True)
def _transpose(y: Array, weight: Array, *, size: Pair, geometry: Geometry) -> Array:
    return convolve_fast.transpose(y, weight, size, geometry)


def cut(y: Any, size: Any) -> Any:
    """The first rows and columns of y: with an output_padding as large as the stride, a convolution
    finds more positions than the transposed one had."""
    return y if tuple(y.shape[2:]) == tuple(size) else y[:, :, : size[0], : size[1]]


@_transpose.vjp("y")
def _(gx, _x, _y, weight, *, size, geometry):
    return cut(_conv(gx, weight, geometry=geometry), _y.shape[2:])


@_transpose.vjp("weight")
def _(gx, _x, y, _weight, *, size, geometry):
    return _weight_of(gx, y, kernel=tuple(_weight.shape[2:]), geometry=geometry)


@primitive(name="conv2d_weight", holomorphic=True)
def _weight_of(x: Array, y: Array, *, kernel: Pair, geometry: Geometry) -> Array:
    return convolve_fast.weight_of(x, y, kernel, geometry)


@_weight_of.vjp("x")
def _(gw, _w, _x, y, *, kernel, geometry):
    return _transpose(y, gw, size=tuple(_x.shape[2:]), geometry=geometry)


@_weight_of.vjp("y")
def _(gw, _w, x, _y, *, kernel, geometry):
    return cut(_conv(x, gw, geometry=geometry), _y.shape[2:])


def over_positions(g: Any) -> Any:
    """Σ g over images and pixels, for each channel: (n, c, h, w) -> (c,)."""
    return channel_sums(g) if is_array(g) else g.sum(axis=(0, 2, 3))


@primitive(name="conv2d_bias", holomorphic=True)
def _conv_bias(x: Array, weight: Array, bias: Array, *, geometry: Geometry) -> Array:
    """conv2d with the bias added while the result is in the cache."""
    return convolve_fast.conv(x, weight, geometry, bias)


@_conv_bias.vjp("x")
def _(gy, _y, _x, weight, _bias, *, geometry):
    return _transpose(gy, weight, size=tuple(_x.shape[2:]), geometry=geometry)


@_conv_bias.vjp("weight")
def _(gy, _y, x, _weight, _bias, *, geometry):
    return _weight_of(x, gy, kernel=tuple(_weight.shape[2:]), geometry=geometry)


@_conv_bias.vjp("bias")
def _(gy, _y, _x, _weight, _bias, *, geometry):
    return over_positions(gy)


@primitive(name="conv_transpose2d_bias", holomorphic=True)
def _transpose_bias(
    y: Array, weight: Array, bias: Array, *, size: Pair, geometry: Geometry
) -> Array:
    return convolve_fast.transpose(y, weight, size, geometry, bias)


@_transpose_bias.vjp("y")
def _(gx, _x, _y, weight, _bias, *, size, geometry):
    return cut(_conv(gx, weight, geometry=geometry), _y.shape[2:])


@_transpose_bias.vjp("weight")
def _(gx, _x, y, _weight, _bias, *, size, geometry):
    return _weight_of(gx, y, kernel=tuple(_weight.shape[2:]), geometry=geometry)


@_transpose_bias.vjp("bias")
def _(gx, _x, _y, _weight, _bias, *, size, geometry):
    return over_positions(gx)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Any:
    """y[n, o, i, j] = b[o] + Σ_c,u,v x[n, c, s i + d u - p, s j + d v - p] W[o, c, u, v]
    gx = conv_transpose2d(gy, W)    gW = the same sum read to W    gb = Σ_n,i,j gy    [E.CONV2D]

    x: (n, c, h, w), zero outside; weight: (o, c, kh, kw); bias: (o,) or None. stride s >= 1,
    padding p >= 0 and dilation d >= 1 in pixels, a number or (vertical, horizontal).
    Returns (n, o, h', w'), h' = floor((h + 2 p - d (kh - 1) - 1) / s) + 1. It is the
    cross-correlation: the kernel is not turned round. Raises ValueError for sizes that do not
    fit. Source: Dumoulin and Visin 2016, A guide to convolution arithmetic, relationship 6.
    """
    sx, sw = shape_of("conv2d", "x", x), shape_of("conv2d", "weight", weight)
    floats("conv2d", x=x, weight=weight)
    geometry = geometry_of("conv2d", stride, padding, dilation)
    check("conv2d", sx, sw, 1, "(out, in, kh, kw)", bias, sw[:1])
    if min(geometry.output((sx[2], sx[3]), (sw[2], sw[3]))) < 1:
        raise ValueError(
            f"conv2d: the kernel must fit into the padded image; got x {sx}, weight {sw}, "
            f"padding {geometry.padding}, dilation {geometry.dilation}; pad more"
        )
    if bias is None:
        return _conv(x, weight, geometry=geometry)
    return _conv_bias(x, weight, bias, geometry=geometry)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Any:
    """y[n, o, s i + d u - p, s j + d v - p] += x[n, c, i, j] W[c, o, u, v], plus b[o]
    gx = conv2d(gy, W)    gW = the same sum read to W    gb = Σ_n,i,j gy    [E.CONVTRANSPOSE2D]

    The adjoint of conv2d with the same weight: <conv2d(a, W), x> = <a, conv_transpose2d(x, W)>.
    x: (n, c, h, w); weight: (c, o, kh, kw); bias: (o,) or None; settings as for conv2d.
    output_padding: rows and columns added below and right, 0 <= output_padding < stride or
    dilation: conv2d with stride s takes s sizes to one, and this says which one comes back.
    Returns (n, o, h', w'), h' = (h - 1) s - 2 p + d (kh - 1) + output_padding + 1.
    Raises ValueError for sizes that do not fit. Source: Dumoulin and Visin 2016, chapter 4.
    """
    name = "conv_transpose2d"
    sx, sw = shape_of(name, "x", x), shape_of(name, "weight", weight)
    floats(name, x=x, weight=weight)
    geometry = geometry_of(name, stride, padding, dilation)
    extra = pair(name, "output_padding", output_padding, 0)
    check(name, sx, sw, 0, "(in, out, kh, kw)", bias, sw[1:2])
    check_output_padding(name, extra, geometry)
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, e, s, p, d in zip(sx[2:], sw[2:], extra, *geometry, strict=True)
    )
    if min(size) < 1:
        raise ValueError(
            f"{name}: nothing is left of the image, its size would be {size}; got x {sx}, weight "
            f"{sw}, padding {geometry.padding}; pad less"
        )
    if bias is None:
        return _transpose(x, weight, size=size, geometry=geometry)
    return _transpose_bias(x, weight, bias, size=size, geometry=geometry)


def conv2d_weight(
    x: Any,
    gy: Any,
    *,
    kernel: Sizes,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Any:
    """gW[o, c, u, v] = Σ_n,i,j x[n, c, s i + d u - p, s j + d v - p] gy[n, o, i, j]    [E.CONV2D]

    The third of the three maps: <conv2d(x, W), gy> = <conv2d_weight(x, gy), W>. It is what
    conv2d's rule for the weight returns. x: (n, c, h, w); gy: (n, o, h', w'), the shape that
    conv2d gives; kernel: (kh, kw) -> (o, c, kh, kw). Raises ValueError for sizes that do not fit.
    """
    name = "conv2d_weight"
    sx, sy = shape_of(name, "x", x), shape_of(name, "gy", gy)
    floats(name, x=x, gy=gy)
    geometry, size = geometry_of(name, stride, padding, dilation), pair(name, "kernel", kernel, 1)
    fits = len(sx) == 4 and sy == (sx[0], *sy[1:2], *geometry.output((sx[2], sx[3]), size))
    if not fits:
        raise ValueError(
            f"{name}: gy must have the shape of conv2d's result; got x {sx}, gy {sy}, kernel "
            f"{size}, stride {geometry.stride}, padding {geometry.padding}, dilation "
            f"{geometry.dilation}"
        )
    return _weight_of(x, gy, kernel=size, geometry=geometry)


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Any:
    """y[n, o, i] = b[o] + Σ_c,u x[n, c, s i + d u - p] W[o, c, u]    [E.CONV2D] with one row

    x: (n, c, length); weight: (o, c, k); bias: (o,) or None -> (n, o, length').
    Raises ValueError for sizes that do not fit.
    """
    sx, sw = shape_of("conv1d", "x", x), shape_of("conv1d", "weight", weight)
    floats("conv1d", x=x, weight=weight)
    if len(sx) != 3 or len(sw) != 3 or sx[1] != sw[1]:
        raise ValueError(
            f"conv1d: x must be (n, in, length) and weight (out, in, k); got x {sx}, weight {sw}"
        )
    check_steps("conv1d", stride=stride, dilation=dilation, padding=padding)
    y = conv2d(
        x.reshape((*sx[:2], 1, sx[2])),
        weight.reshape((*sw[:2], 1, sw[2])),
        bias,
        stride=(1, stride),
        padding=(0, padding),
        dilation=(1, dilation),
    )
    return y.reshape((sx[0], sw[0], y.shape[3]))


# ---------------------------------------------------------------- arguments
def check_steps(operation: str, stride: int, dilation: int, padding: int) -> None:
    """Raise ValueError unless these are integers, padding at least 0 and the others at least 1."""
    try:
        fits = index(stride) >= 1 and index(dilation) >= 1 and index(padding) >= 0
    except TypeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{operation}: stride and dilation must be integers >= 1 and padding >= 0; got "
            f"{stride!r}, {dilation!r}, {padding!r}"
        )


def pair(operation: str, name: str, value: Sizes, least: int) -> Pair:
    """A setting as (vertical, horizontal). Raises ValueError below ``least``."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    try:
        both = tuple(index(n) for n in both)
    except TypeError:  # a fraction, say
        both = ()
    if len(both) != 2 or min(both) < least:
        raise ValueError(
            f"{operation}: {name} must be an integer >= {least} or two of them, (vertical, "
            f"horizontal); got {value!r}"
        )
    return both[0], both[1]


def geometry_of(operation: str, stride: Sizes, padding: Sizes, dilation: Sizes) -> Geometry:
    return Geometry(
        pair(operation, "stride", stride, 1),
        pair(operation, "padding", padding, 0),
        pair(operation, "dilation", dilation, 1),
    )


def check_output_padding(operation: str, extra: Pair, geometry: Geometry) -> None:
    """Raise ValueError where a convolution of that stride would not have left out so much."""
    if any(
        e >= max(s, d) for e, s, d in zip(extra, geometry.stride, geometry.dilation, strict=True)
    ):
        raise ValueError(
            f"{operation}: output_padding must be smaller than stride or dilation; got {extra}, "
            f"stride {geometry.stride}, dilation {geometry.dilation}"
        )


def check(
    operation: str, x: Any, weight: Any, channels: int, layout: str, bias: Any, wanted: Any
) -> None:
    """Raise ValueError unless image, weight and bias fit; channels: weight's axis for x's."""
    if len(x) != 4 or len(weight) != 4 or x[1] != weight[channels]:
        raise ValueError(
            f"{operation}: x.shape[1] must equal weight.shape[{channels}]; got x {x}, weight "
            f"{weight}; x is laid out (n, channels, h, w), weight {layout}"
        )
    if bias is not None and shape_of(operation, "bias", bias) != tuple(wanted):
        raise ValueError(
            f"{operation}: bias must have shape {tuple(wanted)}, one number for each output "
            f"channel; got {tuple(bias.shape)} (weight {weight})"
        )
