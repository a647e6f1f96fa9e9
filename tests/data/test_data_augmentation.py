"""Changed images: exact where the answer is known, and the same for the same seed."""

from functools import partial

import numpy as np
import pytest

from minigen import Generator
from minigen.data import DataError, augmentation, digits
from minigen.data.augmentation import crop, flip, on_rows, rotate, shift

X = np.random.default_rng(0).random((4, 5, 5))
WIDE = np.random.default_rng(1).random((4, 6, 9)).astype("float32")


def test_a_flip_exchanges_left_and_right_of_the_chosen_ones():
    y = flip(WIDE, np.array([True, False, True, False]))
    np.testing.assert_array_equal(y[::2], WIDE[::2, :, ::-1])
    np.testing.assert_array_equal(y[1::2], WIDE[1::2])
    assert y.dtype == "float32"


def test_a_shift_moves_pixels_and_brings_in_zeros():
    y = shift(X, np.array([0, 1, -2, 7]), np.array([0, 3, 1, 0]))
    expected = np.zeros_like(X)
    expected[0] = X[0]
    expected[1, 1:, 3:] = X[1, :-1, :-3]
    expected[2, :-2, 1:] = X[2, 2:, :-1]
    np.testing.assert_array_equal(y, expected)  # the last one has left its picture


def test_a_crop_is_the_rectangle():
    y = crop(WIDE, (3, 4), np.array([0, 1, 2, 3]), np.array([5, 0, 2, 1]))
    for i, (top, left) in enumerate([(0, 5), (1, 0), (2, 2), (3, 1)]):
        np.testing.assert_array_equal(y[i], WIDE[i, top : top + 3, left : left + 4])


@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("size", [5, 6])
def test_quarter_turns_are_exact(quarters, size):
    x = np.random.default_rng(2).random((3, size, size))
    y = rotate(x, np.full(3, 90.0 * quarters))
    np.testing.assert_allclose(y, np.rot90(x, quarters, axes=(1, 2)), atol=1e-12)
    half = rotate(WIDE, np.full(4, 180.0))
    np.testing.assert_allclose(half, WIDE[:, ::-1, ::-1], atol=1e-5)


def test_rotation_follows_a_plane_and_interpolates():
    """Bilinear interpolation is exact on a plane: x = row gives the turned row inside."""
    rows, columns = np.mgrid[-4.0:5, -4.0:5]
    angle = np.radians(30)
    y = rotate(rows[None] + 10, np.array([30.0]))[0]
    expected = np.cos(angle) * rows + np.sin(angle) * columns + 10
    inside = np.hypot(rows, columns) < 4
    np.testing.assert_allclose(y[inside], expected[inside], atol=1e-12)
    assert y[0, 0] == 0  # a corner looks back to a point outside


def test_by_hand_a_diagonal_takes_the_middle_of_four():
    """Turned by 45 degrees, a 2 x 2 image's pixels look to points half a diagonal away."""
    x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    row = 0.5 - np.sqrt(0.5)  # in the middle column: where the upper left pixel came from
    outside = -row
    expected = (1 - outside) * (0.5 * 1 + 0.5 * 2)
    y = rotate(x, np.array([-45.0]))
    found = {round(v, 12) for v in y.ravel()}
    assert round(expected, 12) in found


CHANGES = [
    augmentation.random_flip,
    partial(augmentation.random_shift, reach=2),
    partial(augmentation.random_rotation, degrees=20),
    partial(augmentation.random_crop, size=(4, 3)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_seed_decides(change):
    x = np.random.default_rng(3).random((50, 6, 6))
    y = change(x, Generator(5))
    np.testing.assert_array_equal(y, change(x, Generator(5)))
    assert not np.array_equal(y, change(x, Generator(6)))
    assert y.dtype == x.dtype and len(y) == 50


def test_what_is_drawn_covers_its_range_evenly():
    x = np.zeros((6000, 9, 9))
    x[:, 4, 4] = 1
    at = np.argwhere(augmentation.random_shift(x, Generator(0), reach=2))[:, 1:] - 4
    counts = np.bincount((at[:, 0] + 2) * 5 + at[:, 1] + 2, minlength=25)
    assert len(counts) == 25 and abs(counts / 240 - 1).max() < 0.3
    left = np.zeros((4000, 1, 2))
    left[:, 0, 0] = 1
    share = augmentation.random_flip(left, Generator(1), p=0.3)[:, 0, 1].mean()
    assert share == pytest.approx(0.3, abs=0.03)


def test_rows_are_changed_as_images():
    images = digits("test").images
    prepare = on_rows((8, 8), partial(augmentation.random_shift, reach=1))
    y = prepare(images.reshape(-1, 64), Generator(2))
    expected = augmentation.random_shift(images, Generator(2), reach=1)
    np.testing.assert_array_equal(y, expected.reshape(-1, 64))
    assert y.min() >= 0 and y.max() <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flip(X[0], np.zeros(5, bool)), r"flip: x must be .* got float64 \(5, 5\)"),
        (lambda: flip(X.astype(int), np.zeros(4, bool)), "array of floats"),
        (lambda: shift(X, np.zeros(3, int), np.zeros(4, int)), r"one number for each image"),
        (lambda: crop(X, (3, 3), np.full(4, 3), np.zeros(4, int)), "must lie inside the images"),
        (lambda: augmentation.random_crop(X, Generator(0), (9, 2)), "take a smaller size"),
        (lambda: rotate(X, np.array([0, np.nan, 0, 0])), "angles must be finite"),
        (lambda: augmentation.random_flip(X, Generator(0), p=2), r"p must lie in \[0, 1\]"),
        (lambda: augmentation.random_shift(X, Generator(0), reach=-1), "reach must be 0 or more"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, message):
    with pytest.raises(DataError, match=message):
        call()
