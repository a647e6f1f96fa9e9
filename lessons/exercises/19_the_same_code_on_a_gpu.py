"""Exercises of lesson 19: the same code on a GPU.

Complete each function, then run:  minigen learn check 19
A hint for the first one:  minigen learn hint 19.1
"""

from minigen.backend import xp


def step_time(bytes_moved, flops, t0, bandwidth, rate):
    """The time of a step, in seconds (19.3).

    bytes_moved, flops: (n,), B and F of each operation; t0: seconds to ask for one; bandwidth:
    bytes a second; rate: additions and multiplications a second.
    """
    work = 0.0
    for moved, computed in zip(bytes_moved, flops, strict=True):
        work = work + max(moved / bandwidth, computed / rate)
    return max(len(bytes_moved) * t0, work)


def crossing(t0_host, bandwidth_host, t0_device, bandwidth_device):
    """The bytes an operation must move for host and device to take the same time (19.2).

    t0_host, t0_device: seconds to ask for an operation; bandwidth_host, bandwidth_device: bytes a
    second that each brings from its memory.
    """
    return (t0_device - t0_host) / (1 / bandwidth_host - 1 / bandwidth_device)


def standardise(x):
    """(x - mean) / (standard deviation + 1e-5), column by column, on x's own backend.

    x: (n, d), an array of NumPy, of CuPy or of the device double; it stays as it is. No NumPy
    function may see an array of a device, and the host must not wait for one. The double has what
    minigen itself uses: arithmetic, x.mean(axis=...), x.sum(axis=...) and functions such as
    xp(x).sqrt.
    """
    m = xp(x)
    centred = x - x.mean(axis=0)
    return centred / (m.sqrt((centred * centred).mean(axis=0)) + 1e-5)


# ---- checks: everything below stays out of the reader's copy ----

import minigen
import numpy as np
from minigen.backend import BackendError, to_numpy
from minigen.backend.double import tally
from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Property

MOVED, DONE = np.array([1e6, 4e3, 8e8]), np.array([2e9, 1e3, 1e6])
PROBES = (
    (MOVED, DONE, 5e-6, 1e12, 1e13),
    (MOVED, DONE, 1e-2, 1e12, 1e13),
    (MOVED[:2], DONE[:2], 1e-7, 1e9, 1e9),
)


def timed(bytes_moved, flops, t0, bandwidth, rate, *, each=max, all_together=max):
    times = [each(b / bandwidth, f / rate) for b, f in zip(bytes_moved, flops, strict=True)]
    return all_together(len(times) * t0, float(np.sum(times)))


def equal_at(t0_host, bandwidth_host, t0_device, bandwidth_device):
    saved = (bandwidth_device - bandwidth_host) / (bandwidth_host * bandwidth_device)
    return (t0_device - t0_host) / saved


def total(a, b):
    return a + b


WRONG_TIMES = {
    "waits": Wrong(
        "the sum where the maximum belongs: asking and working go on at the same time",
        lambda *a: timed(*a, all_together=total),
    ),
    "one_after_the_other": Wrong(
        "moving and computing are added up: they go on at the same time",
        lambda *a: timed(*a, each=total),
    ),
    "asked_once": Wrong(
        "t0 is counted once instead of once for each operation: that is a captured step",
        lambda b, f, t0, w, r: max(t0, timed(b, f, 0.0, w, r)),
    ),
    "no_arithmetic": Wrong(
        "F / rate is missing",
        lambda b, f, t0, w, r: timed(b, 0 * f, t0, w, r),
    ),
    "sums_first": Wrong(
        "the maximum is taken of the sums, not operation by operation",
        lambda b, f, t0, w, r: max(len(b) * t0, b.sum() / w, f.sum() / r),
    ),
    "slowest_only": Wrong(
        "only the slowest operation counts: the others have to be done as well",
        lambda b, f, t0, w, r: max(len(b) * t0, float(np.maximum(b / w, f / r).max())),
    ),
}
WRONG_CROSSINGS = {
    "numbers": Wrong(
        "the bandwidths are subtracted; (19.2) subtracts the times a byte takes",
        lambda a, b, c, d: (c - a) / (d - b),
    ),
    "times_bandwidth": Wrong(
        "the device's own bytes are forgotten: it does not work for nothing",
        lambda a, b, c, d: (c - a) * b,
    ),
}
CROSSING_PROBES = ((1e-6, 1e10, 5e-6, 3e12), (0.0, 2e10, 1e-5, 3e10), (2e-6, 1e9, 4e-6, 1e12))
ARRAY = np.random.default_rng(19).normal(size=(7, 3)).astype("float32") * [1, 10, 0.1] + 3


