"""Layers without parameters that change the size or the shape of what comes in."""

import math
from typing import Any

from minigen import ops
from minigen.nn.checks import check_sizes
from minigen.nn.module import Module
from minigen.ops.convolution import Sizes
from minigen.ops.pooling import windows


class MaxPool2d(Module):
    """y = the largest number of each window    [E.MAXPOOL]

    kernel_size, stride (kernel_size where None), padding: pixels, a number or (vertical,
    horizontal). Input (n, c, h, w) -> output (n, c, h', w').
    """

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        name = type(self).__name__
        windows(name, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Any) -> Any:
        return ops.max_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)

    def describe(self) -> str:
        return f"{self.kernel_size}"


class AvgPool2d(MaxPool2d):
    """y = the mean of each window    [E.AVGPOOL]    Arguments and shapes as for MaxPool2d."""

    def forward(self, x: Any) -> Any:
        return ops.avg_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)


class MaxUnpool2d(Module):
    """y = x put back to where the largest pixels were, 0 elsewhere    [E.MAXUNPOOL]

    Called with x (n, c, h', w'), the indices of ops.max_pool2d_indices and the size (h, w).
    """

    def forward(self, x: Any, indices: Any, size: tuple[int, int]) -> Any:
        return ops.max_unpool2d(x, indices, size)


class Unpool2d(Module):
    """y = x with zeros between the pixels    [E.UNPOOL]    (n, c, h, w) -> (n, c, s h, s w)."""

    def __init__(self, factor: int = 2) -> None:
        check_sizes(type(self).__name__, factor=factor)
        self.factor = factor

    def forward(self, x: Any) -> Any:
        return ops.unpool2d(x, factor=self.factor)

    def describe(self) -> str:
        return f"{self.factor}"


class UpsampleNearest2d(Unpool2d):
    """y = each pixel of x as a block of s x s    [E.NEAREST]    (n, c, h, w) -> (n, c, s h, s w)"""

    def forward(self, x: Any) -> Any:
        return ops.upsample_nearest2d(x, self.factor)


class UpsampleBilinear2d(Unpool2d):
    """y = straight lines drawn between pixels    [E.BILINEAR]    (n, c, h, w) -> (n, c, s h, s w)

    Centres of pixels keep their places, which is PyTorch's Upsample with align_corners=False
    and not its UpsamplingBilinear2d.
    """

    def forward(self, x: Any) -> Any:
        return ops.upsample_bilinear2d(x, self.factor)


class Flatten(Module):
    """y = each example as one row: (n, ...) -> (n, numbers)"""

    def forward(self, x: Any) -> Any:
        return ops.flatten(x)


class Unflatten(Module):
    """y = each row as an array of ``shape``: (n, numbers) -> (n, *shape)

    shape: integers >= 1 whose product is the length of a row.
    """

    def __init__(self, *shape: int) -> None:
        check_sizes("Unflatten", **{f"axis {k + 1}": size for k, size in enumerate(shape)})
        self.shape = shape

    def forward(self, x: Any) -> Any:
        if len(x.shape) != 2 or x.shape[1] != math.prod(self.shape):
            raise ValueError(
                f"Unflatten: rows must have {math.prod(self.shape)} numbers for the shape "
                f"{self.shape}; got {tuple(x.shape)}"
            )
        return ops.unflatten(x, shape=self.shape)

    def describe(self) -> str:
        return " x ".join(map(str, self.shape))
