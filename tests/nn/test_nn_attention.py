"""Attention: the equation, what masks hide, PyTorch's layer and its file."""

import numpy as np
import pytest

from minigen import Generator, gradcheck, nn, tensor
from minigen.equations import REGISTER
from minigen.functional import attention, causal_mask, masked_softmax

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_its_equation(masked):
    """[E.ATTENTION] over two leading axes, to second order."""
    q, k, v = (
        RNG.normal(size=(2, 3, 4, 5)),
        RNG.normal(size=(2, 3, 6, 5)),
        RNG.normal(size=(2, 3, 6, 2)),
    )
    mask = RNG.random((4, 6)) < 0.6 if masked else None
    if masked:
        mask[:, 0] = True
    y, weights = attention(tensor(q), tensor(k), tensor(v), mask)
    for i in np.ndindex(2, 3):
        expected, a = REGISTER["ATTENTION"].transcription(q[i], k[i], v[i], mask)
        np.testing.assert_allclose(y.numpy()[i], expected, rtol=1e-12)
        np.testing.assert_allclose(weights.numpy()[i], a, rtol=1e-12)
    gradcheck(lambda *a: attention(*a, mask)[0], q[0, :2], k[0, :2], v[0, :2], order=2)


def test_what_is_hidden_does_not_matter():
    """Keys and values of later steps may be anything: no bit changes, no gradient reaches them."""
    q, k, v = (RNG.normal(size=(5, 3)) for _ in range(3))
    mask = causal_mask(5, q)
    results = []
    for factor in (1.0, -1e6):
        k2, v2 = k.copy(), v.copy()
        k2[3:] *= factor
        v2[3:] *= factor
        leaves = [tensor(a, requires_grad=True) for a in (q, k2, v2)]
        y, weights = attention(*leaves, mask)
        (y[:3] * y[:3]).sum().backward()
        assert not leaves[1].grad.numpy()[3:].any() and not leaves[2].grad.numpy()[3:].any()
        assert not np.triu(weights.numpy(), 1).any()
        results.append(y.numpy()[:3])
    np.testing.assert_array_equal(*results)


def test_a_query_that_may_look_nowhere_gets_nothing():
    mask = np.array([[True, False], [False, False]])
    leaf = tensor(RNG.normal(size=(2, 3)), requires_grad=True)
    y, weights = attention(leaf, leaf, leaf, mask)
    y.sum().backward()
    np.testing.assert_array_equal(weights.numpy()[1], 0)
    assert np.isfinite(leaf.grad.numpy()).all()


def test_additive_attention_is_its_equation():
    """[E.ADDITIVEATTENTION] with keys that are hidden left out, to second order."""
    layer = nn.AdditiveAttention(3, 2, 5, rng=Generator(0)).astype("float64")
    layer.key.bias.assign(RNG.normal(size=5))
    q, k = RNG.normal(size=(2, 3)), RNG.normal(size=(4, 2, 2))
    y, weights = layer(q, k)
    p = layer.state_dict()
    rest = p["query.weight"], p["key.weight"], p["key.bias"], p["score.weight"][0]
    for e in range(2):
        expected, a = REGISTER["ADDITIVEATTENTION"].transcription(q[e], k[:, e], k[:, e], *rest)
        np.testing.assert_allclose(y.numpy()[e], expected, rtol=1e-12)
        np.testing.assert_allclose(weights.numpy()[:, e], a, rtol=1e-12)
    mask = np.array([[True, True], [True, False], [False, True], [False, False]])
    hidden, a = layer(q, k, None, mask)
    assert not a.numpy()[~mask].any()
    alone, _ = layer(q[:1], k[:2, :1])
    np.testing.assert_allclose(hidden.numpy()[0], alone.numpy()[0], rtol=1e-12)
    gradcheck(lambda q, k: layer(q, k, None, mask)[0], q, k, order=2)


