"""What each kernel must compute, as functions of the kernels and the element type.

Functions, so that the tests hold the text to them, and the tests of the tests hold texts with
planted mistakes to them. Outputs are full of NaN before a launch.
"""

import itertools

import numpy as np

import minigen
from minigen.backend import philox
from minigen.nn import Parameter
from minigen.ops import convolve
from minigen.optim import Adam, AdamBiasCorrected

TIGHT = {"float32": 1e-6, "float64": 1e-12}
ULPS = 4  # units in the last place by which two libraries' log, cos and sin may differ
SEEDS = ((0, 0), (1, 3), (2**63 + 17, 2**33 - 2), (2**64 - 1, 2**32 - 5))  # and offsets


def nan(shape, dtype):
    return np.full(shape, np.nan, dtype=dtype)


def numbers(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def close(found, expected, dtype, scale=1.0):
    """Equal but for rounding; scale: how much more of it there may be."""
    assert found.dtype == expected.dtype == dtype
    tolerance = scale * TIGHT[dtype]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# ---------------------------------------------------------------- random numbers
# The vectors of known answers that come with the authors' own code: counter, key, words.
KNOWN = (
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
)  # fmt: skip


def check_known_answers(kernels, _dtype):
    for counter, key, words in KNOWN:
        assert kernels.module.words(counter, key) == words


def drawn(kernels, name, seed, offset, n, dtype):
    out = nan(n, dtype)
    kernels(name, out, np.array(offset, dtype="int64"), n=n, seed=seed)
    return out


def check_uniform(kernels, dtype):
    """Bit for bit the NumPy version."""
    for seed, offset in SEEDS:
        for n in (1, 2, 3, 5, 1001):
            found = drawn(kernels, "philox_uniform", seed, offset, n, dtype)
            np.testing.assert_array_equal(found, philox.uniform(seed, offset, n, dtype))


def check_normal(kernels, dtype):
    """The NumPy version but for a few units in the last place."""
    for seed, offset in SEEDS:
        for n in (1, 2, 3, 5, 1001):
            found = drawn(kernels, "philox_normal", seed, offset, n, dtype)
            expected = philox.normal(seed, offset, n, dtype)
            np.testing.assert_array_max_ulp(found, expected, maxulp=ULPS)


def check_advance(kernels, dtype):
    """Draws with the counter moved on between them are one long draw."""
    counter, n = np.array(2**32 - 7), 30
    steps = philox.positions(n, dtype)
    whole = philox.uniform(5, int(counter), 3 * n + 6, dtype)
    each = 16 // np.dtype(dtype).itemsize
    for i in range(3):
        found = nan(n, dtype)
        kernels("philox_uniform", found, counter, n=n, seed=5)
        np.testing.assert_array_equal(found, whole[i * steps * each :][:n])
        kernels("advance", counter, by=steps)
    assert counter == 2**32 - 7 + 3 * steps


# ---------------------------------------------------------------- update rules
def check_adam(kernels, dtype):
    """[E.ADAM] 20 steps of the rule, with a step size that changes."""
    check_rule(kernels, dtype, "adam")


def check_adam_bias_corrected(kernels, dtype):
    """[E.ADAMBC] 20 steps of the rule, with a step size that changes; t is in memory."""
    check_rule(kernels, dtype, "adam_bias_corrected")


RULES = {"adam": Adam, "adam_bias_corrected": AdamBiasCorrected}
SCALES = np.repeat(10.0 ** np.arange(-9, 4), 24)  # gradients from far below epsilon to far above


def check_rule(kernels, dtype, name):
    hyper = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6}
    p = Parameter(numbers(SCALES.size, dtype, seed=99))
    rule = RULES[name]([p], 1.0, **hyper)
    theta = p.numpy().copy()
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    t, alpha = np.array(0), np.array(0.0)
    corrected, left = name == "adam_bias_corrected", nan(2, "float64")
    for k in range(20):
        g = (numbers(theta.size, dtype, seed=k) * SCALES).astype(dtype)
        alpha[...] = rule.alpha = 0.02 / (1 + k)
        kernels("advance", t, by=1)
        if corrected:
            kernels("bias_corrections", t, left, beta1=0.9, beta2=0.99)
        more = (left,) if corrected else ()
        kernels(name, theta, g, m, v, alpha, *more, n=theta.size, **hyper)
        p.grad = minigen.tensor(g)
        rule.step()
        close(theta, rule.flat.theta, dtype)
        for found, buffer, size in ((m, rule.state["m"], SCALES), (v, rule.state["v"], SCALES**2)):
            assert (abs(found - buffer) <= TIGHT[dtype] * size).all()
    assert t == rule.t == 20


