"""The shipped digits are the published ones, and `Images` refuses what is not a set of images.

The checks of single values come from the published table, not from this package's own file.
"""

import copy
import hashlib

import numpy as np
import pytest

from minigen.data import DataError, Images, digits
from minigen.data.images import DIGITS_FILE

FIRST_IMAGE = [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
]


def some(n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return np.full((n, 2, 4), 0.5, np.float32), np.arange(n, dtype=np.int64)


def test_digits_file_holds_the_published_values() -> None:
    with np.load(DIGITS_FILE, allow_pickle=False) as stored:
        assert sorted(stored) == ["images", "labels"]
        images, labels = stored["images"], stored["labels"]
    assert (images.dtype, images.shape) == (np.uint8, (1797, 8, 8))
    assert (labels.dtype, labels.shape) == (np.uint8, (1797,))
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == (
        "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_digits_facts() -> None:
    data = digits()
    assert (data.name, len(data), data.shape) == ("digits", 1797, (8, 8))
    assert (data.images.dtype, data.labels.dtype) == (np.float32, np.int64)
    assert (data.images.min(), data.images.max()) == (0, 1)
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(data.labels).tolist() == counts
    assert data.labels[:10].tolist() == list(range(10))
    assert (data.images[0] * 16).tolist() == FIRST_IMAGE


def test_digits_splits_are_the_whole_in_order() -> None:
    whole, train, test = digits(), digits("train"), digits("test")
    assert (train.name, len(train)) == ("digits train", 1500)
    assert (test.name, len(test)) == ("digits test", 297)
    assert np.array_equal(np.concatenate([train.images, test.images]), whole.images)
    assert np.array_equal(np.concatenate([train.labels, test.labels]), whole.labels)


def test_digits_are_the_callers_own() -> None:
    digits().images[:] = 0
    assert digits().images.max() == 1


def test_digits_refuse_another_split() -> None:
    with pytest.raises(DataError, match='"all", "train", "test"; got \'valid\''):
        digits("valid")


def test_images_flat_is_a_view() -> None:
    data = Images("some", *some())
    assert (len(data), data.shape, data.flat.shape) == (3, (2, 4), (3, 8))
    assert np.shares_memory(data.flat, data.images)
    assert repr(data) == "Images('some', 3 of 2 x 4)"


def test_images_are_frozen() -> None:
    data = Images("some", *some())
    with pytest.raises(AttributeError):
        data.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("value", [-0.25, 1.25, np.nan, np.inf, -np.inf])
def test_images_refuse_pixels_outside_the_unit_interval(value: float) -> None:
    images, labels = some()
    images[1, 0, 3] = value
    with np.errstate(all="raise"), pytest.raises(DataError) as caught:
        Images("some", images, labels)
    text = str(caught.value)
    assert f"1 of 24 values outside, the first {np.float32(value)} at (1, 0, 3)" in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "name must be a non-empty string"),
        ({"name": None}, "name must be a non-empty string"),
        ({"images": [[[0.5]]]}, r"images must be a NumPy array .* got list"),
        ({"images": np.zeros((3, 8), np.float32)}, r"images must .* shape \(3, 8\) of float32"),
        ({"images": np.zeros((3, 2, 4))}, r"images must .* shape \(3, 2, 4\) of float64"),
        ({"images": np.zeros((3, 0, 4), np.float32)}, r"no axis empty; got shape \(3, 0, 4\)"),
        ({"labels": np.zeros(3, np.int32)}, r"labels must .* shape \(3,\) of int32"),
        ({"labels": np.zeros((3, 1), np.int64)}, r"labels must .* shape \(3, 1\) of int64"),
        ({"labels": np.zeros(2, np.int64)}, "equally many; got 3 images and 2 labels"),
        ({"labels": np.array([0, -1, 2])}, "0 or greater; got a smallest label of -1"),
    ],
)
def test_images_refuse_wrong_fields(change: dict, told: str) -> None:
    images, labels = some()
    with pytest.raises(DataError, match=told):
        Images(**{"name": "some", "images": images, "labels": labels} | change)


def test_data_error_has_four_parts_and_can_be_copied() -> None:
    error = DataError("digits", "a must hold", "b", "do c")
    assert isinstance(error, ValueError)
    assert str(error) == "digits: a must hold; got b; do c"
    assert str(copy.copy(error)) == str(error)
