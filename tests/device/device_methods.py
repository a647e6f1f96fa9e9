"""Methods ready to train, on the backend that is active, for the tests of other devices."""

import numpy as np
from gpu_text.cuda_on_cpu import RawModule

from minigen import Generator, data, optim, training
from minigen.backend import asarray, to_numpy, use_backend
from minigen.backend.double import DeviceArray, tally
from minigen.data.music import Music
from minigen.data.sentences import sentences
from minigen.models import (
    DCGAN,
    GAN,
    RVAE,
    VAE,
    Autoencoder,
    CharLSTM,
    CharTransformer,
    ConvGAN,
    ConvVAE,
    MusicLSTM,
    SequenceAutoencoder,
)


class HostDraws:
    """The numbers of one generator of the host, handed to whatever backend is active."""

    def __init__(self, seed):
        self.host = np.random.default_rng(seed)

    def normal(self, shape, dtype="float32"):
        return asarray(np.asarray(self.host.standard_normal(shape), dtype=dtype))

    def random(self, shape, dtype="float32"):
        return asarray(np.asarray(self.host.random(shape), dtype=dtype))

    def uniform(self, low, high, shape, dtype="float32"):
        return low + (high - low) * self.random(shape, dtype)

    def integers(self, low, high, shape):
        return self.host.integers(low, high, shape)

    def permutation(self, n):
        return self.host.permutation(n)


def rule(net, cls=optim.AdamBiasCorrected, **settings):
    return cls(net.parameters(), alpha=1e-3, **settings)


def gan(net, rng):
    return training.GANTraining(
        net, rule(net.discriminator, optim.Adam), rule(net.generator, optim.RMSprop), rng
    )


ALL_DIGITS = data.digits()
DIGITS = ALL_DIGITS.flat[:40]
FEW = data.Images("few", ALL_DIGITS.images[:50], ALL_DIGITS.labels[:50])
IMAGES, SHAPE = DIGITS.shape[1], (8, 8)


def texts(tmp_path):
    animals, places = ("cat", "dog", "rat", "cow"), ("mat", "hill", "roof", "road")
    path = tmp_path / "text.txt"
    verbs = ("sat on", "ran from")
    lines = [f"The {a} {v} the {p}." for v in verbs for a in animals for p in places]
    path.write_text(" ".join(lines), encoding="utf-8")
    return path


def image_methods(rng):
    return {
        "autoencoder": lambda: training.AutoencoderTraining(
            *with_rule(Autoencoder(IMAGES, [16], 4, rng=rng), optim.Momentum, beta=1e-4)
        ),
        "vae": lambda: training.VAETraining(
            *with_rule(VAE(IMAGES, [16], 3, rng=rng), optim.HeavyBall, beta=0.5), rng,
            prepare=data.binarise,
        ),
        "conv-vae": lambda: training.VAETraining(
            *with_rule(ConvVAE(SHAPE, 3, (4, 6), [9], rng=rng)), rng
        ),
        "gan": lambda: gan(GAN(IMAGES, 16, 5, rng=rng), rng),
        "conv-gan": lambda: gan(ConvGAN(SHAPE, 5, (4, 6), rng=rng), rng),
        "dcgan": lambda: gan(DCGAN(SHAPE, 5, (4, 6), rng=rng), rng),
    }  # fmt: skip


def with_rule(net, cls=optim.AdamBiasCorrected, **settings):
    return net, rule(net, cls, **settings)