CENTRED, STD = ARRAY - ARRAY.mean(axis=0), ARRAY.std(axis=0)
WRONG_STANDARDS = {
    "1e-5 is added under the root: it belongs to the standard deviation": CENTRED
    / (STD**2 + 1e-5) ** 0.5,
    "1e-5 is left out: a column of equal numbers would be 0 / 0": CENTRED / STD,
    "the variance is divided by n - 1: it is the mean of the squares": CENTRED
    / (ARRAY.std(axis=0, ddof=1) + 1e-5),
    "it divides by the variance: its root is missing": CENTRED / (STD**2 + 1e-5),
    "mean and deviation are those of all numbers: each column has its own": (ARRAY - ARRAY.mean())
    / (ARRAY.std() + 1e-5),
}


def check_numbers(got, expected, rtol, atol=0.0):
    """The first number that is wrong, in the message."""
    assert np.shape(got) == expected.shape, (
        f"the shape must be {expected.shape}, not {np.shape(got)}"
    )
    wrong = np.argwhere(~np.isclose(got, expected, rtol=rtol, atol=atol))
    if len(wrong):
        i, j = wrong[0]
        raise AssertionError(
            f"wrong numbers: in row {i}, column {j} {got[i, j]:.8g} instead of {expected[i, j]:.8g}"
        )


def stays_on_the_device(answer):
    expected = (ARRAY - ARRAY.mean(axis=0)) / (ARRAY.std(axis=0) + 1e-5)
    for dtype, close in (("float64", 1e-9), ("float32", 1e-4)):
        x = ARRAY.astype(dtype)
        if dtype == "float64":
            got = answer(x)
            assert (x == ARRAY).all(), "it changes x in place: make a new array"
            for mistake, numbers in WRONG_STANDARDS.items():
                same = np.shape(got) == numbers.shape and np.allclose(got, numbers, 1e-9, 0)
                assert not same, f"this is a known mistake: {mistake}"
            check_numbers(got, expected, close)
        with minigen.use_backend("double"):
            there = minigen.backend.asarray(x)
            tally.reset()
            try:
                got = answer(there)
            except (TypeError, AttributeError, BackendError) as error:
                raise AssertionError(f"on a device it stops: {error}") from None
            waits = dict(tally.waits)
            assert type(got) is type(there), "what it returns does not lie on x's device"
            assert not waits, f"the host waits for the device ({', '.join(waits)})"
        assert str(got.dtype) == dtype, f"{dtype} became {got.dtype}"
        check_numbers(to_numpy(got), expected, close, close)


def hard_coded(x):
    centred = x - np.mean(x, axis=0)
    return centred / (np.sqrt(np.mean(centred * centred, axis=0)) + 1e-5)


def under_the_root(x):
    m = xp(x)
    centred = x - x.mean(axis=0)
    return centred / m.sqrt((centred * centred).mean(axis=0) + 1e-5)


def waiting(x):
    m = xp(x)
    columns = []
    for j in range(x.shape[1]):
        column = x[:, j]
        mean = float(column.mean())
        spread = float(((column - mean) ** 2).mean()) ** 0.5
        columns.append(((column - mean) / (spread + 1e-5))[:, None])
    return m.concatenate(columns, axis=1)


def brought_home(x):
    host = to_numpy(x)
    return (host - host.mean(axis=0)) / (host.std(axis=0) + 1e-5)


EXERCISES = (
    Exercise(
        step_time,
        checks=(Formula(timed, PROBES, WRONG_TIMES),),
        hints=(
            "One operation takes the longer of its two times; the step takes the longer of "
            "asking for all of them and doing all of them.",
            "work += max(moved / bandwidth, computed / rate) for each; then "
            "max(len(bytes_moved) * t0, work).",
        ),
        mistakes={
            "waits": (WRONG_TIMES["waits"].transcription, "asking and working go on"),
            "asked once": (WRONG_TIMES["asked_once"].transcription, "once for each operation"),
        },
    ),
    Exercise(
        crossing,
        checks=(Formula(equal_at, CROSSING_PROBES, WRONG_CROSSINGS),),
        hints=(
            "Set t0 + B / bandwidth of the host equal to that of the device; solve for B.",
            "(t0_device - t0_host) / (1 / bandwidth_host - 1 / bandwidth_device)",
        ),
        mistakes={"numbers": (WRONG_CROSSINGS["numbers"].transcription, "the times a byte takes")},
    ),
    Exercise(
        standardise,
        checks=(Property("it runs on any backend and makes no device wait", stays_on_the_device),),
        hints=(
            "x.mean(axis=0) is computed where x lies; for a square root ask xp(x).",
            "m = xp(x); centred = x - x.mean(axis=0); m.sqrt((centred * centred).mean(axis=0)).",
        ),
        mistakes={
            "under the root": (under_the_root, "1e-5 is added under the root"),
            "hard-coded": (hard_coded, "on a device it stops"),
            "waiting": (waiting, "the host waits"),
            "brought home": (brought_home, "does not lie on x's device"),
        },
    ),
)
