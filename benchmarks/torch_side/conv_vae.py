"""The convolutional VAE in PyTorch, with the layers of minigen's side, in its usual layout."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.torch_side import random_batches

BATCH = 128


class ConvVAE(nn.Module):
    """Convolution and pooling twice, 20 codes, two transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
        )  # fmt: skip
        self.mean = nn.Linear(64 * 7 * 7, 20)
        self.log_var = nn.Linear(64 * 7 * 7, 20)
        self.decoder = nn.Sequential(
            nn.Linear(20, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Flatten(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        h = self.encoder(x)
        mean, log_var = self.mean(h), self.log_var(h)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        return self.decoder(z), mean, log_var


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on a fresh mini-batch."""
    torch.manual_seed(0)
    model = ConvVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batch = random_batches(BATCH)

    def step() -> None:
        x = batch()
        logits, mean, log_var = model(x)
        cross_entropy = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        loss = (cross_entropy + kl) / BATCH
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
