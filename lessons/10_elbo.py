r"""
The evidence lower bound
========================

A model with hidden codes can draw: take a code from a simple distribution,
decode it. To train it we would like to know how probable it makes the data,
but that is an integral over all codes, which nobody can compute. What can be
computed instead, and what is lost? And is "log p(x) = ELBO" true?
"""

import functools
import sys

import matplotlib.pyplot as plt
import numpy as np

import minigen
from minigen import data, models, objectives, optim, training
from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# A model small enough to be solved on paper: $z \sim N(0, 1)$, and
# $x \sim N(2 z, 0.5^2)$ once $z$ is known. We see $x = 1$. Its log-probability
# is $-1.76$ nats.
#
# **Predict.** The bound of this lesson needs a guess $q$ about $z$. Let it be
# the prior, $N(0, 1)$. How far below $-1.76$ is the bound: nothing, a tenth of
# a nat, or more than a nat?
#
# Derivation
# ----------
# **The model.** A prior $p(z)$ over codes and a decoder $p(x|z)$. The
# probability of the data is $p(x) = \int p(x|z) \, p(z) \, dz$, and the
# distribution of the code behind an $x$ is, by Bayes,
# $p(z|x) = p(x|z) \, p(z) / p(x)$.
#
# **An identity.** Solve Bayes for $p(x)$ and take logarithms. The result holds
# for every $z$, so also on average over any distribution $q(z|x)$, which may
# be chosen as we like. Add and subtract $\log q(z|x)$:
#
# $$
# \begin{aligned}
# \log p(x) &= E_q[\log p(x|z) + \log p(z) - \log q(z|x)] \\
# &\quad + E_q[\log q(z|x) - \log p(z|x)]
# \end{aligned}
# \tag{10.1}
# $$
#
# With the divergence $KL(q \,\|\, p) = E_q[\log q - \log p]$ both brackets
# have names:
#
# $$
# \log p(x) = \underbrace{E_q[\log p(x|z)] - KL(q(z|x) \,\|\, p(z))}_{ELBO}
#   + \underbrace{KL(q(z|x) \,\|\, p(z|x))}_{gap}
# \tag{10.2}
# $$
#
# **The gap is not negative.** For all $u > 0$, $\log u \le u - 1$. Hence
# $-KL(q \,\|\, p) = E_q[\log (p / q)] \le E_q[p / q - 1]
# \le \int p - \int q = 0$, with equality only if $p = q$. So the
# ELBO is a lower bound [E.ELBO]:
#
# $$
# \log p(x) \ge E_{q(z|x)}[\log p(x|z)]
#   - \beta \, KL(q(z|x) \,\|\, p(z)), \qquad \beta = 1
# \tag{10.3, E.ELBO}
# $$
#
# ($\beta$ is there for other values, as in "Break it" below. With $\beta < 1$
# the right side need not be a bound any more; with $\beta > 1$ it is one, but
# a lower one.) Texts that write $\log p(x) = ELBO$ leave out the gap of
# (10.2). It is an equality for one choice of $q$ only, the true $p(z|x)$,
# which is what nobody can compute. With the decoder fixed, $\log p(x)$ is
# fixed too, and climbing in $q$ closes the gap. With $q$ fixed, climbing in
# the decoder raises the bound under $\log p(x)$; not always $\log p(x)$
# itself, for the gap may shrink instead.
#
# **The KL of two Gaussians.** Let $q = N(\mu, \sigma^2)$ in each coordinate,
# and $p = N(0, 1)$. The constants $\log 2 \pi$ cancel in
#
# $$
# \log q - \log p = -\tfrac{1}{2} \log \sigma^2
#   - \frac{(z - \mu)^2}{2 \sigma^2} + \frac{z^2}{2}
# $$
#
# Under $q$, $E[(z - \mu)^2] = \sigma^2$ and $E[z^2] = \mu^2 + \sigma^2$. Put
# them in, and sum over the coordinates [E.KLSTANDARD]:
#
# $$
# KL\left(N(\mu, \sigma^2) \,\|\, N(0, I)\right)
# = \tfrac{1}{2} \sum_j \left(\mu_j^2 + \sigma_j^2 - 1
#   - \log \sigma_j^2\right)
# \tag{10.4, E.KLSTANDARD}
# $$
#
# With another Gaussian in place of $N(0, I)$ the same steps give [E.KLGAUSS];
# where nothing can be integrated, the definition is averaged over draws
# [E.KLSAMPLED].
#
# **A gradient through a draw.** $E_q[\log p(x|z)]$ is estimated from one draw
# $z \sim q$. But $q$ itself has parameters that want a gradient, and a
# draw is no function of them. Unless it is written as one [E.REPARAM]:
#
# $$
# z = \mu + \sigma \epsilon, \qquad
# \sigma = e^{\frac{1}{2} \log \sigma^2}, \quad \epsilon \sim N(0, I)
# \tag{10.5, E.REPARAM}
# $$
#
# Now $\mu$ and $\sigma$ stand in a formula, and
# $\nabla_\mu E[f(z)] = E[f'(\mu + \sigma \epsilon)]$. The other way is to
# differentiate the density: $\nabla_\mu \int f q \, dz = \int f \, q \,
# \nabla_\mu \log q \, dz = E[f(z) (z - \mu) / \sigma^2]$. Both have the same
# mean. Take $f = z^2$, $\mu = \sigma = 1$, where the mean is 2. The first is
# $2 (1 + \epsilon)$, with variance 4. The second is
# $(1 + \epsilon)^2 \epsilon$; its mean square is $E[\epsilon^2 +
# 6 \epsilon^4 + \epsilon^6] = 1 + 18 + 15 = 34$ (odd powers vanish), so its
# variance is 30.
#
# **Why the logarithm of the variance?** A net's output may be any number;
# $\log \sigma^2$ may be too, and $\sigma$ stays positive.
#
# **What is left is** $\log p(x|z)$: Bernoulli for black and white pixels
# [E.BERNOULLI], Gaussian for real numbers [E.GAUSSIAN], and binomial for the
# digits of minigen, which count how many of 16 points are black [E.BINOMIAL].
#
# By hand
# -------
# The model of the prediction is $x \sim N(a z, s^2)$ with $a = 2$, $s = 0.5$.
# So $p(x) = N(0, a^2 + s^2)$, and $p(z|x)$ has the mean
# $a x / (a^2 + s^2)$ and the variance $s^2 / (a^2 + s^2)$.

