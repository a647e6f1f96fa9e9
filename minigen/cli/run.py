"""What all ``minigen train`` commands have in common: from the options to the run directory."""

from pathlib import Path
from typing import Any

import click

from minigen import optim
from minigen.backend import Generator, active_name, overflow_ignored
from minigen.cli.options import activate, build_rule, load_images
from minigen.training import MODELS, Method, check_capturable, new_directory, train_run

# What suits each data set, where the user does not say.
EPOCHS = {
    "autoencoder": {"digits": 100, "mnist": 10},
    "vae": {"digits": 200, "mnist": 10},
    "gan": {"digits": 550, "mnist": 50},
    "conv-vae": {"digits": 100, "mnist": 10},
    "conv-gan": {"digits": 150, "mnist": 10},
    "dcgan": {"digits": 150, "mnist": 10},
    "char-lstm": {"text": 10},
    "char-transformer": {"text": 10},
    "music": {"chorales": 100},
    "rvae": {"text": 40},
    "sequence-autoencoder": {"text": 40},
}
# What suits a model. Without bias correction, Adam's first steps are six times as long; they left
# a third of the conv VAE's inner channels without a positive input, for good.
DEFAULTS = {"batch_size": 100, "rule": "adam", "schedule": "constant"}
BY_MODEL = {
    "conv-vae": {"batch_size": 50, "rule": "adam-bias-corrected", "schedule": "cosine"},
    "char-lstm": {"batch_size": 16, "rule": "adam-bias-corrected", "schedule": "cosine"},
    "char-transformer": {"batch_size": 32, "rule": "adam-bias-corrected", "schedule": "cosine"},
    "rvae": {"batch_size": 32, "rule": "adam-bias-corrected"},
    "sequence-autoencoder": {"batch_size": 16, "rule": "adam-bias-corrected", "schedule": "cosine"},
    "music": {"batch_size": 16, "rule": "adam-bias-corrected", "schedule": "cosine"},
}

SHOWN = {".png", ".txt", ".mid"}  # files that a person opens


class Run:
    """One training run as the shared options ask for it."""

    def __init__(self, model: str, common: dict[str, Any]) -> None:
        self.model = model
        chosen = {name: value for name, value in common.items() if value is not None}
        self.common = common = common | DEFAULTS | BY_MODEL.get(model, {}) | chosen
        activate(common["backend"], common["device"])
        self.images, self.test = self.load()
        self.rng = Generator(common["seed"])
        self.init_rng, self.method_rng, self.trainer_rng = self.rng.spawn(3)
        self.epochs = common["epochs"] or EPOCHS[model][self.data_name]
        self.arguments: dict[str, Any] = {}

    @property
    def data_name(self) -> str:
        """What the data set is called in the tables and in the name of the run."""
        return str(self.common["data_name"])

    def load(self) -> tuple[Any, Any]:
        """The data to train on, and those held back."""
        return load_images(self.data_name, self.common["data_dir"])

    def described(self) -> dict[str, Any]:
        """What config.json says about the data."""
        return {"data": self.data_name, "shape": self.images.shape}

    def gallery(self, model: Any, directory: Path) -> Any:
        """Draws what there is to see, or None for the usual pictures."""
        return None

    def build(self, **arguments: Any) -> Any:
        """The model with these arguments, which config.json will remember."""
        self.arguments = arguments
        return MODELS[self.model](**self.arguments, rng=self.init_rng)

    def rule(self, params: Any, alpha: float, **defaults: float) -> Any:
        """The update rule that the options ask for, over ``params``."""
        common = self.common
        alpha = alpha if common["alpha"] is None else common["alpha"]
        return build_rule(common["rule"], params, alpha, common["settings"], defaults)

    def batch_size(self, method: Method) -> int:
        """Examples a step: all of them, where an update rule asks for it."""
        return len(self.images) if method.full_batch else int(self.common["batch_size"])

    def steps(self, method: Method) -> int:
        """Steps an epoch."""
        return method.steps(self.images.flat, self.batch_size(method))

    def schedules(self, method: Method) -> dict[str, optim.Schedule]:
        """For each update rule what the option asks for, over all the steps of this run."""
        if self.common["schedule"] == "constant":
            return {}
        steps = self.epochs * self.steps(method)
        return {n: optim.cosine(r.alpha, r.alpha / 100, steps) for n, r in method.rules.items()}

    def train(self, method: Method, **more: Any) -> None:
        """Train, write the run directory, and say what to look at. more: kept in config.json."""
        common = self.common
        if common["capture"]:
            check_capturable(method)  # before anything is written
        self.steps(method)  # data that are too few for a batch, before anything is written
        name = f"{self.model}-{self.data_name}"
        directory = new_directory(common["out"], name, common["overwrite"])
        config = {
            "model": self.model,
            "model_arguments": self.arguments,
            **self.described(),
            "epochs": self.epochs,
            "batch_size": self.batch_size(method),
            "seed": common["seed"],
            "rule": common["rule"],
            "alpha": next(iter(method.rules.values())).alpha,
            "schedule": common["schedule"],
            "settings": dict(common["settings"]),
            "picture_every": common["picture_every"],
            "backend": active_name(),
            "capture": common["capture"],
            **more,
        }
        with overflow_ignored():  # the trainer looks at the losses, and says what to do
            figures = train_run(
                directory,
                config,
                method,
                self.images,
                self.test,
                self.trainer_rng,
                progress=not common["quiet"],
                schedules=self.schedules(method),
                capture=common["capture"],
                gallery=self.gallery(method.model, directory),
            )
        report(directory, figures)


def report(directory: Path, figures: dict[str, Any]) -> None:
    """Print the final figures and the files to open."""
    for name, value in figures.items():
        if isinstance(value, float | int):
            text = f"{value:.4f}" if isinstance(value, float) else str(value)
            click.echo(f"  {name:<22} {text}")
    pictures = sorted(p.name for p in directory.glob("*.[pmt]*") if p.suffix in SHOWN)
    click.echo(f"wrote {directory}: {', '.join(pictures)}, history.csv, result.json, checkpoint")
