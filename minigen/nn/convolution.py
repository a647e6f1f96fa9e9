"""Layers that move a kernel over a sequence or an image."""

from typing import Any

from minigen.backend import Generator, xp
from minigen.nn.checks import check_sizes
from minigen.nn.initialisers import Initialiser, xavier_uniform, zeros
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.ops import conv1d, conv2d, conv_transpose2d
from minigen.ops.convolution import Sizes, check_output_padding, check_steps, geometry_of, pair


class Conv1d(Module):
    """y[n, o, i] = b[o] + Σ_c,u x[n, c, s i + d u - p] W[o, c, u]    [E.CONV2D] with one row

    in_channels, out_channels, kernel_size: integers >= 1; stride >= 1, padding >= 0 (zeros on
    either side) and dilation >= 1 in steps; rng: where the weights are drawn; bias: whether
    there is a b; init: how W begins (b begins at 0). Parameters ``weight`` (out, in, k) and
    ``bias`` (out,), as PyTorch's. Input (n, in, length) -> output (n, out, length').
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        rng: Generator,
        bias: bool = True,
        init: Initialiser = xavier_uniform,
        dtype: Any = "float32",
    ) -> None:
        check_sizes(
            "Conv1d", in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size
        )
        check_steps("Conv1d", stride, dilation, padding)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.weight = Parameter(init((out_channels, in_channels, kernel_size), rng, dtype))
        self.bias = Parameter(zeros((out_channels,), rng, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return conv1d(x, self.weight, self.bias, **settings)

    def describe(self) -> str:
        out, size, kernel = self.weight.shape
        rest = "" if self.bias is not None else ", no bias"
        return f"{size} -> {out}, kernel {kernel}, stride {self.stride}{rest}"


class Conv2d(Module):
    """y[n, o, i, j] = b[o] + Σ_c,u,v x[n, c, s i + d u - p, s j + d v - p] W[o, c, u, v]

    [E.CONV2D]  in_channels, out_channels: integers >= 1; kernel_size, stride, padding, dilation:
    pixels, a number or (vertical, horizontal); rng: where the weights are drawn; bias: whether
    there is a b; init: how W begins (b begins at 0). Parameters ``weight`` (out, in, kh, kw)
    and ``bias`` (out,), as PyTorch's. Input (n, in, h, w) -> output (n, out, h', w').
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        *,
        stride: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        rng: Generator,
        bias: bool = True,
        init: Initialiser = xavier_uniform,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("Conv2d", in_channels=in_channels, out_channels=out_channels)
        geometry_of("Conv2d", stride, padding, dilation)
        kernel = pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.weight = Parameter(init((out_channels, in_channels, *kernel), rng, dtype))
        self.bias = Parameter(zeros((out_channels,), rng, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return conv2d(x, self.weight, self.bias, **settings)

    def describe(self) -> str:
        out, size, *kernel = self.weight.shape
        rest = "" if self.bias is not None else ", no bias"
        return f"{size} -> {out}, kernel {kernel[0]} x {kernel[1]}, stride {self.stride}{rest}"


class ConvTranspose2d(Module):
    """y[n, o, s i + d u - p, s j + d v - p] += x[n, c, i, j] W[c, o, u, v], plus b[o]

    [E.CONVTRANSPOSE2D]  The adjoint of Conv2d with the same weight, which makes images larger.
    Arguments as for Conv2d; output_padding: rows and columns added below and right. init is
    called with the shape (out, in, kh, kw), as for Conv2d. Parameters ``weight``
    (in, out, kh, kw) and ``bias`` (out,), as PyTorch's. Input (n, in, h, w) -> (n, out, h', w').
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        *,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        rng: Generator,
        bias: bool = True,
        init: Initialiser = xavier_uniform,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("ConvTranspose2d", in_channels=in_channels, out_channels=out_channels)
        check_output_padding(
            "ConvTranspose2d",
            pair("ConvTranspose2d", "output_padding", output_padding, 0),
            geometry_of("ConvTranspose2d", stride, padding, dilation),
        )
        kernel = pair("ConvTranspose2d", "kernel_size", kernel_size, 1)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.output_padding = output_padding
        weight = init((out_channels, in_channels, *kernel), rng, dtype)
        self.weight = Parameter(xp(weight).ascontiguousarray(weight.swapaxes(0, 1)))
        self.bias = Parameter(zeros((out_channels,), rng, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        return conv_transpose2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
        )

    def describe(self) -> str:
        size, out, *kernel = self.weight.shape
        rest = "" if self.bias is not None else ", no bias"
        return f"{size} -> {out}, kernel {kernel[0]} x {kernel[1]}, stride {self.stride}{rest}"
