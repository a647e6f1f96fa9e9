"""The device double refuses what a GPU refuses, keeps what it keeps, and counts what it waits for.

A double that let something pass would prove nothing about the programs that run on it.
"""

import math
from operator import setitem

import numpy as np
import pytest

from minigen import backend
from minigen.backend import asarray, double, use_backend
from minigen.backend.common import FUNCTIONS, METHODS
from minigen.backend.double import DeviceArray, MixedError, tally


@pytest.fixture(autouse=True)
def on_the_double():
    with use_backend("double"):
        tally.reset()
        yield
        tally.tape = None


def array(*shape, dtype="float32"):
    x = asarray(np.arange(1, math.prod(shape) + 1, dtype=dtype).reshape(shape))
    tally.reset()
    return x


HOST = np.ones(3, dtype="float32")


# ---------------------------------------------------------------- refused
@pytest.mark.parametrize(
    "mixing",
    [
        lambda x: x + HOST,
        lambda x: HOST + x,
        lambda x: x < HOST,
        lambda x: HOST @ x,
        lambda x: x @ HOST,
        lambda x: double.maximum(x, HOST),
        lambda x: double.exp(HOST),
        lambda x: double.sqrt(x, out=HOST),
        lambda x: double.concatenate([x, HOST]),
        lambda x: double.where(HOST > 0, x, x),
        lambda x: x[np.array([0, 2])],
        lambda x: x[HOST > 0],
        lambda x: x[None, np.array([0, 2])],
        lambda x: x[[0, 2]],
        lambda x: x.__setitem__(slice(None), HOST),
        lambda x: x.__setitem__(np.array([0]), 1.0),
        lambda x: x.__setitem__([0, 2], 1.0),
        lambda x: HOST.__setitem__(slice(None), x),
        lambda x: x.__iadd__(HOST),
        lambda x: HOST.__iadd__(x),
        lambda x: double.add.at(x, np.array([0]), x[:1]),
        lambda x: double.add.at(x, asarray([0]), HOST[:1]),
        np.asarray, np.exp, np.sum, np.sign, np.linalg.norm,
        lambda x: np.maximum(x, 0),
        lambda x: np.concatenate([x, x]),
        lambda x: np.exp(HOST, out=x),
    ],
)  # fmt: skip
def test_arrays_and_functions_of_the_host_are_refused(mixing):
    x = array(3)
    with pytest.raises(TypeError, match="host|NumPy|numpy|list|ufunc"):
        mixing(x)
    np.testing.assert_array_equal(x.memory, [1, 2, 3])


def test_what_is_refused_says_how_to_mend_it():
    with pytest.raises(MixedError, match=r"__add__: argument 2 is a NumPy array of shape \(3,\)"):
        array(3) + HOST
    with pytest.raises(MixedError, match="numpy.sum was called .* use xp"):
        np.sum(array(3))
    with pytest.raises(MixedError, match="fetch it with minigen.to_numpy"):
        array(3).__array__()


@pytest.mark.parametrize(
    ("unlisted", "error"),
    [
        (lambda x: double.vecdot(x, x), AttributeError),
        (lambda x: double.stack([x, x]), AttributeError),
        (lambda x: double.linalg.svd(x), AttributeError),
        (lambda x: x.std(), AttributeError),
        (lambda x: x.nonzero(), AttributeError),
        (lambda x: x.sum(initial=1.0), TypeError),
        (lambda x: x.mean(where=x > 0), TypeError),
        (lambda x: double.exp(x, where=x > 0), TypeError),
        (lambda x: double.zeros(3, device="gpu"), TypeError),
    ],
)
def test_what_the_tables_do_not_list_is_refused(unlisted, error):
    with pytest.raises(error, match=r"backend/common\.py|has no attribute 'svd'|device"):
        unlisted(array(3))


def test_all_that_the_tables_list_is_there():
    assert all(callable(getattr(double, name)) for name in FUNCTIONS)
    assert all(callable(getattr(array(3), name)) for name in METHODS)


@pytest.mark.parametrize(
    "promoting",
    [
        lambda x: x * np.sqrt(2),
        lambda x: np.float64(2) * x,
        lambda x: double.maximum(x, np.float64(0.5)),
        lambda x: x / np.log(np.float64(3)),
    ],
)
def test_scalars_of_numpy_that_promote_float32_are_refused(promoting):
    with pytest.raises(TypeError, match="float32 must not become float64 by itself"):
        promoting(array(3))
    assert promoting(array(3, dtype="float64")).dtype == "float64"


