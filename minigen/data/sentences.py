"""Sentences as numbers of words, for models that read and write one sentence at a time."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minigen.data.errors import DataError
from minigen.data.text import Codes, check_codes, check_text, default_text, read_text

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[.,;:!?()]")
CLOSING = frozenset(".,;:!?)")  # signs that stand close to the word before them
TEST_EVERY = 10  # each tenth sentence is held back


class WordVocabulary:
    """Words, numbered; 0 ends a sentence, 1 stands for every word that is not known.

    Args:
        words: different words, whose numbers are 2, 3, ...

    Raises:
        DataError: no word, or a word twice.
    """

    END, UNKNOWN = 0, 1

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.number = {word: i + 2 for i, word in enumerate(self.words)}
        if not self.words or len(self.number) < len(self.words):
            raise DataError(
                "WordVocabulary", "words must be one or more different ones",
                repr(list(self.words)[:10]), "use WordVocabulary.of(sentences)",
            )  # fmt: skip

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]], at_least: int = 2) -> "WordVocabulary":
        """The words that occur ``at_least`` times, the most frequent first."""
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = [word for word, count in counts.items() if count >= at_least]
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def __len__(self) -> int:
        return len(self.words) + 2

    def knows(self, sentence: Sequence[str]) -> bool:
        """Whether at most one word of it is unknown."""
        return sum(word not in self.number for word in sentence) <= 1

    def encode(self, sentence: Sequence[str]) -> Codes:
        """The numbers of the words, and 0 at the end: int64 (n + 1,)."""
        found = [self.number.get(word, self.UNKNOWN) for word in sentence]
        return np.array([*found, self.END], dtype=np.int64)

    def decode(self, codes: Iterable[int]) -> str:
        """The sentence up to its end, as one writes it; "_" for unknown words. Raises DataError for
        numbers of no word."""
        text, found = "", [int(code) for code in codes]
        check_codes("WordVocabulary.decode", found, len(self))
        for code in found:
            if code == self.END:
                break
            word = "_" if code == self.UNKNOWN else self.words[code - 2]
            close = not text or word in CLOSING or text.endswith("(")
            text += word if close else f" {word}"
        return text


def words_of(text: str, shortest: int = 4, longest: int = 16) -> list[list[str]]:
    """The sentences of a text with so many words, in small letters, none twice."""
    found = (WORD.findall(part.lower()) for part in SENTENCE_END.split(text))
    fits = [tuple(words) for words in found if shortest <= len(words) <= longest]
    return [list(words) for words in dict.fromkeys(fits)]


@dataclass(frozen=True, eq=False, repr=False)
class Sentences:
    """Sentences as the numbers of their words, each with a 0 at its end.

    Args:
        name: what they are called in messages.
        codes: integers (n_i,) for each sentence, n_i >= 2.
        vocabulary: what the numbers stand for.

    Raises:
        DataError: no sentence, another array, or numbers of no word.
    """

    name: str
    codes: tuple[Codes, ...]
    vocabulary: WordVocabulary

    def __post_init__(self) -> None:
        if not self.codes:
            raise DataError("Sentences", "there must be a sentence", "none", "take a longer text")
        for codes in self.codes:
            check_text("Sentences", codes, len(self.vocabulary))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def flat(self) -> tuple[Codes, ...]:
        """The sentences: what a method trains on."""
        return self.codes


def sentences(path: str | os.PathLike[str] | None = None) -> tuple[Sentences, Sentences]:
    """The sentences of a UTF-8 file, or of the default text: to train on, and each tenth to test.

    Sentences of 4 to 16 words with at most one that is rare; the vocabulary is that of the
    sentences to train on: words that occur twice there. Raises DataError for a file that is not
    UTF-8, and for fewer than 20 sentences.
    """
    name = "help topics" if path is None else Path(path).name
    found = words_of(default_text() if path is None else read_text(path))
    if len(found) < 20:
        raise DataError(
            "sentences", f"{name} must have at least 20 sentences of 4 to 16 words",
            f"{len(found)}", "take a longer text",
        )  # fmt: skip
    test = found[TEST_EVERY - 1 :: TEST_EVERY]
    train = [sentence for i, sentence in enumerate(found) if (i + 1) % TEST_EVERY]
    vocabulary = WordVocabulary.of(train)
    train, test = ([s for s in part if vocabulary.knows(s)] for part in (train, test))
    if not train or not test:
        raise DataError(
            "sentences", f"words of {name} must come back in other sentences",
            f"{len(train)} sentences to train on and {len(test)} to test without more than one "
            "rare word", "take a longer text",
        )  # fmt: skip
    parts = (("to train on", train), ("held back", test))
    first, second = (
        Sentences(f"{name}, {what}", tuple(vocabulary.encode(s) for s in part), vocabulary)
        for what, part in parts
    )
    return first, second


def side_by_side(codes: Sequence[Codes]) -> tuple[Codes, NDArray[np.int64]]:
    """Sentences side by side, time first, filled up with 0: (words, n), and their lengths."""
    lengths = np.array([len(each) for each in codes], dtype=np.int64)
    together = np.zeros((lengths.max(), len(codes)), dtype=np.int64)
    for i, each in enumerate(codes):
        together[: len(each), i] = each
    return together, lengths
