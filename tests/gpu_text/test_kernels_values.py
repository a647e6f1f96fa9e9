"""Every kernel computes what minigen computes, from its own text, on a machine without a GPU.

The text runs on the CPU, one thread after the other; what a GPU adds to that (other libraries for
exp and tanh, multiplications fused with additions) is rounding.
"""

import kernel_checks
import lstm_checks
import numpy as np
import pooling_checks
import pytest

import minigen.backend.kernels as kernels_module
from minigen.backend import philox
from minigen.ops import convolve

CHECKS = [
    getattr(module, name)
    for module in (kernel_checks, lstm_checks, pooling_checks)
    for name in sorted(vars(module))
    if name.startswith("check_") and name != "check_rule"
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_kernel_computes_what_minigen_computes(check, kernels, dtype):
    """[E.ADAM] [E.ADAMBC] [E.LSTM] [E.CONV2D] [E.CONVTRANSPOSE2D] [E.BERNOULLI]"""
    check(kernels, dtype)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_large_arrays_are_counted_in_64_bits(check, kernels, dtype, from_here_on_far):
    """The same by the entry points for them, of which no other test makes use."""
    from_here_on_far(0)
    check(kernels, dtype)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_any_grid_and_any_order_of_threads_will_do(check, kernels, monkeypatch):
    """Few threads go round several times, and nothing depends on who comes first."""
    monkeypatch.setattr(kernels_module, "THREADS", 3)
    monkeypatch.setattr(kernels_module, "MOST_BLOCKS", 2)
    monkeypatch.setattr(kernels.module, "backwards", True)
    check(kernels, "float32")


# ---------------------------------------------------------------- convolution
@pytest.mark.parametrize("case", kernel_checks.GEOMETRIES)
def test_the_two_maps_of_windows_are_adjoint(case, kernels):
    """<im2col(x), r> = <x, col2im(r)>"""
    a = kernel_checks.windows(case)
    x, rows = kernel_checks.image_and_rows(a, "float64")
    matrix = kernel_checks.as_matrix(rows)
    seen, spread = np.empty_like(matrix), np.empty_like(x)
    kernels("im2col", x, seen, **a)
    kernels("col2im", matrix, spread, **a)
    np.testing.assert_allclose((seen * matrix).sum(), (x * spread).sum(), rtol=1e-12)


@pytest.mark.parametrize("case", kernel_checks.GEOMETRIES)
def test_windows_times_weights_are_a_convolution(case, kernels):
    """[E.CONV2D] [E.CONVTRANSPOSE2D] rows @ W is the convolution, y @ W^T the transposed one."""
    size, (kh, kw), *moves = case
    a, g = kernel_checks.windows(case), convolve.Geometry(*moves)
    x, rows = kernel_checks.image_and_rows(a, "float64")
    matrix = kernel_checks.as_matrix(np.empty_like(rows))
    weight = kernel_checks.numbers((4, a["c"], kh, kw), "float64", seed=3)
    flat = weight.transpose(2, 3, 1, 0).reshape(-1, 4)
    kernels("im2col", x, matrix, **a)
    y = (matrix @ flat).reshape(a["n"], a["oh"], a["ow"], 4).transpose(0, 3, 1, 2)
    expected = convolve.plain_conv(x.transpose(0, 3, 1, 2), weight, g)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    gy = kernel_checks.numbers((len(matrix), 4), "float64", seed=4)
    kernels("col2im", gy @ flat.T, x, **a)
    images = gy.reshape(a["n"], a["oh"], a["ow"], 4).transpose(0, 3, 1, 2)
    expected = convolve.plain_transpose(images, weight, size, g).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- the NumPy Philox
@pytest.mark.parametrize(("counter", "key", "words"), kernel_checks.KNOWN)
def test_philox_in_numpy_gives_the_known_answers(counter, key, words):
    found = philox.philox(np.array(counter, dtype="uint32")[:, None], tuple(key))
    assert found.dtype == "uint32" and found[:, 0].tolist() == words


def test_a_position_fills_the_counter_from_its_low_word():
    """Across 2^32, and round from 2^64 - 1 to 0; the seed's low word is the first of the key."""
    seed = 0x1234567890ABCDEF
    for offset, counters in (
        (2**32 - 1, ([2**32 - 1, 0], [0, 1])),
        (2**64 - 1, ([2**32 - 1, 2**32 - 1], [0, 0])),
    ):
        found = philox.words_at(seed, offset, 2)
        expected = np.array([[*words, 0, 0] for words in counters], dtype="uint32").T
        np.testing.assert_array_equal(found, philox.philox(expected, (0x90ABCDEF, 0x12345678)))


def test_numbers_are_made_of_the_leading_bits():
    words = [int(w) for w in philox.words_at(7, 11, 1)[:, 0]]
    found = philox.uniform(7, 11, 4).tolist()
    assert found == [(w >> 8) / 2**24 for w in words]
    high = [((a >> 5) * 2**26 + (b >> 6)) / 2**53 for a, b in (words[:2], words[2:])]
    assert philox.uniform(7, 11, 2, "float64").tolist() == high


def test_draws_have_the_moments_of_their_distributions(dtype):
    """Within 4.5 standard errors; neighbours, positions and seeds are not correlated."""
    n = 1 << 17
    u, other = philox.uniform(1, 0, n, dtype), philox.uniform(2, 0, n, dtype)
    z = philox.normal(3, 2**40, n, dtype)
    assert u.dtype == z.dtype == dtype and u.min() >= 0 and u.max() < 1
    u, other, z = (a.astype("float64") for a in (u, other, z))
    for k in range(1, 7):
        error = np.sqrt(1 / (2 * k + 1) - 1 / (k + 1) ** 2)
        assert abs((u**k).mean() - 1 / (k + 1)) < 4.5 * error / np.sqrt(n)
    for k, moment, square in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105)):
        error = np.sqrt(square - moment**2)
        assert abs((z**k).mean() - moment) < 4.5 * error / np.sqrt(n)
    counts = np.histogram(u, bins=256, range=(0, 1))[0]
    assert abs(((counts - n / 256) ** 2).sum() / (n / 256) - 255) < 4.5 * np.sqrt(2 * 255)
    later = philox.uniform(1, n, n, dtype).astype("float64")
    for a, b in ((u[1:], u[:-1]), (u[4:], u[:-4]), (z[1:], z[:-1]), (u, other), (u, later)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / np.sqrt(n)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, 0, 3), ValueError, r"seed must be in 0\.\.18446744073709551615; got -1"),
        ((0, 2**64, 3), ValueError, "offset must be in"),
        ((0, 0, -3), ValueError, "n must be in .* got -3"),
        ((0, 0, 3, "int32"), TypeError, "dtype must be float32 or float64; got int32"),
        ((0.5, 0, 3), TypeError, "integer"),
    ],
)
def test_philox_refuses_what_it_has_no_numbers_for(arguments, error, message):
    for draw in (philox.uniform, philox.normal):
        with pytest.raises(error, match=message):
            draw(*arguments)


def test_positions_count_the_words_that_are_used():
    assert [philox.positions(n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
    assert [philox.positions(n, "float64") for n in (0, 1, 2, 3)] == [0, 1, 1, 2]
    assert philox.uniform(0, 0, 0).shape == philox.normal(0, 0, 0, "float64").shape == (0,)
