"""The character model: its sizes, its training step by hand, its state, and what it writes."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.models import CharLSTM, next_symbol, write_on
from minigen.optim import SGD, AdamBiasCorrected
from minigen.training import LanguageTraining, Trainer, language_step
from minigen.training.language import stream_loss

TEXT = "abcd" * 60


def model(symbols=4, **options):
    settings = {"embedding_size": 3, "hidden_size": 5, "rng": Generator(0)}
    return CharLSTM(symbols, **settings | options)


def logits_by_hand(net, x):
    """One sequence after the other, one symbol after the other."""
    p = {name: value.numpy() for name, value in net.named_parameters()}
    out = np.zeros((*x.shape, net.symbols))
    for e in range(x.shape[1]):
        h, c = np.zeros(5), np.zeros(5)
        for t, symbol in enumerate(x[:, e]):
            a = p["lstm.weight_ih_l0"] @ p["embedding.weight"][symbol]
            a = a + p["lstm.weight_hh_l0"] @ h + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]
            i, f, g, o = a.reshape(4, 5)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            c = f * c + i * np.tanh(g)
            h = o * np.tanh(c)
            out[t, e] = p["head.weight"] @ h + p["head.bias"]
    return out


def test_parameters_and_logits():
    net = model().astype("float64")
    names = [name for name, _ in net.named_parameters()]
    assert names[0] == "embedding.weight" and names[-2:] == ["head.weight", "head.bias"]
    x = np.array([[0, 1], [3, 2], [2, 2]])
    logits, (h, c) = net(x)
    np.testing.assert_allclose(logits.numpy(), logits_by_hand(net, x), rtol=1e-12)
    assert h.shape == c.shape == (1, 2, 5)


def test_the_step_is_the_step_by_hand():
    """Loss, and the direction of the move: down the gradient by central differences."""
    net = model().astype("float64")
    x, y = np.array([[0, 1], [3, 2]]), np.array([[3, 2], [1, 0]])

    def loss():
        logits = logits_by_hand(net, x)
        p = np.exp(logits - logits.max(axis=2, keepdims=True))
        p /= p.sum(axis=2, keepdims=True)
        return -np.log(np.take_along_axis(p, y[:, :, None], axis=2)).mean()

    expected = loss()
    weight = net.lstm.weight_hh_l0
    before, gradient = weight.numpy().copy(), np.zeros(weight.shape)
    for index in [(0, 0), (7, 3), (19, 4)]:
        for sign in (1, -1):
            moved = before.copy()
            moved[index] += sign * 1e-6
            weight.assign(moved)
            gradient[index] += sign * loss() / 2e-6
    weight.assign(before)
    found, state = language_step(net, SGD(net.parameters(), alpha=1.0), x, y)
    assert float(found) == pytest.approx(expected, rel=1e-12)
    for index in [(0, 0), (7, 3), (19, 4)]:
        assert before[index] - weight.numpy()[index] == pytest.approx(gradient[index], rel=1e-5)
    assert not state[0].requires_grad and not state[1].requires_grad


def test_long_gradients_are_shortened():
    moves = []
    for max_norm in (None, 1e-3):
        net = model()
        before = net.head.bias.numpy().copy()
        x = np.zeros((4, 2), dtype="int64")
        language_step(net, SGD(net.parameters(), alpha=1.0), x, x, None, max_norm)
        moves.append(np.linalg.norm(net.head.bias.numpy() - before))
    assert moves[0] > 0.1 and 0 < moves[1] <= 1e-3


def test_a_text_that_repeats_is_learned():
    """After a few epochs each symbol is foretold from the one before: about 0 nats."""
    vocabulary = data.Vocabulary.of(TEXT)
    text = data.Text("abcd", vocabulary.encode(TEXT), vocabulary)
    net = model(hidden_size=12)
    rule = AdamBiasCorrected(net.parameters(), alpha=0.03)
    method = LanguageTraining(net, rule, steps=8)
    trainer = Trainer(method, text, text, batch_size=4, rng=Generator(1), progress=False)
    figures = trainer.run(12)
    assert method.steps(text.flat, 4) == 8  # 59 symbols of each stream are foretold
    assert 12 * 7 <= trainer.step <= 12 * 8
    assert trainer.history.rows[0]["test_loss"] > 0.5 > 0.1 > figures["test_loss"]
    assert stream_loss(net, text.flat, 1, 50) < 0.1
    written = vocabulary.decode(write_on(net.eval(), vocabulary.encode("b"), 6, Generator(0), 0))
    assert written == "cdabcd"


def test_one_stream_carries_its_state_over_all_windows():
    """The loss does not depend on how the stream is cut into windows, and is that by hand."""
    net = model().astype("float64")
    codes = np.random.default_rng(0).integers(0, 4, 41)
    losses = [stream_loss(net, codes, 1, steps) for steps in (1, 7, 100)]
    logits = logits_by_hand(net, codes[:-1, None])[:, 0]
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -log_p[np.arange(40), codes[1:]].mean()
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    assert net.training  # as it was


def test_epochs_begin_elsewhere_and_with_a_fresh_state():
    method = LanguageTraining(model(), SGD(model().parameters(), 0.1), steps=10)
    codes, rng = np.arange(400), Generator(0)
    method.state = "old"
    firsts = set()
    for _ in range(5):
        found = list(method.epoch(codes, 2, rng))
        assert method.state is None
        firsts.add(int(found[0][0][0, 0]))
        assert abs(len(found) - method.steps(codes, 2)) <= 1
    assert len(firsts) > 1 and max(firsts) < 10


def test_dropout_is_for_training():
    net, x = model(dropout=0.5), np.zeros((3, 1), dtype="int64")
    assert not np.array_equal(net(x)[0].numpy(), net(x)[0].numpy())
    net.eval()
    np.testing.assert_array_equal(net(x)[0].numpy(), net(x)[0].numpy())


def test_temperature_and_top_k():
    """Shares of 4,000 draws against softmax(logits / temperature) within 4 standard errors."""
    logits, rng = np.array([2.0, 0.0, 1.0, -1.0], dtype="float32"), Generator(0)
    for temperature, top_k in ((1.0, None), (0.5, None), (2.0, 3), (1.0, 1)):
        p = np.exp(logits.astype("float64") / temperature)
        p[np.argsort(-logits)[top_k or 4 :]] = 0
        p /= p.sum()
        draws = [next_symbol(logits, rng, temperature, top_k) for _ in range(4000)]
        shares = np.bincount(draws, minlength=4) / 4000
        assert (abs(shares - p) <= 4 * np.sqrt(p * (1 - p) / 4000)).all()
    assert next_symbol(logits, rng, 0, None) == 0
    for options in ({"temperature": -1}, {"top_k": 0}):
        with pytest.raises(ValueError, match="write_on: needs at least one symbol"):
            write_on(model(), [0], 3, rng, **options)


def test_wrong_data_is_refused():
    method = LanguageTraining(model(), SGD(model().parameters(), 0.1))
    with pytest.raises(TypeError, match=r"must be data.Text, which language is trained on.*texts"):
        Trainer(method, data.digits("train"), rng=Generator(0))
    with pytest.raises(ValueError, match="steps must be at least 1"):
        LanguageTraining(model(), SGD(model().parameters(), 0.1), steps=0)
