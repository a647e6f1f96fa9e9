"""A run directory: everything about one training run, for people and for programs.

config.json (how the model was made and trained), history.csv (a row an epoch), result.json
(the final figures by name), checkpoint.safetensors (the weights), samples.png,
reconstructions.png, latent.png, traversals.png, kernels.png, features.png (what of these the
model has), losses.png, and pictures/ with samples over time. Language models have samples.txt,
models of music samples.mid.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigen.backend import Generator, info
from minigen.files import write_text
from minigen.models import (
    DCGAN,
    GAN,
    RVAE,
    VAE,
    Autoencoder,
    CharLSTM,
    CharTransformer,
    ConvGAN,
    ConvVAE,
    MusicLSTM,
    SequenceAutoencoder,
)
from minigen.optim import Schedule
from minigen.training.gallery import Gallery
from minigen.training.method import Method
from minigen.training.trainer import DivergenceError, Trainer

MODELS: dict[str, Any] = {
    "autoencoder": Autoencoder,
    "vae": VAE,
    "conv-vae": ConvVAE,
    "gan": GAN,
    "conv-gan": ConvGAN,
    "dcgan": DCGAN,
    "char-lstm": CharLSTM,
    "char-transformer": CharTransformer,
    "music": MusicLSTM,
    "rvae": RVAE,
    "sequence-autoencoder": SequenceAutoencoder,
}
WRITTEN = (
    "config.json", "history.csv", "result.json", "checkpoint.safetensors", "samples.png",
    "reconstructions.png", "latent.png", "traversals.png", "kernels.png", "features.png",
    "losses.png", "pictures/samples-*.png",
    "pictures/reconstructions-*.png", "samples.txt", "pictures/sample-*.txt",
    "samples.mid", "sample-seed*.png", "sample-seed*.mid", "interpolation-*.png",
)  # fmt: skip
SNAPSHOTS = 10  # sample sheets over a run, unless told otherwise


class RunError(ValueError):
    """A run directory cannot be written or read as asked."""


def new_directory(path: str | os.PathLike[str] | None, name: str, overwrite: bool) -> Path:
    """The directory of a new run: ``path``, or the first free runs/NAME, runs/NAME-2, ...

    Raises RunError if ``path`` holds a run already, unless ``overwrite``, and if it holds anything
    else: what is not a run's is never touched.
    """
    if path is None:
        number = 1
        while (directory := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists():
            number += 1
    else:
        directory = Path(path)
        if (directory / "config.json").exists() and not overwrite:
            raise RunError(
                f"train: {directory} holds a run already; give another --out, or --overwrite"
            )
        if directory.exists() and not directory.is_dir():
            raise RunError(f"train: --out must be a directory; {directory} is a file")
        strange = directory.exists() and not (directory / "config.json").exists()
        if strange and any(directory.iterdir()):
            raise RunError(
                f"train: --out must be a new directory, an empty one or that of a run; {directory} "
                "holds something else; give another --out"
            )
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def clear(directory: Path) -> None:
    """Delete what an earlier run has written: nothing of it may pass for the new one's."""
    for pattern in WRITTEN:
        for old in directory.glob(pattern):
            old.unlink()


