"""The sentence VAE: its likelihood by hand, what must not matter, and the remedies for a code
that nobody reads."""

import numpy as np
import pytest

from minigen import Generator, tensor
from minigen.data.sentences import Sentences, WordVocabulary, side_by_side
from minigen.models import RVAE
from minigen.objectives import gaussian_kl
from minigen.optim import SGD, AdamBiasCorrected
from minigen.training import RVAETraining, Trainer, rvae_step
from minigen.training.rvae import words_before
from minigen.training.sentences import sentence_log_likelihood


def model(**options):
    settings = {"embedding_size": 3, "hidden_size": 5, "code_size": 2, "rng": Generator(0)}
    return RVAE(7, **settings | options)


WORDS, LENGTHS = side_by_side([np.array([5, 2, 3, 0]), np.array([4, 0]), np.array([6, 6, 0])])
NOISE = np.random.default_rng(1).normal(size=(3, 2))


def test_each_sentence_as_if_it_were_alone():
    """Logits, mean, log-variance and likelihood of a batch are those one by one."""
    net = model().astype("float64")
    before = words_before(WORDS, 0, Generator(0))
    np.testing.assert_array_equal(before, [[0, 0, 0], [5, 4, 6], [2, 0, 6], [3, 0, 0]])
    logits, mean, log_var = net(WORDS, before, LENGTHS, NOISE)
    total = sentence_log_likelihood(WORDS, LENGTHS, logits).numpy()
    for e, n in enumerate(LENGTHS):
        one = slice(e, e + 1)
        alone, m, v = net(WORDS[:n, one], before[:n, one], LENGTHS[one], NOISE[one])
        np.testing.assert_allclose(mean.numpy()[one], m.numpy(), rtol=1e-12)
        np.testing.assert_allclose(log_var.numpy()[one], v.numpy(), rtol=1e-12)
        scores = alone.numpy()[:, 0]
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        expected = log_p[np.arange(n), WORDS[:n, e]].sum()
        assert total[e] == pytest.approx(expected, rel=1e-12)


def test_masked_steps_have_no_gradient():
    """Other words behind a sentence's end change nothing, in value and in gradient."""
    changed = WORDS.copy()
    changed[2:, 1] = 3
    changed[3:, 2] = 4
    results = []
    for words in (WORDS, changed):
        net = model().astype("float64")
        logits, _, _ = net(words, words_before(words, 0, Generator(0)), LENGTHS, NOISE)
        total = sentence_log_likelihood(words, LENGTHS, logits)
        total.sum().backward()
        results.append(
            [total.numpy(), *(p.grad.numpy() for p in net.parameters() if p.grad is not None)]
        )
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    leaf = tensor(np.zeros((4, 3, 7)), requires_grad=True)
    sentence_log_likelihood(WORDS, LENGTHS, leaf).sum().backward()
    behind = np.arange(4)[:, None] >= LENGTHS
    assert not leaf.grad.numpy()[behind].any() and leaf.grad.numpy()[~behind].any(axis=1).all()


def test_hidden_words_become_unknown():
    x = np.full((50, 100), 5)
    before = words_before(x, 0.3, Generator(0))
    share = (before[1:] == WordVocabulary.UNKNOWN).mean()
    assert abs(share - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 4900)
    assert set(np.unique(before)) == {0, 1, 5}


@pytest.mark.parametrize("free", [0.0, 5.0])
def test_the_step_climbs_its_bound(free):
    """[E.FREEBITS] The value is reconstruction - beta KL; a KL that is free pulls on nothing."""
    net = model().astype("float64")
    before = words_before(WORDS, 0, Generator(0))
    _, mean, log_var = net(WORDS, before, LENGTHS, NOISE)
    kl = gaussian_kl(mean, log_var).mean().item()
    weight = net.log_var.weight.numpy().copy()
    parts = rvae_step(
        net, SGD(net.parameters(), alpha=0.1), WORDS, before, LENGTHS, 0 * NOISE, 0.5, free
    )
    assert parts.kl.item() == pytest.approx(kl, rel=1e-12)
    expected = parts.reconstruction.item() - 0.5 * (2 * free if free else kl)
    assert parts.value.item() == pytest.approx(expected, rel=1e-12)
    moved = abs(net.log_var.weight.numpy() - weight).max()
    assert moved == 0 if free else moved > 1e-4  # without noise only the KL reads log_var


def test_annealing_rises_to_one():
    net = model()
    method = RVAETraining(net, SGD(net.parameters(), 0.01), Generator(0), annealing=4)
    betas = []
    for _ in range(6):
        betas.append(method.beta())
        method.step((WORDS, LENGTHS))
    assert betas == [0, 0.25, 0.5, 0.75, 1, 1]
    assert RVAETraining(net, SGD(net.parameters(), 0.01), Generator(0)).beta() == 1


def test_sentences_are_learned_and_written():
    """Two sentences: each is written from its own code; the bound is near -ln 2."""
    known = WordVocabulary(["cats", "dogs", "sit", "run", "here"])
    texts = (["cats", "sit", "here"], ["dogs", "run"])
    data = Sentences("two", tuple(known.encode(t) for t in texts) * 10, known)
    net = model(hidden_size=16)
    rule = AdamBiasCorrected(net.parameters(), alpha=0.02)
    method = RVAETraining(net, rule, Generator(1), annealing=40, hide=0.5)
    trainer = Trainer(method, data, data, batch_size=5, rng=Generator(2), progress=False)
    figures = trainer.run(40)
    assert -1.5 < figures["test_elbo"] < -0.5
    assert figures["test_kl"] > 0.3
    x, lengths = side_by_side(data.flat[:2])
    mean, _ = net.encode(x, lengths)
    written = net.write(mean.array)
    assert [known.decode(column) for column in written.T] == ["cats sit here", "dogs run"]
