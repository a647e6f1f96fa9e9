"""The sentence VAE in PyTorch: its fused LSTMs, its cross-entropy, its Adam."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy

BATCH, STEPS, VOCABULARY, CODE = 32, 16, 1000, 16


class RVAE(nn.Module):
    """Embedding of 64, an LSTM of 128 in, a code of 16, an LSTM of 128 out."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.encoder = nn.LSTM(64, 128)
        self.mean = nn.Linear(128, CODE)
        self.log_var = nn.Linear(128, CODE)
        self.decoder = nn.LSTM(64 + CODE, 128)
        self.head = nn.Linear(128, VOCABULARY)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        _, (h, _) = self.encoder(self.embedding(x))
        mean, log_var = self.mean(h[-1]), self.log_var(h[-1])
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        repeated = z.expand(len(x), *z.shape)
        h, _ = self.decoder(torch.cat([self.embedding(before), repeated], dim=2))
        return self.head(h), mean, log_var


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on the next batch of sentences of one length."""
    torch.manual_seed(0)
    model = RVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    text = torch.randint(1, VOCABULARY, (64, STEPS, BATCH))
    turn = 0

    def step() -> None:
        nonlocal turn
        turn += 1
        x = text[turn % len(text)]
        logits, mean, log_var = model(x)
        nll = cross_entropy(logits.reshape(-1, VOCABULARY), x.reshape(-1), reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        loss = (nll + kl) / BATCH
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
