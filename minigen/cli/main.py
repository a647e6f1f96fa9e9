"""The command and what all subcommands share: how errors reach the user.

An error that the user can mend ends in one line and exit code 1 (2 for wrong options), not in
a stack trace. Anything else is a defect of minigen's, and keeps its trace.
"""

import sys

import click

from minigen import __version__
from minigen.backend import BackendError
from minigen.cli.demo import demo_command
from minigen.cli.info import info_command
from minigen.cli.learn import learn_group
from minigen.cli.sample import sample_command
from minigen.cli.train_rvae import train_group
from minigen.data import DataError
from minigen.learn.lesson import LessonError
from minigen.training import DivergenceError, RunError

MENDABLE = (
    BackendError,
    DataError,
    DivergenceError,
    LessonError,
    RunError,
    OSError,
    FloatingPointError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(__version__, prog_name="minigen")
def cli() -> None:
    """Deep generative models from scratch.

    Train one, look at what it makes, draw more from it:

    \b
        minigen demo
        minigen train vae --data digits --epochs 60 --out runs/my-vae
        minigen sample runs/my-vae --n 64
        minigen info

    Learn how it works, equation by equation:

    \b
        minigen learn

    The variable MINIGEN_BACKEND=cupy, or the option --device gpu, moves all of it to an NVIDIA
    GPU; auto in its place takes one where there is one, and says so.
    """


cli.add_command(demo_command)
cli.add_command(train_group)
cli.add_command(sample_command)
cli.add_command(info_command)
cli.add_command(learn_group)


def main() -> None:
    """Run the command line; the process ends with its exit code."""
    try:
        cli(standalone_mode=True)
    except MENDABLE as error:
        click.echo(f"minigen: {error}", err=True)
        sys.exit(1)
