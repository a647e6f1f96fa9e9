"""The options that all ``minigen train`` commands share, and what is made of them."""

import inspect
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from minigen import data, optim
from minigen.backend import choice, chosen_by_auto, use_backend
from minigen.backend.compiler import check
from minigen.backend.parallel import wanted
from minigen.data import Images

RULES: dict[str, type[optim.UpdateRule]] = {
    "gd": optim.GD,
    "sgd": optim.SGD,
    "momentum": optim.Momentum,
    "heavy-ball": optim.HeavyBall,
    "nesterov": optim.Nesterov,
    "rmsprop": optim.RMSprop,
    "adam": optim.Adam,
    "adam-bias-corrected": optim.AdamBiasCorrected,
}
DATA = ("digits", "mnist")
DEVICES = {"cpu": "numpy", "gpu": "cupy", "auto": "auto"}  # other words for --backend


class FiniteRange(click.FloatRange):
    """A range of numbers without NaN and infinity, which would pass for numbers."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Widths(click.ParamType):
    """A list of layer widths such as 200,200."""

    name = "W,W,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            widths = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            widths = ()
        if not widths or min(widths) < 1:
            self.fail(
                f"{value!r}: write whole numbers >= 1 with commas, such as 200,200", param, ctx
            )
        return widths


class Setting(click.ParamType):
    """A hyper-parameter of an update rule, such as beta1=0.5."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{value!r}: write NAME=NUMBER, such as beta1=0.5", param, ctx)


IMAGE_OPTIONS: list[Callable[..., Any]] = [
    click.option(
        "--data", "data_name", type=click.Choice(DATA), default="digits", show_default=True,
        help="digits: 1,797 images of 8x8, shipped. mnist: 70,000 of 28x28, downloaded on demand.",
    ),
    click.option(
        "--data-dir", type=click.Path(path_type=Path),
        help="Read MNIST's four IDX files from this directory; nothing is downloaded.",
    ),
]  # fmt: skip
BACKEND_OPTIONS: list[Callable[..., Any]] = [
    click.option(
        "--backend", type=click.Choice(["numpy", "cupy", "auto"]),
        help="Where to compute; auto: cupy where it can be used, else numpy.  "
        "[default: MINIGEN_BACKEND, else numpy]",
    ),
    click.option(
        "--device", type=click.Choice(list(DEVICES)),
        help="The same in other words: cpu is numpy, gpu is cupy.",
    ),
]  # fmt: skip
RUN_OPTIONS: list[Callable[..., Any]] = [  # that every model has
    click.option("--epochs", type=click.IntRange(1), help="Passes over the data.  [by data set]"),
    click.option(
        "--batch-size", type=click.IntRange(1),
        help="Examples a step; the rule gd always takes all of them.  [conv-vae: 50, char-lstm, "
        "music and sequence-autoencoder: 16, char-transformer and rvae: 32, else 100]",
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True,
        help="The same seed gives the same files on the same machine.",
    ),
    click.option(
        "--rule", type=click.Choice(list(RULES)),
        help="Update rule. adam (no bias correction) and momentum are as stated in README.md.  "
        "[conv-vae and all models of text and music: adam-bias-corrected, else adam]",
    ),
    click.option("--alpha", type=float, help="Step size of the rule.  [by model]"),
    click.option(
        "--schedule", type=click.Choice(["constant", "cosine"]),
        help="cosine: the step size falls to a hundredth of alpha along half a wave.  "
        "[cosine for conv-vae and all models of text and music but rvae]",
    ),
    click.option(
        "--set", "settings", type=Setting(), multiple=True,
        help="Another hyper-parameter of the rule, such as beta1=0.5; may be repeated.",
    ),
    click.option(
        "--out", type=click.Path(path_type=Path),
        help="The run directory to make.  [default: runs/MODEL-DATA, numbered]",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the run in --out, if there is one."),
    click.option(
        "--picture-every", type=click.IntRange(1),
        help="Epochs between two sample sheets in OUT/pictures.  [default: ten sheets a run]",
    ),
    *BACKEND_OPTIONS,
    click.option(
        "--capture", is_flag=True,
        help="On a GPU, launch each training step as one captured graph.  [numpy: no effect]",
    ),
    click.option("--quiet", is_flag=True, help="No progress, only the final figures."),
]  # fmt: skip
COMMON_OPTIONS = IMAGE_OPTIONS + RUN_OPTIONS


def size_option(name: str, default: int, said: str) -> Callable[..., Any]:
    """Decorator: an option for a whole number >= 1."""
    return click.option(name, type=click.IntRange(1), default=default, show_default=True, help=said)


def options(several: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Decorator: add these options, in their order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(several):
            command = option(command)
        return command

    return add


def activate(backend: str | None, device: str | None) -> None:
    """Compute on this backend from now on, if one is named; say so where it was left open."""
    if backend is not None and device is not None:
        raise click.UsageError(
            "--backend and --device choose the same thing; got both "
            f"(--backend {backend} --device {device}); leave one of them out"
        )
    wanted()  # a MINIGEN_THREADS that is no number, before anything is written,
    check()  # or a MINIGEN_COMPILER that is not there or does not compile
    named = backend if device is None else DEVICES[device]
    if named is not None:
        use_backend(named)
    said = click.get_current_context().meta  # of the whole command line
    if chosen_by_auto() and "minigen.choice" not in said:
        said["minigen.choice"] = choice()
        click.echo(f"minigen: backend: {choice()}", err=True)


def load_images(name: str, data_dir: Path | None) -> tuple[Images, Images]:
    """Training and test images of the data set called ``name``."""
    if name == "digits":
        if data_dir is not None:
            raise click.BadParameter(
                "is for --data mnist; the digits are shipped with minigen", param_hint="--data-dir"
            )
        return data.digits("train"), data.digits("test")
    return data.mnist("train", data_dir), data.mnist("test", data_dir)


def build_rule(
    name: str,
    params: Sequence[Any],
    alpha: float,
    settings: Sequence[tuple[str, float]],
    defaults: dict[str, float] | None = None,
) -> optim.UpdateRule:
    """The update rule ``name`` over ``params``. defaults: hyper-parameters that this model
    likes, used where the rule has them; settings: the user's, which come first."""
    rule = RULES[name]
    known = [p for p in inspect.signature(rule).parameters if p not in ("params", "alpha")]
    arguments = {k: v for k, v in (defaults or {}).items() if k in known}
    for key, value in settings:
        if key not in known:
            choices = ", ".join(known) or "none besides --alpha"
            raise click.BadParameter(
                f"the rule {name} has no hyper-parameter {key!r}; it has: {choices}",
                param_hint="--set",
            )
        arguments[key] = value
    for key in known:
        needed = inspect.signature(rule).parameters[key].default is inspect.Parameter.empty
        if needed and key not in arguments:
            raise click.BadParameter(
                f"the rule {name} needs {key}; write --set {key}=NUMBER", param_hint="--rule"
            )
    try:
        return rule(params, alpha, **arguments)
    except (TypeError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--rule, --alpha or --set") from None
