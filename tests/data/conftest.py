"""Files and servers that the tests of the data package make for themselves.

No test here needs the network: downloads come from a server on this computer, and the one
test that wants the real MNIST is skipped where it does not lie beside the repository.
"""

import gzip
import http.server
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a directory; a path that ends in .short breaks off before the promised end."""

    def do_GET(self) -> None:
        if not self.path.endswith(".short"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """The address of a server on this computer, and the directory that it serves."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    directory = tmp_path / "served"
    directory.mkdir()

    def handler(*args: object) -> QuietHandler:
        return QuietHandler(*args, directory=str(directory))  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", directory
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and working directory, so that no file of the user's is found."""
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "mnist"


def idx_bytes(values: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + bytes(
        values.astype(np.uint8)
    )


@pytest.fixture
def write_idx() -> Callable[[Path, np.ndarray], Path]:
    """A function that writes an array as an IDX file, gzipped if the name says so."""

    def write(path: Path, values: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = idx_bytes(values)
        path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
        return path

    return write
