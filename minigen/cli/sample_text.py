"""What ``minigen sample`` does with a language model: text, printed as it is written."""

import sys
from typing import Any

import click

from minigen.backend import Generator, to_numpy
from minigen.data import Vocabulary
from minigen.data.sentences import WordVocabulary
from minigen.models import write_on
from minigen.training import between

LENGTH = 500  # characters, unless told otherwise
SENTENCES = 10


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


def print_sentences(
    model: Any, config: dict[str, Any], n: int | None, seed: int, interpolate: int | None
) -> None:
    """Print n sentences from random codes, or n ways between two codes in so many sentences."""
    vocabulary = WordVocabulary(config["words"])
    rng = Generator(seed)
    codes = model.prior(n or (3 if interpolate else SENTENCES), rng)
    if interpolate:
        codes = between(codes, model.prior(len(codes), rng), interpolate)
    for i, column in enumerate(to_numpy(model.write(codes)).T):
        if interpolate and i and i % interpolate == 0:
            click.echo()
        click.echo(vocabulary.decode(column))
