"""Layers that look things up: every position asks all positions, and averages their answers.

Sequences are (steps, n, features), time first, as for the recurrent layers.
"""

from typing import Any

from minigen.backend import Generator
from minigen.functional import attention, dropout, masked_softmax
from minigen.nn.checks import check_sizes
from minigen.nn.dense import Dense
from minigen.nn.initialisers import xavier_uniform, zeros
from minigen.nn.module import Module
from minigen.nn.parameter import Parameter
from minigen.ops import linear, reduce_sum, reshape, swapaxes, tanh, transpose


class MultiHeadAttention(Module):
    """y = concat(head_1 ... head_h) W_oᵀ + b_o, head_i = attention(q W_qᵢᵀ, k W_kᵢᵀ, v W_vᵢᵀ)
    [E.ATTENTION]

    embed_dim: features, divisible by num_heads: how many heads look, each at embed_dim / num_heads
    features. rng: where weights and masks are drawn. dropout: the probability with which, while
    training, a weight of attention is left out. Parameters as in PyTorch: ``in_proj_weight``
    (3 embed_dim, embed_dim), the rows of W_q, W_k, W_v; ``in_proj_bias``; ``out_proj.weight``,
    ``out_proj.bias``.

    Input q (queries, n, embed_dim), k and v (keys, n, embed_dim), mask: None, or booleans that
    broadcast to (n, heads, queries, keys), True where a query may look; (queries, keys) is for all.
    Returns y (queries, n, embed_dim) and the weights (n, heads, queries, keys).
    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        rng: Generator,
        dropout: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("MultiHeadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if not 0 <= dropout < 1:
            raise ValueError(f"MultiHeadAttention: dropout must lie in [0, 1); got {dropout}")
        if embed_dim % num_heads:
            raise ValueError(
                "MultiHeadAttention: embed_dim must be a multiple of num_heads; got "
                f"{embed_dim} and {num_heads}"
            )
        self.num_heads, self.dropout, self.rng = num_heads, dropout, rng
        self.in_proj_weight = Parameter(xavier_uniform((3 * embed_dim, embed_dim), rng, dtype))
        self.in_proj_bias = Parameter(zeros((3 * embed_dim,), rng, dtype))
        self.out_proj = Dense(embed_dim, embed_dim, rng=rng, dtype=dtype)

    def forward(self, q: Any, k: Any = None, v: Any = None, mask: Any = None) -> tuple[Any, Any]:
        size = self.in_proj_weight.shape[1]
        k = q if k is None else k
        v = k if v is None else v
        for name, x in (("q", q), ("k", k), ("v", v)):
            if len(x.shape) != 3 or x.shape[2] != size:
                raise ValueError(
                    f"MultiHeadAttention: {name} must be (steps, n, {size}), time first; got "
                    f"{tuple(x.shape)}"
                )
        if q.shape[1] != k.shape[1] or tuple(k.shape[:2]) != tuple(v.shape[:2]):
            raise ValueError(
                "MultiHeadAttention: q, k and v must have one n, and k and v as many steps; got "
                f"{tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)}"
            )
        rows = [slice(i * size, (i + 1) * size) for i in range(3)]
        shape = tuple(q.shape)
        q, k, v = (
            self._heads(linear(x, self.in_proj_weight[part], self.in_proj_bias[part]))
            for x, part in zip((q, k, v), rows, strict=True)
        )
        y, weights = attention(q, k, v, mask)
        if self.training and self.dropout:
            y = dropout(weights, self.dropout, self.rng) @ v
        together = reshape(transpose(y, axes=(2, 0, 1, 3)), shape=shape)
        return self.out_proj(together), weights

    def _heads(self, x: Any) -> Any:
        """(steps, n, embed_dim) -> (n, heads, steps, embed_dim / heads)"""
        steps, n, size = x.shape
        split = reshape(x, shape=(steps, n, self.num_heads, size // self.num_heads))
        return transpose(split, axes=(1, 2, 0, 3))

    def describe(self) -> str:
        return f"{self.in_proj_weight.shape[1]}, {self.num_heads} heads"


class AdditiveAttention(Module):
    """y = Σ_i a_i v_i, a = softmax_i(wᵀ tanh(W q + U k_i)): attention before it was a product
    [E.ADDITIVEATTENTION]

    query_size, key_size: features of a query and of a key; hidden_size: how many features the two
    are compared in; rng: where the weights are drawn. Parameters: ``query.weight`` W (hidden,
    query), ``key.weight`` U (hidden, key), ``key.bias``, ``score.weight`` w (1, hidden).

    Input q (n, query_size), one query for each sequence; k (steps, n, key_size); v (steps, n,
    features), k itself if left out; mask: None or booleans (steps, n), True where to look. Returns
    y (n, features) and the weights a (steps, n).
    Source: Bahdanau, Cho and Bengio 2015, section 3.1.
    """

    def __init__(
        self,
        query_size: int,
        key_size: int,
        hidden_size: int,
        *,
        rng: Generator,
        dtype: Any = "float32",
    ) -> None:
        check_sizes("AdditiveAttention", query=query_size, key=key_size, hidden=hidden_size)
        self.query = Dense(query_size, hidden_size, rng=rng, bias=False, dtype=dtype)
        self.key = Dense(key_size, hidden_size, rng=rng, dtype=dtype)
        self.score = Dense(hidden_size, 1, rng=rng, bias=False, dtype=dtype)

    def forward(self, q: Any, k: Any, v: Any = None, mask: Any = None) -> tuple[Any, Any]:
        v = k if v is None else v
        fits = len(q.shape) == 2 and len(k.shape) == 3 and q.shape[0] == k.shape[1]
        if not fits or tuple(k.shape[:2]) != tuple(v.shape[:2]):
            raise ValueError(
                "AdditiveAttention: q must be (n, query), k (steps, n, key) and v (steps, n, "
                f"features); got {tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)}"
            )
        scores = self.score(tanh(self.query(q) + self.key(k)))[..., 0]  # (steps, n)
        last = None if mask is None else mask.T
        weights = swapaxes(masked_softmax(swapaxes(scores, 0, 1), last), 0, 1)
        return reduce_sum(reshape(weights, shape=(*weights.shape, 1)) * v, axis=0), weights

    def describe(self) -> str:
        hidden, size = self.key.weight.shape
        return f"{self.query.weight.shape[1]} and {size} -> {hidden}"
