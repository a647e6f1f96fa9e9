"""What ``minigen sample`` does with a language model: text, printed as it is written."""

import sys
from typing import Any

import click

from minigen.backend import Generator
from minigen.data import Vocabulary
from minigen.models import write_on

LENGTH = 500  # characters, unless told otherwise


def stream_text(
    model: Any,
    config: dict[str, Any],
    prompt: str | None,
    length: int | None,
    seed: int,
    temperature: float,
    top_k: int | None,
) -> None:
    """Print the prompt and what the model writes after it, character by character."""
    vocabulary = Vocabulary(config["symbols"])
    text = prompt or ("\n" if "\n" in vocabulary.number else vocabulary.symbols[0])
    codes = vocabulary.encode(text)
    click.echo(prompt or "", nl=False)
    for code in write_on(model, codes, length or LENGTH, Generator(seed), temperature, top_k):
        click.echo(vocabulary.symbols[code], nl=False)
        sys.stdout.flush()
    click.echo()
