"""The evidence lower bound, which a variational autoencoder climbs."""

import math
from typing import Any, NamedTuple

from minigen.objectives.divergences import gaussian_kl


class Elbo(NamedTuple):
    """The bound and its parts, each the mean over the examples, in nats.

    value = reconstruction - beta · kl. With beta = 1, value <= mean log p(x), and the gap is
    KL(q(z|x) || p(z|x)): the bound is an equality only where q is the true posterior.
    """

    value: Any
    reconstruction: Any
    kl: Any


def elbo(log_likelihood: Any, mean: Any, log_var: Any, beta: float = 1.0) -> Elbo:
    """ELBO = E_q[log p(x|z)] - β KL(q(z|x) || p(z))    [E.ELBO]

    log_likelihood: (n,) log p(x|z) at one draw z ~ q for each x, nats (the one-sample estimate
    of the expectation); mean, log_var: (n, d) of q(z|x) = N(μ, σ²), log_var = log σ²; prior
    p(z) = N(0, I). beta: weight of the KL, >= 0; other than 1 it is the objective of Higgins
    et al. 2017 and no bound if below 1. Source: Kingma and Welling 2014, equations 3 and 10.
    Raises ValueError for a beta below 0 and for sizes that differ.
    """
    if not 0 <= beta < math.inf:
        raise ValueError(f"elbo: beta must be at least 0; got {beta}; it must be finite")
    if len(mean.shape) != 2 or tuple(log_likelihood.shape) != tuple(mean.shape[:1]):
        raise ValueError(
            "elbo: mean must be (n, d) and log_likelihood (n,), one number for each row; got "
            f"mean {tuple(mean.shape)} and log_likelihood {tuple(log_likelihood.shape)}; sum it "
            "over the pixels"
        )
    reconstruction = log_likelihood.mean()
    kl = gaussian_kl(mean, log_var).mean()
    value = reconstruction - beta * kl if beta else reconstruction  # 0 · ∞ would be no number
    return Elbo(value, reconstruction, kl)