# %%
# symbols: kl=KL
a, s, x = 2.0, 0.5, 1.0


def log_normal(x, mean, var):
    return -0.5 * (np.log(2 * np.pi * var) + (x - mean) ** 2 / var)


def kl(mean, var, mean_p=0.0, var_p=1.0):
    """KL(N(mean, var) || N(mean_p, var_p)); (10.4) for the defaults."""
    square = (var + (mean - mean_p) ** 2) / var_p
    return 0.5 * (np.log(var_p / var) + square - 1)


def elbo(mean, var):
    """(10.3), with E_q[(x - a z)^2] = (x - a mean)^2 + a^2 var."""
    likelihood = log_normal(x, a * mean, s**2) - a**2 * var / (2 * s**2)
    return likelihood - kl(mean, var)


log_p = log_normal(x, 0.0, a**2 + s**2)
posterior = (a * x / (a**2 + s**2), s**2 / (a**2 + s**2))
guesses = {
    "the prior": (0.0, 1.0),
    "right mean": (posterior[0], 0.3),
    "right variance": (0.2, posterior[1]),
    "the posterior": posterior,
}
print(f"log p(x) = {log_p:.4f}")
for name, q in guesses.items():
    gap = kl(*q, *posterior)
    print(f"q = {name:15} ELBO {elbo(*q):9.4f} + gap {gap:.4f}", end=" ")
    print(f"= {elbo(*q) + gap:.4f}")

# %% [markdown]
# You should see that each line ends with $-1.7600$: the identity (10.2). With
# the prior for $q$ the bound is 8.5 nats too low, with the posterior it
# touches.
#
# With minigen
# ------------
# ``minigen.objectives.gaussian_kl`` is (10.4), and
# ``minigen.objectives.gaussian_kl_monte_carlo`` its estimate by draws;
# ``minigen.objectives.elbo`` is (10.3) and
# ``minigen.objectives.binomial_log_likelihood`` the decoder's part.
# ``minigen.models.VAE`` has an encoder that returns $\mu$ and $\log \sigma^2$,
# and ``minigen.training.VAETraining`` climbs the bound, a step for each batch.

# %%
rng = minigen.generator(10)
train, test = data.digits("train"), data.digits("test")
likelihood = functools.partial(objectives.binomial_log_likelihood, count=16)


def train_vae(beta, epochs):
    """A VAE with two numbers for a code, and its codes from time to time."""
    model = models.VAE(64, hidden=(128,), code_size=2, rng=rng)
    rule = optim.AdamBiasCorrected(model.parameters(), alpha=0.003)
    method = training.VAETraining(
        model, rule, rng, beta=beta, log_likelihood=likelihood
    )
    for _ in range(epochs):
        for batch in data.batches(len(train), 100, rng):
            method.step(train.flat[batch])
    return model


def numbers(tensor):
    return minigen.to_numpy(tensor.array)


epochs = 30 if SMOKE else 150
vae = train_vae(beta=1.0, epochs=epochs)
images = minigen.asarray(test.flat)
with minigen.no_grad():
    logits, mean, log_var = vae(images, vae.noise(images, rng))
    parts = objectives.elbo(likelihood(images, logits), mean, log_var)
    sampled = objectives.gaussian_kl_monte_carlo(mean, log_var, 200, rng)
for name, value in zip(("ELBO", "reconstruction", "KL"), parts, strict=True):
    print(f"test {name:15} {numbers(value):8.2f} nats an image")
print(f"KL by 200 draws    {numbers(sampled).mean():8.2f}")

