"""What reaches the device fits the table, and what does not is refused with what to do.

A kernel that is handed a wrong array reads and writes other arrays' memory, and no error says so.
"""

import re

import numpy as np
import pytest

from minigen.backend.kernels import (
    MOST_BLOCKS,
    OPTIONS,
    TABLE,
    THREADS,
    Kernels,
    entry_points,
    text,
)  # fmt: skip


class Recorder:
    """Stands in for the cupy module, and writes down what would be compiled and launched."""

    ndarray = np.ndarray

    def __init__(self):
        self.compiled, self.found, self.launched = [], [], []

    def RawModule(self, code, options):  # noqa: N802 - its name in CuPy
        self.compiled.append((code, options))
        return self

    def get_function(self, name):
        self.found.append(name)
        return lambda grid, block, arguments: self.launched.append((name, grid, block, arguments))


@pytest.fixture
def recorder():
    return Recorder()


def zeros(*shape, dtype="float32"):
    return np.zeros(shape, dtype=dtype)


def adam(recorder, size=5, dtype="float32", names=None, **changes):
    """A launch of Adam with some of its arguments replaced."""
    arrays = {name: zeros(size, dtype=dtype) for name in ("theta", "g", "m", "v")}
    arrays["alpha"] = zeros(dtype="float64")
    settings = {"n": size, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    for key, value in changes.items():
        (arrays if key in arrays else settings)[key] = value
    settings = {k: v for k, v in settings.items() if v is not None}
    kernels = Kernels(recorder)
    kernels("adam", *(arrays[k] for k in names or arrays), **settings)
    return arrays


# ---------------------------------------------------------------- what is launched
def test_the_text_is_compiled_once_and_late(recorder):
    kernels = Kernels(recorder)
    assert recorder.compiled == []
    for _ in range(3):
        kernels("advance", zeros(dtype="int64"), by=1)
    kernels("philox_normal", zeros(3), zeros(dtype="int64"), n=3, seed=0)
    assert recorder.compiled == [(text(), OPTIONS)]
    assert recorder.found == ["advance", "philox_normal_float32"]
    kernels.compile()
    assert len(recorder.compiled) == 1 and sorted(recorder.found) == sorted(entry_points())


def test_arrays_choose_the_entry_point_and_numbers_have_their_types(recorder):
    arrays = adam(recorder, dtype="float64", beta1=np.float32(0.5))
    ((name, grid, block, arguments),) = recorder.launched
    assert (name, grid, block) == ("adam_float64", (1,), (THREADS,))
    assert all(a is b for a, b in zip(arguments, arrays.values(), strict=False))
    assert [(a.dtype.name, a) for a in arguments[5:]] == [
        ("int32", 5), ("float64", 0.5), ("float64", 0.999), ("float64", 1e-8),
    ]  # fmt: skip


@pytest.mark.parametrize(("far", "kind", "entry"), [
    (5, "int64", "adam_float32_far"), (6, "int32", "adam_float32"),
])  # fmt: skip
def test_large_arrays_are_counted_in_64_bits(far, kind, entry, recorder, from_here_on_far):
    from_here_on_far(far)
    adam(recorder)
    ((name, _, _, arguments),) = recorder.launched
    assert name == entry and arguments[5].dtype == kind and arguments[6].dtype == "float64"


def test_a_large_setting_is_counted_in_64_bits_too(recorder):
    x = zeros(1, 1, 1, 1)
    sizes = dict.fromkeys(("n", "h", "w", "c", "kh", "kw", "oh", "ow", "dh", "dw"), 1)
    Kernels(recorder)("im2col", x, x.reshape(1, 1), **sizes, ph=0, pw=0, sh=2**32, sw=1)
    ((name, _, _, arguments),) = recorder.launched
    assert name == "im2col_float32_far" and arguments[10] == 2**32


def test_no_array_is_the_null_pointer_and_a_seed_has_64_bits(recorder):
    kernels = Kernels(recorder)
    state, gates, y = zeros(3, 2), zeros(12, 2), zeros(2, 3)
    kernels("lstm_cell_forward", gates, *[state] * 4, y, None, hidden=3, n=2, t=0)
    kernels("philox_uniform", zeros(1), zeros(dtype="int64"), n=1, seed=2**64 - 1)
    lengths, seed = recorder.launched[0][3][6], recorder.launched[1][3][3]
    assert (lengths.dtype, lengths) == ("uint64", 0)
    assert (seed.dtype, int(seed)) == ("uint64", 2**64 - 1)


@pytest.mark.parametrize(
    ("n", "blocks"),
    [(1, 1), (THREADS, 1), (THREADS + 1, 2), (THREADS * MOST_BLOCKS + 1, MOST_BLOCKS)],
)
def test_the_grid_covers_the_work_or_goes_round(n, blocks, recorder):
    x = np.empty(n, dtype="float32")
    Kernels(recorder)("bernoulli_logits", x, x, x, n=n)
    assert recorder.launched[0][1] == (blocks,)


def test_without_work_nothing_is_launched(recorder):
    adam(recorder, size=0)
    assert recorder.launched == [] and recorder.compiled == []


# ---------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"g": [1.0]}, TypeError, "g must be an array on the device, .*; got list; convert"),
        ({"g": None}, TypeError, "g must be an array on the device.* got NoneType"),
        ({"m": zeros(5, dtype="float64")}, TypeError, "m must be float32; got float64; convert"),
        ({"theta": zeros(5, dtype="float16")}, TypeError, "theta must be float32 or float64; got"),
        ({"alpha": zeros()}, TypeError, "alpha must be float64; got float32"),
        ({"v": zeros(4)}, ValueError, r"v must have the shape \(n\) = \(5,\); got \(4,\); correct"),
        ({"v": zeros(5, 1)}, ValueError, r"v must have the shape .* got \(5, 1\)"),
        ({"alpha": zeros(1, dtype="float64")}, ValueError, r"alpha .* \(\) = \(\); got \(1,\)"),
        ({"g": zeros(10)[::2]}, ValueError, r"g must be contiguous.* got strides \(8,\) .* copy"),
        ({"names": ("theta", "g")}, TypeError, "the arrays must be theta, g, m, v, alpha; got 2"),
        ({"beta3": 0.5}, TypeError, "the settings must be n, beta1, beta2, epsilon; got .*beta3"),
        ({"beta1": None}, TypeError, "the settings must be .*; got n, beta2, epsilon; pass"),
        ({"beta1": "0.9"}, TypeError, "beta1 must be a number that fits float64; got '0.9'"),
        ({"beta1": np.array(0.9)}, TypeError, r"beta1 .* got array\(0.9\); .* not an array"),
        ({"n": 5.0}, TypeError, "n must be a number that fits int64; got 5.0"),
        ({"n": True}, TypeError, "n must be a number that fits int64; got True"),
        ({"beta2": -0.1}, ValueError, "beta2 must be >= 0; got -0.1"),
        ({"epsilon": float("nan")}, ValueError, "epsilon must be >= 0; got nan"),
    ],
)  # fmt: skip
def test_what_the_table_does_not_allow_is_refused(changes, error, message, recorder):
    with pytest.raises(error, match=f"^adam: {message}"):
        adam(recorder, **changes)
    assert recorder.launched == []


def test_shapes_follow_from_several_settings(recorder):
    kernels = Kernels(recorder)
    settings = dict.fromkeys(TABLE["im2col"].settings, 1) | {"ph": 0, "pw": 0, "c": 3, "kw": 2}
    message = "rows must have the shape (n*oh*ow, kh*kw*c) = (1, 6); got (1, 3)"
    with pytest.raises(ValueError, match=re.escape(message)):
        kernels("im2col", zeros(1, 1, 1, 3), zeros(1, 3), **settings)
    with pytest.raises(ValueError, match="im2col: sh must be >= 1; got 0"):
        kernels("im2col", zeros(1, 1, 1, 3), zeros(1, 6), **{**settings, "sh": 0})
    with pytest.raises(TypeError, match="seed must be a number that fits uint64; got -1"):
        kernels("philox_normal", zeros(3), zeros(dtype="int64"), n=3, seed=-1)
    kernels("im2col", zeros(1, 1, 1, 3), zeros(1, 6), **settings)
    assert len(recorder.launched) == 1


def test_a_kernel_that_is_not_there_is_named_with_the_choice(recorder):
    with pytest.raises(ValueError, match="one of philox_uniform, .*; got 'adamw'; correct it"):
        Kernels(recorder)("adamw")
