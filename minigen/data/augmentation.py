"""Images slightly changed at each access: flipped, shifted, cut out, rotated.

A net that sees each image a little otherwise every time learns what does not matter. Every
change is an exact function of the image and of numbers that can be given by hand; its random
form draws these numbers, for each image its own, from a generator that the caller passes in.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data.batches import Draws
from minigen.data.errors import DataError

Image = NDArray[np.floating]
Change = Callable[[Image, Draws], Image]


# ---------------------------------------------------------------- given by hand
def flip(x: Image, which: NDArray[np.bool_]) -> Image:
    """Images with left and right exchanged where `which` is True.

    Args:
        x: float array (n, height, width).
        which: bool (n,).

    Raises:
        DataError: x is no array of images, or `which` not one bool for each.
    """
    _check("flip", x, which, kinds="b")
    return np.where(np.asarray(which)[:, None, None], x[:, :, ::-1], x)


def shift(x: Image, down: NDArray[np.integer], right: NDArray[np.integer]) -> Image:
    """Images moved by whole pixels; what comes in from outside is 0.

    Args:
        x: float array (n, height, width).
        down, right: integers (n,), pixels; negative numbers move up and left.

    Raises:
        DataError: x is no array of images, or a number is missing.
    """
    _check("shift", x, down, right, kinds="i")
    n, height, width = x.shape
    rows = np.arange(height) - np.asarray(down)[:, None]  # (n, height): where a row comes from
    columns = np.arange(width) - np.asarray(right)[:, None]
    return _at(x, rows[:, :, None], columns[:, None, :])


def crop(
    x: Image, size: tuple[int, int], top: NDArray[np.integer], left: NDArray[np.integer]
) -> Image:
    """The rectangle of `size` of each image whose first pixel is (top, left).

    Args:
        x: float array (n, height, width).
        size: height and width of the result.
        top, left: integers (n,), such that the rectangle lies inside the image.

    Raises:
        DataError: x is no array of images, or a rectangle does not fit.
    """
    _check("crop", x, top, left, kinds="iu")
    if min(size) < 1:
        raise DataError("crop", "the size must be at least 1 x 1", repr(size), "take a larger one")
    top, left = np.asarray(top, np.int64), np.asarray(left, np.int64)
    inside = (top >= 0) & (left >= 0) & (top + size[0] <= x.shape[1])
    if not (inside & (left + size[1] <= x.shape[2])).all():
        raise DataError(
            "crop",
            f"every rectangle of {size[0]} x {size[1]} must lie inside the images",
            f"images of {x.shape[1]} x {x.shape[2]}, first pixels from ({top.min()}, "
            f"{left.min()}) to ({top.max()}, {left.max()})",
            "take a smaller size",
        )
    rows = top[:, None, None] + np.arange(size[0])[:, None]
    columns = left[:, None, None] + np.arange(size[1])
    return x[np.arange(len(x))[:, None, None], rows, columns]


def rotate(x: Image, degrees: NDArray[np.floating]) -> Image:
    """Images turned counter-clockwise about their centre; what comes in from outside is 0.

    Each pixel of the result looks back to the point from which it came, and takes the straight
    line between the four pixels around that point (bilinear interpolation).

    Args:
        x: float array (n, height, width).
        degrees: (n,), finite; one angle for each image.

    Raises:
        DataError: x is no array of images, or an angle is missing or not finite.
    """
    _check("rotate", x, degrees)
    angle = np.radians(np.asarray(degrees, np.float64))[:, None, None]
    if not np.isfinite(angle).all():
        raise DataError("rotate", "angles must be finite", repr(degrees), "give degrees")
    height, width = x.shape[1:]
    down = np.arange(height)[:, None] - (height - 1) / 2  # from the centre
    right = np.arange(width) - (width - 1) / 2
    # a point at (down, right) came from the point turned back by the angle; rows count downwards
    row = np.cos(angle) * down + np.sin(angle) * right + (height - 1) / 2
    column = np.cos(angle) * right - np.sin(angle) * down + (width - 1) / 2
    top, left = np.floor(row), np.floor(column)
    below, beside = row - top, column - left  # how far beyond the pixel up and left
    top, left = top.astype(np.int64), left.astype(np.int64)
    y = (1 - below) * (1 - beside) * _at(x, top, left)
    y += (1 - below) * beside * _at(x, top, left + 1)
    y += below * (1 - beside) * _at(x, top + 1, left)
    y += below * beside * _at(x, top + 1, left + 1)
    return y.astype(x.dtype)


# ---------------------------------------------------------------- drawn
def random_flip(x: Image, rng: Draws, p: float = 0.5) -> Image:
    """Each image flipped with probability p; see `flip`. Not for digits: a 2 becomes no digit."""
    if not 0 <= p <= 1:
        raise DataError("random_flip", "p must lie in [0, 1]", repr(p), "give a probability")
    return flip(x, _draw(x, rng) < p)


def random_shift(x: Image, rng: Draws, reach: int = 2) -> Image:
    """Each image shifted by -reach to reach pixels in both directions; see `shift`."""
    _check_reach("random_shift", reach)
    if reach != int(reach):
        raise DataError("random_shift", "the reach must be whole pixels", repr(reach), "round it")
    choices, reach = 2 * int(reach) + 1, int(reach)
    down, right = (np.floor(_draw(x, rng) * choices).astype(np.int64) - reach for _ in "dr")
    return shift(x, down, right)


def random_crop(x: Image, rng: Draws, size: tuple[int, int]) -> Image:
    """A rectangle of `size` from a random place of each image; see `crop`."""
    room = [max(0, whole - part) + 1 for whole, part in zip(x.shape[1:], size, strict=True)]
    top, left = (np.floor(_draw(x, rng) * choices).astype(np.int64) for choices in room)
    return crop(x, size, top, left)


def random_rotation(x: Image, rng: Draws, degrees: float = 10.0) -> Image:
    """Each image turned by an angle between -degrees and degrees; see `rotate`."""
    _check_reach("random_rotation", degrees)
    return rotate(x, (2 * _draw(x, rng) - 1) * degrees)


def on_rows(shape: tuple[int, int], *changes: Change) -> Change:
    """The changes one after the other, for images that come as rows.

    Args:
        shape: height and width of an image.
        changes: functions (images, rng) -> images of the same size, such as `random_shift`, or
            `functools.partial(random_rotation, degrees=5)`.

    Returns:
        A function (rows, rng) -> rows, as a training method's `prepare` wants it. It raises
        DataError for rows of another length, and for a change that changes the size.
    """

    def prepare(rows: Image, rng: Draws) -> Image:
        if np.ndim(rows) != 2 or rows.shape[1] != shape[0] * shape[1]:
            raise DataError(
                "on_rows",
                f"rows must have {shape[0]} x {shape[1]} numbers each",
                str(np.shape(rows)),
                "give the shape of the images",
            )
        images = rows.reshape(-1, *shape)
        for change in changes:
            changed = change(images, rng)
            if changed.shape != images.shape:
                raise DataError(
                    "on_rows",
                    f"every change must keep the images' shape, {images.shape}",
                    f"{changed.shape} from {getattr(change, '__name__', repr(change))}",
                    "crop in front of the net instead",
                )
            images = changed
        return images.reshape(rows.shape)

    return prepare


# ---------------------------------------------------------------- helpers
def _at(x: Image, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Image:
    """x at these positions of each image, 0 outside."""
    height, width = x.shape[1:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    images = np.arange(len(x))[:, None, None]
    values = x[images, rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.where(inside, values, x.dtype.type(0))


def _draw(x: Image, rng: Draws) -> NDArray[np.float64]:
    """One uniform number in [0, 1) for each image."""
    drawn: NDArray[np.float64] = rng.random((len(x),), dtype=np.float64)
    return drawn


def _check(operation: str, x: Any, *numbers: Any, kinds: str = "iuf") -> None:
    if not isinstance(x, np.ndarray) or x.ndim != 3 or x.dtype.kind != "f":
        got = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise DataError(
            operation, "x must be a NumPy array of floats (n, height, width)", got, "reshape it"
        )
    for values in numbers:
        if np.shape(values) != (len(x),):
            raise DataError(
                operation,
                "there must be one number for each image",
                f"{np.shape(values)} for {len(x)} images",
                "give an array (n,)",
            )
        if np.asarray(values).dtype.kind not in kinds:
            wanted = {"b": "bools", "i": "signed integers", "iu": "integers"}.get(kinds, "numbers")
            raise DataError(
                operation, f"they must be {wanted}", str(np.asarray(values).dtype), "convert them"
            )


def _check_reach(operation: str, reach: float) -> None:
    if not (reach >= 0 and np.isfinite(reach)):
        raise DataError(operation, "the reach must be 0 or more", repr(reach), "give a number")
