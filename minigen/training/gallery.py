"""The pictures of one run: always the same noise and the same test images, so that the sheets
of two epochs, or of two runs, can be laid side by side."""

import os
from pathlib import Path
from typing import Any

import numpy

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, to_numpy
from minigen.data import Images
from minigen.metrics import judge_samples
from minigen.models import GAN, VAE, Autoencoder
from minigen.training import pictures
from minigen.training.history import History
from minigen.training.ways import between

NOISE_SEED = 2  # of the codes that are drawn, whatever the run's own seed
SAMPLES = 64
RECONSTRUCTIONS = 24
CODES = 2000  # test images in the latent plane
PLANE_ROWS = 12
TRAVERSALS = 10  # numbers of a code that are moved
TRAVERSAL_STEPS = 13
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

    def snapshot(self, epoch: int) -> None:
        """What is looked at while training goes on, into pictures/."""
        if isinstance(self.model, Autoencoder):  # it does not sample before the end
            self.reconstructions(f"pictures/reconstructions-{epoch:05d}.png")
        else:
            self.samples(f"pictures/samples-{epoch:05d}.png", f"samples after epoch {epoch}")

    def judge(self, images: Images, rng: Generator) -> dict[str, Any]:
        """Figures of samples, by a classifier trained on ``images``."""
        return judge_samples(self.model, images, self.test, rng)

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
        codes = between(self.model.prior(rows, rng), self.model.prior(rows, rng), columns)
        with no_grad():
            decoded = self._images(self.model.decode(codes))
        pictures.save_interpolations(decoded, self.directory / "latent.png", columns)

    def traversals(self) -> None:
        """The mean code of a test image with one of its numbers moved, the others as they are.

        Row by row the numbers about which q says most, by their mean KL; from -3 to 3.
        """
        with no_grad():
            means, log_vars = (
                to_numpy(v.array) for v in self.model.encode(asarray(self.test.flat[:CODES]))
            )
        kl = 0.5 * (means**2 + numpy.exp(log_vars) - 1 - log_vars).mean(axis=0)
        telling = numpy.argsort(-kl, kind="stable")[:TRAVERSALS]
        steps = numpy.linspace(-3, 3, TRAVERSAL_STEPS)
        codes = numpy.repeat(means[:1], len(telling) * len(steps), axis=0)
        codes = codes.reshape(len(telling), len(steps), -1)
        for row, which in enumerate(telling):
            codes[row, :, which] = steps
        with no_grad():
            flat = codes.reshape(-1, codes.shape[2]).astype(means.dtype)
            decoded = self._images(self.model.decode(asarray(flat)))
        pictures.save_traversals(
            decoded, telling, kl[telling], self.directory / "traversals.png", len(steps)
        )

    def kernels(self) -> None:
        """The kernels of the first convolution."""
        layer = next(m for m in self.model.modules() if isinstance(m, nn.Conv2d))
        weight = to_numpy(layer.weight.array)
        pictures.save_kernels(weight.reshape(-1, *weight.shape[2:]), self.directory / "kernels.png")

    def features(self) -> None:
        """What the layers that look at an image make of one test image, layer by layer."""
        looks = self.model.discriminator if isinstance(self.model, GAN) else self.model.encoder
        x = asarray(self.test.flat[:1])
        maps: dict[str, Any] = {}
        with no_grad():
            for _, layer in looks.children():
                x = layer(x)
                if isinstance(layer, nn.ReLU | nn.LeakyReLU):
                    maps[f"after layer {len(maps) + 1}"] = to_numpy(x.array)[0]
        pictures.save_features(self.test.images[0], maps, self.directory / "features.png")

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
        if isinstance(self.model, VAE):
            self.traversals()
        if any(isinstance(module, nn.Conv2d) for module in self.model.modules()):
            self.kernels()
            self.features()
        self.losses(history)
