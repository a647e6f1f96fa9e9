"""``minigen demo``: from an installed package to digits made from noise, in about two minutes."""

import json
from pathlib import Path

import click

from minigen.autograd import no_grad
from minigen.backend import Generator, to_numpy
from minigen.cli.options import BACKEND_OPTIONS, activate, options
from minigen.cli.train import train_gan, train_vae
from minigen.training import load_run, save_side_by_side

LOOK = """
Open these pictures:

  {out}/samples.png              both side by side: none of these digits was ever written by hand
  {out}/vae/samples.png          digits that the VAE decoded from random codes: soft, most of
                                 them digits, some halfway between two
  {out}/vae/reconstructions.png  test digits, and below them what is left after {code} numbers
  {out}/vae/latent.png           the codes of the test digits: each digit has its own region, and
                                 on the right you walk through the plane from digit to digit
  {out}/gan/samples.png          digits that the GAN made from noise: crisper than the VAE's, and
                                 now and then a stroke too many
  {out}/gan/pictures/            the same noise over the epochs: from fog to digits
  {out}/gan/losses.png           the game: the discriminator gains slowly, on the training images
                                 only; about unseen digits (test d real) it stays undecided

A classifier of real digits looked at 1,000 samples of each:
"""


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/demo"),
    show_default=True,
    help="Where the two run directories go; earlier ones there are replaced.",
)
@options(BACKEND_OPTIONS)
@click.pass_context
def demo_command(
    context: click.Context, out: Path, backend: str | None, device: str | None
) -> None:
    """Train a VAE and a GAN on real digits and say which pictures to open.

    About two minutes on two processor cores. The same as two calls of "minigen train".
    """
    activate(backend, device)
    click.echo("1 of 2: a variational autoencoder on 1,500 handwritten digits")
    context.invoke(train_vae, out=out / "vae", overwrite=True)
    click.echo("\n2 of 2: a generative adversarial net on the same digits")
    context.invoke(train_gan, out=out / "gan", overwrite=True)
    sheets = {}
    for name, title in (("gan", "made from noise by a GAN"), ("vae", "and by a VAE")):
        model, config = load_run(out / name)
        with no_grad():
            rows = to_numpy(model.sample(64, Generator(0)).array)
        sheets[title] = rows.reshape(64, *config["shape"])
    save_side_by_side(sheets, out / "samples.png")
    click.echo(LOOK.format(out=out, code=config["model_arguments"]["code_size"]))
    for name in ("vae", "gan"):
        result = json.loads((out / name / "result.json").read_text(encoding="utf-8"))
        click.echo(
            f"  {name}: {result['samples_confident']:.0%} are a digit with at least 80% "
            f"probability, {result['samples_classes']} of 10 digits occur "
            f"(real test digits: {result['real_confident']:.0%}, blends of two: "
            f"{result['blends_confident']:.0%})"
        )
    click.echo(f"\nDraw more with:  minigen sample {out}/gan --n 100 --seed 1")
