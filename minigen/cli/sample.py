"""``minigen sample RUN``: draw new images from a trained model."""

from pathlib import Path

import click

from minigen.autograd import no_grad
from minigen.backend import Generator, to_numpy
from minigen.training import load_run, save_images


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--n", default=64, show_default=True, type=click.IntRange(1, 10_000), help="How many images."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Other noise, other images.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The PNG file to write.  [default: RUN/sample-seedS-N.png]",
)
def sample_command(run: Path, n: int, seed: int, out: Path | None) -> None:
    """Draw N images from the model of the run directory RUN and write them as one PNG sheet."""
    if out is not None and out.suffix.lower() != ".png":
        raise click.BadParameter(f"must end in .png; got {out}", param_hint="--out")
    model, config = load_run(run)
    with no_grad():
        rows = to_numpy(model.sample(n, Generator(seed)).array)
    path = out or run / f"sample-seed{seed}-{n}.png"
    save_images(rows.reshape(n, *config["shape"]), path, f"{config['model']}, seed {seed}")
    click.echo(f"wrote {path}")
