"""Exercises of lesson 1: a derivative that a program can take.

Complete each function, then run:  minigen learn check 1
A hint for the first one:  minigen learn hint 1.1
"""

import numpy as np


def product_vjp(gz, x, y):
    """The cotangents of x and y, where z = x * y and y is broadcast.

    x: (rows, columns). y: (columns,), used for every row. gz: the cotangent of z, with the
    shape of x. Returns gx and gy; each has the shape of what it belongs to.
    """
    gx = gz * y
    gy = (gz * x).sum(axis=0)
    return gx, gy


def walk_back(tape):
    """The derivative of the last value of a tape with respect to every value on it.

    tape: for each value a list of pairs (position of an earlier value, derivative of this value
    with respect to that one); an empty list for an input. Every derivative is a number.
    Returns a list with one number for each value; the last of them is 1.
    """
    g = [0.0] * len(tape)
    g[-1] = 1.0
    for k in range(len(tape) - 1, -1, -1):
        for parent, derivative in tape[k]:
            g[parent] += g[k] * derivative
    return g


def matmul_vjp(gc, a, b):
    """The cotangents of a and b, where c = a @ b.

    a: (n, k), b: (k, m), gc: the cotangent of c, (n, m). Returns ga and gb.
    """
    ga = gc @ b.T
    gb = a.T @ gc
    return ga, gb


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, numerical_vjp

rng = np.random.default_rng(1)
PRODUCT_PROBES = tuple(
    (rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=shape[1]))
    for shape in ((2, 3), (3, 3), (4, 1), (1, 2))
)
PRODUCT_MISTAKES = {
    "not_summed": Wrong(
        "the cotangent of y is not summed over the rows that used it",
        lambda gz, x, y: (gz * y, gz * x),
    ),
    "summed_over_columns": Wrong(
        "the sum runs over the columns instead of the rows",
        lambda gz, x, y: (gz * y, (gz * x).sum(axis=1)),
    ),
    "mean_of_rows": Wrong(
        "the mean over the rows instead of the sum",
        lambda gz, x, y: (gz * y, (gz * x).mean(axis=0)),
    ),
    "gz_forgotten_for_y": Wrong(
        "the cotangent of y is not multiplied by gz",
        lambda gz, x, y: (gz * y, x.sum(axis=0)),
    ),
    "gz_forgotten_for_x": Wrong(
        "the cotangent of x is not multiplied by gz",
        lambda gz, x, y: (0 * gz + y, (gz * x).sum(axis=0)),
    ),
    "summed_too_early": Wrong(
        "gz and x are summed before they are multiplied",
        lambda gz, x, y: (gz * y, gz.sum(axis=0) * x.sum(axis=0)),
    ),
    "own_factor": Wrong(
        "each factor is multiplied by itself instead of by the other one",
        lambda gz, x, y: (gz * x, (gz * y).sum(axis=0)),
    ),
    "axis_kept": Wrong(
        "the summed axis is kept, so that gy has two axes",
        lambda gz, x, y: (gz * y, (gz * x).sum(axis=0, keepdims=True)),
    ),
}

# Inputs, values that fan out, a chain, and a value that nothing uses.
TAPES = (
    ([[], [], [(0, 3.0), (1, 2.0)], [(0, -0.4)], [(2, 1.0), (3, 1.0)]],),
    ([[], [(0, 2.0)], [(1, -1.5), (0, 0.3)], [(2, 0.7), (1, 4.0), (0, 1.1)]],),
    ([[], [], [(0, 5.0), (0, -2.0)], [(1, 7.0)], [(2, 0.5)]],),
)


def walked(tape, order, update, last=1.0):
    g = [0.0] * len(tape)
    g[-1] = last
    for k in order(len(tape)):
        for parent, d in tape[k]:
            g[parent] = update(g[parent], g[k], d)
    return g


def back(n):
    return range(n - 1, -1, -1)


