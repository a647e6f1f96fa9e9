r"""
Attention
=========

A net with a memory must write everything that may matter later into one
note, before it knows what will be asked. What if it could keep all its notes
and look, when it is asked, at those that matter? Looking must have a
derivative, or it cannot be learned.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import nn, optim
from minigen.equations import REGISTER
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# A query and ten keys, each of 64 numbers drawn from $N(0, 1)$. The score of
# a key is its inner product with the query, and the softmax of the ten scores
# says how much of each value goes into the answer.
#
# **Predict.** How large is the largest of the ten weights, on average? Near
# 0.1, near 0.3, near 1? And if all scores are divided by 8 before?
#
# Derivation
# ----------
# **A soft look.** A dictionary returns the value of the one key that equals
# the query. Its derivative is zero or undefined. So let every key answer, in
# proportion to how well it fits. With queries, keys and values as the rows of
# $q$, $k$ and $v$ [E.ATTENTION]:
#
# $$
# y = A v, \qquad A = \mathrm{softmax}\!\left( \frac{q k^T}{\sqrt{d}} \right)
# \tag{16.1, E.ATTENTION}
# $$
#
# The softmax is over each row: row $i$ of $A$ says where query $i$ looks.
#
# **Why the root of d?** If the numbers in $q$ and $k$ are independent with
# mean 0 and variance 1, a score is a sum of $d$ products with mean 0 and
# variance 1:
#
# $$
# \mathrm{Var} \Big( \sum_{j=1}^{d} q_j k_j \Big)
# = \sum_j \mathrm{E}[q_j^2] \, \mathrm{E}[k_j^2] = d
# \tag{16.2}
# $$
#
# For $d = 64$ scores differ by 8 or so, and softmax makes $e^8 = 3000$ of
# that: one key wins everything. Divided by $\sqrt{d}$, scores have variance
# 1, whatever $d$ is. That the winner takes all would be no harm, were it not
# for the way back.
#
# **The way back.** From $y = A v$ come $\bar{v} = A^\top \bar{y}$ and
# $\bar{A} = \bar{y} v^\top$. Through the softmax (lesson 6), with
# $S = q k^\top / \sqrt{d}$:
#
# $$
# \bar{S} = A \odot \Big( \bar{A} - \sum_j A_j \bar{A}_j \Big), \qquad
# \bar{q} = \frac{\bar{S} k}{\sqrt{d}}, \qquad
# \bar{k} = \frac{\bar{S}^\top q}{\sqrt{d}}
# \tag{16.3}
# $$
#
# the sum over each row. If one weight of a row is 1 and the others are 0, the
# bracket is 0 where $A$ is not: $\bar{S} = 0$. A query that is sure learns
# nothing, even if it is wrong. Scores that are too large make every query
# sure at the start.
#
# **What may not be seen.** Where a model foretells the next symbol, step $i$
# must not look at the steps after it. Their scores become $-\infty$ before
# the softmax, so that their weights are 0 and the others still sum to 1. By
# (16.3) their cotangents are then exactly 0:
#
# $$
# S_{ij} = -\infty \text{ for } j > i \quad \Rightarrow \quad A_{ij} =
# \frac{\partial y_i}{\partial k_j} = \frac{\partial y_i}{\partial v_j} = 0
# \tag{16.4}
# $$
#
# **Order.** Exchange two keys together with their values: the sum $A v$ stays
# as it is. Attention sees a set. If order matters, each input must say where
# it stands: one adds a vector for each place to the vector of the symbol.
#
# **Before it was a product.** The first attention compared query and key with
# a small net of its own [E.ADDITIVEATTENTION]:
#
# $$
# y = \sum_i a_i v_i, \qquad
# a = \mathrm{softmax}_i \, w^T \tanh(W q + U k_i)
# \tag{16.5, E.ADDITIVEATTENTION}
# $$
#
# It needs no root of $d$, but a tanh for each pair of query and key, where
# (16.1) is one product of matrices.
#
# By hand
# -------
# (16.1) and (16.3), for matrices.

# %%
# symbols: q=q; k=k; v=v; gy=\bar{y}; gs=\bar{S}; d=d


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v, mask=True):
    """(16.1): answers and weights; mask is False where not to look."""
    d = q.shape[1]
    a = softmax(np.where(mask, q @ k.T / np.sqrt(d), -np.inf))
    return a @ v, a


def gradients(q, k, v, gy, mask=True):
    """(16.3): the gradients of q, k and v."""
    d = q.shape[1]
    _, a = attention(q, k, v, mask)
    ga = gy @ v.T
    gs = a * (ga - (a * ga).sum(axis=1, keepdims=True))
    return gs @ k / np.sqrt(d), gs.T @ q / np.sqrt(d), a.T @ gy


rng = np.random.default_rng(16)
sizes = (4, 16, 64, 256)
largest, felt = {}, {}
for name, scaled in (("divided", True), ("not divided", False)):
    largest[name], felt[name] = [], []
    for d in sizes:
        top, slope = [], []
        for _ in range(300):
            q, k = rng.normal(size=(1, d)), rng.normal(size=(10, d))
            a = softmax(q @ k.T / (np.sqrt(d) if scaled else 1))[0]
            top.append(a.max())
            slope.append(np.linalg.norm(np.diag(a) - np.outer(a, a)))
        largest[name].append(np.mean(top))
        felt[name].append(np.mean(slope))
    text = ", ".join(
        f"d = {d}: {w:.2f}" for d, w in zip(sizes, largest[name], strict=True)
    )
    print(f"{name:12} largest weight  {text}")

# %% [markdown]
# You should see about 0.3 where scores are divided, for every $d$; without,
# the largest weight grows from about 0.5 to almost 1. At $d = 64$ it is 0.9:
# nine tenths of the answer come from one key that won by chance.
#
# With minigen
# ------------
# ``minigen.attention`` is (16.1), with a mask if there is one, and returns
# answers and weights; ``minigen.causal_mask`` is True where (16.4) allows a
# look. ``minigen.nn.MultiHeadAttention`` multiplies its input by weights of
# its own to get $q$, $k$ and $v$, and looks with several heads at parts of
# the features; ``minigen.nn.AdditiveAttention`` is (16.5). A net that is no
# chain of layers is a ``minigen.nn.Module`` of one's own: its layers are
# attributes, and its method ``forward`` says how they are joined.
#
# The task: ten symbols come in, and the same symbols must come out in the
# reverse order.
#
# **Predict.** One head, 400 steps of training. Where will output number 0
# look, where number 9? What does a picture of $A$ look like?

# %%
length, many, letters, size = 10, 32, 8, 32
draw = np.random.default_rng(0)
steps = 100 if SMOKE else 400


class Reverser(nn.Module):
    """A symbol and its place, one look, and the logits of a symbol."""

    def __init__(self, rng):
        self.letter = nn.Embedding(letters, size, rng=rng)
        self.place = nn.Embedding(length, size, rng=rng)
        self.look = nn.MultiHeadAttention(size, 1, rng=rng)
        self.head = nn.Dense(size, letters, rng=rng)

    def forward(self, x):
        places = self.place(minigen.asarray(np.arange(length)))
        h = self.letter(x) + places.reshape(length, 1, size)
        y, weights = self.look(h)
        return self.head(y), weights


net = Reverser(minigen.generator(0))
rule = optim.Adam(net.parameters(), alpha=3e-3)
losses = []
for _ in range(steps):
    x = draw.integers(0, letters, (length, many))
    logits, weights = net(minigen.asarray(x))
    flat = logits.reshape(-1, letters)
    wanted = minigen.asarray(x[::-1].reshape(-1))
    loss = minigen.cross_entropy(flat, wanted).mean()
    loss.backward()
    rule.step()
    rule.zero_grad()
    losses.append(loss.item())
looks = minigen.to_numpy(weights.array)[:, 0].mean(axis=0)
where = looks.argmax(axis=1)
print(f"loss {losses[0]:.2f} at first, {losses[-1]:.5f} in the end")
print("output looks at input:", *where)

# %% [markdown]
# You should see 9 8 7 6 5 4 3 2 1 0, and a loss near 0. The picture of $A$ is
# the other diagonal. Nobody told the net what the reverse is: it found where
# to look, because looking has a derivative.
#
# Check
# -----
# By hand and by minigen, answers and gradients agree, with a mask and
# without. (16.4) holds to the last bit. Exchanged keys change nothing.

# %%
q, k, v = (rng.normal(size=s) for s in ((5, 4), (5, 4), (5, 3)))
gy = rng.normal(size=(5, 3))
for mask in (np.ones((5, 5), bool), minigen.causal_mask(5, q)):
    leaves = [minigen.tensor(a, requires_grad=True) for a in (q, k, v)]
    y, a = minigen.attention(*leaves, minigen.asarray(mask))
    (y * minigen.tensor(gy)).sum().backward()
    assert np.allclose(minigen.to_numpy(y.array), attention(q, k, v, mask)[0])
    by_hand = gradients(q, k, v, gy, mask)
    for leaf, expected in zip(leaves, by_hand, strict=True):
        assert np.allclose(minigen.to_numpy(leaf.grad.array), expected)

leaves = [minigen.tensor(a, requires_grad=True) for a in (q, k, v)]
y, _ = minigen.attention(*leaves, minigen.asarray(minigen.causal_mask(5, q)))
y[:3].sum().backward()
for leaf in leaves[1:]:
    future = minigen.to_numpy(leaf.grad.array)[3:]
    assert (future == 0).all()
order = rng.permutation(5)
assert np.allclose(attention(q, k, v)[0], attention(q, k[order], v[order])[0])
if not SMOKE:
    assert (where == np.arange(length)[::-1]).all() and losses[-1] < 0.01

# %% [markdown]
# Picture
# -------
# Left, the weights of the net that has learned to reverse. Middle and right,
# what the root of $d$ is for: the largest weight of ten at the start, and how
# much of a change of the scores the weights still feel.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6))
left.imshow(looks, cmap="Greys", vmin=0, vmax=1)
left.set_xlabel("input")
left.set_ylabel("output")
left.set_title("where each output looks")
for name in largest:
    middle.semilogx(sizes, largest[name], "o-", label=name)
    right.semilogx(sizes, felt[name], "o-", label=name)
middle.set_ylim(0, 1)
right.set_ylim(0, 0.4)
middle.set_title("largest weight of ten")
right.set_title("norm of the softmax's slope")
for ax in (middle, right):
    ax.set_xlabel("d")
    ax.legend(fontsize=8)
show(figure)

# %% [markdown]
# Break it
# --------
# A mask can be multiplied with the weights, after the softmax. The future is
# then hidden as well, it seems: its weights are 0.

# %%
wrong = REGISTER["ATTENTION"].wrong["mask_after_softmax"]
print(wrong.explanation)
mask = minigen.causal_mask(5, q)
_, a = wrong.transcription(q, k, v, mask)
print("rows sum to", np.round(a.sum(axis=1), 2))
other = k.copy()
other[3:] *= 5
_, b = wrong.transcription(q, other, v, mask)
print(f"other keys after step 2 move row 2 by {abs(a[2] - b[2]).max():.3f}")

# %% [markdown]
# Only the last row sums to 1, and worse: the future is in the denominator.
# What stands after step 2 changes what step 2 answers, so a model trained this
# way sees a little of what it shall foretell, and is better in training than
# it can ever be when it writes.
#
# Exercises
# ---------
# ``minigen learn 16`` puts ``16_attention.py`` into your directory, and
# ``minigen learn check 16`` says what is right and which mistake is made.
#
# 1. ``attention``: (16.1) with a mask.
# 2. ``attention_gradients``: the way back (16.3).
# 3. ``additive_attention``: (16.5) for one query.
#
# Where next
# ----------
# ``minigen train char-transformer`` puts such looks on top of one another,
# each followed by a dense net, and learns to write; compare its text with
# that of ``minigen train char-lstm``, which has to remember.
