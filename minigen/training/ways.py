"""Ways between codes, for models of images and of sentences."""

from minigen.backend import Array, xp


def between(begin: Array, end: Array, steps: int) -> Array:
    """Codes on the straight ways from the rows of begin to those of end: (rows · steps, d)."""
    way = xp(begin).linspace(0, 1, steps, dtype=begin.dtype)[None, :, None]
    codes = begin[:, None] * (1 - way) + end[:, None] * way
    return codes.reshape(-1, begin.shape[1])
