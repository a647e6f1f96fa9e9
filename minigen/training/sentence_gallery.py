"""What there is to see of a model with a code for a sentence: sentences from random codes,
sentences read and written again, and the way from one sentence to another."""

from pathlib import Path
from typing import Any

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, to_numpy
from minigen.data.sentences import Sentences, side_by_side
from minigen.files import write_text
from minigen.training import pictures
from minigen.training.history import History
from minigen.training.ways import between

SEED = 2  # of the codes that are drawn, whatever the run's own seed
SAMPLES = 10
WAYS = 3
STEPS = 7


class SentenceGallery:
    """Writes what ``model`` makes into ``directory``. test: the sentences held back."""

    def __init__(self, model: Any, test: Sentences, directory: Path) -> None:
        self.model = model
        self.test = test
        self.directory = directory

    def written(self, z: Any) -> list[str]:
        """The most probable sentence of each code (n, code_size)."""
        words = to_numpy(self.model.write(z))
        return [self.test.vocabulary.decode(column) for column in words.T]

    def codes(self, n: int) -> Any:
        """Codes of the first n sentences held back."""
        x, lengths = side_by_side(self.test.flat[:n])
        with no_grad():
            return self.model.codes(asarray(x), lengths).array

    def text(self) -> str:
        """Samples, reconstructions and interpolations, as one text."""
        lines = ["From random codes:"]
        lines += self.written(self.model.prior(SAMPLES, Generator(SEED)))
        codes = self.codes(2 * WAYS)
        lines += ["", "Sentences held back, and what is written from their codes:"]
        for codes_of, again in zip(self.test.flat, self.written(codes), strict=False):
            lines += [self.test.vocabulary.decode(codes_of), f"  -> {again}"]
        for way in range(min(WAYS, len(codes) // 2)):
            lines += ["", "From one sentence to another:"]
            begin, end = codes[2 * way : 2 * way + 1], codes[2 * way + 1 : 2 * way + 2]
            lines += self.written(between(begin, end, STEPS))
        return "\n".join(lines) + "\n"

    def snapshot(self, epoch: int) -> None:
        """The same text while training goes on, into pictures/."""
        write_text(self.directory / "pictures" / f"sample-{epoch:05d}.txt", self.text())

    def losses(self, history: History) -> None:
        """What the trainer measured over the epochs, in nats a sentence."""
        names = [name for name in history.rows[0] if name not in ("epoch", "step", "seconds")]
        curves = {name: history.column(name) for name in names}
        pictures.save_curves(history.column("epoch"), curves, self.directory / "losses.png")

    def everything(self, history: History) -> None:
        """samples.txt and losses.png."""
        write_text(self.directory / "samples.txt", self.text())
        self.losses(history)

    def judge(self, sentences: Sentences, rng: Generator) -> dict[str, Any]:
        """Nothing more than the trainer knows."""
        return {}
