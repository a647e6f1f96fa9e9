"""What ``minigen sample`` does with a model of music: one piece as a MIDI file."""

from pathlib import Path
from typing import Any

from minigen.backend import Generator, to_numpy
from minigen.data.music import save_midi

FRAMES = 64  # crotchets, unless told otherwise


def write_piece(model: Any, run: Path, frames: int | None, seed: int, out: Path | None) -> Path:
    """Play so many frames from silence and write them; where the file is."""
    frames = frames or FRAMES
    played = to_numpy(model.play(frames, 1, Generator(seed)))[:, 0]
    path = out or run / f"sample-seed{seed}-{frames}.mid"
    save_midi(played, path)
    return path
