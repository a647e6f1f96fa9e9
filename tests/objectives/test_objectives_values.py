"""Objectives and compositions: values against the register, gradients against differences.

[E.ELBO] [E.KLSTANDARD] [E.KLGAUSS] [E.KLSAMPLED] [E.BINOMIAL] [E.GAUSSIAN] [E.MSE] [E.REPARAM]
[E.DROPOUT] [E.GAND] [E.GANMINIMAX] [E.GANNONSATURATING]
"""

import numpy as np
import pytest
from objective_cases import ROWS

from minigen import gradcheck
from minigen.backend import asarray, to_numpy
from minigen.creation import tensor
from minigen.equations import REGISTER
from minigen.tensor import Tensor

every_row = pytest.mark.parametrize("name", ROWS)


def outputs(y):
    return list(y) if isinstance(y, tuple) else [y]


@every_row
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_value_shape_and_precision(name, dtype, backend):
    row = ROWS[name]
    arrays = [a.astype(dtype) for a in row.arrays]
    expected = REGISTER[name].transcription(*[a.astype("float64") for a in arrays], *row.constants)
    expected = (
        list(expected)
        if isinstance(row.function(*map(asarray, arrays), *row.constants), tuple)
        else [np.asarray(expected)]
    )
    got = outputs(row.function(*[tensor(asarray(a)) for a in arrays], *row.constants))
    close = 1e-12 if dtype == "float64" else 2e-5
    assert len(got) == len(expected)
    for y, e in zip(got, expected, strict=True):
        assert isinstance(y, Tensor)
        assert y.dtype == dtype
        assert y.shape == e.shape
        np.testing.assert_allclose(to_numpy(y.array), e, rtol=close, atol=close)


@every_row
def test_plain_arrays_give_plain_arrays(name, backend):
    row = ROWS[name]
    arrays = [asarray(a) for a in row.arrays]
    of_arrays = outputs(row.function(*arrays, *row.constants))
    of_tensors = outputs(row.function(*[tensor(a) for a in arrays], *row.constants))
    for y, t in zip(of_arrays, of_tensors, strict=True):
        assert not isinstance(y, Tensor)
        assert np.array_equal(to_numpy(y), to_numpy(t.array))


@every_row
def test_gradients_of_both_orders(name, backend):
    row = ROWS[name]

    def function(*arrays):
        return row.function(*arrays, *row.constants)

    arrays = [asarray(a) for a in row.arrays]
    assert gradcheck(function, *arrays, order=2)
    assert gradcheck(function, *arrays, full_jacobian=True)


@every_row
def test_gradients_keep_single_precision(name, backend):
    row = ROWS[name]
    leaves = [tensor(asarray(a), dtype="float32", requires_grad=True) for a in row.arrays]
    outputs(row.function(*leaves, *row.constants))[0].mean().backward()
    for leaf in leaves:
        assert leaf.grad.dtype == "float32"
        assert leaf.grad.shape == leaf.shape
