"""One row for each objective and composition: how it is called, and on what.

A row takes the arguments of the register's transcription. Where the code draws at random, the
draws are handed to it, so that both compute from the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigen import functional, objectives
from minigen.backend import asarray


class Given:
    """A generator that hands out arrays chosen before, one a call."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def normal(self, shape, dtype):
        draw = self.draws.pop(0)
        assert draw.shape == tuple(shape)
        return asarray(draw.astype(dtype))

    random = normal


@dataclass(frozen=True)
class Row:
    """function(*arrays, *constants): arrays have gradients, constants have none."""

    function: Callable[..., Any]
    arrays: tuple[Any, ...]
    constants: tuple[Any, ...] = ()


def normal(*shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def sampled_kl(mean, log_var, noise):
    return objectives.gaussian_kl_monte_carlo(mean, log_var, len(noise), Given(*noise))


def dropped(x, p, u):
    return functional.dropout(x, p, Given(u))


A, B, C, D = (normal(5, 3, seed=seed) for seed in range(4))
COUNTS = np.random.default_rng(4).integers(0, 9, (5, 3)) / 8
UNIFORM = np.random.default_rng(5).random((5, 3))
REAL, FAKE = normal(6, 1, seed=6), normal(4, 1, seed=7)

ROWS = {
    "GAUSSIAN": Row(functional.gaussian_log_prob, (A, B, C)),
    "REPARAM": Row(functional.reparameterise, (A, B, C)),
    "DROPOUT": Row(dropped, (A,), (0.4, UNIFORM)),
    "BINOMIAL": Row(objectives.binomial_log_likelihood, (COUNTS, A), (8,)),
    "MSE": Row(objectives.mean_squared_error, (A, B)),
    "KLSTANDARD": Row(objectives.gaussian_kl, (A, B)),
    "FREEBITS": Row(objectives.free_bits_kl, (A, B), (0.6,)),
    "KLGAUSS": Row(objectives.gaussian_kl_between, (A, B, C, D)),
    "KLSAMPLED": Row(sampled_kl, (A, B), (np.array([C, D]),)),
    "ELBO": Row(objectives.elbo, (normal(5, seed=8), A, B), (0.7,)),
    "GAND": Row(objectives.discriminator_loss, (REAL, FAKE), (0.9, 0.8)),
    "GANMINIMAX": Row(objectives.generator_loss_minimax, (FAKE,)),
    "GANNONSATURATING": Row(objectives.generator_loss_nonsaturating, (FAKE,)),
}
