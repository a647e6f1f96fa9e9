"""Floor 2: the primitives, by family, each with its vector-Jacobian products beside it.

Ops know arrays, not tensors: they take plain arrays as well and then return plain arrays.
"""

from minigen.ops.activation import (
    elu,
    gelu,
    leaky_relu,
    normal_cdf,
    normal_pdf,
    relu,
    sigmoid,
    softplus,
)
from minigen.ops.convolution import conv1d, conv2d, conv2d_weight, conv_transpose2d
from minigen.ops.elementwise import (
    absolute,
    add,
    clip,
    cos,
    divide,
    erf,
    exp,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    sin,
    sqrt,
    subtract,
    tanh,
    where,
)
from minigen.ops.indexing import embedding, getitem, put, put_rows
from minigen.ops.likelihood import bernoulli_log_prob, cross_entropy
from minigen.ops.linalg import linear, matmul
from minigen.ops.lstm import lstm, lstm_steps
from minigen.ops.normalisation import batch_norm, layer_norm
from minigen.ops.pooling import (
    avg_pool2d,
    max_pool2d,
    max_pool2d_indices,
    max_unpool2d,
)
from minigen.ops.precision import astype
from minigen.ops.reduction import (
    Axis,
    log_softmax,
    logsumexp,
    mean,
    reduce_max,
    reduce_min,
    reduce_sum,
    softmax,
    softmax_where,
    var,
)
from minigen.ops.shape import (
    broadcast_to,
    concatenate,
    flatten,
    flip,
    pad,
    repeat,
    reshape,
    split,
    stack,
    swapaxes,
    transpose,
    unflatten,
)
from minigen.ops.upsampling import unpool2d, upsample_bilinear2d, upsample_nearest2d

__all__ = [
    "Axis", "absolute", "add", "astype", "avg_pool2d", "batch_norm", "bernoulli_log_prob",
    "broadcast_to", "clip", "concatenate", "conv1d", "conv2d", "conv2d_weight", "conv_transpose2d",
    "cos", "cross_entropy", "divide", "elu", "embedding", "erf", "exp", "flatten", "flip", "gelu",
    "getitem", "layer_norm", "leaky_relu", "linear", "log", "log1p", "log_softmax", "logsumexp",
    "lstm", "lstm_steps", "matmul", "max_pool2d", "max_pool2d_indices", "max_unpool2d", "maximum",
    "mean", "minimum", "multiply", "negative", "normal_cdf", "normal_pdf", "pad", "power", "put",
    "put_rows", "reduce_max", "reduce_min", "reduce_sum", "relu", "repeat", "reshape", "sigmoid",
    "sin", "softmax", "softmax_where", "softplus", "split", "sqrt", "stack", "subtract", "swapaxes",
    "tanh", "transpose", "unflatten", "unpool2d", "upsample_bilinear2d", "upsample_nearest2d",
    "var", "where",
]  # fmt: skip
