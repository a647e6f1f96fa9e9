"""A run directory: everything about one training run, for people and for programs.

config.json (how the model was made and trained), history.csv (a row an epoch), result.json
(the final figures by name), checkpoint.safetensors (the weights), samples.png,
reconstructions.png, latent.png, losses.png, and pictures/ with samples over time.
"""

import json
import os
from pathlib import Path
from typing import Any

from minigen.backend import Generator, info
from minigen.data import Images
from minigen.files import write_text
from minigen.metrics import judge_samples
from minigen.models import GAN, VAE, Autoencoder
from minigen.training.gallery import Gallery
from minigen.training.method import Method
from minigen.training.trainer import Trainer

MODELS: dict[str, Any] = {"autoencoder": Autoencoder, "vae": VAE, "gan": GAN}
SNAPSHOTS = 10  # sample sheets over a run, unless told otherwise


class RunError(ValueError):
    """A run directory cannot be written or read as asked."""


def new_directory(path: str | os.PathLike[str] | None, name: str, overwrite: bool) -> Path:
    """The directory of a new run: ``path``, or the first free runs/NAME, runs/NAME-2, ...

    Raises RunError if ``path`` holds a run already, unless ``overwrite``.
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
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def save_json(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` as readable JSON, whole or not at all."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def train_run(
    directory: Path,
    config: dict[str, Any],
    method: Method,
    images: Images,
    test: Images,
    rng: Generator,
    progress: bool = True,
) -> dict[str, Any]:
    """Train ``method`` and leave a whole run directory behind; the final figures by name.

    config: what config.json holds: model, model_arguments, shape, epochs, batch_size and
    whatever else describes the run. Raises DivergenceError as ``Trainer.run`` does; the history
    and the loss curves up to then are kept.
    """
    save_json(directory / "config.json", config)
    gallery = Gallery(method.model, test, directory)
    every = config.get("picture_every") or max(1, config["epochs"] // SNAPSHOTS)

    def after_epoch(trainer: Trainer) -> None:
        trainer.history.save(directory / "history.csv")
        if trainer.epoch % every == 0:
            name = f"pictures/samples-{trainer.epoch:05d}.png"
            if config["model"] != "autoencoder":  # its codes' distribution is fitted at the end
                gallery.samples(name, f"samples after epoch {trainer.epoch}")

    data_rng, judge_rng = rng.spawn(2)
    trainer = Trainer(
        method,
        images,
        test,
        batch_size=config["batch_size"],
        rng=data_rng,
        after_epoch=after_epoch,
        progress=progress,
    )
    figures: dict[str, Any] = dict(trainer.run(config["epochs"]))
    method.model.save(directory / "checkpoint.safetensors")
    gallery.everything(trainer.history)
    figures["parameters"] = method.model.parameter_count()
    figures |= judge_samples(method.model, images, test, judge_rng)
    figures["environment"] = {k: v for k, v in info().items() if k != "gpu"}
    save_json(directory / "result.json", figures)
    return figures


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
        model_class = MODELS[config["model"]]
        model = model_class(**config["model_arguments"], rng=Generator(0))
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"load_run: {directory / 'config.json'} must be what 'minigen train' wrote; "
            f"{type(error).__name__}: {error}"
        ) from None
    model.load(directory / "checkpoint.safetensors")
    return model.eval(), config
