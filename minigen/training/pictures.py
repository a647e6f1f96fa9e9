"""Pictures of what a model makes, of its codes and of its losses, as PNG files.

The only file of the package that draws with matplotlib. Figures are made without pyplot, so
that nothing depends on a screen or on what else a program draws.
"""

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minigen.files import write_bytes

INK = "Greys"  # black ink on white paper, as the digits were written
GAP = 0.12  # white space between two images, in image widths


def save_figure(figure: Figure, path: str | os.PathLike[str], dpi: int = 100) -> None:
    """Write a figure as PNG, whole or not at all."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    write_bytes(path, buffer.getvalue())


def tile(images: Any, columns: int) -> Any:
    """Images (n, height, width) side by side in rows of ``columns``, with a gap between them."""
    if images.ndim != 3 or not len(images):
        raise ValueError(
            f"tile: images must be (n, height, width), at least one; got {tuple(images.shape)}"
        )
    n, height, width = images.shape
    rows = -(-n // columns)
    gap = max(1, round(GAP * width))
    sheet = numpy.zeros((rows * (height + gap) + gap, columns * (width + gap) + gap))
    for i, image in enumerate(images):
        top = gap + (i // columns) * (height + gap)
        left = gap + (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _show(axes: Any, sheet: Any) -> None:
    axes.imshow(sheet, cmap=INK, vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()


def save_images(
    images: Any, path: str | os.PathLike[str], title: str = "", columns: int | None = None
) -> None:
    """A sheet of images (n, height, width) in [0, 1], under one title."""
    columns = columns or min(16, int(numpy.ceil(numpy.sqrt(len(images)))))
    sheet = tile(images, columns)
    side = 0.55  # inches an image
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(max(2.5, columns * side), rows * side + 0.35), layout="constrained")
    axes = figure.add_subplot()
    _show(axes, sheet)
    axes.set_title(title, fontsize=10)
    save_figure(figure, path, dpi=120)


def save_side_by_side(
    sheets: Mapping[str, Any], path: str | os.PathLike[str], columns: int = 8
) -> None:
    """Several sheets of images (n, height, width), each under its title, in one picture."""
    figure = Figure(figsize=(4.6 * len(sheets), 4.9), layout="constrained")
    for axes, (title, images) in zip(
        numpy.atleast_1d(figure.subplots(1, len(sheets))), sheets.items(), strict=True
    ):
        _show(axes, tile(images, columns))
        axes.set_title(title, fontsize=11)
    save_figure(figure, path)


def save_reconstructions(
    originals: Any, reconstructions: Any, path: str | os.PathLike[str], columns: int = 12
) -> None:
    """Pairs: each original (n, height, width) with its reconstruction below it."""
    figure = Figure(figsize=(columns * 0.55, 0.4), layout="constrained")
    blocks = -(-len(originals) // columns)
    figure.set_figheight(blocks * 1.25 + 0.35)
    for i, axes in enumerate(numpy.atleast_1d(figure.subplots(blocks, 1))):
        part = slice(i * columns, (i + 1) * columns)
        pair = numpy.concatenate([originals[part], reconstructions[part]])
        _show(axes, tile(pair, len(originals[part])))
    figure.suptitle("above: the test image, below: its reconstruction", fontsize=10)
    save_figure(figure, path, dpi=120)


def principal_plane(codes: Any) -> tuple[Any, Any]:
    """Mean (d,) and the two directions (2, d) along which codes (n, d) vary most, scaled by
    their standard deviations. Codes of one dimension get a second direction of zeros."""
    centre = codes.mean(axis=0)
    _, spread, directions = numpy.linalg.svd(codes - centre, full_matrices=False)
    plane = directions[:2] * (spread[:2, None] / numpy.sqrt(len(codes)))
    if len(plane) < 2:
        plane = numpy.concatenate([plane, numpy.zeros((2 - len(plane), codes.shape[1]))])
    return centre, plane


def save_latent_plane(
    coordinates: Any, labels: Any, decoded: Any, path: str | os.PathLike[str], axes_name: str
) -> None:
    """Left: codes of test images in a plane, coloured by label; right: that plane, decoded.

    coordinates: (n, 2); labels: (n,) integers; decoded: (rows · rows, height, width), row by
    row from the top left; axes_name: what the two axes are.
    """
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for label in numpy.unique(labels):
        at = coordinates[labels == label]
        left.scatter(at[:, 0], at[:, 1], s=9, color=f"C{label % 10}", label=str(label))
    left.legend(title="label", fontsize=8, markerscale=2, loc="upper left", bbox_to_anchor=(1, 1))
    left.set_xlabel(f"{axes_name} 1")
    left.set_ylabel(f"{axes_name} 2")
    left.set_title("codes of the test images", fontsize=10)
    _show(right, tile(decoded, int(numpy.sqrt(len(decoded)))))
    right.set_title("images decoded from the same plane, -2 to 2 standard deviations", fontsize=10)
    save_figure(figure, path)


def save_traversals(
    decoded: Any, numbers: Any, kl: Any, path: str | os.PathLike[str], columns: int
) -> None:
    """Rows of images (rows · columns, height, width), each with the number of the code that moves
    and what it tells about the image: its mean KL in nats."""
    rows = len(numbers)
    figure = Figure(figsize=(columns * 0.5 + 1.6, rows * 0.5 + 0.6), layout="constrained")
    axes = figure.add_subplot()
    sheet = tile(decoded, columns)
    _show(axes, sheet)
    for row, (number, nats) in enumerate(zip(numbers, kl, strict=True)):
        height = sheet.shape[0] * (row + 0.5) / rows
        axes.text(-2, height, f"z{number}  {nats:.2f} nats", ha="right", va="center", fontsize=8)
    axes.set_title("one number of a code from -3 to 3, the others kept", fontsize=10)
    save_figure(figure, path, dpi=120)


def save_kernels(kernels: Any, path: str | os.PathLike[str]) -> None:
    """Kernels (n, height, width) of either sign: blue below 0, white at 0, red above."""
    reach = max(float(abs(kernels).max()), 1e-12)
    save_tiles(kernels, path, "kernels of the first layer: blue < 0 < red", reach)


def save_tiles(images: Any, path: str | os.PathLike[str], title: str, reach: float) -> None:
    """A sheet of images (n, height, width) with values in -reach..reach."""
    columns = min(16, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(max(3.0, columns * 0.5), rows * 0.5 + 0.4), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(tile(images, columns), cmap="seismic", vmin=-reach, vmax=reach)
    axes.set_axis_off()
    axes.set_title(title, fontsize=10)
    save_figure(figure, path, dpi=120)


def save_features(image: Any, maps: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """An image (height, width), and below it feature maps (channels, height, width) by name."""
    columns = 16
    rows = [-(-len(each) // columns) for each in maps.values()]
    figure = Figure(figsize=(9, 1.6 + sum(0.6 * r + 0.35 for r in rows)), layout="constrained")
    grid = figure.subplots(
        1 + len(maps), 1, height_ratios=[1.2, *(0.6 * r + 0.1 for r in rows)], squeeze=False
    )
    _show(grid[0, 0], image)
    grid[0, 0].set_title("a test image", fontsize=9)
    for axes, (name, each) in zip(grid[1:, 0], maps.items(), strict=True):
        largest = max(float(abs(each).max()), 1e-12)
        axes.imshow(tile(each / largest, columns), cmap="seismic", vmin=-1, vmax=1)
        axes.set_axis_off()
        axes.set_title(name, fontsize=9)
    save_figure(figure, path, dpi=120)


def save_rolls(rolls: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Piano rolls (frames, 88) by title, one above the other: time goes right, pitch up."""
    figure = Figure(figsize=(9, 2.1 * len(rolls)), layout="constrained")
    all_axes = numpy.atleast_1d(figure.subplots(len(rolls), 1, sharex=True))
    for axes, (title, roll) in zip(all_axes, rolls.items(), strict=True):
        axes.imshow(
            roll.T, cmap=INK, vmin=0, vmax=1, origin="lower", aspect="auto", interpolation="nearest"
        )
        axes.set_title(title, fontsize=10)
        axes.set_ylabel("key of 88", fontsize=8)
    all_axes[-1].set_xlabel("frame (a crotchet)", fontsize=8)
    save_figure(figure, path)


def save_interpolations(decoded: Any, path: str | os.PathLike[str], columns: int) -> None:
    """Each row: images decoded on the way from one random code (left) to another (right)."""
    save_images(decoded, path, "each row: from one random noise to another", columns)


def save_curves(
    epochs: Sequence[float], curves: Mapping[str, Sequence[float]], path: str | os.PathLike[str]
) -> None:
    """Loss curves over epochs; a curve "test_x" shares the panel of "x" where there is one."""
    names = [n for n in curves if not (n.startswith("test_") and n[len("test_") :] in curves)]
    figure = Figure(figsize=(4.2 * len(names), 3.4), layout="constrained")
    for axes, name in zip(numpy.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        axes.plot(epochs, curves[name], label="training")
        if f"test_{name}" in curves:
            axes.plot(epochs, curves[f"test_{name}"], label="test")
            axes.legend(fontsize=8)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    save_figure(figure, path)
