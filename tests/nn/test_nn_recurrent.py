"""Layers that remember: held to the register, to themselves in pieces, and to what must not
matter: the numbers behind a sequence's end."""

import numpy as np
import pytest

from minigen import Generator, gradcheck, nn, ops, tensor
from minigen.equations import REGISTER
from minigen.ops import lstm_kernel

STEPS, N, SIZE, HIDDEN = 6, 3, 2, 4
LENGTHS = np.array([6, 1, 4])


def x(seed=0, steps=STEPS):
    return np.random.default_rng(seed).normal(size=(steps, N, SIZE))


def lstm(layers=1, **options):
    return nn.LSTM(SIZE, HIDDEN, layers, rng=Generator(1), **options).astype("float64")


def rnn(**options):
    return nn.RNN(SIZE, HIDDEN, 5, rng=Generator(1), **options).astype("float64")


def values(*tensors):
    return [np.asarray(t.numpy()) for t in tensors]


# ---------------------------------------------------------------- equations
def test_rnn_is_its_equation():
    """[E.RNN] with f and g chosen, and without biases unless asked."""
    layer, h = rnn(), np.random.default_rng(5).normal(size=(N, HIDDEN))
    assert [name for name, _ in layer.named_parameters()] == [
        "weight_ih_l0", "weight_hh_l0", "weight_ho",
    ]  # fmt: skip
    w, u, v = values(*layer.parameters())
    found = values(*layer(x(), h))
    for mine, expected in zip(found, REGISTER["RNN"].transcription(x(), h, w, u, v), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-12)
    other = rnn(f=ops.relu, g=ops.sigmoid)
    found = other(x(), h)[0].numpy()
    expected = np.array(h)
    for t in range(STEPS):
        expected = np.maximum(x()[t] @ w.T + expected @ u.T, 0)
        np.testing.assert_allclose(found[t], 1 / (1 + np.exp(-expected @ v.T)), rtol=1e-12)


def test_rnn_adds_biases_when_asked():
    layer = rnn(bias=True)
    w, u, v, b, d = values(*layer.parameters())
    first = np.tanh(x()[0] @ w.T + b) @ v.T + d
    np.testing.assert_allclose(layer(x())[0].numpy()[0], first, rtol=1e-12)


def test_rnn_gradients_through_time():
    """Twelve steps, to second order, all weights and the state before."""
    layer = rnn(bias=True)
    names = [name for name, _ in layer.named_parameters()]

    def f(x, h, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        y, last = layer(x, h)
        return [y, last]

    weights = values(*layer.parameters())
    gradcheck(f, x(steps=12), np.zeros((N, HIDDEN)), *weights, order=2)


def test_lstm_layers_read_the_one_below():
    """[E.LSTM] twice."""
    layer = lstm(2)
    y, (h, c) = layer(x())
    zeros = np.zeros((N, HIDDEN))
    p = layer.state_dict()
    below = x()
    for k in range(2):
        weights = [p[f"{name}_l{k}"] for name in ("weight_ih", "weight_hh")]
        bias = p[f"bias_ih_l{k}"] + p[f"bias_hh_l{k}"]
        below, h_k, c_k = REGISTER["LSTM"].transcription(below, zeros, zeros, *weights, bias)
        np.testing.assert_allclose(h.numpy()[k], h_k, rtol=1e-12)
        np.testing.assert_allclose(c.numpy()[k], c_k, rtol=1e-12)
    np.testing.assert_allclose(y.numpy(), below, rtol=1e-12)


def test_the_fused_lstm_is_the_composition():
    """In float32, outputs and all gradients to 1e-6 of their size, over 50 steps."""
    rng = np.random.default_rng(0)
    shapes = (50, 8, 5), (8, 16), (8, 16), (64, 5), (64, 16), (64,)
    arrays = [rng.normal(size=s).astype("float32") * 0.3 for s in shapes]
    results = []
    for function in (ops.lstm, ops.lstm_steps):
        leaves = [tensor(a, requires_grad=True) for a in arrays]
        y, h, c = function(*leaves, lengths=np.array([50, 3, 20, 50, 1, 49, 7, 30]))
        ((y * y).sum() + (h * c).sum()).backward()
        results.append([*values(y, h, c), *(leaf.grad.numpy() for leaf in leaves)])
    for fused, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-5, atol=2e-6 * abs(plain).max())


