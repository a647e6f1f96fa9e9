"""``minigen train MODEL``: train a model and leave a run directory behind."""

from functools import partial
from typing import Any

import click

from minigen import objectives
from minigen.cli.options import COMMON_OPTIONS, FiniteRange, Widths, options
from minigen.cli.run import Run
from minigen.data import binarise
from minigen.models import ACTIVATIONS
from minigen.training import AutoencoderTraining, GANTraining, VAETraining

GENERATOR_LOSSES = {
    "nonsaturating": objectives.generator_loss_nonsaturating,
    "minimax": objectives.generator_loss_minimax,
}
DIGIT_POINTS = 16  # a pixel of the shipped digits counts the black ones among 16 points
# What suits each data set, where the user does not say.
HIDDEN = {"digits": (256, 128), "mnist": (400,)}
CODE_SIZE = {"digits": 10, "mnist": 20}
ACTIVATION = {"digits": "tanh", "mnist": "relu"}
GAN_ALPHA = {"digits": 5e-4, "mnist": 2e-4}


activation_option = click.option(
    "--activation",
    type=click.Choice(list(ACTIVATIONS)),
    help="What stands between the layers.  [digits: tanh, mnist: relu]",
)


@click.group("train")
def train_group() -> None:
    """Train a model; the run directory keeps figures, pictures and weights.

    A run directory holds config.json, history.csv, result.json, checkpoint.safetensors and what
    there is to see: samples.png, reconstructions.png, latent.png, traversals.png, kernels.png,
    features.png for images, samples.txt for text, samples.mid for music, and losses.png.
    """


VAE_OPTIONS = [
    click.option("--code-size", type=click.IntRange(1), help="Dimensions of z.  [by data set]"),
    click.option(
        "--beta", type=FiniteRange(0), default=1.0, show_default=True, help="Weight of the KL."
    ),
    click.option(
        "--pixels",
        type=click.Choice(["binary", "grey", "counts"]),
        help="binary: black and white drawn anew at each access. grey: grey values as "
        "probabilities. counts: pixels count 16 points (digits).  [digits: counts, mnist: binary]",
    ),
]
GAN_OPTIONS = [
    click.option(
        "--noise-size", type=click.IntRange(1), default=100, show_default=True,
        help="Dimensions of z.",
    ),
    click.option(
        "--generator-loss",
        type=click.Choice(list(GENERATOR_LOSSES)),
        default="nonsaturating",
        show_default=True,
        help="-E log D(G(z)), or the zero-sum E log(1 - D(G(z))).",
    ),
    click.option(
        "--real-weight", type=FiniteRange(0, min_open=True), default=1.0, show_default=True,
        help="Weight of the real term in the discriminator's loss.",
    ),
    click.option(
        "--real-label", type=FiniteRange(0, 1, min_open=True), default=1.0, show_default=True,
        help="Target for real examples; below 1 is label smoothing.",
    ),
]  # fmt: skip


def pixels_of(data_name: str, pixels: str | None) -> str:
    """What ``--pixels`` means for this data set. Raises BadParameter for what it cannot be."""
    if pixels == "counts" and data_name != "digits":
        raise click.BadParameter("counts is for --data digits; use binary", param_hint="--pixels")
    return pixels or ("counts" if data_name == "digits" else "binary")


def train_as_vae(run: Run, model: Any, alpha: float, beta: float, pixels: str) -> None:
    """Train ``model``, a VAE of any kind, with the decoder's distribution that ``pixels`` names."""
    likelihood = objectives.bernoulli_log_likelihood
    if pixels == "counts":
        likelihood = partial(objectives.binomial_log_likelihood, count=DIGIT_POINTS)
    method = VAETraining(
        model,
        run.rule(model.parameters(), alpha),
        run.method_rng,
        beta,
        likelihood,
        binarise if pixels == "binary" else None,
    )
    run.train(method, beta=beta, pixels=pixels)


def train_as_gan(
    run: Run,
    model: Any,
    alpha: float,
    generator_loss: str,
    real_weight: float,
    real_label: float,
) -> None:
    """Train ``model``, a GAN of any kind, with update rules of step size ``alpha``."""
    method = GANTraining(
        model,
        run.rule(model.discriminator.parameters(), alpha, beta1=0.5),
        run.rule(model.generator.parameters(), alpha, beta1=0.5),
        run.method_rng,
        GENERATOR_LOSSES[generator_loss],
        real_weight,
        real_label,
    )
    run.train(method, generator_loss=generator_loss, real_weight=real_weight, real_label=real_label)


@train_group.command("vae")
@click.option("--hidden", type=Widths(), help="Widths of the hidden layers.  [by data set]")
@activation_option
@options(VAE_OPTIONS)
@options(COMMON_OPTIONS)
def train_vae(
    hidden: tuple[int, ...] | None,
    code_size: int | None,
    activation: str | None,
    beta: float,
    pixels: str | None,
    **common: Any,
) -> None:
    """Train a variational autoencoder.

    It learns q(z|x) and p(x|z) by climbing the ELBO; the result's test_elbo is in nats an image.
    """
    name = common["data_name"]
    pixels = pixels_of(name, pixels)
    run = Run("vae", common)
    model = run.build(
        data_size=run.images.flat.shape[1],
        hidden=list(hidden or HIDDEN[name]),
        code_size=code_size or CODE_SIZE[name],
        activation=activation or ACTIVATION[name],
    )
    train_as_vae(run, model, 1e-3, beta, pixels)


@train_group.command("gan")
@click.option(
    "--hidden", type=click.IntRange(1), default=256, show_default=True, help="Width of both nets."
)
@options(GAN_OPTIONS)
@options(COMMON_OPTIONS)
def train_gan(
    hidden: int,
    noise_size: int,
    generator_loss: str,
    real_weight: float,
    real_label: float,
    **common: Any,
) -> None:
    """Train a generative adversarial net.

    A generator and a discriminator play against each other; the result's samples_classes and
    samples_confident say what a classifier of real digits finds in 1,000 samples.
    """
    run = Run("gan", common)
    data_size = run.images.flat.shape[1]
    model = run.build(data_size=data_size, hidden=hidden, noise_size=noise_size)
    alpha = GAN_ALPHA[common["data_name"]]
    train_as_gan(run, model, alpha, generator_loss, real_weight, real_label)


@train_group.command("autoencoder")
@click.option("--hidden", type=Widths(), help="Widths of the hidden layers.  [by data set]")
@click.option("--code-size", type=click.IntRange(1), help="Numbers in a code.  [by data set]")
@activation_option
@options(COMMON_OPTIONS)
def train_autoencoder(
    hidden: tuple[int, ...] | None, code_size: int | None, activation: str | None, **common: Any
) -> None:
    """Train an autoencoder.

    It learns to reconstruct; its samples come from a Gaussian over the codes, and show what a
    VAE adds.
    """
    name = common["data_name"]
    run = Run("autoencoder", common)
    model = run.build(
        data_size=run.images.flat.shape[1],
        hidden=list(hidden or HIDDEN[name]),
        code_size=code_size or CODE_SIZE[name],
        activation=activation or ACTIVATION[name],
    )
    run.train(AutoencoderTraining(model, run.rule(model.parameters(), 1e-3)))
