"""IDX files are read as written, and every way in which one can be wrong is told by name."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError
from minigen.data.idx import read_idx

Write = Callable[[Path, np.ndarray], Path]
IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([7, 0, 9], np.uint8)


def refusal(path: Path, expect: str = "images") -> str:
    with pytest.raises(DataError) as caught:
        read_idx(path, expect)  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.startswith("read_idx: ")
    return text


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_what_was_written(tmp_path: Path, write_idx: Write, suffix: str) -> None:
    images = read_idx(write_idx(tmp_path / f"images{suffix}", IMAGES), "images")
    labels = read_idx(str(write_idx(tmp_path / f"labels{suffix}", LABELS)), "labels")
    assert images.dtype == labels.dtype == np.uint8
    assert images.tolist() == IMAGES.tolist()
    assert labels.tolist() == LABELS.tolist()


def test_compression_is_seen_from_the_contents(tmp_path: Path, write_idx: Write) -> None:
    plain = write_idx(tmp_path / "plain", IMAGES).rename(tmp_path / "plain.gz")
    packed = write_idx(tmp_path / "packed.gz", IMAGES).rename(tmp_path / "packed")
    assert np.array_equal(read_idx(plain, "images"), IMAGES)
    assert np.array_equal(read_idx(packed, "images"), IMAGES)


@pytest.mark.parametrize("keep", [3, 15, -1, -9])
def test_refuses_truncated_gzip(tmp_path: Path, write_idx: Write, keep: int) -> None:
    path = write_idx(tmp_path / "images.gz", IMAGES)
    path.write_bytes(path.read_bytes()[:keep])
    text = refusal(path)
    assert "a gzip file must be complete" in text
    assert f"{path} of {path.stat().st_size} bytes, a truncated one" in text
    assert "fetch it again" in text


def test_refuses_damaged_gzip(tmp_path: Path, write_idx: Write) -> None:
    path = write_idx(tmp_path / "images.gz", IMAGES)
    stored = bytearray(path.read_bytes())
    stored[-6] ^= 1  # in the checksum
    path.write_bytes(stored)
    assert "must be undamaged" in refusal(path)
    stored[12] ^= 0xFF  # in the compressed data
    path.write_bytes(stored)
    assert "must be undamaged" in refusal(path)


def test_refuses_bytes_after_the_gzip_data(tmp_path: Path, write_idx: Write) -> None:
    path = write_idx(tmp_path / "images.gz", IMAGES)
    path.write_bytes(path.read_bytes() + b"more")
    assert "end where its data ends" in refusal(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("keep", "needs"),
    [(0, "magic number alone has 4"), (9, "header alone has 16"), (75, "(3, 4, 5) needs 76")],
)
def test_refuses_truncated_payload(
    tmp_path: Path, write_idx: Write, keep: int, needs: str, packed: bool
) -> None:
    content = write_idx(tmp_path / "images", IMAGES).read_bytes()[:keep]
    path = tmp_path / "cut"
    path.write_bytes(gzip.compress(content) if packed else content)
    text = refusal(path)
    assert f"{path}, truncated to {keep} bytes" in text
    assert needs in text


def test_refuses_trailing_bytes(tmp_path: Path, write_idx: Write) -> None:
    path = write_idx(tmp_path / "labels", LABELS)
    path.write_bytes(path.read_bytes() + b"\0\0")
    text = refusal(path, "labels")
    assert f"{path} with 2 bytes after the 11 that (3,) needs" in text


def test_refuses_the_other_kind(tmp_path: Path, write_idx: Write) -> None:
    labels = write_idx(tmp_path / "labels.gz", LABELS)
    images = write_idx(tmp_path / "images.gz", IMAGES)
    text = refusal(labels, "images")
    assert f"must begin with the magic number 2051; got 2049 in {labels}" in text
    assert "looks like a file of labels" in text
    text = refusal(images, "labels")
    assert f"must begin with the magic number 2049; got 2051 in {images}" in text
    assert "looks like a file of images" in text


def test_refuses_other_files(tmp_path: Path, write_idx: Write) -> None:
    page = tmp_path / "page.gz"
    page.write_bytes(b"\n<!DOCTYPE html><html>404</html>")
    assert "looks like a web page" in refusal(page)
    other = write_idx(tmp_path / "other", IMAGES[0])  # two axes
    assert "looks like no IDX file of images or labels" in refusal(other)


def test_refuses_another_expectation(tmp_path: Path, write_idx: Write) -> None:
    path = write_idx(tmp_path / "images", IMAGES)
    assert 'expect must be "images" or "labels"; got \'pixels\'' in refusal(path, "pixels")
