"""One convolution in PyTorch, forward and backward."""

from collections.abc import Callable

import torch
from torch import nn


def make_step(
    channels: int = 64, to: int = 128, kernel: int = 4, stride: int = 2
) -> Callable[[], None]:
    """y = conv2d(x), and its gradients for a fixed cotangent."""
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, to, kernel, stride=stride, padding=1)
    x = torch.randn(128, channels, 14, 14, requires_grad=True)
    gy = torch.randn(layer(x).shape)

    def step() -> None:
        x.grad = None
        layer.zero_grad(set_to_none=True)
        layer(x).backward(gy)

    return step