def test_heads_look_apart():
    """Two heads are two attentions on halves of the features."""
    layer = nn.MultiHeadAttention(6, 2, rng=Generator(0)).astype("float64")
    x = RNG.normal(size=(4, 2, 6))
    y, weights = layer(x)
    p = layer.state_dict()
    q, k, v = (x @ w.T for w in np.split(p["in_proj_weight"], 3))
    for e in range(2):
        heads = [
            REGISTER["ATTENTION"].transcription(*(a[:, e, part] for a in (q, k, v)))
            for part in (slice(0, 3), slice(3, 6))
        ]
        together = np.concatenate([head for head, _ in heads], axis=1)
        expected = together @ p["out_proj.weight"].T + p["out_proj.bias"]
        np.testing.assert_allclose(y.numpy()[:, e], expected, rtol=1e-11)
        np.testing.assert_allclose(weights.numpy()[e], [a for _, a in heads], rtol=1e-11)


def test_dropout_of_weights_while_training():
    layer = nn.MultiHeadAttention(4, 2, rng=Generator(0), dropout=0.5)
    x = RNG.normal(size=(3, 1, 4)).astype("float32")
    assert not np.array_equal(layer(x)[0].numpy(), layer(x)[0].numpy())
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].numpy(), layer(x)[0].numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.MultiHeadAttention(5, 2, rng=Generator(0)), "a multiple of num_heads; got 5"),
        (lambda: nn.MultiHeadAttention(4, 0, rng=Generator(0)), "num_heads 0"),
        (
            lambda: nn.MultiHeadAttention(4, 2, rng=Generator(0))(np.zeros((3, 4))),
            r"q must be \(steps, n, 4\), time first; got \(3, 4\)",
        ),
        (
            lambda: attention(np.zeros((2, 3)), np.zeros((2, 4)), np.zeros((2, 4))),
            r"attention: q, k and v must agree in .* got q \(2, 3\), k \(2, 4\)",
        ),
        (
            lambda: nn.AdditiveAttention(1, 1, 1, rng=Generator(0))(
                np.zeros((2, 1)), np.zeros((2, 1))
            ),
            r"AdditiveAttention: q must be \(n, query\)",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_is_torchs(tmp_path, masked):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    mine = nn.MultiHeadAttention(8, 4, rng=Generator(0))
    theirs = torch.nn.MultiheadAttention(8, 4)
    mine.in_proj_bias.assign(RNG.normal(size=24).astype("float32"))
    mine.save(tmp_path / "mine.safetensors")
    theirs.load_state_dict(files.load_file(tmp_path / "mine.safetensors"))
    files.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    nn.MultiHeadAttention(8, 4, rng=Generator(1)).load(tmp_path / "theirs.safetensors")
    q, k, v = (RNG.normal(size=(s, 2, 8)).astype("float32") for s in (5, 6, 6))
    allowed = RNG.random((5, 6)) < 0.7
    allowed[:, 0] = True
    blocked = torch.tensor(~allowed) if masked else None
    leaves = [tensor(a, requires_grad=True) for a in (q, k, v)]
    others = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    y, weights = mine(*leaves, allowed if masked else None)
    ty, tw = theirs(*others, attn_mask=blocked, average_attn_weights=False)
    np.testing.assert_allclose(y.numpy(), ty.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weights.numpy(), tw.detach().numpy(), rtol=1e-5, atol=1e-6)
    (y * y).sum().backward()
    (ty * ty).sum().backward()
    for a, b in zip(leaves, others, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hidden", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_hidden_may_be_anything(hidden):
    scores = np.array([[1.0, hidden, 2.0], [hidden, hidden, hidden]])
    mask = np.array([[True, False, True], [False, False, False]])
    leaf = tensor(scores, requires_grad=True)
    y = masked_softmax(leaf, mask)
    (y * np.array([1.0, 2.0, 3.0])).sum().backward()
    seen = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    np.testing.assert_allclose(y.numpy(), [[seen[0], 0.0, seen[1]], [0.0, 0.0, 0.0]], rtol=1e-12)
    g = 2.0 * seen[0] * seen[1]
    np.testing.assert_allclose(leaf.grad.numpy(), [[-g, 0.0, g], [0.0, 0.0, 0.0]], rtol=1e-12)


def test_a_mask_is_made_of_booleans():
    with pytest.raises(TypeError, match="the mask must be a boolean array.*got float64"):
        masked_softmax(np.ones((2, 2)), np.ones((2, 2)))
