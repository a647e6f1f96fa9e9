"""What there is to see of a language model: text that it writes, and its losses."""

from pathlib import Path
from typing import Any

from minigen.backend import Generator
from minigen.data import Text
from minigen.files import write_text
from minigen.models import write_on
from minigen.training import pictures
from minigen.training.history import History
from minigen.training.language import stream_loss

SEED = 2  # of the text that is written, whatever the run's own seed
LENGTH = 1000  # characters
TEMPERATURE = 0.8
EXACT_STEPS = 1000


class TextGallery:
    """Writes samples of ``model`` into ``directory``. test: the text held back."""

    def __init__(self, model: Any, test: Text, directory: Path) -> None:
        self.model = model
        self.test = test
        self.directory = directory

    def sample(self, length: int = LENGTH) -> str:
        """Text that the model writes after a line's end, from the same noise each time."""
        vocabulary = self.test.vocabulary
        first = vocabulary.encode("\n" if "\n" in vocabulary.number else vocabulary.symbols[0])
        with self.model.evaluating():
            found = write_on(self.model, first, length, Generator(SEED), TEMPERATURE)
            return vocabulary.decode(found)

    def snapshot(self, epoch: int) -> None:
        """A sample while training goes on, into pictures/."""
        write_text(self.directory / "pictures" / f"sample-{epoch:05d}.txt", self.sample())

    def losses(self, history: History) -> None:
        """The loss over the epochs, in nats a symbol."""
        curves = {n: history.column(n) for n in ("loss", "test_loss")}
        pictures.save_curves(history.column("epoch"), curves, self.directory / "losses.png")

    def everything(self, history: History) -> None:
        """samples.txt and losses.png."""
        write_text(self.directory / "samples.txt", self.sample())
        self.losses(history)

    def judge(self, text: Text, rng: Generator) -> dict[str, Any]:
        """The loss over the whole text held back as one stream, every symbol foretold from all
        before it, in nats a symbol."""
        return {"test_loss_one_stream": stream_loss(self.model, self.test.flat, 1, EXACT_STEPS)}
