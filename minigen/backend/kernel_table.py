"""The kernels of the CUDA texts (FILES): what each computes and takes.

Arrays are contiguous; shapes are products of the settings. The tests compile a launcher for each
row, so that the table and the text cannot disagree.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

FILES = ("kernels.cu", "channels.cu", "pooling.cu")
KINDS = ("_float32", "_float64", "_float32_far", "_float64_far")  # of entry points
FLOAT = "float"  # the element type: float32 or float64, one for all such arrays of a call


@dataclass(frozen=True)
class Buffer:
    """An array argument. shape: axes as products of settings, such as ("4*hidden", "n")."""

    name: str
    shape: tuple[str, ...]
    dtype: str = FLOAT
    written: bool = False
    optional: bool = False  # None is passed as the null pointer


@dataclass(frozen=True)
class Kernel:
    """One row of the table: first the arrays, then the settings (name -> type), in the order of
    the text; ``work``: the axes whose product is the number of things to share out."""

    computes: str
    equation: str | None
    arrays: tuple[Buffer, ...]
    settings: dict[str, str]
    work: str

    @property
    def typed(self) -> bool:
        """Whether there is an entry point for each element type, near and far."""
        return any(array.dtype == FLOAT for array in self.arrays)


def _reads(shape: str, *names: str) -> tuple[Buffer, ...]:
    return tuple(Buffer(name, tuple(shape.split())) for name in names)


def _writes(shape: str, *names: str) -> tuple[Buffer, ...]:
    return tuple(Buffer(name, tuple(shape.split()), written=True) for name in names)


def _whole(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "int64")


ALPHA = Buffer("alpha", (), "float64")
OFFSET = Buffer("offset", (), "int64")
LENGTHS = Buffer("lengths", ("n",), "int64", optional=True)
BETAS = _whole("n") | dict.fromkeys(("beta1", "beta2", "epsilon"), "float64")
DRAW = _writes("n", "out") + (OFFSET,)
STATE = _whole("hidden", "n", "t")
WINDOWS = _whole("n", "h", "w", "c", "kh", "kw", "oh", "ow", "sh", "sw", "ph", "pw", "dh", "dw")
PARTS = _whole("rows", "c", "parts")
IMAGE, ROWS, PLACES = "n h w c", "n*oh*ow kh*kw*c", "n oh ow c"
WINNER = Buffer("winner", tuple(PLACES.split()), "int64")

TABLE = {
    "philox_uniform": Kernel(
        "numbers uniform on [0, 1) from the stream of a seed, from position offset on",
        None, DRAW, _whole("n") | {"seed": "uint64"}, "n",
    ),
    "philox_normal": Kernel(
        "draws from N(0, 1) from the stream of a seed, from position offset on",
        None, DRAW, _whole("n") | {"seed": "uint64"}, "n",
    ),
    "advance": Kernel(
        "counter += by, for a position in a stream of random numbers or a number of steps",
        None, (Buffer("counter", (), "int64", written=True),), _whole("by"), "",
    ),
    "adam": Kernel(
        "one step of Adam, as stated", "E.ADAM",
        _writes("n", "theta") + _reads("n", "g") + _writes("n", "m", "v") + (ALPHA,), BETAS, "n",
    ),
    "adam_bias_corrected": Kernel(
        "step t of Adam with bias correction, t from 1", "E.ADAMBC",
        _writes("n", "theta") + _reads("n", "g") + _writes("n", "m", "v")
        + (ALPHA, Buffer("left", ("2",), "float64")), BETAS, "n",
    ),
    "bias_corrections": Kernel(
        "left = (1 - beta1^t, 1 - beta2^t), what step t is corrected by", "E.ADAMBC",
        (Buffer("t", (), "int64"), Buffer("left", ("2",), "float64", written=True)),
        dict.fromkeys(("beta1", "beta2"), "float64"), "",
    ),
    "lstm_cell_forward": Kernel(
        "the gates in place of what they are functions of, c, tanh c, the state h, and h as output",
        "E.LSTM",
        _writes("4*hidden n", "a") + _reads("hidden n", "c_before")
        + _writes("hidden n", "c", "tanh_c", "state") + _writes("n hidden", "y_t") + (LENGTHS,),
        STATE, "hidden*n",
    ),
    "lstm_cell_backward": Kernel(
        "the gradients of what the gates are functions of (twice: feature by example and example "
        "by feature), and of c before the step in place of that after it", "E.LSTM",
        _reads("4*hidden n", "gates") + _reads("hidden n", "tanh_c", "c_before")
        + _reads("n hidden", "gy_t") + _reads("hidden n", "gh_next", "gh_last")
        + _writes("hidden n", "gc") + _writes("4*hidden n", "ga") + _writes("n 4*hidden", "ga_t")
        + (LENGTHS,),
        STATE, "hidden*n",
    ),
    "im2col": Kernel(
        "the window at each position of channels-last images as a row; zeros outside the image",
        "E.CONV2D", _reads(IMAGE, "x") + _writes(ROWS, "rows"), WINDOWS, "n*oh*ow*kh*kw*c",
    ),
    "col2im": Kernel(
        "the adjoint of im2col: each pixel sums what the windows that see it hold for it",
        "E.CONVTRANSPOSE2D", _reads(ROWS, "rows") + _writes(IMAGE, "x"), WINDOWS, "n*h*w*c",
    ),
    "bernoulli_logits": Kernel(
        "log p(x) from logits, element by element, in nats", "E.BERNOULLI",
        _reads("n", "x", "logits") + _writes("n", "y"), _whole("n"), "n",
    ),
    "bernoulli_logits_gradient": Kernel(
        "the gradient of log p(x) with respect to the logits", "E.BERNOULLI",
        _reads("n", "gy", "x", "logits") + _writes("n", "gl"), _whole("n"), "n",
    ),
    "moments_of_parts": Kernel(
        "mean and variance of each channel over parts of the rows", "E.BATCHNORM",
        _reads("rows c", "x") + _writes("parts c", "mean", "var"), PARTS, "parts*c",
    ),
    "moments_joined": Kernel(
        "mean and variance of each channel over groups of parts from those of the parts",
        "E.BATCHNORM",
        _reads("parts c", "means", "vars") + _writes("groups c", "mean", "var"),
        PARTS | _whole("groups"), "groups*c",
    ),
    "sums_of_parts": Kernel(
        "sums of gy and gy (x - centre) of each channel over parts of the rows", "E.BATCHNORM",
        _reads("rows c", "gy", "x") + _reads("c", "centre") + _writes("parts c", "sum", "dot"),
        PARTS, "parts*c",
    ),
    "sums_joined": Kernel(
        "the sums of each channel over groups of parts from those of the parts", "E.BATCHNORM",
        _reads("parts c", "sums", "dots") + _writes("groups c", "sum", "dot"),
        _whole("c", "parts", "groups"), "groups*c",
    ),
    "channel_affine": Kernel(
        "scale x + shift, channel by channel", "E.BATCHNORM",
        _reads("rows c", "x") + _reads("c", "scale", "shift") + _writes("rows c", "y"),
        _whole("rows", "c"), "rows*c",
    ),
    "channel_combine": Kernel(
        "of_gy gy + of_x x + shift, channel by channel", "E.BATCHNORM",
        _reads("rows c", "gy", "x") + _reads("c", "of_gy", "of_x", "shift")
        + _writes("rows c", "y"),
        _whole("rows", "c"), "rows*c",
    ),
    "max_pool": Kernel(
        "the largest pixel of each window, and where it lies: row * w + column", "E.MAXPOOL",
        _reads(IMAGE, "x") + _writes(PLACES, "y") + (replace(WINNER, written=True),),
        WINDOWS, "n*oh*ow*c",
    ),
    "pick_winners": Kernel(
        "what z has at each window's winner", "E.MAXPOOL",
        _reads(IMAGE, "z") + (WINNER,) + _writes(PLACES, "picked"), WINDOWS, "n*oh*ow*c",
    ),
    "window_sum": Kernel(
        "the sum of each window", "E.AVGPOOL",
        _reads(IMAGE, "x") + _writes(PLACES, "y"), WINDOWS, "n*oh*ow*c",
    ),
    "window_spread": Kernel(
        "each pixel sums the windows that see it, with winner those whose winner it is",
        "E.AVGPOOL",
        _reads(PLACES, "y") + (replace(WINNER, optional=True),) + _writes(IMAGE, "wide"),
        WINDOWS, "n*h*w*c",
    ),
}  # fmt: skip


def text() -> str:
    """The CUDA C text of all kernels."""
    return "".join(Path(__file__).with_name(name).read_text("utf-8") for name in FILES)


def entry_points() -> list[str]:
    """The names of all functions in the text that can be launched."""
    names = []
    for name, kernel in TABLE.items():
        names += [name + kind for kind in KINDS] if kernel.typed else [name]
    return names


def size(axis: str, settings: dict[str, Any]) -> int:
    """An axis such as "4*hidden" as a number; the empty axis is 1."""
    factors = axis.split("*") if axis else []
    return math.prod(int(f) if f.isdigit() else int(settings[f]) for f in factors)
