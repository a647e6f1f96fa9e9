"""Layer normalisation of plain arrays on the host, a few rows at a time, so that all steps of the
formula meet their numbers in the cache. The composition stands in ``normalisation.py``; tests hold
this to it.
"""

from collections.abc import Iterator

from minigen.backend import Array, column_sums, row_sums, xp

ROWS_OF = 1 << 17  # numbers in the rows that are taken together: measured


def few(rows: Array) -> Iterator[slice]:
    """Slices of a few rows each."""
    length = max(1, ROWS_OF // rows.shape[1])
    return (slice(i, i + length) for i in range(0, len(rows), length))


def standardised(rows: Array, epsilon: float) -> tuple[Array, Array]:
    """x̂ = (x - m) / σ, and 1 / σ, σ = √(v + ε), for each row."""
    size = rows.shape[1]
    x_hat = rows - row_sums(rows) / size
    inverse = (xp(rows).einsum("ij,ij->i", x_hat, x_hat) / size + epsilon) ** -0.5
    x_hat *= inverse[:, None]
    return x_hat, inverse[:, None]


def forward(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """γ x̂ + β."""
    rows = x.reshape(-1, gamma.size)
    y, gamma, beta = xp(rows).empty_like(rows), gamma.reshape(-1), beta.reshape(-1)
    for part in few(rows):
        x_hat, _ = standardised(rows[part], epsilon)
        xp(rows).multiply(x_hat, gamma, out=y[part])
        y[part] += beta
    return y.reshape(x.shape)


def backward(gy: Array, x: Array, gamma: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """gx = (g - mean g - x̂ mean(g x̂)) / σ with g = γ gy, means over a row; gγ = Σ gy x̂ and
    gβ = Σ gy over the rows."""
    size = gamma.size
    rows, gy_rows, scale = x.reshape(-1, size), gy.reshape(-1, size), gamma.reshape(-1)
    gx = xp(rows).empty_like(rows)
    ggamma, gbeta = xp(rows).zeros_like(scale), xp(rows).zeros_like(scale)
    for part in few(rows):
        x_hat, inverse = standardised(rows[part], epsilon)
        ggamma += xp(rows).einsum("ij,ij->j", gy_rows[part], x_hat)
        gbeta += column_sums(gy_rows[part])
        g = gx[part]
        xp(rows).multiply(gy_rows[part], scale, out=g)
        dot = xp(rows).einsum("ij,ij->i", g, x_hat) / size
        x_hat *= dot[:, None]
        g -= row_sums(g) / size
        g -= x_hat
        g *= inverse
    return gx.reshape(x.shape), ggamma.reshape(gamma.shape), gbeta.reshape(gamma.shape)
