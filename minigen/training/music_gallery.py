"""What there is to see and hear of a model of music: pieces that it plays, and its losses."""

from pathlib import Path
from typing import Any

import numpy

from minigen.backend import Generator, to_numpy
from minigen.data.music import Music, save_midi
from minigen.training import pictures
from minigen.training.history import History
from minigen.training.music import frame_loss

SEED = 2  # of the pieces that are played, whatever the run's own seed
FRAMES = 64
PIECES = 3
OPENING = 8  # frames of a chorale that the last piece goes on from


class MusicGallery:
    """Plays samples of ``model`` into ``directory``. valid: pieces to choose by; test: to judge."""

    def __init__(self, model: Any, valid: Music, test: Music, directory: Path) -> None:
        self.model = model
        self.valid = valid
        self.test = test
        self.directory = directory

    def pieces(self) -> dict[str, Any]:
        """Piano rolls (frames, 88) by title: a chorale, and what the model makes of the same
        opening and of silence, from the same noise each time."""
        real = self.test.rolls[0]
        opening = real[:OPENING, None]
        on = to_numpy(self.model.play(FRAMES - OPENING, 1, Generator(SEED), opening))[:, 0]
        free = to_numpy(self.model.play(FRAMES, 1, Generator(SEED)))[:, 0]
        return {
            "a chorale by Bach": real[:FRAMES],
            f"the model, after its first {OPENING} frames": numpy.concatenate([real[:OPENING], on]),
            "the model, from silence": free,
        }

    def snapshot(self, epoch: int) -> None:
        """The same pieces while training goes on, into pictures/."""
        pictures.save_rolls(self.pieces(), self.directory / f"pictures/samples-{epoch:05d}.png")

    def losses(self, history: History) -> None:
        """The loss over the epochs, in nats a frame."""
        curves = {n: history.column(n) for n in ("loss", "valid_loss")}
        pictures.save_curves(history.column("epoch"), curves, self.directory / "losses.png")

    def everything(self, history: History) -> None:
        """samples.png, samples.mid (the piece from silence) and losses.png."""
        pieces = self.pieces()
        pictures.save_rolls(pieces, self.directory / "samples.png")
        save_midi(list(pieces.values())[-1], self.directory / "samples.mid")
        self.losses(history)

    def judge(self, music: Music, rng: Generator) -> dict[str, Any]:
        """The loss over the test pieces and, once more, over those that chose the epoch, in nats
        a frame, of the weights that were kept."""
        return {
            "test_loss": frame_loss(self.model, self.test.flat),
            "chosen_valid_loss": frame_loss(self.model, self.valid.flat),
        }
