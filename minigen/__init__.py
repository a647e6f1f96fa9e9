"""minigen: deep generative models from scratch.

    import minigen

    x = minigen.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (minigen.tanh(x) ** 2).sum()
    y.backward()
    print(x.grad)

Here are tensors, their operations and the tools around them. The rest is in the packages
``nn``, ``optim``, ``objectives``, ``data``, ``models``, ``training`` and ``metrics``.
"""

from minigen.autograd import GraphError, detect_anomaly, grad, no_grad
from minigen.backend import (
    BackendError,
    Generator,
    asarray,
    configure_from_environment,
    generator,
    info,
    keep_freed_memory,
    to_numpy,
    use_backend,
)
from minigen.creation import arange, ones, tensor, zeros
from minigen.drawing import draw_graph
from minigen.functional import attention, causal_mask, dropout, gaussian_log_prob
from minigen.gradcheck import GradientError, gradcheck
from minigen.ops import (
    absolute,
    avg_pool2d,
    batch_norm,
    bernoulli_log_prob,
    broadcast_to,
    clip,
    concatenate,
    conv1d,
    conv2d,
    conv_transpose2d,
    cos,
    cross_entropy,
    elu,
    embedding,
    erf,
    exp,
    flip,
    gelu,
    layer_norm,
    leaky_relu,
    linear,
    log,
    log1p,
    log_softmax,
    logsumexp,
    lstm,
    matmul,
    max_pool2d,
    max_unpool2d,
    maximum,
    mean,
    minimum,
    pad,
    relu,
    repeat,
    reshape,
    sigmoid,
    sin,
    softmax,
    softplus,
    split,
    sqrt,
    stack,
    tanh,
    transpose,
    unpool2d,
    upsample_bilinear2d,
    upsample_nearest2d,
    var,
    where,
)
from minigen.tensor import Tensor

__version__ = "0.1.0"

keep_freed_memory()
configure_from_environment()

__all__ = [
    "BackendError", "Generator", "GradientError", "GraphError", "Tensor", "absolute", "arange",
    "asarray", "attention", "avg_pool2d", "batch_norm", "bernoulli_log_prob", "broadcast_to",
    "causal_mask", "clip", "concatenate", "conv1d", "conv2d", "conv_transpose2d", "cos",
    "cross_entropy", "detect_anomaly", "draw_graph", "dropout", "elu", "embedding", "erf", "exp",
    "flip", "gaussian_log_prob", "gelu", "generator", "grad", "gradcheck", "info", "layer_norm",
    "leaky_relu", "linear", "log", "log1p", "log_softmax", "logsumexp", "lstm", "matmul",
    "max_pool2d", "max_unpool2d", "maximum", "mean", "minimum", "no_grad", "ones", "pad", "relu",
    "repeat", "reshape", "sigmoid", "sin", "softmax", "softplus", "split", "sqrt", "stack", "tanh",
    "tensor", "to_numpy", "transpose", "unpool2d", "upsample_bilinear2d", "upsample_nearest2d",
    "use_backend", "var", "where", "zeros",
]  # fmt: skip