def save_json(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` as readable JSON, whole or not at all."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def train_run(
    directory: Path,
    config: dict[str, Any],
    method: Method,
    images: Any,
    test: Any,
    rng: Generator,
    progress: bool = True,
    schedules: Mapping[str, Schedule] | None = None,
    gallery: Any = None,
    capture: bool | str = False,
) -> dict[str, Any]:
    """Train ``method`` and leave a whole run directory behind; the final figures by name.

    config: what config.json holds: model, model_arguments, shape, epochs, batch_size and
    whatever else describes the run. schedules, capture: as for ``Trainer``. gallery: draws what
    there is to see, a ``Gallery`` of pictures unless given. When a loss diverges (DivergenceError)
    or the user presses Ctrl-C (RunError), the history and the loss curves of the finished epochs
    are kept; after Ctrl-C the weights are, too, as after any other error than the divergence.
    """
    gallery = gallery or Gallery(method.model, test, directory)
    every = config.get("picture_every") or max(1, config["epochs"] // SNAPSHOTS)

    def after_epoch(trainer: Trainer) -> None:
        trainer.history.save(directory / "history.csv")
        if trainer.epoch % every == 0:
            gallery.snapshot(trainer.epoch)

    data_rng, judge_rng = rng.spawn(2)
    trainer = Trainer(
        method,
        images,
        test,
        batch_size=config["batch_size"],
        rng=data_rng,
        after_epoch=after_epoch,
        progress=progress,
        schedules=schedules,
        capture=capture,
    )
    method.steps(images.flat, trainer.batch_size)  # the last thing that may refuse the data
    clear(directory)
    save_json(directory / "config.json", config)
    figures = _run(trainer, config["epochs"], directory, gallery)
    method.model.eval().save(directory / "checkpoint.safetensors")
    gallery.everything(trainer.history)
    figures["parameters"] = method.model.parameter_count()
    figures |= gallery.judge(images, judge_rng)
    figures["environment"] = {k: v for k, v in info().items() if k != "gpu"}
    save_json(directory / "result.json", figures)
    return figures


def _run(trainer: Trainer, epochs: int, directory: Path, gallery: Gallery) -> dict[str, Any]:
    """Train; where that ends early, keep what there is."""
    try:
        return dict(trainer.run(epochs))
    except DivergenceError:
        if trainer.history.rows:
            gallery.losses(trainer.history)
        raise
    except (KeyboardInterrupt, Exception) as error:
        if not trainer.step:  # nothing has been learned that could be lost
            raise
        weights = directory / "checkpoint.safetensors"
        trainer.method.model.save(weights)  # first, whatever comes now
        if not isinstance(error, KeyboardInterrupt):
            raise
        trainer.method.finish(trainer.images.flat)
        trainer.method.model.save(weights)
        if trainer.history.rows:
            gallery.losses(trainer.history)
        raise RunError(
            f"train: stopped by Ctrl-C after {trainer.epoch} of {epochs} epochs; the weights and "
            f"the history up to here are in {directory}; draw from them with 'minigen sample'"
        ) from None


def check_config(config: dict[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError where what the model makes is not as large as the
    images, or not as many as the symbols, that config.json tells of."""
    sizes = config["model_arguments"]
    if "data_size" in sizes or "shape" in sizes:
        made = sizes["data_size"] if "data_size" in sizes else math.prod(sizes["shape"])
        told = math.prod(config["shape"])
        if not all(isinstance(n, int) and n >= 1 for n in config["shape"]) or told != made:
            raise ValueError(f"shape {config['shape']} is not one of {made} pixels")
    for name, before in (("symbols", 0), ("words", 2)):  # 0 and 1 are no words
        if name in config:
            told, made = before + len(config[name]), sizes["symbols"]
            if not all(isinstance(s, str) for s in config[name]) or told != made:
                raise ValueError(
                    f"{name} are {told} with those kept free, but the model has {made}"
                )


def load_run(path: str | os.PathLike[str]) -> tuple[Any, dict[str, Any]]:
    """The trained model of a run directory, in evaluation mode, and its config.

    Raises RunError if the directory is not one of a finished run.
    """
    directory = Path(path)
    for name in ("config.json", "checkpoint.safetensors"):
        if not (directory / name).is_file():
            raise RunError(
                f"load_run: {directory} must be the directory of a finished run; it has no {name}; "
                "make one with 'minigen train'"
            )
    try:
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        check_config(config)
        model_class = MODELS[config["model"]]
        model = model_class(**config["model_arguments"], rng=Generator(0))
        model.load(directory / "checkpoint.safetensors")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RunError(
            f"load_run: config.json and checkpoint.safetensors in {directory} must be what "
            f"'minigen train' wrote; {type(error).__name__}: {error}; train anew"
        ) from None
    return model.eval(), config