def check_first_step(kernels, dtype):
    """[E.ADAMBC] The first step has the size alpha: 1 - beta2, which float32 knows to three digits
    less than it has, is computed in double."""
    g = numbers(50, dtype)
    theta, m, v = np.zeros((3, g.size), dtype)
    hyper = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-30}
    left = nan(2, "float64")
    kernels("bias_corrections", np.array(1), left, beta1=0.9, beta2=0.999)
    kernels("adam_bias_corrected", theta, g, m, v, np.array(1e-3), left, n=g.size, **hyper)
    np.testing.assert_allclose(theta, -1e-3 * np.sign(g), rtol=TIGHT[dtype], atol=0)


# ---------------------------------------------------------------- convolution
GEOMETRIES = (  # size, kernel, stride, padding, dilation
    ((5, 4), (3, 3), (1, 1), (0, 0), (1, 1)),
    ((5, 4), (3, 2), (1, 1), (1, 1), (1, 1)),
    ((7, 6), (4, 4), (2, 2), (1, 1), (1, 1)),
    ((6, 7), (2, 3), (3, 2), (0, 2), (1, 1)),
    ((7, 9), (2, 3), (1, 2), (2, 1), (3, 2)),
    ((5, 5), (1, 1), (2, 3), (0, 0), (1, 1)),
    ((3, 1), (2, 2), (1, 3), (3, 3), (1, 2)),  # some windows see nothing of the image
)


def windows(case):
    """The settings that the kernels take for a geometry, with 2 images of 3 channels."""
    size, kernel, *moves = case
    out = convolve.Geometry(*moves).output(size, kernel)
    names = ("n", "c", "h", "w", "kh", "kw", "oh", "ow", "sh", "sw", "ph", "pw", "dh", "dw")
    pairs = (size, kernel, out, *moves)
    return dict(zip(names, (2, 3, *(v for pair in pairs for v in pair)), strict=True))


def pixels(a):
    """(position in the row of windows, tap, pixel), for all taps that see a pixel."""
    for image, i, j, u, v in np.ndindex(a["n"], a["oh"], a["ow"], a["kh"], a["kw"]):
        row = a["sh"] * i + a["dh"] * u - a["ph"]
        column = a["sw"] * j + a["dw"] * v - a["pw"]
        if 0 <= row < a["h"] and 0 <= column < a["w"]:
            yield (image, i, j, u, v), (image, row, column)


def image_and_rows(a, dtype):
    """Images (n, h, w, c) and rows (n, oh, ow, kh, kw, c), random."""
    image = numbers((a["n"], a["h"], a["w"], a["c"]), dtype)
    return image, numbers([a[k] for k in ("n", "oh", "ow", "kh", "kw", "c")], dtype, seed=1)


def as_matrix(rows):
    """Rows (n, oh, ow, kh, kw, c) as the matrix that the kernels take, not copied."""
    n, oh, ow, kh, kw, c = rows.shape
    return rows.reshape(n * oh * ow, kh * kw * c)


def check_im2col(kernels, dtype):
    """[E.CONV2D] Bit for bit the loop over all taps."""
    for case in GEOMETRIES:
        a = windows(case)
        x, rows = image_and_rows(a, dtype)
        expected = np.zeros_like(rows)
        for tap, pixel in pixels(a):
            expected[tap] = x[pixel]
        found = nan(as_matrix(rows).shape, dtype)
        kernels("im2col", x, found, **a)
        np.testing.assert_array_equal(found, as_matrix(expected))


def check_col2im(kernels, dtype):
    """[E.CONVTRANSPOSE2D] The sums of the loop over all taps."""
    for case in GEOMETRIES:
        a = windows(case)
        x, rows = image_and_rows(a, dtype)
        expected = np.zeros_like(x)
        for tap, pixel in pixels(a):
            expected[pixel] += rows[tap]
        found = nan(x.shape, dtype)
        kernels("col2im", as_matrix(rows), found, **a)
        close(found, expected, dtype)


# ---------------------------------------------------------------- likelihood
def pixels_and_logits(dtype):
    rng = np.random.default_rng(0)
    extreme = np.array([1e4, -1e4, 88.0, -88.0, 709.0, -709.0, 30.0, 0.0, -0.0])
    logits = np.concatenate([np.repeat(extreme, 3), 5 * rng.standard_normal(200)])
    x = np.concatenate([np.tile([0.0, 0.25, 1.0], 9), rng.random(200)])
    return x.astype(dtype), logits.astype(dtype)


