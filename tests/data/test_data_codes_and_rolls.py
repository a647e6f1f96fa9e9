"""Numbers that stand for no symbol, texts of nothing, rolls that are none."""

import numpy as np
import pytest

from minigen.data import DataError, Text, Vocabulary, read_text, windows
from minigen.data.download import download
from minigen.data.music import save_midi
from minigen.data.sentences import Sentences, WordVocabulary

mido = pytest.importorskip("mido")


@pytest.mark.parametrize("codes", [[-1, 0], [0, 3], np.array([9])])
def test_numbers_of_no_symbol_are_refused(codes):
    with pytest.raises(DataError, match=r"Vocabulary\.decode: numbers must lie in 0\.\.2"):
        Vocabulary("abc").decode(codes)
    with pytest.raises(DataError, match=r"WordVocabulary\.decode: numbers must lie in 0\.\.2"):
        WordVocabulary(["x"]).decode(codes)


@pytest.mark.parametrize("steps", [0, -1])
def test_windows_hold_symbols(steps):
    with pytest.raises(DataError, match="windows: steps must be at least 1"):
        windows(np.zeros((5, 2), int), steps)


def test_a_mark_alone_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(DataError, match="must hold text"):
        read_text(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_bytes(b"one\rtwo\r\nthree\n")
    assert read_text(tmp_path / "b.txt") == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("roll", "tempo", "message"),
    [
        (np.zeros((88, 6)), 90, "zeros and ones"),
        (np.full((6, 88), 0.01), 90, "zeros and ones"),
        (np.zeros((6, 1, 88)), 90, "zeros and ones"),
        (np.zeros((6, 88)), 0, "tempo must lie in"),
        (np.zeros((6, 88)), float("nan"), "tempo must lie in"),
    ],
)
def test_what_is_no_roll_is_not_written(tmp_path, roll, tempo, message):
    with pytest.raises(DataError, match=message):
        save_midi(roll, tmp_path / "x.mid", tempo)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sounding", [0, 3, 6])
def test_silence_at_the_end_belongs_to_the_piece(tmp_path, sounding):
    roll = np.zeros((6, 88), bool)
    roll[:sounding, 40] = True
    save_midi(roll, tmp_path / "x.mid", tempo=90)
    assert mido.MidiFile(tmp_path / "x.mid").length == pytest.approx(6 * 60 / 90)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(4), r"integers \(n,\), at least 2; got float64 \(4,\)"),
        (np.zeros((2, 2), int), r"got int64 \(2, 2\)"),
        (np.zeros(1, int), r"got int64 \(1,\)"),
        ([0, 1], "got list"),
        (np.array([0, 3]), r"must lie in 0\.\.2; got 0 to 3"),
        (np.array([-1, 0]), r"must lie in 0\.\.2; got -1 to 0"),
    ],
)
def test_texts_and_sentences_are_looked_at_when_they_are_made(codes, message):
    with pytest.raises(DataError, match=f"Text: .*{message}"):
        Text("t", codes, Vocabulary("abc"))
    with pytest.raises(DataError, match=f"Sentences: .*{message}"):
        Sentences("s", (np.array([2, 0]), codes), WordVocabulary(["x"]))
    with pytest.raises(DataError, match="there must be a sentence"):
        Sentences("s", (), WordVocabulary(["x"]))


def test_a_download_needs_a_name_and_a_sum(tmp_path):
    with pytest.raises(DataError, match="must be a file; got a directory"):
        download(["http://127.0.0.1:9/x"], tmp_path, "0" * 64)
    with pytest.raises(DataError, match="sha256 must be 64 hexadecimal digits; got None"):
        download(["http://127.0.0.1:9/x"], tmp_path / "x", None)
