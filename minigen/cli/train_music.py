"""``minigen train music``: Bach's chorales.

The group of all training commands is imported from here, so that this one is in it.
"""

from pathlib import Path
from typing import Any

import click

from minigen.cli.options import RUN_OPTIONS, FiniteRange, options, size_option
from minigen.cli.run import Run
from minigen.cli.train_text import train_group
from minigen.data.music import KEYS, chorales
from minigen.training import MusicGallery, MusicTraining

__all__ = ["train_group", "train_music"]


class MusicRun(Run):
    """A run over the chorales; the epoch is chosen by the validation pieces."""

    @property
    def data_name(self) -> str:
        return "chorales"

    def load(self) -> tuple[Any, Any]:
        directory = self.common["data_dir"]
        self.test_pieces = chorales("test", directory)
        return chorales("train", directory), chorales("valid", directory)

    def described(self) -> dict[str, Any]:
        return {"data": "chorales", "keys": KEYS}

    def gallery(self, model: Any, directory: Path) -> Any:
        return MusicGallery(model, self.test, self.test_pieces, directory)


@train_group.command("music")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Read JSB_Chorales.mat from this directory; nothing is downloaded.",
)
@size_option("--hidden", 256, "Units.")
@size_option("--layers", 1, "LSTMs.")
@click.option(
    "--dropout",
    type=FiniteRange(0, 1, max_open=True),
    default=0.3,
    show_default=True,
    help="Share of the numbers between layers that is left out at random.",
)
@click.option(
    "--max-norm",
    type=FiniteRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="Longer gradients are shortened to this norm.",
)
@options(RUN_OPTIONS)
def train_music(hidden: int, layers: int, dropout: float, max_norm: float, **common: Any) -> None:
    """Train an LSTM on Bach's chorales.

    It foretells which keys sound in the next frame. The result's test_loss is the mean surprise in
    nats a frame; samples.mid is music that the model made up, samples.png shows it. Needs pip
    install "minigen[music]".
    """  # fmt: skip
    run = MusicRun("music", common)
    model = run.build(keys=KEYS, hidden_size=hidden, num_layers=layers, dropout=dropout)
    method = MusicTraining(model, run.rule(model.parameters(), 1e-2), max_norm)
    run.train(method, max_norm=max_norm)