@pytest.mark.parametrize("run", [1, 2, 4, 6, 9])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_the_way_back_is_the_same_in_runs_of_any_length(run, lengths, monkeypatch):
    """Long sequences are gone back through a few steps at a time, the last run being shorter."""
    rng = np.random.default_rng(2)
    shapes = (STEPS, N, SIZE), (N, HIDDEN), (N, HIDDEN), (16, SIZE), (16, HIDDEN), (16,)
    arrays = [rng.normal(size=s) for s in shapes]
    monkeypatch.setattr(lstm_kernel, "CACHED", run * N * 16)
    monkeypatch.setattr(lstm_kernel, "LONG", 1)
    assert lstm_kernel.steps_at_once(STEPS, N, 16) == min(run, STEPS)
    results = []
    for function in (ops.lstm, ops.lstm_steps):
        leaves = [tensor(a, requires_grad=True) for a in arrays]
        y, h, c = function(*leaves, lengths=lengths)
        ((y * y).sum() + (h * c).sum()).backward()
        results.append([leaf.grad.numpy() for leaf in leaves])
    for fused, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sizes", [(0, 2, 4), (3, 0, 4), (3, 2, 0)], ids=["n", "in", "hidden"])
def test_nothing_in_or_nothing_to_do(sizes):
    """No example, no input, no unit: outputs and gradients of the shapes that they should have."""
    n, size, hidden = sizes
    state, rows = (n, hidden), 4 * hidden
    shapes = (STEPS, n, size), state, state, (rows, size), (rows, hidden), (rows,)
    results = []
    for function in (ops.lstm, ops.lstm_steps):
        leaves = [tensor(np.full(s, 0.3), requires_grad=True) for s in shapes]
        y, h, c = function(*leaves)
        ((y * y).sum() + (h * c).sum()).backward()
        results.append([*values(y, h, c), *(leaf.grad.numpy() for leaf in leaves)])
    for fused, plain in zip(*results, strict=True):
        assert fused.shape == plain.shape
        np.testing.assert_allclose(fused, plain, rtol=1e-12)


def test_how_many_steps_the_way_back_takes_at_once():
    """512 columns of 1024 rows fit the cache; of more rows too few would, so all are taken."""
    assert lstm_kernel.steps_at_once(64, 32, 1024) == 16
    assert lstm_kernel.steps_at_once(10, 32, 1024) == 10
    assert lstm_kernel.steps_at_once(64, 32, 2048) == 64
    assert lstm_kernel.steps_at_once(64, 10**6, 1024) == 64


