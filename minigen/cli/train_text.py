"""``minigen train char-lstm``: language models.

The group of all training commands is imported from here, so that these are in it.
"""

from pathlib import Path
from typing import Any

import click

from minigen import data
from minigen.cli.options import RUN_OPTIONS, FiniteRange, options, size_option
from minigen.cli.run import Run
from minigen.cli.train_conv import train_group
from minigen.training import LanguageTraining, TextGallery

__all__ = ["train_char_lstm", "train_group"]


class TextRun(Run):
    """A run over a text file, or over the text that comes with Python."""

    @property
    def data_name(self) -> str:
        return "text"

    def load(self) -> tuple[Any, Any]:
        return data.texts(self.common["text"])

    def source(self) -> dict[str, Any]:
        """Which text it is."""
        text = self.common["text"]
        return {"data": "text", "text": "help topics" if text is None else Path(text).name}

    def described(self) -> dict[str, Any]:
        return {**self.source(), "symbols": "".join(self.images.vocabulary.symbols)}

    def gallery(self, model: Any, directory: Path) -> Any:
        return TextGallery(model, self.test, directory)

    def train(self, method: Any, **more: Any) -> None:
        if method.full_batch:
            raise click.BadParameter(
                "a text is read window by window, and never at once; take sgd", param_hint="--rule"
            )
        super().train(method, **more)


TEXT_OPTION = click.option(
    "--text",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A UTF-8 file; a tenth of it is held back.  [default: the help topics of Python]",
)
TEXT_OPTIONS = [
    TEXT_OPTION,
    size_option("--steps", 64, "Characters in a window: how far the gradient reaches back."),
    click.option(
        "--dropout", type=FiniteRange(0, 1, max_open=True), default=0.0, show_default=True,
        help="Share of the numbers between layers that is left out at random.",
    ),
    click.option(
        "--max-norm", type=FiniteRange(0, min_open=True), default=5.0, show_default=True,
        help="Longer gradients are shortened to this norm.",
    ),
]  # fmt: skip


@train_group.command("char-lstm")
@size_option("--hidden", 256, "Units.")
@size_option("--layers", 1, "LSTMs.")
@size_option("--embedding", 64, "Numbers that stand for a character.")
@options(TEXT_OPTIONS)
@options(RUN_OPTIONS)
def train_char_lstm(
    hidden: int,
    layers: int,
    embedding: int,
    steps: int,
    dropout: float,
    max_norm: float,
    **common: Any,
) -> None:
    """Train an LSTM on text, character by character.

    The result's test_loss_one_stream is the mean surprise over the text held back, in nats a
    character, each foretold from all before it; samples.txt is text that the model wrote.
    """
    run = TextRun("char-lstm", common)
    model = run.build(
        symbols=len(run.images.vocabulary),
        embedding_size=embedding,
        hidden_size=hidden,
        num_layers=layers,
        dropout=dropout,
    )
    rule = run.rule(model.parameters(), 5e-3)
    run.train(LanguageTraining(model, rule, steps, max_norm), steps=steps, max_norm=max_norm)


@train_group.command("char-transformer")
@size_option("--size", 128, "Features of a character; a multiple of the heads.")
@size_option("--heads", 4, "Heads.")
@size_option("--layers", 2, "Blocks.")
@options(TEXT_OPTIONS)
@options(RUN_OPTIONS)
def train_char_transformer(
    size: int,
    heads: int,
    layers: int,
    steps: int,
    dropout: float,
    max_norm: float,
    **common: Any,
) -> None:
    """Train a small causal transformer on text.

    It looks back at most --steps characters. Figures and samples as for char-lstm.
    """  # fmt: skip
    if size % heads:
        raise click.BadParameter(f"{size} is no multiple of {heads} heads", param_hint="--size")
    run = TextRun("char-transformer", common)
    model = run.build(
        symbols=len(run.images.vocabulary),
        size=size,
        heads=heads,
        layers=layers,
        context=steps,
        dropout=dropout,
    )
    rule = run.rule(model.parameters(), 1e-3)
    run.train(LanguageTraining(model, rule, steps, max_norm), steps=steps, max_norm=max_norm)
