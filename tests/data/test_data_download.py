"""A download ends with the right file under its name, or with the old state and the reasons.

All servers are on this computer; port 9 (discard) stands for one that does not answer.
"""

import hashlib
from pathlib import Path

import pytest

from minigen.data import DataError, download
from minigen.data.download import sha256_of

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Served = tuple[str, Path]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "deep" / "file.bin"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_sha256_of(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # the example of FIPS 180
    assert sha256_of(path).startswith("ba7816bf8f01cfea414140de5dae2223b00361a396177a9c")


def test_fetches_into_a_new_directory(served: Served, target: Path) -> None:
    base, directory = served
    (directory / "a").write_bytes(CONTENT)
    assert download([base + "a"], target, SHA256.upper()) == target
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["file.bin"]


def test_falls_over_to_the_next_mirror(served: Served, target: Path) -> None:
    base, directory = served
    (directory / "wrong").write_bytes(CONTENT + b"more")
    (directory / "right").write_bytes(CONTENT)
    mirrors = [base + "missing", base + "a.short", base + "wrong", base + "right"]
    download(mirrors, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["file.bin"]


def test_wrong_contents_leave_nothing_behind(served: Served, target: Path) -> None:
    base, directory = served
    (directory / "a").write_bytes(b"other")
    with pytest.raises(DataError) as caught:
        download([base + "a"], target, SHA256)
    got = hashlib.sha256(b"other").hexdigest()
    assert f"other contents (5 bytes with SHA-256 {got}) from {base}a" in str(caught.value)
    assert names(target.parent) == []


def test_a_broken_transfer_leaves_the_old_file(served: Served, target: Path) -> None:
    base, _ = served
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    with pytest.raises(DataError, match="broke off after 10 of 1,000 bytes|IncompleteRead"):
        download([base + "a.short"], target, SHA256)
    assert target.read_bytes() == b"old"
    assert names(target.parent) == ["file.bin"]


def test_a_wrong_old_file_is_replaced(served: Served, target: Path) -> None:
    base, directory = served
    (directory / "a").write_bytes(CONTENT)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    download([base + "a"], target, SHA256)
    assert target.read_bytes() == CONTENT


def test_a_right_old_file_needs_no_mirror(served: Served, target: Path) -> None:
    base, _ = served
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    assert download([base + "missing"], target, SHA256) == target


def test_every_reason_and_the_remedy_are_told(served: Served, target: Path) -> None:
    base, directory = served
    (directory / "wrong").write_bytes(b"other")
    mirrors = [base + "missing", "http://127.0.0.1:9/a", base + "wrong", "nonsense"]
    with pytest.raises(DataError) as caught:
        download(mirrors, target, SHA256)
    text = str(caught.value)
    assert text.startswith(f"download: a mirror must deliver file.bin (SHA-256 {SHA256}); got ")
    assert f"HTTP 404 File not found from {base}missing" in text
    assert " from http://127.0.0.1:9/a, then other contents" in text
    assert "unknown url type: 'nonsense' from nonsense" in text
    assert f"put that file into {target.parent} yourself" in text
    assert "data_dir (--data-dir" in text


def test_the_remedy_can_be_the_callers(served: Served, target: Path) -> None:
    with pytest.raises(DataError, match="missing; ask a librarian$"):
        download([served[0] + "missing"], target, SHA256, "ask a librarian")


def test_refuses_an_impossible_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="must exist or be made; .*MINIGEN_DATA"):
        download(["http://127.0.0.1:9/a"], tmp_path / "file" / "a", SHA256)


@pytest.mark.parametrize("urls", ["http://127.0.0.1:9/a", []])
def test_refuses_urls_that_are_no_list(target: Path, urls: object) -> None:
    with pytest.raises(DataError, match="urls must be a list of at least one address"):
        download(urls, target, SHA256)  # type: ignore[arg-type]


def test_refuses_what_is_no_sha256(target: Path) -> None:
    with pytest.raises(DataError, match="sha256 must be 64 hexadecimal digits; got 'abc'"):
        download(["http://127.0.0.1:9/a"], target, "abc")
    assert not target.parent.exists()


def test_progress_is_shown_on_a_terminal_only(
    served: Served,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    base, directory = served
    (directory / "picture").write_bytes(CONTENT)
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    download([base + "picture"], target, SHA256)
    assert capfd.readouterr() == ("", "")
    target.unlink()
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes any stream for a terminal
    download([base + "picture"], target, SHA256)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "picture" in shown.err
