"""An epoch visits every item once and can be repeated; binarised pixels have the right mean."""

import numpy as np
import pytest

from minigen.data import DataError, batches, binarise


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("n", "size"), [(10, 3), (9, 3), (1, 1), (5, 100), (5, 1)])
def test_batches_cover_each_index_once(n: int, size: int, shuffle: bool) -> None:
    found = list(batches(n, size, np.random.default_rng(0), shuffle))
    assert all(batch.dtype == np.int64 for batch in found)
    assert [len(batch) for batch in found] == [size] * (n // size) + [n % size] * (n % size > 0)
    assert sorted(np.concatenate(found)) == list(range(n))


def test_batches_are_reproducible_and_differ_between_epochs() -> None:
    def epoch(rng: np.random.Generator) -> list[int]:
        return np.concatenate(list(batches(100, 7, rng))).tolist()

    rng = np.random.default_rng(3)
    first, second = epoch(rng), epoch(rng)
    assert first == epoch(np.random.default_rng(3))
    assert first != second
    assert first != list(range(100))


def test_batches_draw_the_order_when_called() -> None:
    rng = np.random.default_rng(3)
    early = batches(50, 50, rng)
    rng.random(5)
    assert next(early).tolist() == next(batches(50, 50, np.random.default_rng(3))).tolist()


def test_batches_in_order_need_no_generator() -> None:
    found = [batch.tolist() for batch in batches(5, 2, None, shuffle=False)]
    assert found == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None])
def test_batches_refuse_wrong_sizes_at_the_call(value: object) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="batches: n must be a whole number of at least 1; got"):
        batches(value, 3, rng)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="batches: batch_size must be a whole number"):
        batches(3, value, rng)  # type: ignore[arg-type]


def test_batches_accept_numpy_integers() -> None:
    assert len(list(batches(np.int64(5), np.uint8(2), np.random.default_rng(0)))) == 3


@pytest.mark.parametrize("rng", [0, None])
def test_batches_refuse_what_cannot_shuffle(rng: object) -> None:
    with pytest.raises(DataError, match=r"must have a method \.permutation; got (0|None)"):
        batches(3, 1, rng)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binarise_draws_each_pixel_with_its_probability(dtype: type) -> None:
    n = 4000
    p = np.array([0.0, 0.05, 0.3, 0.5, 0.8, 1.0], dtype)
    y = binarise(np.tile(p, (n, 1)), np.random.default_rng(1))
    assert (y.dtype, y.shape) == (dtype, (n, 6))
    assert set(np.unique(y)) == {0.0, 1.0}
    # Five standard errors of a mean of n draws; exactly zero at the two ends.
    assert np.all(np.abs(y.mean(axis=0) - p) <= 5 * np.sqrt(p * (1 - p) / n))


def test_binarise_never_blackens_a_zero() -> None:
    class Lowest:
        def random(self, shape: tuple[int, ...], /, *, dtype: np.dtype) -> np.ndarray:
            return np.zeros(shape, dtype)  # the smallest draw there is

    y = binarise(np.array([0.0, 1e-30, 1.0]), Lowest())
    assert y.tolist() == [0, 1, 1]


def test_binarise_is_reproducible_and_leaves_its_input() -> None:
    x = np.full((20, 5, 5), 0.5, np.float32)
    first, again = (binarise(x, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, binarise(x, np.random.default_rng(8)))
    assert (x == 0.5).all()


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, np.inf])
def test_binarise_refuses_what_is_no_probability(value: float) -> None:
    x = np.full((2, 3), 0.5)
    x[1, 2] = value
    with (
        np.errstate(all="raise"),
        pytest.raises(DataError, match=r"binarise: x must lie in \[0, 1\].* at \(1, 2\)"),
    ):
        binarise(x, np.random.default_rng(0))


@pytest.mark.parametrize("x", [np.zeros(3, np.uint8), np.zeros(3, np.float16), [0.5]])
def test_binarise_refuses_other_types(x: object) -> None:
    with pytest.raises(DataError, match="x must be an array of float32 or float64; got"):
        binarise(x, np.random.default_rng(0))  # type: ignore[type-var]


def test_binarise_refuses_what_cannot_draw() -> None:
    with pytest.raises(DataError, match=r"must have a method \.random; got 0"):
        binarise(np.zeros(3), 0)  # type: ignore[arg-type]
