"""Mistakes that a captured step cannot repeat, and mistakes as people make them, are all caught.

The double keeps a tape while a capture runs, and plays it back: the same numbers, bit for bit.
"""

import functools
import math

import numpy as np
import pytest
from device.device_audit import numpy_in

from minigen import Generator, Tensor, backend, optim, training
from minigen.autograd import primitive
from minigen.backend import BackendError, CaptureError, asarray, capturer, double, use_backend
from minigen.backend.double import tally
from minigen.models import VAE
from minigen.nn import Parameter
from minigen.ops import exp


@pytest.fixture(autouse=True)
def on_the_double():
    with use_backend("double"):
        yield
        tally.tape = None


def array(*shape):
    return asarray(np.arange(1, math.prod(shape) + 1, dtype="float32").reshape(shape))


HOST = np.ones(3, dtype="float32")


# ---------------------------------------------------------------- captured
@pytest.mark.parametrize(
    "forbidden",
    [
        lambda x: float(x[0]),
        lambda x: bool(x.all()),
        lambda x: x.get(),
        lambda x: x[x > 1],
        lambda x: asarray(HOST),
        lambda x: double.concatenate([x] * 9),
        lambda x: x @ x,
        lambda x: double.linalg.qr(x.reshape(3, 1)),
    ],
)
def test_a_capture_refuses_to_wait_and_to_send(forbidden):
    x = array(3)
    tally.tape = []
    with pytest.raises(CaptureError, match="capture: .* which a captured step cannot repeat"):
        forbidden(x)
    tally.tape = None
    forbidden(x)
    assert issubclass(CaptureError, BackendError)


def computation(rng, x, index, total):
    """Draws, operations in place and through views, gathers, scatters and products."""
    noise = rng.normal(x.shape) + rng.random(x.shape)
    x *= 0.5
    x += noise
    part = x.T[1:]
    part[0] = backend.gemm(x[:, :1], x[:1, 1:])[:, 0]
    x[index] = x[index] * 2 - double.where(x[index] > 0, x[index], 0)
    double.exp(x).sum(axis=0)
    double.tanh(x, out=x)
    double.add.at(total, index, x[:2])
    total -= x.mean(axis=0, keepdims=True)
    total[0, :2] = total.max()


def test_a_tape_repeats_a_computation_bit_for_bit():
    index = asarray([2, 2])
    rngs = [Generator(4), Generator(4)]
    eager, played = ([array(3, 4), array(3, 4)] for _ in "ab")
    results = []
    for _ in range(4):
        computation(rngs[0], eager[0], index, eager[1])
        results.append([y.memory.copy() for y in eager])
    launch = capturer(double).capture(lambda: computation(rngs[1], played[0], index, played[1]))
    for expected in results:
        launch()
        for y, wanted in zip(played, expected, strict=True):
            np.testing.assert_array_equal(y.memory, wanted)
    assert not np.array_equal(results[0][0], results[1][0])


# ---------------------------------------------------------------- mistakes as people make them
def test_an_op_that_calls_numpy_by_name_is_caught_twice():
    @primitive
    def swish(x):
        return x / (1 + np.exp(-x))

    with pytest.raises(TypeError, match="ufunc"):
        swish(Tensor(array(3)))
    assert numpy_in("def swish(x):\n    return x / (1 + numpy.exp(-x))") == [2]


def test_an_index_of_the_host_is_caught():
    with pytest.raises(BackendError, match=r"index on numpy; move it over with minigen\.asarray"):
        Tensor(array(3))[np.array([0, 1])]


def test_a_step_that_bakes_in_a_number_of_the_host_does_not_repeat():
    """A step size computed from the host's count of steps: the third launch uses the first's."""

    def train(captured):
        w, count = Parameter(array(3)), [0]

        def step():
            count[0] += 1
            w.assign(w.array - exp(w).array * 1e-3 / math.sqrt(count[0]))

        launch = capturer(double).capture(step) if captured else step
        for _ in range(3):
            launch()
        return w.array.memory

    assert not np.array_equal(train(True), train(False))


def test_a_loss_that_is_read_back_in_a_step_is_caught():
    class Prints(training.VAETraining):
        def step(self, x):
            losses = super().step(x)
            print(f"{losses['elbo'].array:.3f}")
            return losses

    rng = Generator(0)
    net = VAE(64, [8], 2, rng=rng)
    method = Prints(net, optim.SGD(net.parameters(), 1e-3), rng)
    x = asarray(np.ones((4, 64), dtype="float32"))
    with pytest.raises(CaptureError, match="item: the host waits"):
        capturer(double).capture(functools.partial(method.step, x))
