"""Which form of a convolution runs: windows, or planes where an array has few channels; a device's
own kernels where it has them.

With stride 1, a transposed convolution is an ordinary one of the kernel turned round, and the other
way about: roles change where it is the result's side that has few channels, and where both have
many, for an ordinary convolution needs no interleaving.
"""

from types import ModuleType

from minigen.backend import Array, kernels_of
from minigen.ops import convolve_kernels, convolve_planes, convolve_windows
from minigen.ops.convolve import Geometry, Pair
from minigen.ops.convolve_planes import FEW


def form(channels: int) -> ModuleType:
    """The module that is faster for an image of so many channels."""
    return convolve_planes if channels <= FEW else convolve_windows


def exchanged(kernel: Pair, g: Geometry) -> Geometry | None:
    """The geometry with x and y exchanged, where there is one: with stride 1."""
    if g.stride != (1, 1):
        return None
    padding = tuple(d * (k - 1) - p for d, k, p in zip(g.dilation, kernel, g.padding, strict=True))
    return None if min(padding) < 0 else Geometry(g.stride, (padding[0], padding[1]), g.dilation)


def turned(weight: Array) -> Array:
    """The kernel turned round by half a turn, its channels exchanged."""
    return weight[:, :, ::-1, ::-1].swapaxes(0, 1)


def conv(x: Array, weight: Array, g: Geometry, bias: Array | None = None) -> Array:
    if kernels_of(x):
        return convolve_kernels.conv(x, weight, g, bias)
    o, c, *kernel = weight.shape
    other = exchanged((kernel[0], kernel[1]), g) if o <= FEW < c else None
    if other:
        size = g.output(x.shape[2:], (kernel[0], kernel[1]))
        return convolve_planes.transpose(x, turned(weight), size, other, bias)
    return form(c).conv(x, weight, g, bias)


def transpose(y: Array, weight: Array, size: Pair, g: Geometry, bias: Array | None = None) -> Array:
    if kernels_of(y):
        return convolve_kernels.transpose(y, weight, size, g, bias)
    o, c, *kernel = weight.shape
    other = exchanged((kernel[0], kernel[1]), g) if c > FEW else None
    if other and other.output(y.shape[2:], (kernel[0], kernel[1])) == tuple(size):
        return form(o).conv(y, turned(weight), other, bias)
    return form(c).transpose(y, weight, size, g, bias)


def weight_of(x: Array, y: Array, kernel: Pair, g: Geometry) -> Array:
    if kernels_of(x):
        return convolve_kernels.weight_of(x, y, kernel, g)
    other = exchanged(kernel, g) if y.shape[1] <= FEW < x.shape[1] else None
    if other and other.output(y.shape[2:], kernel) == tuple(x.shape[2:]):
        return turned(convolve_planes.weight_of(y, x, kernel, other))
    return form(x.shape[1]).weight_of(x, y, kernel, g)
