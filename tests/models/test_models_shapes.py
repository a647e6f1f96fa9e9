"""The models' sizes, names, ranges and seeds, as their descriptions state them."""

import numpy as np
import pytest

from minigen import Generator, models, nn
from minigen.models import GAN, VAE, Autoencoder, dense_chain


def shapes(model):
    return {name: p.shape for name, p in model.named_parameters()}


def layers(prefix, *widths):
    """Names and shapes of a chain with an activation after every layer but the last."""
    found = {}
    for i, (size, out) in enumerate(zip(widths, widths[1:], strict=False)):
        found[f"{prefix}.{2 * i}.weight"] = (out, size)
        found[f"{prefix}.{2 * i}.bias"] = (out,)
    return found


SMALL = {
    "vae": lambda seed=0: VAE(12, hidden=(6, 5), code_size=3, rng=Generator(seed)),
    "gan": lambda seed=0: GAN(12, noise_size=4, hidden=6, rng=Generator(seed)),
    "autoencoder": lambda seed=0: Autoencoder(12, (6,), code_size=3, rng=Generator(seed)),
}
CODE_SIZE = {"vae": 3, "gan": 4, "autoencoder": 3}
each_model = pytest.mark.parametrize("name", SMALL)


# ---------------------------------------------------------------- sizes and names
def test_gan_for_mnist():
    """100 -> 256 -> 784 and 784 -> 256 -> 1."""
    model = GAN(784, rng=Generator(0))
    assert shapes(model) == {
        **layers("generator", 100, 256, 784),
        **layers("discriminator", 784, 256, 1),
    }
    assert [type(m).__name__ for m in model.generator.modules()][1:] == [
        "Dense",
        "ReLU",
        "Dense",
        "Sigmoid",
    ]
    assert [type(m).__name__ for m in model.discriminator.modules()][1:] == [
        "Dense",
        "ReLU",
        "Dense",
    ]


def test_vae_for_mnist():
    """784 -> 200 -> 200 -> 50 and back, tanh between: one stochastic layer as in the IWAE paper."""
    model = VAE(784, rng=Generator(0))
    heads = {
        f"{head}.{part}": shape
        for head in ("mean", "log_var")
        for part, shape in (("weight", (50, 200)), ("bias", (50,)))
    }
    assert shapes(model) == {
        **layers("encoder", 784, 200, 200),
        **heads,
        **layers("decoder", 50, 200, 200, 784),
    }
    kinds = [type(m).__name__ for m in model.encoder.modules()][1:]
    assert kinds == ["Dense", "Tanh", "Dense", "Tanh"]
    kinds = [type(m).__name__ for m in model.decoder.modules()][1:]
    assert kinds == ["Dense", "Tanh", "Dense", "Tanh", "Dense"]


def test_autoencoder_for_mnist():
    model = Autoencoder(784, rng=Generator(0))
    assert shapes(model) == {**layers("encoder", 784, 256, 16), **layers("decoder", 16, 256, 784)}
    assert set(model.state_dict()) - set(shapes(model)) == {"gaussian.mean", "gaussian.root"}
    bare = Autoencoder(9, hidden=(), code_size=2, rng=Generator(0), activation=nn.Tanh)
    assert shapes(bare) == {**layers("encoder", 9, 2), **layers("decoder", 2, 9)}


def test_decoders_mirror_encoders():
    vae = shapes(SMALL["vae"]())
    assert vae.items() >= {**layers("encoder", 12, 6, 5), **layers("decoder", 3, 5, 6, 12)}.items()
    model = Autoencoder(9, hidden=(7, 5), code_size=2, rng=Generator(0))
    assert shapes(model) == {**layers("encoder", 9, 7, 5, 2), **layers("decoder", 2, 5, 7, 9)}


@pytest.mark.parametrize("between", [nn.ReLU, nn.Tanh])
@pytest.mark.parametrize("last", [None, nn.Sigmoid, nn.ReLU])
def test_chain_begins_as_its_activations_want(between, last):
    """[E.HE] before a ReLU, also at the end, [E.XAVIER] elsewhere: within 4 standard errors."""
    chain = dense_chain([300, 200, 100], between, Generator(1), last=last)
    ends = [] if last is None else [last]
    assert [type(m) for m in chain.modules()][1:] == [nn.Dense, between, nn.Dense, *ends]
    for layer, after in ((chain[0], between), (chain[2], last)):
        out, size = layer.weight.shape
        variance = 2 / size if after is nn.ReLU else 2 / (size + out)
        assert abs(layer.weight.numpy().var() / variance - 1) < 4 * np.sqrt(2 / layer.weight.size)
        assert np.array_equal(layer.bias.numpy(), np.zeros(out))


@pytest.mark.parametrize("name", models.ACTIVATIONS)
def test_activations_have_names(name):
    """A name is the class it stands for, between the layers and at the end."""
    kind = models.ACTIVATIONS[name]
    named = dense_chain([3, 4, 2], name, Generator(0), last=name)
    given = dense_chain([3, 4, 2], kind, Generator(0), last=kind)
    assert [type(m) for m in named.modules()][1:] == [nn.Dense, kind] * 2
    x = np.ones((2, 3), "float32")
    assert np.array_equal(named(x).numpy(), given(x).numpy())


