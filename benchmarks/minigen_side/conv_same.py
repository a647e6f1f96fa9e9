"""One convolution, forward and backward: (128, 32, 14, 14), 3x3 with padding 1, to 64 channels.

The inner convolution of the conv VAE's encoder.
"""

from collections.abc import Callable
from functools import partial

from benchmarks.minigen_side import conv_halving

make_step: Callable[[], Callable[[], None]] = partial(
    conv_halving.make_step, channels=32, to=64, kernel=3, stride=1
)