WALK_MISTAKES = {
    "assigned": Wrong(
        "assigns where it must add: a value that is used twice keeps only one of its cotangents",
        lambda tape: walked(tape, back, lambda old, g, d: g * d),
    ),
    "forwards": Wrong(
        "walks from the first value to the last",
        lambda tape: walked(tape, range, lambda old, g, d: old + g * d),
    ),
    "no_chain": Wrong(
        "adds the derivative without multiplying it by the cotangent of the later value",
        lambda tape: walked(tape, back, lambda old, g, d: old + d),
    ),
    "added": Wrong(
        "adds derivative and cotangent instead of multiplying them",
        lambda tape: walked(tape, back, lambda old, g, d: old + g + d),
    ),
    "all_ones": Wrong(
        "the cotangents begin at 1 everywhere, not only at the last value",
        lambda tape: ones(tape),
    ),
    "last_is_zero": Wrong(
        "the cotangent of the last value is 0, so nothing flows back",
        lambda tape: walked(tape, back, lambda old, g, d: old + g * d, last=0.0),
    ),
}


def ones(tape):
    g = [1.0] * len(tape)
    for k in back(len(tape)):
        for parent, d in tape[k]:
            g[parent] += g[k] * d
    return g


MATMUL_PROBES = tuple(
    (rng.normal(size=(n, m)), rng.normal(size=(n, k)), rng.normal(size=(k, m)))
    for n, k, m in ((2, 2, 2), (3, 2, 4), (1, 3, 2))
)
MATMUL_MISTAKES = {
    "b_not_transposed": Wrong(
        "b is not transposed: gc @ b instead of gc @ b.T",
        lambda gc, a, b: (gc @ b, a.T @ gc),
    ),
    "a_not_transposed": Wrong(
        "a is not transposed: a @ gc instead of a.T @ gc",
        lambda gc, a, b: (gc @ b.T, a @ gc),
    ),
    "order_of_gb": Wrong(
        "the factors of gb stand in the wrong order: gc @ a.T instead of a.T @ gc",
        lambda gc, a, b: (gc @ b.T, gc @ a.T),
    ),
    "results_swapped": Wrong(
        "ga and gb are returned in the wrong order",
        lambda gc, a, b: (a.T @ gc, gc @ b.T),
    ),
    "transposed_results": Wrong(
        "each result is transposed",
        lambda gc, a, b: (b @ gc.T, gc.T @ a),
    ),
}


def nothing_added(tape):
    return walked(tape, back, lambda old, g, d: g * d)


EXERCISES = (
    Exercise(
        product_vjp,
        checks=(
            Formula(
                numerical_vjp(lambda x, y: x * y),
                PRODUCT_PROBES,
                PRODUCT_MISTAKES,
                inputs=lambda probe, index: dict(zip(("gz", "x", "y"), probe, strict=True)),
                rtol=1e-6,
            ),
        ),
        hints=(
            "Without broadcasting it would be (1.3). Which of the two is used more than once?",
            "y_j is used in every row i, so its cotangent is the sum over i of gz_ij x_ij.",
            "gy = (gz * x).sum(axis=0)",
        ),
        mistakes={
            "not summed": (PRODUCT_MISTAKES["not_summed"].transcription, "not summed"),
            "swapped": (PRODUCT_MISTAKES["own_factor"].transcription, "multiplied by itself"),
        },
    ),
    Exercise(
        walk_back,
        checks=(Formula(walk_back, TAPES, WALK_MISTAKES, axes=("value",)),),
        hints=(
            "Start with a list of zeros, 1.0 at its end, and go through the tape from the end.",
            "For each pair of value k: g[parent] += g[k] * derivative.",
        ),
        mistakes={"assigned": (nothing_added, "assigns where it must add")},
    ),
    Exercise(
        matmul_vjp,
        checks=(
            Formula(
                numerical_vjp(lambda a, b: a @ b),
                MATMUL_PROBES,
                MATMUL_MISTAKES,
                inputs=lambda probe, index: dict(zip(("gc", "a", "b"), probe, strict=True)),
                rtol=1e-6,
            ),
        ),
        hints=(
            "The shapes leave little choice: ga is (n, k), gc is (n, m), b is (k, m).",
            "ga = gc @ b.T",
        ),
        mistakes={
            "no transposition": (MATMUL_MISTAKES["b_not_transposed"].transcription, "b is not"),
        },
    ),
)
