"""What the tape keeps is what was there: indices, integers, infinities, and who asked for what."""

import numpy as np
import pytest

import minigen
from minigen import ops, tensor
from minigen.autograd import GraphError
from minigen.gradcheck import gradcheck


@pytest.mark.parametrize(
    ("key", "other"), [(np.array([0, 1]), 5), (np.array([True, True] + [False] * 4), False)]
)
def test_an_index_changed_after_use_does_not_move_the_gradient(key, other):
    x = tensor(np.arange(6.0), requires_grad=True)
    y = (x[key] * 3.0).sum()
    key[:] = other
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 3.0, 0.0, 0.0, 0.0, 0.0])


def test_indices_of_an_unpooling_changed_after_use_do_not_move_the_gradient():
    x = tensor(np.ones((1, 1, 1, 1)), requires_grad=True)
    indices = np.array([[[[2]]]])
    y = ops.max_unpool2d(x, indices, (2, 2))
    indices[:] = 0
    y.backward(np.arange(4.0).reshape(1, 1, 2, 2))
    assert x.grad.numpy().item() == 2.0


def test_a_result_that_is_its_argument_counts_changes_with_it():
    @minigen.autograd.primitive
    def same(x):
        return x

    same.vjp(lambda gy, _y, _x: gy)
    x = tensor(np.ones(2), requires_grad=True)
    a = x * 1.0
    y = (same(a) ** 2).sum()
    with minigen.no_grad():
        a += 1.0
    with pytest.raises(GraphError, match="changed in place"):
        y.backward()


def test_inputs_that_take_no_part_are_named():
    a, b = (tensor([1.0], requires_grad=True) for _ in "ab")
    with pytest.raises(GraphError, match=r"y does not depend on inputs \[1\]"):
        (a * 2.0).backward(inputs=[a, b])
    assert a.grad is None and b.grad is None
    with pytest.raises(GraphError, match=r"inputs\[0\] does not"):
        (a * 2.0).backward(inputs=[tensor([1.0])])


def test_gradcheck_needs_a_graph():
    with minigen.no_grad(), pytest.raises(GraphError, match=r"no graph to check inside no_grad"):
        gradcheck(minigen.exp, np.ones(2))


# ---------------------------------------------------------------- integers
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_integers_of_few_bits_are_right_or_refused(dtype):
    """NumPy computes e^x of these in half precision, and turns -200 into 56."""
    whole = np.array([1, 2, 120], dtype)
    for f in (minigen.sigmoid, minigen.softplus, minigen.elu, minigen.gelu):
        np.testing.assert_allclose(f(tensor(whole)).numpy(), f(whole.astype("float64")), rtol=1e-12)
    for f in (minigen.tanh, minigen.sqrt, minigen.sin):
        with pytest.raises(
            TypeError, match="must be float32 or float64; the result would be float16"
        ):
            f(tensor(whole))


@pytest.mark.parametrize("dtype", ["float16", "complex64", "S3", "O"])
def test_tensors_are_not_converted_to_other_types(dtype):
    with pytest.raises(TypeError, match="astype: numbers must be float32, float64, integers or b"):
        tensor([1.0]).astype(dtype)


# ---------------------------------------------------------------- infinities
def test_elu_out_to_infinity():
    x = tensor(np.array([-np.inf, -1.0, 1.0, np.inf]), requires_grad=True)
    y = minigen.elu(x)
    y.backward(np.ones(4))
    np.testing.assert_allclose(y.numpy(), [-1.0, np.expm1(-1.0), 1.0, np.inf])
    np.testing.assert_allclose(x.grad.numpy(), [0.0, np.exp(-1.0), 1.0, 1.0])


@pytest.mark.parametrize("value", [-np.inf, np.nan])
def test_the_largest_pixel_lies_in_the_image(value):
    """A border is never the largest, not even where a window sees -inf alone, or no number."""
    x = tensor(np.full((1, 1, 4, 4), value), requires_grad=True)
    y, indices = ops.max_pool2d_indices(x, 3, stride=2, padding=1)
    assert ((indices >= 0) & (indices < 16)).all()
    if value == -np.inf:
        np.testing.assert_array_equal(indices[0, 0], [[0, 1], [4, 5]])
        y.backward(np.ones(y.shape))
        wanted = np.zeros(16)
        wanted[[0, 1, 4, 5]] = 1.0
        np.testing.assert_array_equal(x.grad.numpy().ravel(), wanted)


def test_integer_images_have_no_border():
    x = np.arange(16, dtype="uint8").reshape(1, 1, 4, 4)
    with pytest.raises(TypeError, match="must be floating-point where there is padding; got uint8"):
        ops.max_pool2d(x, 2, padding=1)
    np.testing.assert_array_equal(ops.max_pool2d(x, 2)[0, 0], [[5, 7], [13, 15]])
