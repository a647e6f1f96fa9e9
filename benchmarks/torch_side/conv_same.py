"""One convolution of 3x3 in PyTorch, forward and backward."""

from collections.abc import Callable
from functools import partial

from benchmarks.torch_side import conv_halving

make_step: Callable[[], Callable[[], None]] = partial(
    conv_halving.make_step, channels=32, to=64, kernel=3, stride=1
)
