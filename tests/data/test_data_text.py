"""Text as numbers and back; streams and windows in which no symbol is lost or foretold twice."""

import numpy as np
import pytest

from minigen.data import (
    DataError,
    Text,
    Vocabulary,
    default_text,
    read_text,
    streams,
    texts,
    windows,
)


def test_read_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffZwölf\r\nBoxkämpfer\n".encode())
    assert read_text(path) == "Zwölf\nBoxkämpfer\n"
    path.write_bytes(b"good, good, b\xe4d")
    with pytest.raises(DataError, match=r"must be UTF-8; got byte 0xe4 at offset 13 .*iconv"):
        read_text(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="must hold text"):
        read_text(path)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none.txt")


def test_the_default_text_is_english_of_some_length():
    text = default_text()
    assert len(text) > 300_000
    assert text.count(" the ") > 2000
    assert default_text() == text


def test_vocabulary_goes_both_ways():
    vocabulary = Vocabulary.of("banana")
    assert vocabulary.symbols == ("a", "b", "n") and len(vocabulary) == 3
    codes = vocabulary.encode("banana")
    assert codes.dtype == "int64" and codes.tolist() == [1, 0, 2, 0, 2, 0]
    assert vocabulary.decode(codes) == "banana"
    with pytest.raises(DataError, match="one of the 3 known ones; got 'd' at position 4"):
        vocabulary.encode("bandana"[:3] + "ad")
    for symbols in ([], ["a", "a"], ["ab"]):
        with pytest.raises(DataError, match="one or more different characters"):
            Vocabulary(symbols)


def test_texts_hold_back_the_last_tenth(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("0123456789" * 5)
    train, test = texts(path)
    assert isinstance(train, Text) and len(train) == 45 and len(test) == 5
    assert train.vocabulary is test.vocabulary
    assert test.vocabulary.decode(test.flat) == "56789"
    path.write_text("too short")
    with pytest.raises(DataError, match="at least 20 characters; got 9"):
        texts(path)
    assert len(texts()[0]) == len(default_text()) - len(default_text()) // 10


def test_streams_go_on_from_window_to_window():
    """Each stream, put together from its windows, is its piece of the text; the symbols to be
    foretold are those that follow."""
    codes = np.arange(103)
    pieces = streams(codes, 4)
    assert pieces.shape == (25, 4)
    found = list(windows(pieces, 7))
    assert [len(x) for x, _ in found] == [7, 7, 7, 3]
    together = np.concatenate([x for x, _ in found])
    for i in range(4):
        np.testing.assert_array_equal(together[:, i], 25 * i + np.arange(24))
    for x, y in found:
        np.testing.assert_array_equal(y, x + 1)
    with pytest.raises(DataError, match="4 streams must have at least 2 symbols each"):
        streams(np.arange(7), 4)
    with pytest.raises(DataError, match="0 streams"):
        streams(codes, 0)