@pytest.mark.parametrize("alone", range(6), ids=["x", "h", "c", "weight_ih", "weight_hh", "bias"])
@pytest.mark.parametrize("lengths", [None, np.array([4, 1, 3])], ids=["whole", "lengths"])
def test_the_fused_lstm_finds_each_gradient_alone(alone, lengths):
    """For one leaf among constants, and for all but that one: as the composition has it."""
    rng = np.random.default_rng(1)
    shapes = (4, 3, 2), (3, 5), (3, 5), (20, 2), (20, 5), (20,)
    arrays = [rng.normal(size=s) for s in shapes]
    for wanted in ({alone}, set(range(6)) - {alone}):
        results = []
        for function in (ops.lstm, ops.lstm_steps):
            leaves = [tensor(a, requires_grad=i in wanted) for i, a in enumerate(arrays)]
            y, h, c = function(*leaves, lengths=lengths)
            ((y * y).sum() + (h * c).sum()).backward()
            results.append([leaf.grad.numpy() for leaf in leaves if leaf.requires_grad])
            assert all(leaf.grad is None for leaf in leaves if not leaf.requires_grad)
        for fused, plain in zip(*results, strict=True):
            np.testing.assert_allclose(fused, plain, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- state and windows
@pytest.mark.parametrize("make", [lambda: lstm(2), rnn], ids=["lstm", "rnn"])
def test_windows_with_a_carried_state_are_one_long_sequence(make):
    """Outputs and gradients: nothing is detached that the caller does not detach."""
    whole, pieces = make(), make()
    y, state = whole(x())
    (y * y).sum().backward()
    first, carried = pieces(x()[:2])
    second, last = pieces(x()[2:], carried)
    ((first * first).sum() + (second * second).sum()).backward()
    together = np.concatenate(values(first, second))
    np.testing.assert_allclose(together, y.numpy(), rtol=1e-12)
    for a, b in zip(whole.parameters(), pieces.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-12)
    states = (state, last) if isinstance(state, tuple) else ((state,), (last,))
    for a, b in zip(*states, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


# ---------------------------------------------------------------- sequences of unequal length
@pytest.mark.parametrize("make", [lambda: lstm(2), rnn], ids=["lstm", "rnn"])
def test_what_stands_behind_the_end_does_not_matter(make):
    """Each sequence as if it were alone; other numbers behind its end change no bit of any
    output, state or gradient, and their own gradient is 0."""
    layer, changed = make(), x()
    for e, length in enumerate(LENGTHS):
        changed[length:, e] = 100 * np.random.default_rng(9).normal(size=(STEPS - length, SIZE))
    results = []
    for each in (x(), changed):
        layer.zero_grad()
        leaf = tensor(each, requires_grad=True)
        y, state = layer(leaf, None, LENGTHS)
        h = state[0] if isinstance(state, tuple) else state
        ((y * y).sum() + (h * h).sum()).backward()
        results.append([*values(y, h), *(p.grad.numpy() for p in layer.parameters())])
        for e, length in enumerate(LENGTHS):
            assert not leaf.grad.numpy()[length:, e].any()
            assert not y.numpy()[length:, e].any()
            assert leaf.grad.numpy()[:length, e].all()
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    y, state = layer(x(), None, LENGTHS)
    h = state[0] if isinstance(state, tuple) else state
    for e, length in enumerate(LENGTHS):
        alone, last = layer(x()[:length, e : e + 1])
        np.testing.assert_allclose(y.numpy()[:length, e : e + 1], alone.numpy(), rtol=1e-12)
        last = last[0] if isinstance(last, tuple) else last
        np.testing.assert_allclose(
            h.numpy()[..., e : e + 1, :], last.numpy(), rtol=1e-12, atol=1e-15
        )


def test_full_lengths_are_no_lengths():
    layer = lstm()
    full = np.full(N, STEPS)
    np.testing.assert_array_equal(layer(x())[0].numpy(), layer(x(), None, full)[0].numpy())


# ---------------------------------------------------------------- dropout, errors, the rest
def test_dropout_lies_between_layers_while_training():
    layer = lstm(2, dropout=0.5)
    (a, _), (b, _) = layer(x()), layer(x())
    assert not np.array_equal(a.numpy(), b.numpy())
    layer.eval()
    (a, _), (b, _) = layer(x()), layer(x())
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    one = lstm(1, dropout=0.5)  # nothing lies between
    np.testing.assert_array_equal(one(x())[0].numpy(), one(x())[0].numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lstm()(np.zeros((4, SIZE))), r"LSTM: x must be \(steps, n, 2\).*got \(4, 2\)"),
        (lambda: lstm()(np.zeros((0, N, SIZE))), r"at least one step; got \(0, 3, 2\)"),
        (lambda: lstm(2)(x(), (np.zeros((1, N, 4)),) * 2), r"each \(2, 3, 4\); got \(1, 3, 4\)"),
        (lambda: lstm()(x(), None, np.array([1, 2])), "lengths must be 3 integers from 1 to 6"),
        (lambda: lstm()(x(), None, np.array([1, 2, 7])), "lengths must be 3 integers from 1 to 6"),
        (lambda: rnn()(x(), None, np.array([0, 1, 2])), "RNN: lengths must be 3 integers"),
        (lambda: rnn()(x(), None, np.ones(3)), "got float64"),
        (lambda: rnn()(x()[:, :, :1]), r"RNN: x must be \(steps, n, 2\)"),
        (lambda: nn.LSTM(1, 0, rng=Generator(0)), "LSTM: sizes must be .*; got .*hidden 0"),
        (lambda: nn.LSTM(1, 1, rng=Generator(0), dropout=1.0), r"dropout must lie in \[0, 1\)"),
        (lambda: nn.RepeatVector(3)(np.zeros((2, 2, 2))), r"RepeatVector: x must be \(n, d\)"),
        (
            lambda: ops.lstm(*[np.zeros((1, 1, 1))] * 6),
            r"lstm: shapes must be x .*got x \(1, 1",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_embedding_and_repeat_vector():
    layer = nn.Embedding(5, 3, rng=Generator(0))
    found = layer(np.array([[1, 4], [4, 0]])).numpy()
    np.testing.assert_array_equal(found, layer.weight.numpy()[[[1, 4], [4, 0]]])
    z = tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = nn.RepeatVector(4)(z)
    np.testing.assert_array_equal(y.numpy(), np.stack([z.numpy()] * 4))
    (y * y).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), 8 * z.numpy())
    assert "5 symbols -> 3" in repr(layer) and "2 layers, dropout 0.5" in repr(lstm(2, dropout=0.5))
