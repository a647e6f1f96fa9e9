"""Random numbers: the same seed gives the same bytes, and children do not disturb each other."""

import math

import numpy as np
import pytest

from minigen import Generator, generator, to_numpy, use_backend


def draws(rng):
    """Some of every kind."""
    some = [
        rng.normal((3, 2)),
        rng.random(4),
        rng.uniform(-2.0, 3.0, (2, 2)),
        rng.integers(0, 10, 5),
        rng.permutation(7),
        rng.normal(3, "float64"),
    ]
    return [to_numpy(x) for x in some]


def test_the_same_seed_gives_the_same_bytes(backend):
    first, second = draws(generator(5)), draws(Generator(5))
    assert [a.tobytes() for a in first] == [b.tobytes() for b in second]
    assert all(a.tobytes() != b.tobytes() for a, b in zip(first, draws(Generator(6)), strict=True))


def test_shapes_types_and_ranges(backend):
    rng = Generator(0)
    assert rng.normal((3, 2)).shape == (3, 2) and rng.normal(1).dtype == "float32"
    assert rng.normal((), "float64").shape == () and rng.normal(1, "float64").dtype == "float64"
    assert rng.uniform(0.0, 1.0, 3).dtype == "float32"
    x = rng.uniform(-2.0, 3.0, 10_000)
    assert -2.0 <= x.min() < -1.99 and 2.99 < x.max() <= 3.0
    assert rng.random(1000).min() >= 0.0 and rng.random(1000).max() < 1.0
    k = rng.integers(2, 5, 1000)
    assert k.dtype == "int64" and set(k.tolist()) == {2, 3, 4}
    assert sorted(rng.permutation(9).tolist()) == list(range(9))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_draws_are_normal_and_independent(dtype, backend):
    x = to_numpy(Generator(1).normal(200_000, dtype)).astype("float64")
    assert abs(x.mean()) < 0.01 and abs(x.var() - 1) < 0.02
    assert abs((x**3).mean()) < 0.05 and abs((x**4).mean() - 3) < 0.1
    below = [(x < edge).mean() for edge in (-2.0, -1.0, 0.0, 0.5, 1.5)]
    expected = [0.5 * math.erfc(-edge / math.sqrt(2)) for edge in (-2.0, -1.0, 0.0, 0.5, 1.5)]
    assert below == pytest.approx(expected, abs=0.005)
    for lag in (1, 2, 100_000):  # neighbours, and the two halves of a draw
        a, b = x[:-lag], x[lag:]
        assert abs((a * b).mean()) < 0.02
        assert abs((a**2 * b**2).mean() - 1) < 0.05


@pytest.mark.parametrize("shape", [(), 1, 3, (0,), (2, 0), (5,), (3, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_draws_come_in_every_shape(shape, dtype, backend):
    x = Generator(1).normal(shape, dtype)
    assert x.shape == ((shape,) if isinstance(shape, int) else shape)
    assert x.dtype == dtype
    assert np.unique(to_numpy(x)).size == x.size


def test_children_are_independent_of_their_parent_and_of_each_other():
    parent = Generator(3)
    one, two = parent.spawn(2)
    assert one.normal(5).tobytes() != two.normal(5).tobytes()
    again = Generator(3)
    again.normal(1000)  # what the parent draws does not change its children
    a, b = again.spawn(2)
    assert a.normal(5).tobytes() == Generator(3).spawn(2)[0].normal(5).tobytes()
    assert b.normal(5).tobytes() == Generator(3).spawn(2)[1].normal(5).tobytes()
    c = again.spawn(1)[0]  # a later child is another one
    assert c.normal(5).tobytes() != Generator(3).spawn(1)[0].normal(5).tobytes()
    draw = np.stack([g.normal(20_000, "float64") for g in Generator(9).spawn(4)])
    assert abs(np.corrcoef(draw) - np.eye(4)).max() < 0.03


@pytest.mark.parametrize("seed", [-1, 1.0, "1", None, True])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ValueError, match="Generator: seed must be an integer >= 0; got"):
        Generator(seed)


def test_numpys_integers_are_seeds():
    assert Generator(np.int64(4)).normal(2).tobytes() == Generator(4).normal(2).tobytes()


def test_normal_draws_have_the_normal_distribution_at_every_quantile():
    """Box and Muller: the share of draws below q is the distribution function at q."""
    n = 200_000
    draws = Generator(0).normal(n + 1).astype("float64")  # odd: the last pair is cut in half
    assert draws.shape == (n + 1,)
    for q in (-4.0, -3.0, -2.0, -1.0, -0.3, 0.0, 0.3, 1.0, 2.0, 3.0, 4.0):
        p = 0.5 * (1 + math.erf(q / math.sqrt(2)))
        error = math.sqrt(p * (1 - p) / n)
        assert abs((draws < q).mean() - p) < 4.5 * error, q
    assert np.isfinite(draws).all()
    assert 4.2 < abs(draws).max() < 5.9


def test_the_two_draws_of_a_pair_do_not_depend_on_each_other():
    draws = Generator(1).normal((2, 50_000)).astype("float64")
    for one, two in ((draws[0], draws[1]), (draws[0] ** 2, draws[1] ** 2)):
        assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / math.sqrt(50_000)


def test_a_device_draws_two_types_and_says_so():
    with use_backend("double"):
        for draw in (Generator(0).normal, Generator(0).random):
            with pytest.raises(TypeError, match="draws float32 or float64; got float16; convert"):
                draw(3, "float16")
