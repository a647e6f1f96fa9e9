"""minigen's side of the GPU benchmark: steps operation by operation, and as one captured graph.

Models and settings are those of the processor's benchmark. The data lie on the device; which rows
a step takes is drawn on the host: for an epoch at a time where steps are captured, as a trainer
does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, repeat
from typing import Any, NamedTuple

import minigen
from benchmarks import minigen_side
from benchmarks.minigen_side import char_lstm, conv_vae, dcgan, dense_gan, mlp_vae
from minigen.backend import asarray, capturer
from minigen.backend import cupy as cupy_loader
from minigen.backend.modules import active
from minigen.training import LanguageTraining
from minigen.training.steps import CapturedSteps

MODES = ("eager", "captured")
IMAGES = {"dense_gan": dense_gan, "mlp_vae": mlp_vae, "dcgan": dcgan, "conv_vae": conv_vae}
TEXTS = 64  # windows of text


class Ready(NamedTuple):
    """A step without arguments, and the context that it runs in."""

    step: Callable[[], Any]
    context: AbstractContextManager[Any]


def missing() -> str | None:
    """What is missing for this side, and what to do, or None."""
    return cupy_loader.why_unusable()


def environment() -> dict[str, Any]:
    """minigen's version, CuPy's, NumPy's, and the GPU with its driver's CUDA version."""
    found = {k: v for k, v in minigen.info().items() if k not in ("blas", "cpus")}
    driver = cupy_loader.module().cuda.runtime.driverGetVersion()
    return {**found, "cuda_of_driver": int(driver)}


def synchronise() -> None:
    """Wait until the device has done all that it was asked for; nothing on the device double."""
    cuda = getattr(active(), "cuda", None)
    if cuda is not None:
        cuda.runtime.deviceSynchronize()


def make_step(
    workload: str,
    mode: str,
    batch_size: int,
    hidden_size: int = 512,
    backend: str = "cupy",
) -> Ready:
    """One training step of a workload on a fresh mini-batch that is drawn at each call.

    hidden_size: of the LSTM alone.
    """
    minigen.use_backend(backend)
    rng = minigen.generator(0)
    if workload in IMAGES:
        return _of_images(IMAGES[workload].make_training(rng), mode, batch_size, rng)
    return _of_texts(mode, batch_size, hidden_size, rng)


def _captured(method: Any) -> CapturedSteps:
    return CapturedSteps(method, capturer(active()))


def _of_images(method: Any, mode: str, batch_size: int, rng: minigen.Generator) -> Ready:
    count = minigen_side.IMAGES // batch_size * batch_size  # no smaller batch at the end
    pixels = rng.random((count, 784))
    if mode == "eager":
        return Ready(
            lambda: method.step(pixels[asarray(rng.integers(0, count, batch_size))]),
            nullcontext(),
        )
    steps = _captured(method)
    epochs = (steps.batches(pixels, batch_size, rng) for _ in repeat(None))
    batches = chain.from_iterable(epochs)
    return Ready(lambda: steps.take(next(batches)), steps)


def _of_texts(mode: str, batch_size: int, hidden_size: int, rng: minigen.Generator) -> Ready:
    model, rule = char_lstm.make_model(rng, hidden_size)
    method = LanguageTraining(model, rule, char_lstm.STEPS, max_norm=None)
    shape = (TEXTS, char_lstm.STEPS + 1, batch_size)
    text = asarray(rng.integers(0, char_lstm.VOCABULARY, shape))
    steps = _captured(method) if mode == "captured" else None
    turn = 0

    def step() -> None:
        nonlocal turn
        window, turn = text[turn % TEXTS], turn + 1
        x = (window[:-1], window[1:])
        if steps is None:
            method.step(x)
        else:
            steps.take(x)

    return Ready(step, nullcontext() if steps is None else steps)
