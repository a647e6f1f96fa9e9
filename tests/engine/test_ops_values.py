"""The values of every op, held to the register's transcriptions and to NumPy.

Every case of tests/cases.py runs in both precisions, on plain arrays and on tensors, and on
arrays that do not lie in memory in one piece.
"""

import numpy as np
import pytest
from cases import CASES

from minigen import grad, ops
from minigen.backend import asarray, is_array, to_numpy
from minigen.creation import tensor
from minigen.tensor import Tensor

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)


def outputs(y):
    return list(y) if isinstance(y, list | tuple) else [y]


def rounded(values, dtype):
    """The floating-point arrays among the values in another precision."""
    return [
        v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for v in values
    ]


def plain(y):
    return to_numpy(y.array if isinstance(y, Tensor) else y)


@every_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_value_shape_and_precision(case, dtype, backend):
    values = rounded(case.values(), dtype)
    expected = case.expected(*rounded(values, "float64"))
    function, arrays = case.call(values)
    got = outputs(function(*[tensor(asarray(a)) for a in arrays]))
    relative = 1e-12 if dtype == "float64" else 2e-5
    if case.settings.get("dtype"):
        dtype = case.settings["dtype"]
    assert len(got) == len(expected)
    for y, e in zip(got, expected, strict=True):
        assert isinstance(y, Tensor)
        assert y.shape == e.shape
        assert y.dtype == dtype
        np.testing.assert_allclose(plain(y), e, rtol=relative, atol=relative)


@every_case
def test_plain_arrays_give_plain_arrays(case, backend):
    function, arrays = case.call(case.values())
    arrays = [asarray(a) for a in arrays]
    of_tensors = outputs(function(*[tensor(a) for a in arrays]))
    of_arrays = outputs(function(*arrays))
    for y, t in zip(of_arrays, of_tensors, strict=True):
        assert is_array(y) or isinstance(y, np.floating)  # NumPy's scalars where no axis is left
        assert np.array_equal(plain(y), plain(t))


@every_case
def test_inputs_are_left_as_they_were(case, backend):
    function, arrays = case.call(case.values())
    arrays = [asarray(a) for a in arrays]
    before = [to_numpy(a).copy() for a in arrays]
    leaves = [tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    for y in outputs(function(*arrays)):
        assert not any(y is a for a in arrays)
    for y in outputs(function(*leaves)):
        y.backward(asarray(np.ones(y.shape)), retain_graph=True)
    for array, leaf, then in zip(arrays, leaves, before, strict=True):
        assert np.array_equal(to_numpy(array), then)
        assert np.array_equal(plain(leaf), then)


@every_case
def test_layout_in_memory_does_not_matter(case, backend):
    def spread(a):
        """The same values, every second element of a larger array, axes in reverse order."""
        wide = np.zeros([2 * n for n in a.shape[::-1]], a.dtype)
        strided = wide[(..., *[slice(None, None, 2)] * a.ndim)].T
        strided[...] = a
        return strided

    function, arrays = case.call(case.values())
    straight = outputs(function(*[asarray(a) for a in arrays]))
    strided = outputs(function(*[asarray(spread(a)) for a in arrays]))
    for y, s in zip(straight, strided, strict=True):
        np.testing.assert_allclose(plain(s), plain(y), rtol=1e-14, atol=1e-15)


ROW_BY_ROW = {
    "sum": lambda x: ops.reduce_sum(x, axis=-1),
    "mean": lambda x: ops.mean(x, axis=-1),
    "softmax": ops.softmax,
    "softmax_where": lambda x: ops.softmax_where(x, mask=asarray(np.arange(300) % 3 != 0)),
    "log_softmax": ops.log_softmax,
    "logsumexp": ops.logsumexp,
    "layer_norm": lambda x: ops.layer_norm(x, asarray(np.ones(300)), asarray(np.zeros(300))),
    "cross_entropy": lambda x: ops.cross_entropy(x, asarray(np.arange(len(x)) % 2)),
}


@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_many_rows_are_what_each_is_alone(name, backend):
    """BLAS adds up many rows, NumPy few; two, for cross-entropy's labels repeat."""
    function = ROW_BY_ROW[name]
    x = np.random.default_rng(0).normal(size=(66, 300)) * 3
    rows = [tensor(asarray(x[i : i + 2]), requires_grad=True) for i in range(0, 66, 2)]
    together = tensor(asarray(x), requires_grad=True)
    y = function(together)
    cotangent = np.random.default_rng(1).normal(size=y.shape)
    (g,) = grad(y, [together], asarray(cotangent))
    for i, row in enumerate(rows):
        part = slice(2 * i, 2 * i + 2)
        alone = function(row)
        (g_alone,) = grad(alone, [row], asarray(cotangent[part]))
        np.testing.assert_allclose(plain(y)[part], plain(alone), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(plain(g)[part], plain(g_alone), rtol=1e-12, atol=1e-14)


def test_softmax_of_a_number_is_one(backend):
    number = tensor(asarray(np.array(1.5)))
    for y in (ops.softmax(number), ops.softmax_where(number, mask=asarray(np.array(True)))):
        assert y.shape == () and y.item() == 1.0


def test_every_exported_op_has_cases():
    named = {case.function.__name__ for case in CASES}
    beside = {"Axis", "max_pool2d_indices"}  # a type; max_pool2d with what it has found on the way
    assert set(ops.__all__) - beside <= named
