"""The causal transformer: no look ahead, text as its state, and that it learns to copy."""

from math import erf

import numpy as np
import pytest

from minigen import Generator, data, tensor
from minigen.functional import causal_mask
from minigen.models import CharTransformer, write_on
from minigen.models.transformer import Block
from minigen.optim import AdamBiasCorrected
from minigen.training import LanguageTraining, Trainer
from minigen.training.language import stream_loss


def model(**options):
    settings = {"size": 8, "heads": 2, "layers": 2, "context": 12, "rng": Generator(0)}
    return CharTransformer(5, **settings | options)


def test_no_symbol_sees_those_after_it():
    """Later symbols change no bit of earlier logits; the gradient from them is exactly 0."""
    x = np.random.default_rng(0).integers(0, 5, (7, 2))
    other = x.copy()
    other[4:] = (other[4:] + 1) % 5
    net = model()
    a, b = net(x)[0].numpy(), net(other)[0].numpy()
    np.testing.assert_array_equal(a[:4], b[:4])
    assert abs(a[4:] - b[4:]).min(axis=2).max() > 0
    leaf = tensor(np.random.default_rng(1).normal(size=(6, 1, 8)), requires_grad=True)
    block = Block(8, 2, rng=Generator(0)).astype("float64")
    block(leaf, causal_mask(6, leaf))[:3].sum().backward()
    assert not leaf.grad.numpy()[3:].any()
    assert leaf.grad.numpy()[:3].any()


def test_a_block_is_its_parts():
    block = Block(8, 2, rng=Generator(0)).astype("float64")
    x = tensor(np.random.default_rng(1).normal(size=(5, 2, 8)))
    mask = causal_mask(5, x)
    seen, _ = block.attention(block.norm1(x), None, None, mask)
    y = (x + seen).numpy()
    normed = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)
    inner = normed @ block.wide.weight.numpy().T
    inner = inner * np.vectorize(lambda a: 0.5 * (1 + erf(a / 2**0.5)))(inner)
    expected = y + inner @ block.back.weight.numpy().T
    np.testing.assert_allclose(block(x, mask).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_the_state_is_the_text():
    """Piece by piece or at once: the same logits, as long as all fits the context."""
    x = np.random.default_rng(0).integers(0, 5, (10, 3))
    net = model().eval()
    whole, _ = net(x)
    first, state = net(x[:4])
    second, state = net(x[4:9], state)
    third, _ = net(x[9:], state)
    together = np.concatenate([p.numpy() for p in (first, second, third)])
    np.testing.assert_allclose(together, whole.numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"at most 12 symbols at once.*got 13"):
        net(np.zeros((13, 1), dtype="int64"))
    with pytest.raises(ValueError, match="layers and context must be at least 1; got 0, 12"):
        model(layers=0)


def test_it_learns_a_text_that_looks_back():
    """In "abcabd" what follows "ab" depends on the letter before it."""
    text = "abcabd" * 50
    vocabulary = data.Vocabulary.of(text)
    corpus = data.Text("letters", vocabulary.encode(text), vocabulary)
    net = CharTransformer(4, 16, 2, 2, 12, rng=Generator(0))
    rule = AdamBiasCorrected(net.parameters(), alpha=0.01)
    method = LanguageTraining(net, rule, steps=12)
    trainer = Trainer(method, corpus, corpus, batch_size=4, rng=Generator(1), progress=False)
    figures = trainer.run(20)
    assert figures["test_loss"] < 0.25 < trainer.history.rows[0]["test_loss"]
    assert stream_loss(net, corpus.flat, 1, 1000) < 0.15
    prompt = vocabulary.encode("abdabcabdabcab")  # longer than the context
    written = vocabulary.decode(write_on(net.eval(), prompt, 7, Generator(0), 0))
    assert written == "dabcabd"


def test_dropout_is_for_training():
    net, x = model(dropout=0.5), np.zeros((3, 1), dtype="int64")
    assert not np.array_equal(net(x)[0].numpy(), net(x)[0].numpy())
    net.eval()
    np.testing.assert_array_equal(net(x)[0].numpy(), net(x)[0].numpy())
