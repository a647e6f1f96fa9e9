"""One convolution, forward and backward: (128, 64, 14, 14), 4x4 with stride 2, to 128 channels.

DCGAN's heaviest layer. The gradients of the images, of the weight and of the bias are computed.
"""

from collections.abc import Callable

import minigen
from minigen import nn


def make_step(
    channels: int = 64, to: int = 128, kernel: int = 4, stride: int = 2
) -> Callable[[], None]:
    """y = conv2d(x), and its gradients for a fixed cotangent."""
    rng = minigen.generator(0)
    layer = nn.Conv2d(channels, to, kernel, stride=stride, padding=1, rng=rng)
    x = minigen.tensor(rng.normal((128, channels, 14, 14)), requires_grad=True)
    gy = rng.normal(layer(x).shape)

    def step() -> None:
        x.grad = None
        layer.zero_grad()
        layer(x).backward(gy)

    return step
