"""The convolutional models: sizes and names as their descriptions state them, what their steps
need of batch normalisation, and that they go through everything the dense models go through."""

import numpy as np
import pytest

from minigen import Generator, data, nn
from minigen.models import DCGAN, ConvGAN, ConvVAE, TransposedConvVAE
from minigen.optim import AdamBiasCorrected
from minigen.training.gan import gan_step
from minigen.training.vae import vae_step

SHAPE = (8, 12)
SMALL = {
    "conv-vae": lambda seed=0: ConvVAE(SHAPE, 3, (4, 6), rng=Generator(seed)),
    "transposed": lambda seed=0: TransposedConvVAE(SHAPE, 3, (4, 6), rng=Generator(seed)),
    "conv-gan": lambda seed=0: ConvGAN(SHAPE, 3, (4, 6), rng=Generator(seed)),
    "dcgan": lambda seed=0: DCGAN(SHAPE, 3, (4, 6), rng=Generator(seed)),
}
each_model = pytest.mark.parametrize("name", SMALL)
each_vae = pytest.mark.parametrize("name", ["conv-vae", "transposed"])
each_gan = pytest.mark.parametrize("name", ["conv-gan", "dcgan"])


def kinds(net):
    return " ".join(type(module).__name__ for module in list(net.modules())[1:])


def shapes(model):
    return {name: p.shape for name, p in model.named_parameters()}


def images(n, seed=1):
    return Generator(seed).random((n, SHAPE[0] * SHAPE[1])).astype("float32")


# ---------------------------------------------------------------- sizes and names
def test_conv_vae_as_stated():
    """Convolution, pooling, dense to the code; dense, transposed convolution, unpooling,
    convolution back."""
    model = ConvVAE((28, 28), rng=Generator(0))
    assert kinds(model.encoder) == "Unflatten Conv2d MaxPool2d ReLU Conv2d MaxPool2d ReLU Flatten"
    assert kinds(model.decoder) == (
        "Dense ReLU Unflatten ConvTranspose2d ReLU Unpool2d Conv2d Flatten"
    )
    expected = {
        "encoder.1.weight": (32, 1, 3, 3), "encoder.1.bias": (32,),
        "encoder.4.weight": (64, 32, 3, 3), "encoder.4.bias": (64,),
        "mean.weight": (20, 3136), "mean.bias": (20,),
        "log_var.weight": (20, 3136), "log_var.bias": (20,),
        "decoder.0.weight": (3136, 20), "decoder.0.bias": (3136,),
        "decoder.3.weight": (64, 32, 4, 4), "decoder.3.bias": (32,),
        "decoder.6.weight": (1, 32, 5, 5), "decoder.6.bias": (1,),
    }  # fmt: skip
    assert shapes(model) == expected
    model = ConvVAE((28, 28), hidden=(256,), rng=Generator(0))
    assert kinds(model.decoder).startswith("Dense ReLU Dense ReLU Unflatten")
    assert shapes(model)["decoder.2.weight"] == (3136, 256)
    other = shapes(TransposedConvVAE((28, 28), rng=Generator(0)))
    assert other.pop("decoder.5.weight") == (32, 1, 4, 4)
    assert other.pop("decoder.5.bias") == (1,)
    assert other.items() <= expected.items()


def test_conv_gan_as_stated():
    """The generator's blocks: convolution, activation, transposed convolution up."""
    model = ConvGAN((28, 28), rng=Generator(0))
    assert kinds(model.generator) == (
        "Dense ReLU Unflatten Conv2d ReLU ConvTranspose2d ReLU Conv2d ReLU ConvTranspose2d "
        "Sigmoid Flatten"
    )
    assert kinds(model.discriminator) == (
        "Unflatten Conv2d LeakyReLU Conv2d LeakyReLU Flatten Dense"
    )
    assert shapes(model)["generator.5.weight"] == (64, 32, 4, 4)


def test_dcgan_as_published():
    """Radford et al. 2015: no pooling, no hidden dense layer, batch normalisation but on the
    generator's last and the discriminator's first layer, weights N(0, 0.02²)."""
    model = DCGAN((28, 28), rng=Generator(0))
    assert kinds(model.generator) == (
        "Dense Unflatten BatchNorm2d ReLU ConvTranspose2d BatchNorm2d ReLU ConvTranspose2d "
        "Sigmoid Flatten"
    )
    assert kinds(model.discriminator) == (
        "Unflatten Conv2d LeakyReLU Conv2d BatchNorm2d LeakyReLU Flatten Dense"
    )
    found = shapes(model)
    assert found["generator.4.weight"] == (128, 64, 4, 4)
    assert found["generator.7.weight"] == (64, 1, 4, 4)
    assert found["discriminator.3.weight"] == (128, 64, 4, 4)
    assert "generator.4.bias" not in found and "discriminator.3.bias" not in found
    weights = model.generator.state_dict()["4.weight"]
    assert abs(weights.std() - 0.02) < 0.0005 and abs(weights.mean()) < 0.0005
    assert [m.slope for m in model.discriminator.modules() if isinstance(m, nn.LeakyReLU)] == [
        0.2,
        0.2,
    ]


