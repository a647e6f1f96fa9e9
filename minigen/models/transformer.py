"""A language model that looks back instead of remembering: a small causal transformer."""

from typing import Any

from minigen import nn
from minigen.backend import Generator, xp
from minigen.functional import causal_mask, dropout
from minigen.nn.initialisers import normal
from minigen.ops import gelu
from minigen.ops.shape import shape_of
from minigen.tensor import Tensor


class Block(nn.Module):
    """x + attention(norm(x)), then x + dense(norm(x)): one round of looking and thinking.

    size: features; heads: of the attention; rng: where weights and masks are drawn; dropout: the
    probability with which what a part adds is left out, number by number, while training. The
    dense part is four times as wide inside. Source: Vaswani et al. 2017, with the norms in front
    (Xiong et al. 2020).
    """

    def __init__(self, size: int, heads: int, *, rng: Generator, dropout: float = 0.0) -> None:
        self.norm1 = nn.LayerNorm(size)
        self.attention = nn.MultiHeadAttention(size, heads, rng=rng)
        self.norm2 = nn.LayerNorm(size)
        self.wide = nn.Dense(size, 4 * size, rng=rng)
        self.back = nn.Dense(4 * size, size, rng=rng)
        self.dropout, self.rng = dropout, rng

    def forward(self, x: Any, mask: Any) -> Any:
        seen, _ = self.attention(self.norm1(x), None, None, mask)
        x = x + self._dropped(seen)
        return x + self._dropped(self.back(gelu(self.wide(self.norm2(x)))))

    def _dropped(self, h: Any) -> Any:
        return dropout(h, self.dropout, self.rng) if self.training else h


class CharTransformer(nn.Module):
    """Embedding and place -> blocks of causal attention -> logits of the next symbol.

    symbols: size of the vocabulary; size: features, a multiple of heads; layers: blocks; context:
    how many symbols back it can look at most; rng: where weights and masks are drawn; dropout: as
    for ``Block``. Sequences are integers (steps, n), time first.

    Its state is the text itself, the last ``context`` symbols: what a recurrent net is handed as a
    note, the transformer reads again. Source: Radford et al. 2018.
    """

    def __init__(
        self,
        symbols: int,
        size: int = 128,
        heads: int = 4,
        layers: int = 2,
        context: int = 64,
        *,
        rng: Generator,
        dropout: float = 0.0,
    ) -> None:
        if layers < 1 or context < 1:
            raise ValueError(
                f"CharTransformer: layers and context must be at least 1; got {layers}, {context}"
            )
        self.embedding = nn.Embedding(symbols, size, rng=rng, init=normal(0.02))
        self.place = nn.Embedding(context, size, rng=rng, init=normal(0.02))
        blocks = [Block(size, heads, rng=rng, dropout=dropout) for _ in range(layers)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(size)
        self.head = nn.Dense(size, symbols, rng=rng, bias=False)
        self.symbols, self.context = symbols, context

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """Logits of the symbol after each one: (steps, n) -> (steps, n, symbols), and the symbols
        to hand to the next call: each call reads at most ``context`` of them, its own included.

        Raises ValueError for another shape, and for more steps than the context.
        """
        raw = x.array if isinstance(x, Tensor) else x
        shape = shape_of("CharTransformer", "x", raw)
        before = () if state is None else tuple(state[0].shape)
        if len(shape) != 2 or shape[0] < 1 or (before and before[1:] != shape[1:]):
            raise ValueError(
                "CharTransformer: x must be (steps, n), at least one step, and the state of the "
                f"same n texts; got x {shape}, state {before or None}"
            )
        steps = len(raw)
        if steps > self.context:
            raise ValueError(
                f"CharTransformer: at most {self.context} symbols at once (context); got {steps}; "
                "take shorter windows"
            )
        module = xp(raw)
        if state is not None:  # go on: read again what still fits
            raw = module.concatenate([state[0], raw])[-self.context :]
        h = self.embedding(raw) + self.place(module.arange(len(raw)))[:, None]
        mask = causal_mask(len(raw), raw)
        for block in self.blocks:
            h = block(h, mask)
        logits = self.head(self.norm(h))
        return logits[len(raw) - steps :], (raw,)
