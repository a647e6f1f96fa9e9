"""What was once answered with a wrong number, without a word: now it is right, or refused."""

import multiprocessing

import numpy as np
import pytest

import minigen
from minigen import nn, optim
from minigen.backend import Generator
from minigen.data import DataError
from minigen.gradcheck import gradcheck
from minigen.models import CharLSTM
from minigen.training import LanguageTraining

X = np.random.default_rng(0).normal(size=(5, 3, 2))


@pytest.mark.parametrize("part", [minigen.relu, nn.ReLU, None])
def test_a_part_that_is_no_module_is_not_left_out(part):
    with pytest.raises(TypeError, match="every part must be a Module; part 0 is"):
        nn.Sequential(part)


@pytest.mark.parametrize("key", [((0, 0, 1),), ((0, 0, 1), slice(None)), ((0, 0, 1), (1, 1, 0))])
def test_positions_in_a_tuple_add_up_like_those_in_a_list(key):
    x = minigen.tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    x[key].sum().backward()
    other = minigen.tensor(x.numpy(), requires_grad=True)
    other[tuple(list(k) if isinstance(k, tuple) else k for k in key)].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), other.grad.numpy())
    assert x.grad.numpy().max() == 2


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("stride", "extra"), [(1, 1), (1, 2), (2, 2)])
def test_an_output_padding_as_large_as_the_stride(stride, extra, bias):
    rng = np.random.default_rng(1)
    shapes = ((2, 2, 3, 2), (2, 3, 2, 2), (3,))[: 3 if bias else 2]
    arrays = [rng.normal(size=s) for s in shapes]

    def f(*a):
        return minigen.conv_transpose2d(*a, stride=stride, dilation=3, output_padding=extra)

    gradcheck(f, *arrays, order=2)


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_the_least_of_numbers_without_a_sign_is_refused(dtype):
    x = minigen.tensor(np.array([0, 1], dtype))
    for least in (x.min, lambda: minigen.minimum(x, x)):
        with pytest.raises(TypeError, match="the numbers must have a sign"):
            least()


def test_no_result_is_written_past_a_tensor():
    out = np.zeros(2)
    with pytest.raises(TypeError, match="does not trace tensors"):
        np.add(np.ones(2), minigen.tensor([1.0, 2.0], dtype="float64"), out=out)
    with pytest.raises(TypeError, match="does not trace tensors"):
        minigen.leaky_relu(minigen.tensor([1.0, -1.0]), slope=minigen.tensor([0.1]))


@pytest.mark.parametrize("slope", [0.0, 0.2, 1e8, -3.0])
def test_leaky_relu_out_to_infinity(slope):
    far = np.array([-np.inf, -2.0, 3.0, np.inf], np.float32)
    x = minigen.tensor(far, requires_grad=True)
    y = minigen.leaky_relu(x, slope=slope)
    y.backward(np.ones(4, np.float32))
    below = slope * far[:2] if slope else [0.0, 0.0]
    np.testing.assert_array_equal(y.numpy(), np.float32([*below, 3.0, np.inf]))
    np.testing.assert_array_equal(x.grad.numpy(), np.float32([slope, slope, 1.0, 1.0]))
    whole = minigen.leaky_relu(minigen.tensor([-2, 3]), slope=slope)
    np.testing.assert_array_equal(whole.numpy(), [slope * -2, 3.0])


@pytest.mark.parametrize("value", [1.7, float("nan")])
def test_integers_take_no_fractions(value):
    t = minigen.tensor([1, 2])
    for change in (lambda: t.assign(value), lambda: t.__setitem__(0, value)):
        with pytest.raises(TypeError, match="the new values must be int64; got"):
            change()
    assert t.numpy().tolist() == [1, 2]
    with pytest.raises(TypeError, match="start, stop and step must be integers; got 0.1"):
        minigen.arange(0, 1, 0.1)


@pytest.mark.parametrize(
    "layer", [nn.RNN(2, 4, 3, rng=Generator(0)), nn.LSTM(2, 4, rng=Generator(0))]
)
def test_nan_behind_a_sequences_end_is_in_no_gradient(layer):
    x, lengths = X.astype("float32"), np.array([5, 3, 1])
    right = layer(minigen.tensor(x), None, lengths)[0]
    (right * right).sum().backward()
    expected = [p.grad.numpy() for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = None
    x = np.where(np.arange(5)[:, None, None] < lengths[:, None], x, np.nan).astype("float32")
    given = minigen.tensor(x, requires_grad=True)
    y = layer(given, None, lengths)[0]
    (y * y).sum().backward()
    for p, wanted in zip(layer.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), wanted)
        p.grad = None
    assert np.isfinite(given.grad.numpy()).all()


@pytest.mark.parametrize("shape", [(1, 4), (4,), (6, 4), (2, 3, 4)])
def test_a_state_of_another_batch_is_refused(shape):
    net = nn.RNN(2, 4, 3, rng=Generator(0))
    with pytest.raises(ValueError, match=r"RNN: the state must be \(3, 4\)"):
        net(X.astype("float32"), np.zeros(shape, "float32"))


def test_queries_and_keys_of_other_batches_are_refused():
    rng = Generator(0)
    q, k = (rng.normal((4, n, 6)) for n in (3, 1))
    with pytest.raises(ValueError, match="q, k and v must have one n"):
        nn.MultiHeadAttention(6, 2, rng=rng)(q, k)
    with pytest.raises(ValueError, match="AdditiveAttention: q must be"):
        nn.AdditiveAttention(6, 6, 5, rng=rng)(q[0], k)


def test_what_is_refused_has_changed_nothing():
    net = nn.Dense(2, 2, rng=Generator(0))
    before = net.state_dict()
    with pytest.raises(TypeError, match="dtype must be float32 or float64; got 'int64'"):
        net.astype("int64")
    for name, values in net.state_dict().items():
        np.testing.assert_array_equal(values, before[name])
    rule = optim.Adam(net.parameters(), alpha=0.1)
    zeros = np.zeros(6, "float32")
    with pytest.raises(TypeError):
        rule.load_state_dict({"t": 5, "m": zeros + 1, "v": minigen.tensor(zeros)})
    assert rule.t == 0 and not rule.state["m"].any()


@pytest.mark.parametrize("length", [34, 41, 64, 67])
def test_a_late_start_leaves_every_stream_two_symbols(length):
    """A text that is long enough for the first epoch is so for all of them."""
    model = CharLSTM(5, 4, 3, rng=Generator(0))
    method = LanguageTraining(model, optim.Adam(model.parameters(), alpha=1e-3))
    flat, rng = np.zeros(length, "int64"), Generator(1)
    for _ in range(50):
        assert list(method.epoch(flat, 16, rng))
    with pytest.raises(DataError):
        method.steps(flat[:31], 16)


def convolve(queue):
    y = minigen.conv2d(np.ones((8, 5, 8, 8)), np.ones((6, 5, 3, 3)))
    queue.put(float(np.sum(y)))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="forks no process"
)
def test_a_forked_process_has_threads_of_its_own():
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    convolve(queue)
    expected = queue.get()
    child = context.Process(target=convolve, args=(queue,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert queue.get() == expected
