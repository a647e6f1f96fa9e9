"""MNIST is found where the documentation says, and nothing else is taken for it.

The refusals use files made here, with MNIST's names and sizes where that matters. The real
files are read, and served as a download, only where they lie beside the repository.
"""

import gzip
import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError, mnist
from minigen.data.cache import cache_directory
from minigen.data.download import sha256_of
from minigen.data.mnist import CONTENTS, FASHION, NAMES, PUBLISHED, refuse_fashion

Write = Callable[[Path, np.ndarray], Path]
MODULE = importlib.import_module("minigen.data.mnist")  # the package attribute is the function
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"
IMAGES, LABELS = NAMES["test", "images"], NAMES["test", "labels"]
needs_mnist = pytest.mark.skipif(
    not REAL.is_dir(), reason="the MNIST files are not in ../shared/data/mnist"
)


@pytest.fixture
def blank(tmp_path: Path, write_idx: Write) -> Path:
    """A directory with files of the test split's names and sizes: black images, all "0"."""
    folder = tmp_path / "blank"
    write_idx(folder / f"{IMAGES}.gz", np.zeros((10_000, 28, 28), np.uint8))
    write_idx(folder / LABELS, np.zeros(10_000, np.uint8))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        mnist("test", folder)
    return str(caught.value)


def test_refuses_another_split() -> None:
    with pytest.raises(DataError, match='must be one of "train", "test"; got \'all\''):
        mnist("all")


def test_a_missing_file_is_named(blank: Path) -> None:
    (blank / LABELS).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist("test", blank)
    text = str(caught.value)
    assert f"got neither {LABELS}.gz nor {LABELS} in {blank}; put {IMAGES} and" in text
    assert f"neither {IMAGES}" not in text
    assert "--data-dir" in text


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere \\(no directory\\)"):
        mnist("train", str(tmp_path / "nowhere"))


def test_data_dir_is_the_only_place(blank: Path, home: Path) -> None:
    blank.parent.joinpath("cache").mkdir()
    blank.rename(home)
    (home.parent / "empty").mkdir()
    with pytest.raises(FileNotFoundError):
        mnist("test", home.parent / "empty")