@pytest.mark.parametrize("model", [ConvVAE, TransposedConvVAE, ConvGAN, DCGAN])
@pytest.mark.parametrize("shape", [(28, 30), (2, 8), (0, 4)])
def test_images_that_cannot_be_halved_twice_are_refused(model, shape):
    message = f"{model.__name__}: height and width must divide by 4.*got {shape[0]} x {shape[1]}"
    with pytest.raises(ValueError, match=message):
        model(shape, rng=Generator(0))


# ---------------------------------------------------------------- what they compute
@each_model
def test_samples_are_images(name):
    model = SMALL[name]().eval()
    made = model.sample(5, Generator(1)).numpy()
    assert made.shape == (5, 96) and made.dtype == "float32"
    assert made.min() >= 0 and made.max() <= 1 and made.std() > 0
    again = model.decode(model.prior(5, Generator(1))).numpy()
    np.testing.assert_array_equal(made, again)
    one = model.decode(model.prior(5, Generator(1))[:1]).numpy()
    np.testing.assert_allclose(one, made[:1], rtol=1e-5, atol=1e-6)  # no talk between images


@each_model
def test_a_saved_model_makes_the_same_images(name, tmp_path):
    """Running statistics of the normalisation included."""
    model, other = SMALL[name](1), SMALL[name](2).eval()
    model.sample(20, Generator(3))
    model.eval().save(tmp_path / "model.safetensors")
    other.load(tmp_path / "model.safetensors")
    expected = model.sample(3, Generator(0)).numpy()
    np.testing.assert_array_equal(other.sample(3, Generator(0)).numpy(), expected)


@each_vae
def test_a_conv_vae_reconstructs_what_it_has_learned(name):
    """Eight images, 150 steps: better than the best grey; the ELBO rises."""
    model, rng = SMALL[name](), Generator(2)
    x = (images(8) > 0.5).astype("float32")
    rule = AdamBiasCorrected(model.parameters(), alpha=0.01)
    values = [float(vae_step(model, rule, x, model.noise(x, rng)).value) for _ in range(150)]
    assert values[-1] > values[0] + 20
    grey = ((x - x.mean(0)) ** 2).mean()
    back = model.reconstruct(x).numpy()
    assert back.shape == x.shape
    assert ((x - back) ** 2).mean() < 0.8 * grey


@each_gan
def test_a_round_moves_both_nets_and_all_their_parameters(name):
    model = SMALL[name]()
    before = {key: p.numpy().copy() for key, p in model.named_parameters()}
    rules = [
        AdamBiasCorrected(m.parameters(), 1e-3) for m in (model.discriminator, model.generator)
    ]
    losses = gan_step(model, *rules, images(6), Generator(3))
    assert np.isfinite([float(losses.discriminator), float(losses.generator)]).all()
    for key, p in model.named_parameters():
        assert abs(p.numpy() - before[key]).max() > 1e-5, key


def test_real_and_made_images_are_normalised_apart():
    """DCGAN's discriminator sees two batches. Together, each would be measured against the
    mean of both, and the logits would depend on what the other batch is."""
    model = SMALL["dcgan"]()
    real, fake, other = images(6, 1), 0.1 * images(6, 2), 1 - images(6, 3)
    logits, made = (v.numpy() for v in model.logits(real, fake))
    assert logits.shape == made.shape == (6, 1)
    np.testing.assert_array_equal(model.logits(real, other)[0].numpy(), logits)
    np.testing.assert_array_equal(model.discriminator(fake).numpy(), made)
    together = model.discriminator(np.concatenate([real, fake])).numpy()
    assert abs(together - np.concatenate([logits, made])).max() > 1e-3
    plain = SMALL["conv-gan"]()  # here one pass over both is the same
    np.testing.assert_allclose(
        plain.logits(real, fake)[0].numpy(), plain.discriminator(real).numpy(), atol=1e-6
    )


def test_a_conv_vae_learns_the_digits():
    """Three epochs over the shipped digits: from a coin's guess to well below it."""
    digits = data.digits("train")
    model, rng = ConvVAE(digits.shape, 8, (8, 16), rng=Generator(0)), Generator(1)
    rule = AdamBiasCorrected(model.parameters(), alpha=2e-3)
    values = []
    for _ in range(3):
        for index in data.batches(len(digits), 50, rng):
            x = digits.flat[index]
            values.append(float(vae_step(model, rule, x, model.noise(x, rng)).value))
    assert np.mean(values[-10:]) > np.mean(values[:2]) + 8
    assert np.mean(values[-10:]) > -31  # 64 pixels of ln 2 are 44 nats
