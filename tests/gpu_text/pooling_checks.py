"""What the kernels of pooling must compute, as ``kernel_checks.py`` does for the others."""

import numpy as np
from gpu_text.kernel_checks import GEOMETRIES, close, image_and_rows, nan, numbers, pixels, windows


def places(a, dtype, seed):
    """Numbers (n, oh, ow, c), one for each window and channel."""
    return numbers([a[k] for k in ("n", "oh", "ow", "c")], dtype, seed)


def seen(a):
    """window (image, i, j) -> the pixels (image, row, column) that it sees, row by row."""
    found = {}
    for (image, i, j, _u, _v), pixel in pixels(a):
        found.setdefault((image, i, j), []).append(pixel)
    return found


def images(a, dtype):
    """Images with equal pixels, with infinities, and with a NaN."""
    x = image_and_rows(a, dtype)[0]
    yield x
    yield np.round(x)
    yield np.full_like(x, -np.inf)
    x[1, 1, 0, 2] = np.nan
    yield x


def largest(x, a):
    """The largest pixel of each window, and where it lies, one by one."""
    y = np.zeros([a[k] for k in ("n", "oh", "ow", "c")], x.dtype)
    winner = np.full(y.shape, -1)
    for window, (*_, c) in ((w, (*w, c)) for w in seen(a) for c in range(a["c"])):
        values = [x[pixel][c] for pixel in seen(a)[window]]
        first = int(np.argmax(values))  # the first of several; a NaN counts as the largest
        _, row, column = seen(a)[window][first]
        y[window][c], winner[window][c] = values[first], row * a["w"] + column
    return y, winner


POOLED = [case for case in GEOMETRIES if case[-2] != (3, 3)]  # every window sees some of the image


def check_max_pool(kernels, dtype):
    """[E.MAXPOOL] The loop over all windows, equal pixels, infinities and NaN included."""
    for a in map(windows, POOLED):
        for x in images(a, dtype):
            y, winner = largest(x, a)
            found, at = nan(y.shape, dtype), np.full(y.shape, -7)
            kernels("max_pool", x, found, at, **a)
            np.testing.assert_array_equal(found, y)
            np.testing.assert_array_equal(at, winner)


def check_pick_winners(kernels, dtype):
    """[E.MAXPOOL] The pixels of another image at the winners."""
    for a in map(windows, POOLED):
        z, x = image_and_rows(a, dtype)[0], numbers((a["n"], a["h"], a["w"], a["c"]), dtype, 9)
        _, winner = largest(x, a)
        flat = z.reshape(a["n"], -1, a["c"])
        picked = nan(winner.shape, dtype)
        kernels("pick_winners", z, winner, picked, **a)
        for image, i, j, c in np.ndindex(*winner.shape):
            assert picked[image, i, j, c] == flat[image, winner[image, i, j, c], c]


def check_window_sum(kernels, dtype):
    """[E.AVGPOOL] The sums of the loop over all windows."""
    for a in map(windows, GEOMETRIES):
        x = image_and_rows(a, dtype)[0]
        y = places(a, dtype, 2)
        expected = np.zeros_like(y)
        for window, among in seen(a).items():
            expected[window] = sum(x[pixel] for pixel in among)
        y[...] = np.nan
        kernels("window_sum", x, y, **a)
        close(y, expected, dtype)


def check_window_spread(kernels, dtype):
    """[E.AVGPOOL] [E.MAXPOOL] What each pixel gets, from all windows or as their winner."""
    for a in map(windows, POOLED):
        x, y = image_and_rows(a, dtype)[0], places(a, dtype, 3)
        _, winner = largest(x, a)
        expected, won = np.zeros_like(x), np.zeros_like(x)
        for window, among in seen(a).items():
            for _, row, column in among:
                expected[window[0], row, column] += y[window]
                hit = winner[window] == row * a["w"] + column
                won[window[0], row, column] += np.where(hit, y[window], 0)
        for which, wanted in ((None, expected), (winner, won)):
            found = nan(x.shape, dtype)
            kernels("window_spread", y, which, found, **a)
            close(found, wanted, dtype)
