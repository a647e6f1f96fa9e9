"""The character transformer in PyTorch: its fused attention, its layer norm, its Adam."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

BATCH, STEPS, VOCABULARY, SIZE, HEADS = 32, 64, 96, 128, 4


class Block(nn.Module):
    """x + attention(norm(x)), then x + dense(norm(x)), four times as wide inside."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.project, self.out = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
        self.dense = nn.Sequential(nn.Linear(SIZE, 4 * SIZE), nn.GELU(), nn.Linear(4 * SIZE, SIZE))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, steps, _ = x.shape
        heads = self.project(self.norm1(x)).view(n, steps, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, steps, SIZE))
        return x + self.dense(self.norm2(x))


class CharTransformer(nn.Module):
    """Embedding and place, two blocks, a norm, logits; texts (n, steps), as PyTorch is fastest."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.place = nn.Embedding(VOCABULARY, SIZE), nn.Embedding(STEPS, SIZE)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.head = nn.LayerNorm(SIZE), nn.Linear(SIZE, VOCABULARY, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embedding(x) + self.place(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(h)))


def make_step() -> Callable[[], None]:
    """One step down the mean surprise of the next window."""
    torch.manual_seed(0)
    model = CharTransformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    text = torch.randint(VOCABULARY, (64, BATCH, STEPS + 1))
    turn = 0

    def step() -> None:
        nonlocal turn
        window, turn = text[turn % len(text)], turn + 1
        logits = model(window[:, :-1])
        loss = cross_entropy(logits.reshape(-1, VOCABULARY), window[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
