"""Named arrays in a .safetensors file, which PyTorch and others read, and nothing is unpickled."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from minigen.backend import to_numpy
from minigen.files import write_bytes

RESERVED = "__metadata__"


def save_tensors(path: str | os.PathLike[str], tensors: Mapping[str, Any]) -> None:
    """Write arrays and numbers under their names to ``path``, whole or not at all.

    Raises ValueError for the name that the file format keeps for itself.

    So that an update rule can go on later: save_tensors(path, rule.state_dict()).
    """
    if RESERVED in tensors:
        raise ValueError(
            f"save: no array can be called {RESERVED!r} in a .safetensors file; rename it"
        )
    tensors = {name: to_numpy(x) for name, x in tensors.items()}
    # safetensors writes an array's memory as it lies, which scrambles a transposed one
    straight = {name: x if x.flags.c_contiguous else x.copy() for name, x in tensors.items()}
    write_bytes(path, save(straight))


def load_tensors(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The named arrays in ``path``. Raises FileNotFoundError, ValueError naming the file."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"load: there is no file {file}; train a model first")
    try:
        return load(file.read_bytes())
    except SafetensorError as error:
        raise ValueError(
            f"load: {file} must be a whole .safetensors file; {error}; it may be cut short"
        ) from None
    except KeyError as error:  # the name of a type of number
        raise ValueError(
            f"load: {file} must hold numbers of types that NumPy has; got {error}; save it as "
            "float32 where it was made"
        ) from None
