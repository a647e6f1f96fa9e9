"""``minigen sample RUN``: draw new images from a trained model."""

from pathlib import Path
from typing import Any

import click

from minigen.autograd import no_grad
from minigen.backend import Generator, to_numpy
from minigen.cli.options import BACKEND_OPTIONS, FiniteRange, activate, options
from minigen.cli.sample_music import write_piece
from minigen.cli.sample_text import print_sentences, stream_text
from minigen.ops import concatenate
from minigen.training import between, load_run, save_images

AT_ONCE = 500  # images that are decoded together


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--n",
    type=click.IntRange(1, 10_000),
    help="How many images, rows with --interpolate, characters, sentences or frames.  "
    "[default: 64, 8, 500, 10, 64]",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Other noise, other images.",
)
@click.option(
    "--interpolate",
    type=click.IntRange(2, 1000),
    metavar="STEPS",
    help="N rows, each on the way from one random code to another in STEPS images or sentences.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The PNG file to write.  [default: RUN/sample-seedS-N.png]",
)
@click.option("--prompt", help="Text models: how the text begins.  [default: a new line]")
@click.option(
    "--temperature",
    type=FiniteRange(0),
    help="Text models: below 1 the probable gets more probable; 0 takes it always.  [default: 1]",
)
@click.option(
    "--top-k", type=click.IntRange(1), help="Text models: draw from the K most probable only."
)
@options(BACKEND_OPTIONS)
def sample_command(
    run: Path,
    n: int | None,
    seed: int,
    interpolate: int | None,
    out: Path | None,
    prompt: str | None,
    temperature: float | None,
    top_k: int | None,
    backend: str | None,
    device: str | None,
) -> None:
    """Draw N images from the model of the run directory RUN and write them as one PNG sheet.

    A text model writes N characters to the terminal instead, a sentence model N sentences, and a
    model of music a MIDI file of N frames.
    """
    if out is not None and out.suffix.lower() not in (".png", ".mid"):
        raise click.BadParameter(
            f"must end in .png, or .mid for music; got {out}", param_hint="--out"
        )
    activate(backend, device)
    model, config = load_run(run)
    of_text = {"--prompt": prompt, "--temperature": temperature, "--top-k": top_k}
    if "symbols" in config:
        refuse("images or sentences", {"--interpolate": interpolate, "--out": out})
        temperature = 1.0 if temperature is None else temperature
        stream_text(model, config, prompt, n, seed, temperature, top_k)
    elif "words" in config:
        refuse("text", of_text | {"--out": out})
        print_sentences(model, config, n, seed, interpolate)
    elif "keys" in config:
        refuse("text", of_text | {"--interpolate": interpolate})
        check_suffix(out, ".mid")
        click.echo(f"wrote {write_piece(model, run, n, seed, out)}")
    else:
        refuse("text", of_text)
        check_suffix(out, ".png")
        n = n or (8 if interpolate else 64)
        path = draw_images(model, config, run, n, seed, interpolate, out)
        click.echo(f"wrote {path}")


def check_suffix(out: Path | None, suffix: str) -> None:
    """Raise BadParameter for a file name that promises another kind of file."""
    if out is not None and out.suffix.lower() != suffix:
        raise click.BadParameter(
            f"must end in {suffix} for this model; got {out}", param_hint="--out"
        )


def refuse(kind: str, given: dict[str, Any]) -> None:
    """Raise BadParameter if one of these options, for models of another kind, is given."""
    for name, value in given.items():
        if value is not None:
            raise click.BadParameter(f"is for models that make {kind}", param_hint=name)


def draw_images(
    model: Any,
    config: dict[str, Any],
    run: Path,
    n: int,
    seed: int,
    interpolate: int | None,
    out: Path | None,
) -> Path:
    """Write one sheet of n images, or of n ways between two codes each; where it is."""
    rng = Generator(seed)
    codes = model.prior(n, rng)
    name, title = f"sample-seed{seed}-{n}", f"{config['model']}, seed {seed}"
    if interpolate:
        codes = between(codes, model.prior(n, rng), interpolate)
        name, title = f"interpolation-seed{seed}-{n}x{interpolate}", f"{title}: code to code"
    with no_grad():
        parts = [model.decode(codes[i : i + AT_ONCE]).array for i in range(0, len(codes), AT_ONCE)]
    path = out or run / f"{name}.png"
    images = to_numpy(concatenate(parts)).reshape(-1, *config["shape"])
    save_images(images, path, title, columns=interpolate)
    return path
