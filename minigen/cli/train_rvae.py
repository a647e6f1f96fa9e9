"""``minigen train rvae`` and ``sequence-autoencoder``: sentences with a code.

The group of all training commands is imported from here, so that this one is in it.
"""

from pathlib import Path
from typing import Any

import click

from minigen.cli.options import RUN_OPTIONS, FiniteRange, options, size_option
from minigen.cli.train_music import train_group
from minigen.cli.train_text import TEXT_OPTION, TextRun
from minigen.data.sentences import sentences
from minigen.training import RVAETraining, SentenceGallery, SequenceAutoencoderTraining

__all__ = ["train_group", "train_rvae", "train_sequence_autoencoder"]


class SentenceRun(TextRun):
    """A run over the sentences of a text."""

    def load(self) -> tuple[Any, Any]:
        return sentences(self.common["text"])

    def described(self) -> dict[str, Any]:
        return {**self.source(), "words": list(self.images.vocabulary.words)}

    def gallery(self, model: Any, directory: Path) -> Any:
        return SentenceGallery(model, self.test, directory)


@train_group.command("rvae")
@TEXT_OPTION
@size_option("--hidden", 128, "Units.")
@size_option("--embedding", 64, "Numbers that stand for a word.")
@size_option("--code-size", 16, "Dimensions of z.")
@click.option(
    "--annealing",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Epochs over which the weight of the KL rises from 0 to 1; 0: it is 1 at once.",
)
@click.option(
    "--hide",
    type=FiniteRange(0, 1, max_open=True),
    default=0.6,
    show_default=True,
    help="Share of the words that the decoder does not see (word dropout).",
)
@click.option(
    "--free-bits",
    type=FiniteRange(0),
    default=0.25,
    show_default=True,
    help="Nats a dimension of the code that cost nothing.",
)
@options(RUN_OPTIONS)
def train_rvae(
    hidden: int,
    embedding: int,
    code_size: int,
    annealing: int,
    hide: float,
    free_bits: float,
    **common: Any,
) -> None:
    """Train a recurrent variational autoencoder of sentences.

    An LSTM reads a sentence into a code, another writes it again. Watch the KL: with
    --annealing 0 --hide 0 --free-bits 0 it goes to 0, for the writer does without the code.
    """  # fmt: skip
    run = SentenceRun("rvae", common)
    model = run.build(
        symbols=len(run.images.vocabulary),
        embedding_size=embedding,
        hidden_size=hidden,
        code_size=code_size,
    )
    rule = run.rule(model.parameters(), 2e-3)
    method = RVAETraining(model, rule, run.method_rng, hide=hide, free=free_bits)
    method.annealing = annealing * run.steps(method)
    run.train(method, annealing=annealing, hide=hide, free_bits=free_bits)


@train_group.command("sequence-autoencoder")
@TEXT_OPTION
@size_option("--hidden", 256, "Units.")
@size_option("--embedding", 64, "Numbers that stand for a word.")
@size_option("--code-size", 64, "Numbers in a code.")
@options(RUN_OPTIONS)
def train_sequence_autoencoder(hidden: int, embedding: int, code_size: int, **common: Any) -> None:
    """Train an autoencoder of sentences.

    An LSTM reads a sentence into a code, another writes it again from the code alone; the
    result's test_words_right is the share of words held back that come back in their place.
    """
    run = SentenceRun("sequence-autoencoder", common)
    model = run.build(
        symbols=len(run.images.vocabulary),
        embedding_size=embedding,
        hidden_size=hidden,
        code_size=code_size,
    )
    run.train(SequenceAutoencoderTraining(model, run.rule(model.parameters(), 5e-3)))
