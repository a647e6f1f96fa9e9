"""Kullback-Leibler divergences of diagonal Gaussians, in closed form and by sampling.

Everywhere ``log_var`` is log σ², never log σ: mixing the two up gives a number that goes down
in training and bounds nothing.
"""

from typing import Any

from minigen.backend import Generator
from minigen.functional import LOWEST_LOG_VAR, reparameterise, same_shape
from minigen.ops import exp, maximum
from minigen.tensor import Tensor


def gaussian_kl(mean: Any, log_var: Any) -> Any:
    """KL(N(μ, σ²) || N(0, 1)) = ½ Σ_j (μ_j² + σ_j² - 1 - log σ_j²)    [E.KLSTANDARD]

    mean, log_var: (n, d) -> (n,), nats. Source: Kingma and Welling 2014, appendix B.
    Raises ValueError for shapes that differ.
    """
    same_shape("gaussian_kl", mean=mean, log_var=log_var)
    return 0.5 * (mean * mean + exp(log_var) - 1.0 - log_var).sum(axis=-1)


def free_bits_kl(mean: Any, log_var: Any, free: float) -> Any:
    """KL_λ = Σ_j max(λ, 1/n Σ_i KL_ij): up to λ nats a dimension cost nothing    [E.FREEBITS]

    mean, log_var: (n, d) of q = N(μ, σ²), KL_ij that of row i and dimension j to N(0, 1); free: λ,
    nats, >= 0. A number, in nats. Source: Kingma et al. 2016, equation 15.
    Raises ValueError for shapes that differ and for a λ below 0.
    """
    same_shape("free_bits_kl", mean=mean, log_var=log_var)
    if len(mean.shape) != 2:
        raise ValueError(f"free_bits_kl: mean must be (n, d); got {tuple(mean.shape)}")
    if not free >= 0:
        raise ValueError(f"free_bits_kl: free must be at least 0; got {free}")
    each = 0.5 * (mean * mean + exp(log_var) - 1.0 - log_var)
    return maximum(each.mean(axis=0), free).sum()


def gaussian_kl_between(mean_q: Any, log_var_q: Any, mean_p: Any, log_var_p: Any) -> Any:
    """KL(q || p) = ½ Σ_j (log σp² - log σq² + (σq² + (μq - μp)²) / σp² - 1)    [E.KLGAUSS]

    All (n, d) -> (n,), nats. A log_var_p below -120 (float32) or -1200 (float64) counts as that
    bound, so that nothing becomes 0 · ∞. Raises ValueError for shapes that differ.
    """
    same_shape(
        "gaussian_kl_between",
        mean_q=mean_q, log_var_q=log_var_q, mean_p=mean_p, log_var_p=log_var_p,
    )  # fmt: skip
    lowest = 2 * LOWEST_LOG_VAR.get(log_var_p.dtype.name, LOWEST_LOG_VAR["float64"])
    distance = (mean_q - mean_p) * exp(-0.5 * maximum(log_var_p, lowest))  # in units of σp
    scaled = exp(log_var_q - log_var_p) + distance * distance
    return 0.5 * (log_var_p - log_var_q + scaled - 1.0).sum(axis=-1)


def gaussian_kl_monte_carlo(mean: Any, log_var: Any, samples: int, rng: Generator) -> Any:
    """KL ≈ 1/S Σ_s log q(z_s) - log p(z_s), z_s ~ q = N(μ, σ²), p = N(0, I)    [E.KLSAMPLED]

    mean, log_var: (n, d); samples: S >= 1 draws for each row -> (n,), nats. Without bias, and
    with an error of order 1/√S: for checks, and for densities without a closed form.
    """
    if samples < 1:
        raise ValueError(f"gaussian_kl_monte_carlo: samples must be at least 1; got {samples}")
    raw = mean.array if isinstance(mean, Tensor) else mean
    total: Any = 0.0
    for _ in range(samples):
        noise = rng.normal(raw.shape, raw.dtype)
        z = reparameterise(mean, log_var, noise)
        # (z - μ)² / σ² is ε²; the terms in 2π of q and p cancel
        difference = -0.5 * (log_var + noise * noise) + 0.5 * (z * z)
        total = total + difference.sum(axis=-1)
    return total / samples
