"""Read IDX, the file format of MNIST.

A file is a magic number (two zero bytes, a type code, the number of axes), one big-endian 32-bit
size per axis, and the values. The format has no checksum, so that half a file still looks like
one: every length is checked here before an array is made of it.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits
("The IDX file format").
"""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minigen.data.errors import DataError

Kind = Literal["images", "labels"]
MAGIC = {"images": 0x0803, "labels": 0x0801}  # unsigned bytes, three axes or one
GZIP_START = b"\x1f\x8b"
AGAIN = "remove the file and fetch it again"


def read_idx(path: str | os.PathLike[str], expect: Kind) -> NDArray[np.uint8]:
    """Read one IDX file of images or labels, gzipped or not.

    Args:
        path: the file; whether it is gzipped is seen from its first bytes, not from its name.
        expect: "images" for three axes (n, height, width), "labels" for one (n,).

    Returns:
        uint8 array, read-only, of shape (n, height, width) or (n,).

    Raises:
        DataError: the file is damaged, cut short, too long, or of another kind.
        OSError: the file cannot be read.
    """
    path = Path(path)
    return parse_idx(unpack(path.read_bytes(), path), path, expect)


def unpack(stored: bytes, path: Path) -> bytes:
    """Undo the gzip compression of a file's bytes, if there is one.

    Args:
        stored: the bytes of the file.
        path: where they came from, for the error.

    Raises:
        DataError: the compressed bytes are cut short, damaged, or followed by others.
    """
    if not stored.startswith(GZIP_START):
        return stored
    size = f"{path} of {len(stored):,} bytes"
    try:
        return gzip.decompress(stored)
    except EOFError:
        raise DataError(
            "read_idx", "a gzip file must be complete", f"{size}, a truncated one", AGAIN
        ) from None
    except (OSError, zlib.error) as error:
        raise DataError(
            "read_idx",
            "a gzip file must be undamaged and end where its data ends",
            f"{size} ({error})",
            AGAIN,
        ) from error


def parse_idx(content: bytes, path: Path, expect: Kind) -> NDArray[np.uint8]:
    """Make an array of the uncompressed bytes of an IDX file.

    Args:
        content: the bytes, header included.
        path: where they came from, for the error.
        expect: "images" or "labels".

    Returns:
        uint8 array, a read-only view of `content`, of shape (n, height, width) or (n,).

    Raises:
        DataError: another kind of file, or other than the length that the header states.
    """
    if expect not in MAGIC:
        raise DataError("read_idx", 'expect must be "images" or "labels"', repr(expect), "pick one")
    axes = MAGIC[expect] & 0xFF
    header = 4 + 4 * axes
    _check_magic(content, path, expect)
    if len(content) < header:
        raise _truncated(path, len(content), f"the header alone has {header}")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    values = math.prod(shape)
    if len(content) < header + values:
        raise _truncated(path, len(content), f"{shape} needs {header + values:,}")
    if len(content) > header + values:
        raise DataError(
            "read_idx",
            "an IDX file must end after its last value",
            f"{path} with {len(content) - header - values:,} bytes after the {header + values:,} "
            f"that {shape} needs",
            AGAIN,
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _check_magic(content: bytes, path: Path, expect: Kind) -> None:
    if len(content) < 4:
        raise _truncated(path, len(content), "the magic number alone has 4")
    magic = int.from_bytes(content[:4], "big")
    if magic == MAGIC[expect]:
        return
    other = {number: kind for kind, number in MAGIC.items()}.get(magic)
    if other is not None:
        looks = f"a file of {other}"
        remedy = "the files of images and of labels were perhaps swapped"
    elif content.lstrip().startswith(b"<"):
        looks, remedy = "a web page, perhaps a mirror's error message", AGAIN
    else:
        looks, remedy = "no IDX file of images or labels", "check where the file comes from"
    raise DataError(
        "read_idx",
        f"a file of {expect} must begin with the magic number {MAGIC[expect]}",
        f"{magic} in {path}, which looks like {looks}",
        remedy,
    )


def _truncated(path: Path, size: int, needs: str) -> DataError:
    return DataError(
        "read_idx",
        "an IDX file must be complete",
        f"{path}, truncated to {size:,} bytes ({needs})",
        AGAIN,
    )