# %% [markdown]
# You should see in the full run an ELBO near ``-165`` nats, of which the KL is
# 6.6: on average, the encoder tells the decoder at most this much about an
# image. The estimate by draws agrees with the closed form.
#
# Check
# -----
# The identity (10.2) holds to the last digit, the bound is a bound for every
# guess, minigen's KL is the one by hand, and the two gradients have the
# variances 4 and 30.

# %%
for q in guesses.values():
    assert np.isclose(elbo(*q) + kl(*q, *posterior), log_p, rtol=1e-12)
draws = np.random.default_rng(0)
for _ in range(1000):
    assert elbo(draws.normal(), draws.exponential()) <= log_p

m, v = draws.normal(size=(4, 3)), draws.normal(size=(4, 3))
theirs = objectives.gaussian_kl(minigen.tensor(m), minigen.tensor(v))
assert np.allclose(numbers(theirs), kl(m, np.exp(v)).sum(axis=1), rtol=1e-12)
assert np.isclose(numbers(sampled).mean(), numbers(parts.kl), rtol=0.05)

noise = draws.normal(size=400_000)
pathwise = 2 * (1 + noise)
score = (1 + noise) ** 2 * noise
print(f"pathwise: mean {pathwise.mean():.2f}, variance {pathwise.var():.1f}")
print(f"score:    mean {score.mean():.2f}, variance {score.var():.1f}")
assert np.isclose(pathwise.var(), 4, rtol=0.03)
assert np.isclose(score.var(), 30, rtol=0.05)

# %% [markdown]
# You should see two means of 2, and variances near 4 and 30: in this example
# the other way needs 7.5 times as many draws for the same error. In a VAE the
# factor is another one, and usually larger.
#
# Picture
# -------
# The gap as a bar between bound and truth; the codes of the test images under
# $q$; and the plane of codes, decoded.

# %%
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.2), layout="constrained"
)
bounds = [elbo(*q) for q in guesses.values()]
left.bar(list(guesses), [log_p - b for b in bounds], bottom=bounds, width=0.5)
left.axhline(log_p, color="k")
left.text(1.6, log_p + 0.2, "log p(x)", fontsize=9)
left.set(ylabel="nats", title="each bar is KL(q || p(z|x)); its foot the ELBO")
left.set_ylim(min(bounds) - 0.5, log_p + 1)
left.tick_params(axis="x", labelsize=8)
codes = numbers(mean)
dots = right.scatter(*codes.T, c=test.labels, cmap="tab10", s=10)
figure.colorbar(dots, ticks=range(10), label="digit")
right.set(xlabel="z 1", ylabel="z 2", title="codes of test images")
show(figure)


def plane(model, title, reach=3.0, n=13):
    """The plane of codes, decoded on a grid."""
    steps = np.linspace(-reach, reach, n)
    z = np.stack(np.meshgrid(steps, -steps), axis=-1).reshape(-1, 2)
    images = numbers(model.decode(minigen.asarray(z.astype("float32"))))
    tiles = np.pad(
        images.reshape(n, n, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1))
    )
    figure, axes = plt.subplots(figsize=(5, 5.2), layout="constrained")
    sheet = tiles.transpose(0, 2, 1, 3).reshape(10 * n, 10 * n)
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(title)
    axes.axis("off")
    show(figure)


plane(vae, "decoded codes: digits turn into digits")

# %% [markdown]
# You should see bars that end at the same line, codes in one cloud about zero,
# wider than $N(0, I)$ (its spread is 1.6), and a plane in which almost every
# place is a digit or lies between two.
#
# Break it
# --------
# The KL costs reconstruction. Leave it out: $\beta = 0$.
#
# **Predict.** Will the reconstructions be better or worse, and what is the
# spread of the codes then, where $N(0, I)$ has 1?

# %%
greedy = train_vae(beta=0.0, epochs=epochs)
for name, model in (("with KL", vae), ("without", greedy)):
    with minigen.no_grad():
        logits, mean, log_var = model(images, model.noise(images, rng))
        fit = numbers(likelihood(images, logits)).mean()
    spread = numbers(mean).std()
    print(f"{name:8} reconstruction {fit:8.2f}, spread of codes {spread:6.2f}")
assert spread > 3
plane(greedy, "without the KL: the same square holds a few digits only")

# %% [markdown]
# You should see in the full run a reconstruction of about ``-156`` instead of
# ``-158`` nats, so better by two, and codes with a spread near 10 instead of
# 1.6. (The first reconstruction has changed a little since it was printed
# above: its noise was drawn anew.) The decoder was never shown the places
# between them, and the square from which $N(0, I)$ draws holds a few digits
# only: it has become the autoencoder of lesson 9. Now try $\beta = 10$.
#
# Exercises
# ---------
# ``minigen learn 10`` puts ``10_elbo.py`` into your directory, and
# ``minigen learn check 10`` says what is right and which mistake is made.
#
# 1. ``gaussian_kl``: the formula (10.4) from mean and log-variance.
# 2. ``reparameterise``: the formula (10.5).
# 3. ``gap``: what the bound loses in the model of the prediction.
#
# Where next
# ----------
# The VAE must say how probable an image is. Lesson 11 gives that up, and lets
# two nets play against each other.
