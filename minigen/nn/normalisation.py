"""Layers that bring numbers to mean 0 and variance 1, and learn scale and shift anew."""

from typing import Any, ClassVar

from minigen.backend import active
from minigen.nn.checks import check_epsilon, check_sizes
from minigen.nn.module import Module, new_buffer
from minigen.nn.parameter import Parameter
from minigen.ops import batch_norm, layer_norm, sqrt
from minigen.ops.normalisation import by_channel, check_channels


class BatchNorm1d(Module):
    """y = γ (x - m) / √(v + ε) + β, for each channel    [E.BATCHNORM]

    While training, m and v are the batch's, over all but the axis of channels, and running
    averages are kept: running += momentum · (batch's - running), the variance with 1/(n - 1).
    After eval(), m and v are the running ones, and examples no longer see one another.
    num_features: channels, >= 1; epsilon: added to the variance; momentum: in [0, 1]. Parameters
    ``weight`` (γ) and ``bias`` (β), buffers ``running_mean``, ``running_var`` and
    ``num_batches_tracked``, as PyTorch's. Input (n, c) or (n, c, length), output the same.
    """

    axes: ClassVar[tuple[int, ...]] = (2, 3)

    def __init__(
        self,
        num_features: int,
        *,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        dtype: Any = "float32",
    ) -> None:
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        check_epsilon(name, epsilon, dtype)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum must lie in [0, 1]; got {momentum}")
        self.epsilon, self.momentum = float(epsilon), float(momentum)
        self.weight = Parameter(active().ones(num_features, dtype=dtype))
        self.bias = Parameter(active().zeros(num_features, dtype=dtype))
        self.running_mean = new_buffer((num_features,), 0.0, dtype)
        self.running_var = new_buffer((num_features,), 1.0, dtype)
        self.num_batches_tracked = new_buffer((), 0, "int64")

    def forward(self, x: Any) -> Any:
        if len(x.shape) not in self.axes:
            raise ValueError(
                f"{type(self).__name__}: x must have {' or '.join(map(str, self.axes))} axes, the "
                f"channels second; got {tuple(x.shape)}"
            )
        if not self.training:
            return self.normalise_by_running(x)
        y, (mean, var, n) = batch_norm(x, self.weight, self.bias, epsilon=self.epsilon)
        for running, found in (
            (self.running_mean, mean),
            (self.running_var, var * (n / (n - 1))),
        ):
            old = running.array
            running.assign(old + self.momentum * (found - old))
        self.num_batches_tracked.assign(self.num_batches_tracked.array + 1)
        return y

    def normalise_by_running(self, x: Any) -> Any:
        """The same line for every example: y = scale · x + shift."""
        check_channels(type(self).__name__, x, running_mean=self.running_mean)
        scale = self.weight / sqrt(self.running_var + self.epsilon)
        shift = self.bias - self.running_mean * scale
        return x * by_channel(scale, x) + by_channel(shift, x)

    def describe(self) -> str:
        return f"{self.weight.shape[0]}"


class BatchNorm2d(BatchNorm1d):
    """BatchNorm1d's formula over images    [E.BATCHNORM]    (n, c, h, w) -> (n, c, h, w)"""

    axes: ClassVar[tuple[int, ...]] = (4,)


class LayerNorm(Module):
    """y = γ (x - m) / √(v + ε) + β, for each example    [E.LAYERNORM]

    normalized_shape: sizes of the last axes, over which m and v are taken; epsilon: added to
    the variance. Parameters ``weight`` (γ) and ``bias`` (β) of that shape, as PyTorch's. The
    same while training and after eval(). Input (..., *normalized_shape), output the same.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        *,
        epsilon: float = 1e-5,
        dtype: Any = "float32",
    ) -> None:
        several = isinstance(normalized_shape, tuple | list)
        shape: Any = tuple(normalized_shape) if several else (normalized_shape,)  # type: ignore[arg-type]
        if not shape:
            raise ValueError("LayerNorm: normalized_shape must name at least one axis; got ()")
        check_sizes("LayerNorm", **{f"axis {i}": size for i, size in enumerate(shape)})
        check_epsilon("LayerNorm", epsilon, dtype)
        self.epsilon = float(epsilon)
        self.weight = Parameter(active().ones(shape, dtype=dtype))
        self.bias = Parameter(active().zeros(shape, dtype=dtype))

    def forward(self, x: Any) -> Any:
        return layer_norm(x, self.weight, self.bias, epsilon=self.epsilon)

    def describe(self) -> str:
        return " x ".join(map(str, self.weight.shape))