def check_bernoulli(kernels, dtype):
    """[E.BERNOULLI] also at logits of +-1e4"""
    x, logits = pixels_and_logits(dtype)
    y = nan(x.size, dtype)
    kernels("bernoulli_logits", x, logits, y, n=x.size)
    close(y, minigen.bernoulli_log_prob(minigen.tensor(x), minigen.tensor(logits)).numpy(), dtype)
    assert y[2] == y[3] == 0 and y[0] == y[5] == -1e4


def check_bernoulli_gradient(kernels, dtype):
    """[E.BERNOULLI] the gradient with respect to the logits"""
    x, logits = pixels_and_logits(dtype)
    gy, gl = numbers(x.size, dtype, seed=2), nan(x.size, dtype)
    kernels("bernoulli_logits_gradient", gy, x, logits, gl, n=x.size)
    l = minigen.tensor(logits, requires_grad=True)  # noqa: E741 - as in the equation
    minigen.bernoulli_log_prob(minigen.tensor(x), l).backward(minigen.tensor(gy))
    close(gl, l.grad.numpy(), dtype)


# ---------------------------------------------------------------- channels
CHANNELS = ((1, 1, 1, 1), (5, 3, 2, 1), (7, 2, 6, 2), (1000, 3, 6, 3))  # rows, channels, parts, ...


def check_moments(kernels, dtype):
    """[E.BATCHNORM] NumPy's mean and variance, far from 0 as well."""
    for rows, c, parts, groups in CHANNELS:
        x = numbers((rows, c), dtype, seed=1) + np.arange(c, dtype=dtype) * 100
        sizes = {"rows": rows, "c": c}
        of_parts, joined, last = ([nan((n, c), dtype) for _ in "mv"] for n in (parts, groups, 1))
        kernels("moments_of_parts", x, *of_parts, **sizes, parts=parts)
        kernels("moments_joined", *of_parts, *joined, **sizes, parts=parts, groups=groups)
        kernels("moments_joined", *joined, *last, **sizes, parts=groups, groups=1)
        exact = x.astype("float64")
        for found, pieces in ((of_parts, parts), (joined, groups), (last, 1)):
            edges = [rows * p // pieces for p in range(pieces + 1)]
            part = [exact[a:b] for a, b in itertools.pairwise(edges)]
            mean, var = (np.array([f(p, axis=0) for p in part]) for f in (np.mean, np.var))
            close(found[0], mean.astype(dtype), dtype, scale=10)
            close(found[1], var.astype(dtype), dtype, scale=100)


def check_sums(kernels, dtype):
    """[E.BATCHNORM] Sums of gy and of gy (x - centre)."""
    for rows, c, parts, groups in CHANNELS:
        gy, x = numbers((rows, c), dtype, seed=2), numbers((rows, c), dtype, seed=3)
        centre = numbers(c, dtype, seed=4)
        of_parts, joined, last = ([nan((n, c), dtype) for _ in "sd"] for n in (parts, groups, 1))
        kernels("sums_of_parts", gy, x, centre, *of_parts, rows=rows, c=c, parts=parts)
        kernels("sums_joined", *of_parts, *joined, c=c, parts=parts, groups=groups)
        kernels("sums_joined", *joined, *last, c=c, parts=groups, groups=1)
        (total,), (dot,) = last
        exact, deviation = gy.astype("float64"), x.astype("float64") - centre
        close(total, exact.sum(axis=0).astype(dtype), dtype, scale=100)
        close(dot, (exact * deviation).sum(axis=0).astype(dtype), dtype, scale=100)


def check_channel_maps(kernels, dtype):
    """[E.BATCHNORM] scale x + shift, and of_gy gy + of_x x + shift."""
    gy, x = numbers((6, 5), dtype, seed=5), numbers((6, 5), dtype, seed=6)
    a, b, shift = (numbers(5, dtype, seed=s) for s in (7, 8, 9))
    y = nan((6, 5), dtype)
    kernels("channel_affine", x, a, shift, y, rows=6, c=5)
    close(y, a * x + shift, dtype)
    y = nan((6, 5), dtype)
    kernels("channel_combine", gy, x, a, b, shift, y, rows=6, c=5)
    close(y, a * gy + b * x + shift, dtype)
