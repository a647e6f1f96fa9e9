"""Fetch one file from the first mirror that has it, and prove that it is that file.

Mirrors disappear, answer with an error page or break off half way. A file therefore gets its
name only after its SHA-256 was right, and when every mirror fails the error says why each one
did and how to go on by hand.
"""

import hashlib
import http.client
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from minigen.data.errors import DataError

TIMEOUT = 30.0  # seconds without any answer before a mirror is given up
BLOCK = 1 << 16  # bytes read at a time


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes.

    Args:
        path: the file.

    Returns:
        64 lower-case hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    urls: Sequence[str], target: str | os.PathLike[str], sha256: str, remedy: str | None = None
) -> Path:
    """Put the file with this SHA-256 at `target`, from the first mirror that delivers it.

    Nothing is fetched if `target` already is that file. Another file there stays until the right
    one has arrived completely, and is then replaced. A terminal shows a progress bar.

    Args:
        urls: complete addresses of the same file, tried in order.
        target: where the file goes; its directory is made if need be.
        sha256: the expected SHA-256, 64 hexadecimal digits.
        remedy: what to do by hand when all mirrors fail, for the error; None says to put the file
            into the directory of `target` or to pass data_dir.

    Returns:
        The path of the file.

    Raises:
        DataError: no mirror delivered the file, the directory cannot be made, or `urls` or
            `sha256` has the wrong form.
    """
    target = Path(target).expanduser()
    sha256 = _check_arguments(urls, sha256)
    if target.is_file() and sha256_of(target) == sha256:
        return target
    _make_directory(target.parent)
    if target.is_dir():
        raise DataError(
            "download",
            f"{target} must be a file",
            "a directory",
            "name the file that is to be there",
        )
    if reasons := _fetch(urls, target, sha256):
        raise DataError(
            "download",
            f"a mirror must deliver {target.name} (SHA-256 {sha256})",
            ", then ".join(reasons),
            remedy
            or f"put that file into {target.parent} yourself, or pass the directory that holds it"
            " as data_dir (--data-dir on the command line)",
        )
    return target


def _fetch(urls: Sequence[str], target: Path, sha256: str) -> list[str]:
    """Try the mirrors in turn. Returns nothing after a success, else why each of them failed."""
    # Its own name for every process: two runs that start together must not share it.
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    reasons = []
    try:
        for url in urls:
            reason = _try_mirror(url, part, sha256)
            if reason is None:
                os.replace(part, target)
                return []
            reasons.append(f"{reason} from {url}")
    finally:
        part.unlink(missing_ok=True)  # also when the user interrupts
    return reasons


def _check_arguments(urls: Sequence[str], sha256: str) -> str:
    if isinstance(urls, str) or not urls:
        raise DataError(
            "download", "urls must be a list of at least one address", repr(urls), "pass [url]"
        )
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256.lower()):
        raise DataError(
            "download",
            "sha256 must be 64 hexadecimal digits",
            repr(sha256),
            "take it from the publisher, or from sha256_of(path) of a file you trust",
        )
    return sha256.lower()


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            "download",
            f"the directory {directory} must exist or be made",
            str(error),
            "name a writable one with the environment variable MINIGEN_DATA",
        ) from error


def _try_mirror(url: str, part: Path, sha256: str) -> str | None:
    """Fill `part` from one mirror. None when it holds the right file, else what went wrong."""
    try:
        size, digest = _receive(url, part)
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    if digest != sha256:
        return f"other contents ({size:,} bytes with SHA-256 {digest})"
    return None


def _receive(url: str, part: Path) -> tuple[int, str]:
    """Write the answer of one address to `part`; return its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as answer,
        part.open("wb") as file,
        _progress_bar() as bar,
    ):
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        task = bar.add_task(url.rsplit("/", 1)[-1], total=total)
        while block := answer.read(BLOCK):
            file.write(block)
            digest.update(block)
            size += len(block)
            bar.advance(task, len(block))
    if total is not None and size != total:
        raise ConnectionError(f"broke off after {size:,} of {total:,} bytes")
    return size, digest.hexdigest()


def _progress_bar() -> Progress:
    console = Console(stderr=True)  # standard output belongs to the program's results
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
