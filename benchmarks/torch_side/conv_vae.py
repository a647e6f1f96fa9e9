"""The convolutional VAE in PyTorch, with the layers of minigen's side, in its usual layout."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.torch_side import Batch, Compile, Train, as_it_is, random_batches, step_of

BATCH = 128


class ConvVAE(nn.Module):
    """Convolution and pooling twice, 20 codes, two transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
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


def make_training(
    batch_size: int = BATCH, device: str = "cpu", compiled: Compile = as_it_is, **adam: Any
) -> tuple[Train, Batch]:
    """What trains on a mini-batch, and what draws one. compiled: what is done to loss functions;
    adam: more settings of the optimiser."""
    torch.manual_seed(0)
    model = ConvVAE().to(device)
    optimizer = torch.optim.Adam(model.parameters(), **{"lr": 1e-3, **adam})

    @compiled
    def loss_of(x: torch.Tensor) -> torch.Tensor:
        logits, mean, log_var = model(x)
        cross_entropy = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        return (cross_entropy + kl) / len(x)

    def train(x: torch.Tensor) -> None:
        loss = loss_of(x)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return train, random_batches(batch_size, device)


def make_step() -> Callable[[], None]:
    """One step up the evidence lower bound on a fresh mini-batch."""
    return step_of(make_training())
