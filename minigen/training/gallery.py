"""The pictures of one run: always the same noise and the same test images, so that the sheets
of two epochs, or of two runs, can be laid side by side."""

import os
from pathlib import Path
from typing import Any

import numpy

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, to_numpy
from minigen.data import Images
from minigen.models import GAN
from minigen.training import pictures
from minigen.training.history import History

NOISE_SEED = 2  # of the codes that are drawn, whatever the run's own seed
SAMPLES = 64
RECONSTRUCTIONS = 24
CODES = 2000  # test images in the latent plane
PLANE_ROWS = 12
REACH = 2.0  # the decoded plane goes this many standard deviations to each side
BOOKKEEPING = ("epoch", "step", "seconds")  # columns of the history that are no figures


class Gallery:
    """Draws the pictures of ``model`` into ``directory``.

    test: images that are reconstructed and encoded; their size is that of the samples.
    """

    def __init__(self, model: Any, test: Images, directory: str | os.PathLike[str]) -> None:
        self.model = model
        self.test = test
        self.directory = Path(directory)

    def _images(self, rows: Any) -> Any:
        """Model output (n, pixels) as images (n, height, width) on the host."""
        return to_numpy(rows.array).reshape(-1, *self.test.shape)

    def samples(self, name: str = "samples.png", title: str = "samples") -> None:
        """A sheet of samples from the same noise each time."""
        with no_grad():
            made = self._images(self.model.sample(SAMPLES, Generator(NOISE_SEED)))
        pictures.save_images(made, self.directory / name, title)

    def reconstructions(self, name: str = "reconstructions.png") -> None:
        """Test images above their reconstructions."""
        x = self.test.flat[:RECONSTRUCTIONS]
        with no_grad():
            back = self._images(self.model.reconstruct(asarray(x)))
        originals = self.test.images[:RECONSTRUCTIONS]
        pictures.save_reconstructions(originals, back, self.directory / name)

    def latent(self) -> None:
        """Codes of test images in the plane along which they vary most, and that plane decoded."""
        with no_grad():
            encoded = self.model.encode(asarray(self.test.flat[:CODES]))
            mean = encoded[0] if isinstance(encoded, tuple) else encoded
        codes = to_numpy(mean.array)
        if codes.shape[1] == 2:
            centre, plane, name = codes.mean(axis=0), numpy.diag(codes.std(axis=0)), "code"
        else:
            centre, plane = pictures.principal_plane(codes)
            name = "principal direction"
        lengths = numpy.maximum(numpy.linalg.norm(plane, axis=1, keepdims=True), 1e-12)
        coordinates = (codes - centre) @ (plane / lengths).T
        steps = numpy.linspace(-REACH, REACH, PLANE_ROWS)
        grid = numpy.array([(u, v) for v in steps[::-1] for u in steps])
        with no_grad():
            points = asarray((centre + grid @ plane).astype(codes.dtype))
            decoded = self._images(self.model.decode(points))
        pictures.save_latent_plane(
            coordinates, self.test.labels[:CODES], decoded, self.directory / "latent.png", name
        )

    def interpolations(self, rows: int = 8, columns: int = 12) -> None:
        """For a model without an encoder: images on straight ways between random codes."""
        rng = Generator(NOISE_SEED)
        begin, end = to_numpy(self.model.prior(rows, rng)), to_numpy(self.model.prior(rows, rng))
        way = numpy.linspace(0, 1, columns, dtype=begin.dtype)[None, :, None]
        codes = begin[:, None] * (1 - way) + end[:, None] * way
        with no_grad():
            decoded = self._images(self.model.decode(asarray(codes.reshape(rows * columns, -1))))
        pictures.save_interpolations(decoded, self.directory / "latent.png", columns)

    def losses(self, history: History) -> None:
        """Every figure of the history over the epochs."""
        curves = {n: history.column(n) for n in history.rows[0] if n not in BOOKKEEPING}
        pictures.save_curves(history.column("epoch"), curves, self.directory / "losses.png")

    def everything(self, history: History) -> None:
        """All pictures that this kind of model has."""
        self.samples()
        if isinstance(self.model, GAN):
            self.interpolations()
        else:
            self.reconstructions()
            self.latent()
        self.losses(history)