def test_download_can_be_forbidden(home: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        mnist("test", download=False)
    assert str(home) in str(caught.value)
    assert "MNIST/raw" in Path(str(caught.value)).as_posix()
    assert "allow the download" in str(caught.value)


def test_refuses_unknown_contents_of_the_right_form(blank: Path) -> None:
    text = refusal(blank)
    assert f"contents of {IMAGES} must have SHA-256 {CONTENTS[IMAGES]}; got " in text
    assert str(blank / f"{IMAGES}.gz") in text
    assert "Fashion-MNIST" in text


def test_refuses_labels_above_nine(blank: Path, write_idx: Write) -> None:
    labels = np.zeros(10_000, np.uint8)
    labels[1234:] = 17
    write_idx(blank / LABELS, labels)
    assert f"must lie in 0..9; got 17 at index 1,234 of {blank / LABELS}" in refusal(blank)


def test_refuses_unequal_counts(blank: Path, write_idx: Write) -> None:
    write_idx(blank / LABELS, np.zeros(9_999, np.uint8))
    text = refusal(blank)
    assert "equally many; got 10,000 images" in text
    assert "9,999 labels" in text


@pytest.mark.parametrize("shape", [(5, 28, 28), (10_000, 14, 14), (0, 28, 28)])
def test_refuses_other_sizes(blank: Path, write_idx: Write, shape: tuple[int, ...]) -> None:
    write_idx(blank / f"{IMAGES}.gz", np.zeros(shape, np.uint8))
    write_idx(blank / LABELS, np.zeros(shape[0], np.uint8))
    assert f"must hold 10,000 images of 28 x 28; got shape {shape}" in refusal(blank)


def test_refuses_swapped_and_truncated_files(blank: Path) -> None:
    images = (blank / f"{IMAGES}.gz").read_bytes()
    (blank / f"{IMAGES}.gz").write_bytes(gzip.compress((blank / LABELS).read_bytes()))
    assert "looks like a file of labels" in refusal(blank)
    (blank / f"{IMAGES}.gz").write_bytes(images[:-20])
    assert "a truncated one" in refusal(blank)


def test_fashion_mnist_is_named() -> None:
    assert len(FASHION) == 4
    assert FASHION.isdisjoint(PUBLISHED.values())
    for sha256 in FASHION:
        with pytest.raises(DataError, match=r"some/file.gz, which is Fashion-MNIST's"):
            refuse_fashion(sha256, Path("some/file.gz"))


def test_fashion_mnist_is_looked_for_in_every_file(
    blank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real files are too large to ship, so these two play their part in the table.
    for path in (blank / f"{IMAGES}.gz", blank / LABELS):
        monkeypatch.setattr(MODULE, "FASHION", {sha256_of(path)})
        assert f"{path}, which is Fashion-MNIST's" in refusal(blank)


def test_failed_mirrors_and_the_remedy_are_told(
    served: tuple[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, folder = served
    (folder / f"{IMAGES}.gz").write_bytes(b"other")
    monkeypatch.setattr(MODULE, "MIRRORS", (base + "nothing/", base))
    with pytest.raises(DataError) as caught:
        mnist("test")
    text = str(caught.value)
    assert f"HTTP 404 File not found from {base}nothing/{IMAGES}.gz" in text
    assert "other contents (5 bytes" in text
    assert f"put {IMAGES} and {LABELS} (as .gz or uncompressed) into {home}" in text
    assert list(home.iterdir()) == []


@needs_mnist
def test_download_into_the_cache_happens_once(
    served: tuple[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, folder = served
    for name in (IMAGES, LABELS):
        shutil.copy(REAL / f"{name}.gz", folder)
    monkeypatch.setattr(MODULE, "MIRRORS", (base,))
    first = mnist("test")
    assert sorted(path.name for path in home.iterdir()) == [f"{IMAGES}.gz", f"{LABELS}.gz"]
    monkeypatch.setattr(MODULE, "MIRRORS", ("http://127.0.0.1:9/",))
    assert np.array_equal(mnist("test").images, first.images)


@needs_mnist
def test_published_hashes() -> None:
    assert {name: sha256_of(REAL / f"{name}.gz") for name in PUBLISHED} == PUBLISHED


@needs_mnist
def test_refuses_other_labels_beside_the_right_images(blank: Path) -> None:
    shutil.copy(REAL / f"{IMAGES}.gz", blank)
    assert f"contents of {LABELS} must have SHA-256 {CONTENTS[LABELS]}; got " in refusal(blank)


@needs_mnist
def test_real_mnist() -> None:
    train, test = mnist("train", REAL), mnist("test", str(REAL))
    assert (train.name, len(train), train.shape) == ("mnist train", 60_000, (28, 28))
    assert (test.name, len(test), test.shape) == ("mnist test", 10_000, (28, 28))
    assert (train.images.dtype, train.images.max()) == (np.float32, 1)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    # Mean and standard deviation as widely quoted for the training set.
    assert train.images.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert train.images.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


@needs_mnist
def test_uncompressed_files_and_torchvisions_folder(home: Path) -> None:
    folder = Path("data/MNIST/raw")
    folder.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        folder.joinpath(name).write_bytes(gzip.decompress((REAL / f"{name}.gz").read_bytes()))
    found = mnist("test", download=False)
    assert np.array_equal(found.flat, mnist("test", REAL).flat)
    assert not home.exists()


def test_cache_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGEN_DATA", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_directory("x") == Path("/a/x")
    monkeypatch.setenv("MINIGEN_DATA", "")
    assert cache_directory("x") == Path("/b/minigen/x")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory("x") == Path.home() / ".cache" / "minigen" / "x"
