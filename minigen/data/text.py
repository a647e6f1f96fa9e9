"""Text as numbers: read, taken apart into symbols, laid out in streams and windows.

A stream is a text that goes on from batch to batch, so that a recurrent net can carry its state
along; n streams side by side make a batch.
"""

import os
import pydoc_data.topics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data.errors import DataError

Codes = NDArray[np.int64]
HELD_BACK = 0.1  # the last tenth of a text is for testing


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, with its line ends as "\\n".

    Raises:
        DataError: the file is empty, or its bytes are not UTF-8; the error names the offset.
        FileNotFoundError: there is no such file.
    """
    raw = Path(path).expanduser().read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            "read_text",
            f"{path} must be UTF-8",
            f"byte 0x{raw[error.start]:02x} at offset {error.start:,} ({error.reason})",
            "convert it first, for example with iconv -t utf-8",
        ) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise DataError("read_text", f"{path} must hold text", "no character", "take another file")
    return text


def default_text() -> str:
    """English that comes with every CPython: the topics of its ``help()``, one after another."""
    topics = pydoc_data.topics.topics
    return "\n".join(topics[name].strip() + "\n" for name in sorted(topics))


def check_text(operation: str, codes: Any, size: int) -> None:
    """Raise DataError unless codes are integers (n,), n >= 2, in 0..size-1."""
    kind = getattr(getattr(codes, "dtype", None), "kind", "")
    if kind not in ("i", "u") or codes.ndim != 1 or len(codes) < 2:
        got = f"{codes.dtype} {codes.shape}" if kind else type(codes).__name__
        raise DataError(
            operation, "codes must be integers (n,), at least 2", got, "use vocabulary.encode(text)"
        )
    if codes.min() < 0 or codes.max() >= size:
        raise DataError(
            operation,
            f"codes must lie in 0..{size - 1}",
            f"{codes.min()} to {codes.max()}",
            "use the vocabulary that encoded them",
        )


def check_codes(operation: str, codes: Sequence[int], size: int) -> None:
    """Raise DataError unless all are in 0..size-1: a negative one would count from the end."""
    wrong = [code for code in codes if not 0 <= code < size]
    if wrong:
        raise DataError(
            operation, f"numbers must lie in 0..{size - 1}", str(wrong[:5]), "use this vocabulary"
        )


class Vocabulary:
    """The symbols that occur, numbered from 0 in their order.

    Args:
        symbols: one or more different characters.

    Raises:
        DataError: no symbol, more than one character in a symbol, or a symbol twice.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self.number = {symbol: i for i, symbol in enumerate(self.symbols)}
        single = all(len(symbol) == 1 for symbol in self.symbols)
        if not self.symbols or not single or len(self.number) < len(self.symbols):
            raise DataError(
                "Vocabulary",
                "symbols must be one or more different characters",
                repr(list(self.symbols)[:10]),
                "use Vocabulary.of(text)",
            )

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """All characters of a text, sorted."""
        return cls(sorted(set(text)))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> Codes:
        """The numbers of a text's characters, int64 (n,). Raises DataError for unknown ones."""
        try:
            return np.array([self.number[character] for character in text], dtype=np.int64)
        except KeyError as error:
            raise DataError(
                "Vocabulary.encode",
                f"every character must be one of the {len(self)} known ones",
                f"{error.args[0]!r} at position {text.index(error.args[0]):,}",
                "leave it out, or train on a text that has it",
            ) from None

    def decode(self, codes: Iterable[int]) -> str:
        """The text of these numbers. Raises DataError for numbers of no symbol."""
        found = [int(code) for code in codes]
        check_codes("Vocabulary.decode", found, len(self))
        return "".join(self.symbols[code] for code in found)


@dataclass(frozen=True, eq=False, repr=False)
class Text:
    """A text as the numbers of its characters.

    Args:
        name: what it is called in messages.
        codes: integers (n,), n >= 2.
        vocabulary: what the numbers stand for.

    Raises:
        DataError: another array, or numbers of no symbol.
    """

    name: str
    codes: Codes
    vocabulary: Vocabulary

    def __post_init__(self) -> None:
        check_text("Text", self.codes, len(self.vocabulary))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def flat(self) -> Codes:
        """The numbers: what a method trains on."""
        return self.codes


def texts(path: str | os.PathLike[str] | None = None) -> tuple[Text, Text]:
    """A text file, or the default text, split: its beginning to train on, its last tenth to test.

    Both parts share the vocabulary of the whole. Raises DataError for a file that is not UTF-8,
    and for fewer than 20 characters.
    """
    text = default_text() if path is None else read_text(path)
    name = "help topics" if path is None else Path(path).name
    if len(text) < 20:
        raise DataError(
            "texts",
            f"{name} must have at least 20 characters",
            str(len(text)),
            "take a longer text",
        )
    vocabulary = Vocabulary.of(text)
    codes = vocabulary.encode(text)
    split = len(codes) - int(HELD_BACK * len(codes))
    return (
        Text(f"{name}, beginning", codes[:split], vocabulary),
        Text(f"{name}, last tenth", codes[split:], vocabulary),
    )


def streams(codes: Codes, n: int) -> Codes:
    """A text cut into n equal pieces, side by side: (len // n, n), time first.

    What is left over at the end is dropped. Raises DataError unless each piece has two symbols.
    """
    length = len(codes) // n if n > 0 else 0
    if length < 2:
        raise DataError(
            "streams",
            f"{n} streams must have at least 2 symbols each",
            f"a text of {len(codes):,}",
            "take fewer streams (--batch-size) or a longer text",
        )
    return codes[: length * n].reshape(n, length).T


def windows(streams: Codes, steps: int) -> Iterator[tuple[Codes, Codes]]:
    """Windows of ``steps`` symbols (steps, n) in their order, each with the symbols that follow
    one by one; the last may be shorter. Raises DataError for windows of no symbol."""
    if steps < 1:
        raise DataError("windows", "steps must be at least 1", repr(steps), "take longer windows")
    return _windows(streams, steps)


def _windows(streams: Codes, steps: int) -> Iterator[tuple[Codes, Codes]]:
    for start in range(0, len(streams) - 1, steps):
        end = min(start + steps, len(streams) - 1)
        yield streams[start:end], streams[start + 1 : end + 1]
