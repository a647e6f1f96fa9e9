"""Show a lesson's pictures wherever the lesson runs.

A window or a notebook shows them at once; a script without a screen saves them and says where.
The book and the terminal player put their own way in place with ``showing``.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.animation import Animation, PillowWriter

Picture = Any  # a matplotlib Figure or Animation
FOLDER = Path("pictures")

_handler: Callable[[Picture], None] | None = None


def show(picture: Picture) -> None:
    """Show a figure or an animation, or save it under ./pictures and print the path."""
    if _handler is not None:
        _handler(picture)
    elif matplotlib.get_backend().lower() != "agg":
        pyplot.show()
    else:
        print(f"picture: {save(picture, FOLDER, Path(sys.argv[0]).stem or 'picture')}")


def save(picture: Picture, folder: Path, stem: str) -> Path:
    """Write folder/stem-N.png, or .gif for an animation, N counting up from 1; close it."""
    moves = isinstance(picture, Animation)
    figure = picture._fig if moves else picture
    _counts[stem] = _counts.get(stem, 0) + 1
    path = folder / f"{stem}-{_counts[stem]}.{'gif' if moves else 'png'}"
    folder.mkdir(parents=True, exist_ok=True)
    if moves:
        picture._init_draw()  # the first frame, so that the layout has room for its titles
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # else the layout is computed anew for every frame
        picture.save(path, writer=PillowWriter(fps=max(1, round(1000 / picture._interval))))
    else:
        figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
    return path


_counts: dict[str, int] = {}  # pictures saved so far, by stem


@contextmanager
def showing(handler: Callable[[Picture], None]) -> Iterator[None]:
    """Inside the block, ``show`` calls the handler."""
    global _handler
    before, _handler = _handler, handler
    try:
        yield
    finally:
        _handler = before
