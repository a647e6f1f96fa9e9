"""The sequence autoencoder: what its decoder sees, its loss by hand, and that it learns."""

import numpy as np
import pytest

from minigen import Generator
from minigen.data.sentences import Sentences, WordVocabulary, side_by_side
from minigen.models import CodeGaussian, SequenceAutoencoder
from minigen.optim import SGD, AdamBiasCorrected
from minigen.training import SequenceAutoencoderTraining, Trainer, sequence_autoencoder_step

WORDS, LENGTHS = side_by_side([np.array([5, 2, 3, 0]), np.array([4, 0]), np.array([6, 6, 0])])


def model(**options):
    settings = {"embedding_size": 3, "hidden_size": 5, "code_size": 2, "rng": Generator(0)}
    return SequenceAutoencoder(7, **settings | options)


def test_the_decoder_reads_the_code_and_nothing_else():
    """Equal codes give equal logits, whatever the words; the code of a sentence does not depend
    on its neighbours or on what lies behind its end."""
    net = model().astype("float64")
    codes = net.codes(WORDS, LENGTHS)
    assert codes.shape == (3, 2)
    changed = WORDS.copy()
    changed[2:, 1] = 3
    np.testing.assert_array_equal(net.codes(changed, LENGTHS).numpy(), codes.numpy())
    alone = net.codes(WORDS[:2, 1:2], LENGTHS[1:2])
    np.testing.assert_allclose(alone.numpy(), codes.numpy()[1:2], rtol=1e-12)
    logits = net(WORDS, LENGTHS)
    assert logits.shape == (4, 3, 7)
    np.testing.assert_allclose(net.logits(codes, 4).numpy(), logits.numpy(), rtol=1e-12)
    longer = net.logits(codes, 6).numpy()  # more steps leave the first ones as they were
    np.testing.assert_allclose(longer[:4], logits.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(net.write(codes.array, 4), logits.numpy().argmax(axis=2))


def test_the_step_returns_the_cross_entropy_and_descends_it():
    net = model().astype("float64")
    scores = net(WORDS, LENGTHS).numpy()
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    expected = -np.mean(
        [sum(log_p[t, i, WORDS[t, i]] for t in range(n)) for i, n in enumerate(LENGTHS)]
    )
    rule = SGD(net.parameters(), alpha=0.1)
    losses = [sequence_autoencoder_step(net, rule, WORDS, LENGTHS).item() for _ in range(5)]
    assert losses[0] == pytest.approx(expected, rel=1e-12)
    assert losses == sorted(losses, reverse=True)


def test_sentences_come_back_and_codes_are_drawn():
    known = WordVocabulary(["cats", "dogs", "sit", "run", "here"])
    texts = (["cats", "sit", "here"], ["dogs", "run"], ["dogs", "sit"])
    data = Sentences("three", tuple(known.encode(t) for t in texts) * 10, known)
    net = model(hidden_size=24, code_size=3)
    method = SequenceAutoencoderTraining(net, AdamBiasCorrected(net.parameters(), alpha=0.02))
    trainer = Trainer(method, data, data, batch_size=5, rng=Generator(2), progress=False)
    figures = trainer.run(40)
    assert figures["test_words_right"] == 1 and figures["test_cross_entropy"] < 0.3
    x, lengths = side_by_side(data.flat[:3])
    codes = net.codes(x, lengths).array
    written = net.write(codes)
    assert [known.decode(column) for column in written.T] == [" ".join(text) for text in texts]
    drawn = net.prior(20_000, Generator(3))  # as many of each: their mean and covariance
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(
        np.cov(drawn, rowvar=False), np.cov(codes, rowvar=False, ddof=0), rtol=0.1, atol=0.1
    )


def test_a_gaussian_is_standard_until_it_is_fitted():
    gaussian = CodeGaussian(2)
    np.testing.assert_array_equal(gaussian.draw(5, Generator(1)), Generator(1).normal((5, 2)))
    codes = np.random.default_rng(0).normal(size=(500, 2)) @ [[2.0, 0.0], [1.0, 0.5]] + [3.0, -1.0]
    gaussian.fit(codes.astype("float32"))
    np.testing.assert_allclose(gaussian.mean.numpy(), codes.mean(axis=0), rtol=1e-6)
    root = gaussian.root.numpy()
    np.testing.assert_allclose(root @ root.T, np.cov(codes, rowvar=False), rtol=1e-4)
