"""A set of labelled grey-scale images, and the small one that comes with the package.

Every image data set is handed out in the same form, so that a model can be tried on 8 x 8
digits within a second and then trained on MNIST by changing one word.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minigen.data.errors import DataError

DIGITS_FILE = Path(__file__).with_name("digits.npz")
DIGITS_SPLITS = {"all": slice(0, 1797), "train": slice(0, 1500), "test": slice(1500, 1797)}


def check_unit_interval(operation: str, what: str, x: NDArray[np.floating]) -> None:
    """Refuse an array with a value outside [0, 1] or a value that is not a number.

    Args:
        operation: who asks; the first word of the error.
        what: what the array is called in the error.
        x: floating-point array of any shape.

    Raises:
        DataError: a value is below 0, above 1, infinite or NaN.
    """
    inside = (x >= 0) & (x <= 1)  # False for NaN too
    if inside.all():
        return
    first = tuple(int(i) for i in np.argwhere(~inside)[0])
    raise DataError(
        operation,
        f"{what} must lie in [0, 1]",
        f"{inside.size - np.count_nonzero(inside):,} of {inside.size:,} values outside,"
        f" the first {x[first]} at {first}",
        "scale the pixels first (bytes are divided by 255)",
    )


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Labelled grey-scale images, checked when they are put together.

    Args:
        name: what the set is called in pictures and messages, e.g. "digits train".
        images: float32 (n, height, width), n >= 1, grey values in [0, 1].
        labels: int64 (n,), the class of each image, 0 or greater.

    Raises:
        DataError: a field has another type, shape, dtype or range.
    """

    name: str
    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise DataError(
                "Images", "name must be a non-empty string", repr(self.name), 'for example "digits"'
            )
        _check_array("images", self.images, np.dtype(np.float32), ("n", "height", "width"))
        _check_array("labels", self.labels, np.dtype(np.int64), ("n",))
        if len(self.images) != len(self.labels):
            raise DataError(
                "Images",
                "images and labels must be equally many",
                f"{len(self.images):,} images and {len(self.labels):,} labels",
                "pass the labels that belong to these images",
            )
        check_unit_interval("Images", "images", self.images)
        if self.labels.min() < 0:
            raise DataError(
                "Images",
                "labels must be class numbers, 0 or greater",
                f"a smallest label of {self.labels.min()}",
                "number the classes from 0",
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of one image, in pixels."""
        _, height, width = self.images.shape
        return height, width

    @property
    def flat(self) -> NDArray[np.float32]:
        """The images as rows: float32 (n, height * width), a view of `images` where one exists."""
        height, width = self.shape
        return self.images.reshape(len(self), height * width)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.shape
        return f"Images({self.name!r}, {len(self):,} of {height} x {width})"


def _check_array(what: str, x: object, dtype: np.dtype, axes: tuple[str, ...]) -> None:
    form = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    rule = f"{what} must be a NumPy array {form} of {dtype}, no axis empty"
    if not isinstance(x, np.ndarray):
        raise DataError("Images", rule, type(x).__name__, f"convert with np.asarray(..., {dtype})")
    if x.dtype != dtype or x.ndim != len(axes) or x.size == 0:
        raise DataError(
            "Images", rule, f"shape {x.shape} of {x.dtype}", "reshape it, or convert with .astype"
        )


def digits(split: str = "all") -> Images:
    """The 1,797 handwritten digits of 8 x 8 pixels that come with the package.

    Args:
        split: "all", "train" (the first 1,500) or "test" (the last 297).

    Returns:
        Images: float32 (n, 8, 8) in [0, 1] (counts of 0 to 16 black pixels divided by 16) and
        labels int64 (n,) from 0 to 9. The arrays are the caller's own and may be changed.

    Raises:
        DataError: `split` is none of the three.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0; see DIGITS.md beside this file.
    """
    if split not in DIGITS_SPLITS:
        choices = ", ".join(f'"{name}"' for name in DIGITS_SPLITS)
        raise DataError("digits", f"split must be one of {choices}", repr(split), "pick one")
    part = DIGITS_SPLITS[split]
    with np.load(DIGITS_FILE, allow_pickle=False) as stored:
        pixels, labels = stored["images"][part], stored["labels"][part]
    name = "digits" if split == "all" else f"digits {split}"
    return Images(name, pixels.astype(np.float32) / 16, labels.astype(np.int64))