def test_precision_may_be_asked_for():
    x = array(3)
    assert x.astype("float64").dtype == "float64"
    assert (x * 2.0).dtype == (x * np.float32(2)).dtype == "float32"
    assert double.zeros_like(x, dtype="float64").dtype == "float64"


# ---------------------------------------------------------------- kept
def test_results_without_axes_stay_on_the_device():
    x = array(3)
    for y in (x.sum(), x.max(), double.mean(x), x[1], x[1] * 2, x @ x, x.all()):
        assert type(y) is DeviceArray and y.shape == ()
    assert tally.waits == {} == tally.uploads


VIEWS = {
    "T": lambda x: x.T,
    "transpose": lambda x: x.transpose(1, 0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "slice": lambda x: x[1:],
    "slice of a slice": lambda x: x[1:][:, 1:],
    "element": lambda x: x[1, 2],
    "new axis": lambda x: x[None],
    "reshape": lambda x: x.reshape(4, 3),
    "ravel": lambda x: x.ravel(),
    "view": lambda x: x.view(),
    "diagonal": lambda x: x.diagonal(),
}
SAME = {"astype": lambda x: x.astype("float32", copy=False), "asarray": asarray,
        "ascontiguousarray": lambda x: double.ascontiguousarray(x)}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_views_know_whose_memory_they_show(name):
    x = array(3, 4)
    y = VIEWS[name](x)
    assert y is not x and y.base is x and x.base is None
    x[...] = 7
    assert (y.memory == 7).all()
    assert (x + 1).base is None and x.copy().base is None


@pytest.mark.parametrize("name", SAME)
def test_what_need_not_be_copied_is_the_array_itself(name):
    x = array(3, 4)
    assert SAME[name](x) is x


def test_a_strided_view_does_not_know_its_base():
    x = array(4)
    y = double.lib.stride_tricks.as_strided(x, (3, 2), (4, 4))
    assert y.base is None
    x[1] = 9.0
    assert y.memory.tolist() == [[1, 9], [9, 3], [3, 4]]


def test_cupy_knows_the_same_views():
    """With memory that nobody reads: CuPy's arrays can be had without a GPU."""
    cupy = pytest.importorskip("cupy")
    memory = cupy.cuda.UnownedMemory(4096, 4096, None, 0)
    pointer = cupy.cuda.MemoryPointer(memory, 0)
    x = cupy.ndarray((3, 4), dtype="float32", memptr=pointer)
    for name, view in VIEWS.items():
        assert view(x).base is x, name
    assert x.astype("float32", copy=False) is x and cupy.ascontiguousarray(x) is x
    assert cupy.lib.stride_tricks.as_strided(x, (2, 2), (4, 4)).base is None


def test_memory_that_nobody_has_written_to_is_not_taken_for_zeros():
    assert np.isnan(double.empty((2, 3), dtype="float32").memory).all()
    assert np.isnan(double.empty_like(array(2, 3)).memory).all()
    assert (double.empty(3, dtype="int64").memory == np.iinfo("int64").min).all()
    assert double.empty(2, dtype=bool).memory.all()


# ---------------------------------------------------------------- counted
@pytest.mark.parametrize(
    ("look", "name"),
    [
        (float, "item"),
        (int, "item"),
        ("{}".format, "item"),
        (bool, "bool"),
        (lambda x: 1 if x > 0 else 2, "bool"),
        (repr, "repr"),
        (range, "index"),
        (lambda x: array(5)[x : x + 1], "index"),
        (lambda x: x.tolist(), "tolist"),
        (lambda x: x.get(), "get"),
        (backend.to_numpy, "get"),
        (lambda x: array(3)[array(3) > 1], "getitem with a mask"),
        (lambda x: setitem(array(3), array(3) > 1, array(2)), "setitem with a mask and an array"),
    ],
)
def test_whoever_looks_at_a_value_waits(look, name):
    look(array(1, dtype="int64")[0])
    assert set(tally.waits) == {name}


def test_what_the_host_sends_is_counted():
    x = asarray(HOST)
    assert tally.uploads == {"asarray": 1}
    asarray(x)
    double.concatenate([x] * 8)
    double.zeros(3)
    assert tally.uploads == {"asarray": 1}
    double.concatenate([x] * 9)
    assert tally.uploads["concatenate of more than 8 arrays"] == 1
