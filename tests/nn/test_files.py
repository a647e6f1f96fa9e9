"""Files are whole or not there: what a crash in the middle of a write leaves behind."""

import os
import stat

import pytest

from minigen import files
from minigen.files import replacing, write_bytes, write_text


def names(folder):
    return sorted(os.listdir(folder))


def test_writes_bytes_and_text(tmp_path):
    write_bytes(tmp_path / "a.bin", b"\x00\xff")
    write_text(tmp_path / "b.txt", "z ~ N(0, I), μ\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b.txt").read_bytes() == "z ~ N(0, I), μ\n".encode()
    assert names(tmp_path) == ["a.bin", "b.txt"]


def test_takes_the_place_of_an_older_file(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old and longer")
    write_bytes(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_makes_missing_folders(tmp_path):
    path = tmp_path / "deep" / "down" / "a.bin"
    write_bytes(path, b"1")
    assert path.read_bytes() == b"1"


def test_nothing_appears_before_the_end(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"half of the n")
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_disk_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    """Each of the steps that follow the write, as on a full disk."""
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_mask_of_the_process(tmp_path, mask, mode):
    """Temporary files are for their owner only; a checkpoint need not be."""
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "a.bin", b"1")
        assert os.umask(mask) == mask  # left as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == mode
