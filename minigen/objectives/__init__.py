"""Floor 5: what is optimised. Named functions that return named parts, in nats."""

from minigen.objectives.adversarial import (
    DiscriminatorLoss,
    discriminator_loss,
    generator_loss_minimax,
    generator_loss_nonsaturating,
)
from minigen.objectives.divergences import (
    free_bits_kl,
    gaussian_kl,
    gaussian_kl_between,
    gaussian_kl_monte_carlo,
)
from minigen.objectives.elbo import Elbo, elbo
from minigen.objectives.likelihoods import (
    bernoulli_log_likelihood,
    binomial_log_likelihood,
    gaussian_log_likelihood,
    mean_squared_error,
)

__all__ = [
    "DiscriminatorLoss",
    "Elbo",
    "bernoulli_log_likelihood",
    "binomial_log_likelihood",
    "discriminator_loss",
    "elbo",
    "free_bits_kl",
    "gaussian_kl",
    "gaussian_kl_between",
    "gaussian_kl_monte_carlo",
    "gaussian_log_likelihood",
    "generator_loss_minimax",
    "generator_loss_nonsaturating",
    "mean_squared_error",
]