def test_unknown_activations_are_named():
    match = r"activation: must be one of relu, .*, or a Module class; got 'relo'"
    for arguments in (("relo", Generator(0)), ("relu", Generator(0), "relo")):
        with pytest.raises(ValueError, match=match):
            dense_chain([3, 2], *arguments)


def test_sizes_that_make_no_model_are_refused():
    with pytest.raises(ValueError, match=r"dense_chain: needs at least two widths; got \[5\]"):
        dense_chain([5], nn.ReLU, Generator(0))
    with pytest.raises(ValueError, match="VAE: hidden must name at least one width; got none"):
        VAE(5, hidden=(), rng=Generator(0))


# ---------------------------------------------------------------- what they compute
@each_model
def test_samples_are_images(name):
    model = SMALL[name]()
    images = model.sample(7, Generator(1)).numpy()
    assert images.shape == (7, 12) and images.dtype == "float32"
    assert images.min() >= 0 and images.max() <= 1
    z = model.prior(7, Generator(1))
    assert z.shape == (7, CODE_SIZE[name])
    assert np.array_equal(model.decode(z).numpy(), images)


@each_model
def test_the_seed_decides_everything(name):
    a, b, other = SMALL[name](3), SMALL[name](3), SMALL[name](4)
    assert (
        a.sample(5, Generator(1)).numpy().tobytes() == b.sample(5, Generator(1)).numpy().tobytes()
    )
    for key, values in a.state_dict().items():
        assert values.tobytes() == b.state_dict()[key].tobytes()
    assert not np.array_equal(a.parameters()[0].numpy(), other.parameters()[0].numpy())
    different = a.sample(5, Generator(2)).numpy()
    if name != "autoencoder":  # no codes have been fitted to it yet
        assert not np.array_equal(a.sample(5, Generator(1)).numpy(), different)


@each_model
def test_precision_is_the_parameters(name):
    """After astype("float64") a model still samples."""
    model = SMALL[name]().astype("float64")
    assert model.prior(2, Generator(0)).dtype == "float64"
    assert model.sample(2, Generator(0)).dtype == "float64"


@each_model
def test_a_saved_model_makes_the_same_images(name, tmp_path):
    model, other = SMALL[name](1), SMALL[name](2)
    model.save(tmp_path / "model.safetensors")
    other.load(tmp_path / "model.safetensors")
    expected = model.sample(3, Generator(0)).numpy()
    assert np.array_equal(other.sample(3, Generator(0)).numpy(), expected)


@pytest.mark.parametrize("name", ["vae", "autoencoder"])
def test_reconstructions_are_images(name):
    model, x = SMALL[name](), Generator(0).random((5, 12))
    images = model.reconstruct(x).numpy()
    assert images.shape == (5, 12)
    assert images.min() > 0 and images.max() < 1


def test_vae_forward_draws_from_q():
    """[E.REPARAM] z = mu + sigma noise; without noise, the reconstruction's logits."""
    model, x = SMALL["vae"](), Generator(0).random((5, 12))
    noise = model.noise(x, Generator(1))
    assert noise.shape == (5, 3) and noise.dtype == "float32"
    logits, mean, log_var = model(x, noise)
    assert logits.shape == (5, 12) and mean.shape == log_var.shape == (5, 3)
    z = mean.numpy() + np.exp(0.5 * log_var.numpy()) * noise
    np.testing.assert_allclose(logits.numpy(), model.decoder(z).numpy(), rtol=1e-5, atol=1e-6)
    logits, _, _ = model(x, 0 * noise)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits.numpy())), model.reconstruct(x).numpy(), rtol=1e-5
    )
    assert model.noise(mean, Generator(1)).shape == (5, 3)  # a tensor will do


def test_autoencoder_goes_through_its_code():
    model, x = SMALL["autoencoder"](), Generator(0).random((5, 12))
    code = model.encode(x)
    assert code.shape == (5, 3)
    assert np.array_equal(model.reconstruct(x).numpy(), model.decode(code).numpy())
    np.testing.assert_allclose(
        1 / (1 + np.exp(-model(x).numpy())), model.reconstruct(x).numpy(), rtol=1e-5
    )


def test_autoencoder_draws_codes_from_its_gaussian():
    """Mean and covariance of 40,000 draws within 5 standard errors."""
    model = SMALL["autoencoder"]().astype("float64")
    mean = np.array([1.0, -2.0, 0.5])
    root = np.array([[1.0, 0, 0], [0.8, 0.6, 0], [-0.5, 0.3, 0.2]])
    model.gaussian.mean.assign(mean)
    model.gaussian.root.assign(root)
    z = model.prior(40_000, Generator(0))
    assert abs(z.mean(axis=0) - mean).max() < 5 / 200
    assert abs(np.cov(z.T) - root @ root.T).max() < 5 * np.sqrt(2) / 200


def test_discriminate_is_a_probability():
    """sigmoid of the logit, which is what the losses take."""
    model, x = SMALL["gan"](), Generator(0).random((5, 12))
    d = model.discriminate(x).numpy()
    assert d.shape == (5, 1)
    assert d.min() > 0 and d.max() < 1
    np.testing.assert_allclose(d, 1 / (1 + np.exp(-model.discriminator(x).numpy())), rtol=1e-5)
