"""Sentences as numbers of words: taken apart, numbered, held back, laid side by side."""

import numpy as np
import pytest

from minigen.data import DataError
from minigen.data.sentences import WordVocabulary, sentences, side_by_side, words_of


def test_sentences_are_taken_apart():
    text = "The cat's hat (red) fell. Why so?\nIt fell far, far away!\n\nAnd it fell far, far away"
    assert words_of(text) == [
        ["the", "cat's", "hat", "(", "red", ")", "fell", "."],
        ["it", "fell", "far", ",", "far", "away", "!"],
        ["and", "it", "fell", "far", ",", "far", "away"],
    ]
    assert words_of("one two three four. " * 3) == [["one", "two", "three", "four", "."]]
    assert words_of("a b. " + "w " * 17) == []


def test_vocabulary():
    known = WordVocabulary.of([["b", "a", "b"], ["a", "b", "c", "."], ["a", "b", "."]], at_least=2)
    assert known.words == ("b", "a", ".") and len(known) == 5
    codes = known.encode(["a", "x", "b", "."])
    assert codes.tolist() == [3, 1, 2, 4, 0]
    assert known.decode(codes) == "a _ b."
    assert WordVocabulary(["(", "so", ")"]).decode([3, 2, 3, 4, 0, 3]) == "so (so)"
    for words in ([], ["a", "a"]):
        with pytest.raises(DataError, match="WordVocabulary: words must be one or more"):
            WordVocabulary(words)


def test_each_tenth_sentence_is_held_back(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(" ".join(f"sentence {i} is about cats." for i in range(40)))
    train, test = sentences(path)
    assert len(train) == 36 and len(test) == 4
    assert train.vocabulary is test.vocabulary and "cats" in train.vocabulary.words
    assert test.vocabulary.decode(test.flat[0]) == "sentence _ is about cats."
    path.write_text(
        " ".join(f"a{i} b{i} c{i} d{i}.".replace(str(i), chr(97 + i)) for i in range(25))
    )
    with pytest.raises(DataError, match="must come back in other sentences; got 0 sentences"):
        sentences(path)
    path.write_text("Too few sentences here. Only two of them.")
    with pytest.raises(DataError, match="at least 20 sentences of 4 to 16 words; got 2"):
        sentences(path)


def test_the_default_text_has_thousands():
    train, test = sentences()
    assert len(train) > 1000 and len(test) > 80
    assert all((codes == 1).sum() <= 1 for codes in (*train.flat, *test.flat))
    assert all(2 <= len(codes) <= 17 and codes[-1] == 0 for codes in train.flat)
    assert not any((codes[:-1] == 0).any() for codes in train.flat)


def test_side_by_side():
    together, lengths = side_by_side([np.array([5, 6, 0]), np.array([7, 0])])
    np.testing.assert_array_equal(together, [[5, 7], [6, 0], [0, 0]])
    assert lengths.tolist() == [3, 2]
