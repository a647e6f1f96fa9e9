"""``minigen train conv-vae | conv-gan | dcgan``: the convolutional models.

The group of all training commands is imported from here, so that these are in it.
"""

from typing import Any

import click

from minigen.cli.options import COMMON_OPTIONS, Widths, options
from minigen.cli.run import Run
from minigen.cli.train import (
    CODE_SIZE,
    GAN_OPTIONS,
    VAE_OPTIONS,
    pixels_of,
    train_as_gan,
    train_as_vae,
    train_group,
)

__all__ = ["train_conv_gan", "train_conv_vae", "train_dcgan", "train_group"]

VAE_ALPHA = 2e-3
GAN_ALPHA = 2e-4  # step size of Radford et al. 2015


def two(context: Any, option: Any, channels: tuple[int, ...]) -> list[int]:
    """The outer and the inner layer's channels. Raises BadParameter for more or fewer."""
    if len(channels) != 2:
        raise click.BadParameter(f"takes two numbers, such as 32,64; got {len(channels)}")
    return list(channels)


def channels_option(default: str) -> Any:
    return click.option(
        "--channels", type=Widths(), default=default, show_default=True, callback=two,
        help="Channels of the outer and the inner layer.",
    )  # fmt: skip


@train_group.command("conv-vae")
@channels_option("32,64")
@click.option(
    "--hidden",
    type=Widths(),
    default="256",
    show_default=True,
    help="Widths of dense layers in front of the decoder's images.",
)
@options(VAE_OPTIONS)
@options(COMMON_OPTIONS)
def train_conv_vae(
    channels: list[int],
    hidden: tuple[int, ...],
    code_size: int | None,
    beta: float,
    pixels: str | None,
    **common: Any,
) -> None:
    """Train a convolutional variational autoencoder.

    Encoder: convolution and pooling, twice. Decoder: transposed convolution, unpooling,
    convolution. Besides the pictures of vae: kernels.png and features.png.
    """
    pixels = pixels_of(common["data_name"], pixels)
    run = Run("conv-vae", common)
    model = run.build(
        shape=run.images.shape,
        code_size=code_size or CODE_SIZE[common["data_name"]],
        channels=channels,
        hidden=list(hidden),
    )
    train_as_vae(run, model, VAE_ALPHA, beta, pixels)


@train_group.command("conv-gan")
@channels_option("32,64")
@options(GAN_OPTIONS)
@options(COMMON_OPTIONS)
def train_conv_gan(
    channels: list[int],
    noise_size: int,
    generator_loss: str,
    real_weight: float,
    real_label: float,
    **common: Any,
) -> None:
    """Train a convolutional GAN.

    The generator is made of blocks of convolution, activation and transposed convolution; no
    layer normalises.
    """
    run = Run("conv-gan", common)
    model = run.build(shape=run.images.shape, noise_size=noise_size, channels=channels)
    train_as_gan(run, model, GAN_ALPHA, generator_loss, real_weight, real_label)


@train_group.command("dcgan")
@channels_option("64,128")
@options(GAN_OPTIONS)
@options(COMMON_OPTIONS)
def train_dcgan(
    channels: list[int],
    noise_size: int,
    generator_loss: str,
    real_weight: float,
    real_label: float,
    **common: Any,
) -> None:
    """Train a DCGAN (Radford, Metz and Chintala 2015).

    Transposed convolutions with batch normalisation; the figures and pictures of gan, and
    kernels.png and features.png of the discriminator.
    """
    run = Run("dcgan", common)
    model = run.build(shape=run.images.shape, noise_size=noise_size, channels=channels)
    train_as_gan(run, model, GAN_ALPHA, generator_loss, real_weight, real_label)
