"""The model of music: its likelihood by hand, over pieces of unequal length, and what it plays."""

import numpy as np
import pytest

from minigen import Generator
from minigen.data.music import KEYS, Music, padded
from minigen.equations import REGISTER
from minigen.models import MusicLSTM
from minigen.optim import AdamBiasCorrected
from minigen.training import MusicTraining, Trainer
from minigen.training.music import frame_loss, log_likelihood

RNG = np.random.default_rng(0)


def pieces(*lengths):
    return [(RNG.random((n, KEYS)) < 0.05).astype("float32") for n in lengths]


def by_hand(net, roll):
    """-log p of one piece after its first frame."""
    p = net.state_dict()
    zero = np.zeros((1, net.lstm.hidden_size))
    bias = p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]
    weights = p["lstm.weight_ih_l0"], p["lstm.weight_hh_l0"], bias
    h, _, _ = REGISTER["LSTM"].transcription(
        roll[:-1, None].astype("float64"), zero, zero, *weights
    )
    logits = h[:, 0] @ p["head.weight"].T + p["head.bias"]
    q = 1 / (1 + np.exp(-logits))
    return -np.where(roll[1:] == 1, np.log(q), np.log1p(-q)).sum()


def test_the_likelihood_is_that_of_each_piece_alone():
    net = MusicLSTM(KEYS, 6, rng=Generator(0)).astype("float64")
    rolls = pieces(5, 2, 9)
    expected = [by_hand(net, roll) for roll in rolls]
    x, lengths = padded(rolls)
    total, frames = log_likelihood(net, x.astype("float64"), lengths)
    assert frames == 4 + 1 + 8
    assert -float(total) == pytest.approx(sum(expected), rel=1e-12)
    net.astype("float32")
    assert frame_loss(net, rolls) == pytest.approx(sum(expected) / 13, rel=1e-5)


def test_what_lies_behind_the_end_does_not_count():
    net = MusicLSTM(KEYS, 6, rng=Generator(0))
    x, lengths = padded(pieces(5, 2))
    noisy = x.copy()
    noisy[2:, 1] = 1
    results = []
    for each in (x, noisy):
        net.zero_grad()
        total, _ = log_likelihood(net, each, lengths)
        total.backward()
        results.append([float(total), *(p.grad.numpy() for p in net.parameters())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_two_chords_that_alternate_are_learned_and_played():
    roll = np.zeros((12, KEYS), dtype="float32")
    roll[::2, [10, 20]] = 1
    roll[1::2, [15, 30]] = 1
    music = Music("two chords", (roll, roll[1:]) * 4)
    net = MusicLSTM(KEYS, 16, rng=Generator(0))
    method = MusicTraining(net, AdamBiasCorrected(net.parameters(), alpha=0.02))
    trainer = Trainer(method, music, music, batch_size=4, rng=Generator(1), progress=False)
    figures = trainer.run(60)
    assert trainer.history.rows[0]["valid_loss"] > 5 > 0.5 > figures["valid_loss"]
    played = net.play(4, 2, Generator(0), roll[:3, None].repeat(2, axis=1))
    assert played.shape == (4, 2, KEYS) and set(np.unique(played)) <= {0.0, 1.0}
    wanted = np.stack([roll[3:7]] * 2, axis=1)
    assert (played == wanted).mean() > 0.99 and played[:, :, [10, 15, 20, 30]].any()
    silent = net.play(3, 1, Generator(0))
    assert silent.shape == (3, 1, KEYS)


def test_the_weights_of_the_best_epoch_are_kept():
    music = Music("noise", tuple(pieces(6, 6)))
    net = MusicLSTM(KEYS, 4, rng=Generator(0))
    method = MusicTraining(net, AdamBiasCorrected(net.parameters(), alpha=0.01))
    best = method.judged(method.evaluate(music.flat))["valid_loss"]
    net.head.bias.assign(net.head.bias.numpy() + 3)
    assert method.judged(method.evaluate(music.flat))["valid_loss"] > best
    method.evaluate((np.zeros((4, KEYS), np.float32),))  # a look at other pieces decides nothing
    method.finish(music.flat)
    assert frame_loss(net, music.flat) == best
