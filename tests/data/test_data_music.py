"""Piano rolls: what is refused, what lies behind a piece's end, and MIDI that plays back."""

import numpy as np
import pytest

from minigen.data import DataError
from minigen.data import music as module
from minigen.data.music import KEYS, LOWEST, Music, chorales, padded, save_midi


def roll(*frames):
    """Frames as tuples of keys that sound."""
    found = np.zeros((len(frames), KEYS), dtype="float32")
    for t, keys in enumerate(frames):
        found[t, list(keys)] = 1
    return found


def test_pieces_are_checked():
    good = roll((1,), (2, 3))
    assert len(Music("two", (good, good))) == 2
    for bad, message in (
        ((), "got none"),
        ((good, good[:, :5]), r"got \(2, 5\) at 1"),
        ((good[:1],), r"frames >= 2.*got \(1, 88\) at 0"),
        ((good * 0.5,), "got other numbers at 0"),
    ):
        with pytest.raises(DataError, match=message):
            Music("bad", bad)


def test_padding_is_silence():
    long, short = roll((1,), (2,), (3,)), roll((4,), (5,))
    together, lengths = padded([long, short])
    assert together.shape == (3, 2, KEYS) and lengths.tolist() == [3, 2]
    np.testing.assert_array_equal(together[:, 0], long)
    np.testing.assert_array_equal(together[:2, 1], short)
    assert not together[2, 1].any()


def test_midi_plays_what_the_roll_says(tmp_path):
    """Read back: a key that sounds in frames on end is one note; two frames a second at 120."""
    mido = pytest.importorskip("mido")
    path = tmp_path / "piece.mid"
    save_midi(roll((0, 10), (10,), (), (10, 87)), path, tempo=120)
    clock, open_notes, notes = 0.0, {}, []
    for message in mido.MidiFile(path):
        clock += message.time
        if message.type == "note_on":
            open_notes[message.note] = clock
        elif message.type == "note_off":
            notes.append((message.note - LOWEST, open_notes.pop(message.note), clock))
    assert not open_notes
    assert sorted(notes) == [(0, 0.0, 0.5), (10, 0.0, 1.0), (10, 1.5, 2.0), (87, 1.5, 2.0)]


def test_only_the_right_file_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold the chorales"):
        chorales("train", tmp_path)
    (tmp_path / "JSB_Chorales.mat").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"must have SHA-256 ac0e.*get it anew"):
        chorales("train", tmp_path)
    with pytest.raises(DataError, match="split must be one of train, valid, test; got dev"):
        chorales("dev", tmp_path)


def test_a_right_file_gives_the_splits_pieces(tmp_path, monkeypatch):
    """A file of the same form, with its own checksum: cells of rolls of unequal length."""
    io = pytest.importorskip("scipy.io")
    cells = np.empty((1, 2), dtype=object)
    cells[0, 0], cells[0, 1] = (roll(*[(i,)] * n).astype("uint8") for i, n in ((3, 4), (5, 2)))
    path = tmp_path / "JSB_Chorales.mat"
    io.savemat(path, {"traindata": cells, "testdata": cells[:, :1]})
    monkeypatch.setattr(module, "SHA256", module.sha256_of(path))
    monkeypatch.setattr(module, "SPLITS", {"train": ("traindata", 2), "test": ("testdata", 1)})
    train, test = chorales("train", tmp_path), chorales("test", tmp_path)
    assert [r.shape for r in train.flat] == [(4, KEYS), (2, KEYS)] and len(test) == 1
    assert train.rolls[1].dtype == "float32" and train.rolls[1][:, 5].all()


def test_a_missing_package_is_named():
    with pytest.raises(DataError, match=r'none_such must be installed.*pip install "minigen\[mus'):
        module.optional("none_such.io", "none_such")
