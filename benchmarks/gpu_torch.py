"""PyTorch's side of the GPU benchmark: eager, compiled, and as one captured graph.

The graph holds a whole step, drawing the batch included where that can be captured, as PyTorch's
own notes on CUDA graphs advise: three steps on a stream of their own before it, an optimiser
that keeps its count on the device, and memory that stays where it is.
"""

import importlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch

from benchmarks.torch_side import Batch, Train, step_of

MODES = ("eager", "compiled", "graph")
MODULES = {name: name for name in ("dense_gan", "mlp_vae", "dcgan", "conv_vae")} | {
    "lstm": "char_lstm"
}
WARM_UP = 3  # steps before a capture


class Ready(NamedTuple):
    """A step without arguments, and the context that it runs in."""

    step: Callable[[], Any]
    context: AbstractContextManager[Any]


def missing() -> str | None:
    """What is missing for this side, and what to do, or None."""
    if not torch.cuda.is_available():
        return (
            f"torch {torch.__version__} finds no CUDA device: install a build with CUDA that fits "
            "the driver, or leave it out with --alone"
        )
    return None


def environment() -> dict[str, Any]:
    """The versions of PyTorch, of its CUDA and of its cuDNN."""
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


def synchronise() -> None:
    """Wait until the device has done all that it was asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def choose_precision() -> None:
    """TF32 for products, convolutions and recurrent nets, or for none of them, by the variable
    that CuPy reads. PyTorch's own default is TF32 for the latter two."""
    wanted = os.environ.get("CUPY_TF32") == "1"
    torch.backends.cuda.matmul.allow_tf32 = wanted
    torch.backends.cudnn.allow_tf32 = wanted


def make_step(
    workload: str,
    mode: str,
    batch_size: int,
    hidden_size: int = 512,
    device: str = "cuda",
    compile_by: str = "inductor",
) -> Ready:
    """One training step of a workload on a fresh mini-batch that is drawn at each call.

    hidden_size: of the LSTM alone. compile_by: the backend of torch.compile.
    """
    choose_precision()
    make = importlib.import_module(f"benchmarks.torch_side.{MODULES[workload]}").make_training
    settings: dict[str, Any] = {"batch_size": batch_size, "device": device}
    if workload == "lstm":
        settings["hidden_size"] = hidden_size
    if mode == "compiled":
        settings["compiled"] = lambda function: torch.compile(function, backend=compile_by)
    if mode == "graph":
        training = make(**settings, capturable=device == "cuda")
        # the LSTM's windows follow one another, which the host counts
        return Ready(captured(*training, draws=workload != "lstm"), nullcontext())
    return Ready(step_of(make(**settings)), nullcontext())


def captured(train: Train, batch: Batch, draws: bool) -> Callable[[], None]:
    """What launches a captured step. draws: whether the graph draws its batches, or finds each in
    the same memory."""
    held = batch()
    if not draws:
        held = held.clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            train(batch() if draws else held)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        train(batch() if draws else held)
    if draws:
        return graph.replay

    def step() -> None:
        held.copy_(batch())
        graph.replay()

    return step
