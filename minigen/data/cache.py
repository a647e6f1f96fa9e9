"""Where downloaded data is kept.

A data set is fetched once per user, not once per project. One environment variable moves the
whole cache, for machines whose home directory is small or read-only.
"""

import os
from pathlib import Path


def cache_directory(name: str) -> Path:
    """The directory that holds one data set's files; it need not exist yet.

    Args:
        name: the data set, e.g. "mnist".

    Returns:
        `$MINIGEN_DATA/name` if that variable is set, else `$XDG_CACHE_HOME/minigen/name`, else
        `~/.cache/minigen/name`.
    """
    if own := os.environ.get("MINIGEN_DATA"):
        return Path(own).expanduser() / name
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser() / "minigen" / name
    return Path.home() / ".cache" / "minigen" / name