def sequence_methods(rng, tmp_path):
    text = data.texts(texts(tmp_path))[0]
    known = sentences(texts(tmp_path))[0]
    size = len(text.vocabulary)
    rolls = [np.random.default_rng(i).random((9 + i, 88)) < 0.1 for i in range(6)]
    music = Music("six", tuple(r.astype("float32") for r in rolls))
    return {
        "char-lstm": (text, lambda: training.LanguageTraining(
            *with_rule(CharLSTM(size, 5, 7, 2, rng=rng, dropout=0.2)), steps=8)),
        "char-transformer": (text, lambda: training.LanguageTraining(
            # the keys' biases have no gradient but rounding errors, which Adam would enlarge
            *with_rule(CharTransformer(size, 8, 2, 1, 8, rng=rng, dropout=0.1), optim.SGD),
            steps=8)),
        "music": (music, lambda: training.MusicTraining(
            *with_rule(MusicLSTM(hidden_size=6, rng=rng)))),
        "rvae": (known, lambda: training.RVAETraining(
            *with_rule(RVAE(len(known.vocabulary), 4, 6, 3, rng=rng)), rng, 3, 0.3, 0.1)),
        "sequence-autoencoder": (known, lambda: training.SequenceAutoencoderTraining(
            *with_rule(SequenceAutoencoder(len(known.vocabulary), 4, 6, 3, rng=rng)))),
    }  # fmt: skip


class OnTheDouble(RawModule):
    """The kernels' text, run on the CPU over the memory of the double, and put on its tape."""

    def get_function(self, name):
        run = super().get_function(name)

        def call(grid, block, arguments):
            arguments = [a.memory if isinstance(a, DeviceArray) else a for a in arguments]
            arrays = [a for a in arguments if isinstance(a, np.ndarray)]
            tally.write(name, lambda: run(grid, block, arguments), *arrays)

        return call


class DoubleStandIn:
    ndarray = DeviceArray
    RawModule = OnTheDouble


METHODS = (
    "autoencoder", "vae", "conv-vae", "gan", "conv-gan", "dcgan",
    "char-lstm", "char-transformer", "music", "rvae", "sequence-autoencoder",
)  # fmt: skip
CAPTURABLE = METHODS[:8]


def prepared(name, directory, seed=0):
    """A method on the active backend, and three batches of its data. directory: for files."""
    rng = HostDraws(seed)
    images = image_methods(rng)
    if name in images:
        return images[name](), [DIGITS[:20], DIGITS[20:40], DIGITS[5:25]]
    found, make = sequence_methods(rng, directory)[name]
    method = make()
    batches = list(method.epoch(found.flat, 4, HostDraws(1)))
    return method, [batches[i % len(batches)] for i in range(3)]


def trained(name, directory, capture, backend="double"):
    """Losses of two epochs and all numbers after them: batches of 8, the last one smaller."""
    with use_backend(backend):
        method, text = on_the_device(name, directory)
        rule = next(iter(method.rules))
        schedules = {rule: optim.cosine(1e-3, 1e-5, 14)}
        trainer = training.Trainer(
            method, text or FEW, batch_size=8, rng=Generator(3), progress=False,
            schedules=schedules, capture=capture,
        )  # fmt: skip
        trainer.run(3)
        state = {k: to_numpy(v) for k, v in method.model.state_dict().items()}
        for key, rule in method.rules.items():
            state |= {f"{key}.{k}": np.asarray(v) for k, v in rule.state_dict().items()}
        losses = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history.rows]
    return losses, state, trainer


def on_the_device(name, directory):
    method, _ = prepared(name, directory)
    if hasattr(method, "rng"):
        method.rng = Generator(5)  # draws of the device's own
    if not name.startswith("char"):
        return method, None
    for part in method.model.modules():
        if hasattr(part, "rng"):
            part.rng = Generator(5)
    return method, data.texts(directory / "text.txt")[0]


class LooksAtTheLoss(training.VAETraining):
    """A step that reads a loss back."""

    def step(self, x):
        losses = super().step(x)
        self.last = float(to_numpy(losses["elbo"].array))
        return losses


def vae_method(cls=training.VAETraining, **settings):
    rng = Generator(0)
    net = VAE(64, [8], 2, rng=rng)
    return cls(net, optim.SGD(net.parameters(), 1e-3), rng, **settings)


def two_epochs(method, capture=True):
    """A trainer after two epochs of batches of ten images."""
    trainer = training.Trainer(
        method, FEW, batch_size=10, rng=Generator(3), progress=False, capture=capture
    )
    trainer.run(2)
    return trainer
