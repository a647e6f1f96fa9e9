"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, found on disk or downloaded.

Several data sets copied MNIST's file names and sizes. A model trained on the wrong one still
trains, so the contents are compared with the published ones before they are handed out.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minigen.data.cache import cache_directory
from minigen.data.download import download as fetch
from minigen.data.errors import DataError, message
from minigen.data.idx import Kind, parse_idx, unpack
from minigen.data.images import Images

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
TORCHVISION = Path("data/MNIST/raw")  # where torchvision's usual root="data" puts the same files

SPLITS = {"train": 60_000, "test": 10_000}
NAMES: dict[tuple[str, Kind], str] = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}

# SHA-256 of the .gz files as published, for the download.
PUBLISHED = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
# SHA-256 of the same files uncompressed, so that a file may be stored either way.
CONTENTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# SHA-256 of Fashion-MNIST's .gz files, which have the same four names.
FASHION = {
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}


@dataclass(frozen=True, eq=False)
class _File:
    """One file that was read: where, what for, its values, and the SHA-256 of its contents."""

    path: Path
    name: str
    values: NDArray[np.uint8]
    sha256: str


def mnist(
    split: str = "train", data_dir: str | os.PathLike[str] | None = None, download: bool = True
) -> Images:
    """MNIST's training or test set.

    The two files of the split are looked for in `data_dir` alone if that is given; else in the
    cache directory (`$MINIGEN_DATA/mnist`, or `$XDG_CACHE_HOME/minigen/mnist`, or
    `~/.cache/minigen/mnist`), then in `./data/MNIST/raw`, where torchvision keeps them; else they
    are downloaded into the cache. A file may be stored as `NAME.gz` or uncompressed as `NAME`.

    Args:
        split: "train" (60,000 images) or "test" (10,000).
        data_dir: the directory that holds the files; nothing is downloaded if it is given.
        download: False forbids the download.

    Returns:
        Images: float32 (n, 28, 28) in [0, 1] (bytes divided by 255; 1 is ink) and labels
        int64 (n,) from 0 to 9.

    Raises:
        DataError: `split` is neither, a file is not MNIST's, or every mirror failed.
        FileNotFoundError: a file is missing and may not be downloaded.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits;
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document
    recognition, Proceedings of the IEEE 86(11), 1998. CC BY-SA 3.0.
    """
    if split not in SPLITS:
        choices = ", ".join(f'"{name}"' for name in SPLITS)
        raise DataError("mnist", f"split must be one of {choices}", repr(split), "pick one")
    images_path, labels_path = _locate(split, data_dir, download)
    images = _read(images_path, NAMES[split, "images"], "images")
    labels = _read(labels_path, NAMES[split, "labels"], "labels")
    _check_sizes(images, labels, SPLITS[split])
    _check_labels(labels)
    for file in (images, labels):
        _check_contents(file)
    pixels = np.divide(images.values, np.float32(255), dtype=np.float32)
    return Images(f"mnist {split}", pixels, labels.values.astype(np.int64))


def _locate(
    split: str, data_dir: str | os.PathLike[str] | None, download: bool
) -> tuple[Path, Path]:
    """The paths of the split's images and labels, downloaded if they are missing and may be."""
    cache = cache_directory("mnist")
    folders = [cache, TORCHVISION] if data_dir is None else [Path(data_dir).expanduser()]
    names = NAMES[split, "images"], NAMES[split, "labels"]
    found = {name: _find(name, folders) for name in names}
    missing = [name for name in names if found[name] is None]
    remedy = (
        f"put {' and '.join(names)} (as .gz or uncompressed) into {folders[0]}, or pass the "
        "directory that holds them as data_dir (--data-dir on the command line)"
    )
    if missing and (data_dir is not None or not download):
        if data_dir is None:
            remedy += ", or allow the download"
        raise FileNotFoundError(_describe_missing(missing, folders, remedy))
    for name in missing:
        urls = [f"{mirror}{name}.gz" for mirror in MIRRORS]
        found[name] = fetch(urls, cache / f"{name}.gz", PUBLISHED[name], remedy)
    images, labels = (found[name] for name in names)
    assert images is not None and labels is not None  # found or fetched
    return images, labels


def _find(name: str, folders: list[Path]) -> Path | None:
    candidates = (folder / form for folder in folders for form in (f"{name}.gz", name))
    return next((path for path in candidates if path.is_file()), None)


def _describe_missing(missing: list[str], folders: list[Path], remedy: str) -> str:
    files = " and ".join(f"neither {name}.gz nor {name}" for name in missing)
    places = " or ".join(f"{f}{'' if f.is_dir() else ' (no directory)'}" for f in folders)
    rule = "the files of the split must be on disk"
    return message("mnist", rule, f"{files} in {places}", remedy)


def _read(path: Path, name: str, kind: Kind) -> _File:
    stored = path.read_bytes()
    refuse_fashion(hashlib.sha256(stored).hexdigest(), path)
    content = unpack(stored, path)
    return _File(path, name, parse_idx(content, path, kind), hashlib.sha256(content).hexdigest())


def refuse_fashion(sha256: str, path: Path) -> None:
    """Refuse a file of Fashion-MNIST, which cannot be told from MNIST's by its name or size.

    Args:
        sha256: of the file as it is stored (gzipped).
        path: where it lies, for the error.

    Raises:
        DataError: it is one of Fashion-MNIST's four files.
    """
    if sha256 in FASHION:
        raise DataError(
            "mnist",
            "the files must be MNIST's",
            f"{path}, which is Fashion-MNIST's file of the same name (SHA-256 {sha256})",
            "name the directory of the digits as data_dir (--data-dir on the command line)",
        )


def _check_sizes(images: _File, labels: _File, count: int) -> None:
    if len(images.values) != len(labels.values):
        raise DataError(
            "mnist",
            "images and labels must be equally many",
            f"{len(images.values):,} images in {images.path} and {len(labels.values):,} labels in "
            f"{labels.path}",
            "take both files from the same split",
        )
    if images.values.shape != (count, 28, 28):
        raise DataError(
            "mnist",
            f"{images.name} must hold {count:,} images of 28 x 28",
            f"shape {images.values.shape} in {images.path}",
            "take the file of that name from MNIST, not from another split or data set",
        )


def _check_labels(labels: _File) -> None:
    if labels.values.max() > 9:
        first = int(np.argmax(labels.values > 9))
        raise DataError(
            "mnist",
            "labels must lie in 0..9",
            f"{labels.values[first]} at index {first:,} of {labels.path}",
            "this is the file of another data set, or damaged; fetch MNIST's",
        )


def _check_contents(file: _File) -> None:
    expected = CONTENTS[file.name]
    if file.sha256 != expected:
        raise DataError(
            "mnist",
            f"the uncompressed contents of {file.name} must have SHA-256 {expected}",
            f"{file.sha256} in {file.path}, which has the right form but other values",
            "the file is damaged, or of another data set with the same names and sizes (such as "
            "Fashion-MNIST or KMNIST); remove it and fetch MNIST's",
        )
