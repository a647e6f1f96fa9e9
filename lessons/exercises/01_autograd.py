"""Exercises of lesson 1: a derivative that a program can take.

Complete each function, then run:  minigen learn check 1
A hint for the first one:  minigen learn hint 1.1
"""

import numpy as np


def product_vjp(gz, x, y):
    """The cotangents of x and y, where z = x * y and both are broadcast.

    x: (rows, 1), each number used in a whole row of z. y: (columns,), each number used in a
    whole column of z. gz: the cotangent of z, (rows, columns).
    Returns gx and gy; each has the shape of what it belongs to.
    """
    gx = (gz * y).sum(axis=1, keepdims=True)
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
    (rng.normal(size=(n, m)), rng.normal(size=(n, 1)), rng.normal(size=m))
    for n, m in ((2, 3), (3, 3), (4, 1), (1, 2))
)


def gx_of(gz, y):
    return (gz * y).sum(axis=1, keepdims=True)


def gy_of(gz, x):
    return (gz * x).sum(axis=0)


PRODUCT_MISTAKES = {
    "y_not_summed": Wrong(
        "the cotangent of y is not summed over the rows that used it",
        lambda gz, x, y: (gx_of(gz, y), gz * x),
    ),
    "x_not_summed": Wrong(
        "the cotangent of x is not summed over the columns that used it",
        lambda gz, x, y: (gz * y, gy_of(gz, x)),
    ),
    "neither_summed": Wrong(
        "neither cotangent is summed: this is (1.8) without broadcasting",
        lambda gz, x, y: (gz * y, gz * x),
    ),
    "wrong_axes": Wrong(
        "the sums run over the wrong axes: x was copied along axis 1, y along axis 0",
        lambda gz, x, y: ((gz * y).sum(axis=0, keepdims=True), (gz * x).sum(axis=1)),
    ),
    "wrong_axis_of_gx": Wrong(
        "the sum of gx runs over the wrong axis: x was copied along axis 1",
        lambda gz, x, y: ((gz * y).sum(axis=0, keepdims=True), gy_of(gz, x)),
    ),
    "wrong_axis_of_gy": Wrong(
        "the sum of gy runs over the wrong axis: y was copied along axis 0",
        lambda gz, x, y: (gx_of(gz, y), (gz * x).sum(axis=1)),
    ),
    "axis_lost": Wrong(
        "the summed axis of gx is lost: keepdims=True keeps it, so that gx has two axes like x",
        lambda gz, x, y: ((gz * y).sum(axis=1), gy_of(gz, x)),
    ),
    "axis_kept": Wrong(
        "the summed axis of gy is kept, but y has one axis only",
        lambda gz, x, y: (gx_of(gz, y), (gz * x).sum(axis=0, keepdims=True)),
    ),
    "mean": Wrong(
        "means instead of sums",
        lambda gz, x, y: ((gz * y).mean(axis=1, keepdims=True), (gz * x).mean(axis=0)),
    ),
    "gz_forgotten": Wrong(
        "the local derivatives alone: neither is multiplied by gz",
        lambda gz, x, y: (gx_of(np.ones_like(gz), y), gy_of(np.ones_like(gz), x)),
    ),
    "gz_forgotten_for_x": Wrong(
        "the cotangent of x is not multiplied by gz",
        lambda gz, x, y: (gx_of(np.ones_like(gz), y), gy_of(gz, x)),
    ),
    "gz_forgotten_for_y": Wrong(
        "the cotangent of y is not multiplied by gz",
        lambda gz, x, y: (gx_of(gz, y), gy_of(np.ones_like(gz), x)),
    ),
    "summed_too_early": Wrong(
        "sums first and multiplies then: the sum of products is not the product of sums",
        lambda gz, x, y: (gz.sum(axis=1, keepdims=True) * y.sum(), gz.sum(axis=0) * x.sum()),
    ),
    "own_factor": Wrong(
        "each factor is multiplied by itself instead of by the other one",
        lambda gz, x, y: (gx_of(gz, x), gy_of(gz, y)),
    ),
    "results_swapped": Wrong(
        "gx and gy are returned in the wrong order",
        lambda gz, x, y: (gy_of(gz, x), gx_of(gz, y)),
    ),
}

# Inputs, values that fan out, a chain, and a value that nothing uses.
TAPES = (
    ([[], [], [(0, 3.0), (1, 2.0)], [(0, -0.4)], [(2, 1.0), (3, 1.0)]],),
    ([[], [(0, 2.0)], [(1, -1.5), (0, 0.3)], [(2, 0.7), (1, 4.0), (0, 1.1)]],),
    ([[], [], [(0, 5.0), (0, -2.0)], [(1, 7.0)], [(2, 0.5)]],),
)


def by_linear_equations(tape):
    """The cotangents without a walk: they are the g with g_j = [j is last] + sum_k g_k D_kj."""
    direct = np.zeros((len(tape), len(tape)))
    for k, edges in enumerate(tape):
        for parent, derivative in edges:
            direct[k, parent] += derivative
    unit = np.eye(len(tape))
    return np.linalg.solve(unit - direct.T, unit[-1])


def as_array(answer):
    """The reader's function with its list as an array, so that values are counted."""

    def function(tape):
        found = answer(tape)
        return np.array(found) if isinstance(found, list | tuple) else found

    return function


def walked(tape, order, update, last=1.0, others=0.0):
    g = np.full(len(tape), others)
    g[-1] = last
    for k in order(len(tape)):
        for parent, d in tape[k]:
            g[parent] = update(g[parent], g[k], d)
    return g


def back(n):
    return range(n - 1, -1, -1)


def depth_first(tape):
    """A walk that goes on to the parents at once, with what a value has got so far."""
    g = np.zeros(len(tape))
    g[-1] = 1.0

    def visit(k):
        for parent, derivative in tape[k]:
            g[parent] += g[k] * derivative
            visit(parent)

    visit(len(tape) - 1)
    return g


WALK_MISTAKES = {
    "assigned": Wrong(
        "assigns where it must add: a value that is used twice keeps only one of its cotangents",
        lambda tape: walked(tape, back, lambda old, g, d: g * d),
    ),
    "first_use_kept": Wrong(
        "keeps the first cotangent that a value gets and leaves out those of its other uses",
        lambda tape: walked(tape, back, lambda old, g, d: old if old else g * d),
    ),
    "depth_first": Wrong(
        "passes a cotangent on before all uses of the value have added theirs: walk the tape "
        "from its end, value by value",
        depth_first,
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
        lambda tape: walked(tape, back, lambda old, g, d: old + g * d, others=1.0),
    ),
    "last_is_zero": Wrong(
        "the cotangent of the last value is 0, so nothing flows back",
        lambda tape: walked(tape, back, lambda old, g, d: old + g * d, last=0.0),
    ),
}


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
    "neither_transposed": Wrong(
        "neither factor is transposed: gc @ b and a @ gc instead of gc @ b.T and a.T @ gc",
        lambda gc, a, b: (gc @ b, a @ gc),
    ),
    "order_of_ga": Wrong(
        "the factors of ga stand in the wrong order: b.T @ gc instead of gc @ b.T",
        lambda gc, a, b: (b.T @ gc, a.T @ gc),
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
    "gb_transposed": Wrong(
        "gb is transposed: gc.T @ a instead of a.T @ gc",
        lambda gc, a, b: (gc @ b.T, gc.T @ a),
    ),
}


def nothing_added(tape):
    g = [0.0] * (len(tape) - 1) + [1.0]
    for k in back(len(tape)):
        for parent, derivative in tape[k]:
            g[parent] = g[k] * derivative
    return g


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
            "Write the step with indices: z_ij = x_i y_j. How often is x_i used, how often y_j?",
            "y_j is used in every row i, so its cotangent is the sum over i of gz_ij x_i; the "
            "cotangent of x_i is the sum over j of gz_ij y_j.",
            "gy = (gz * x).sum(axis=0). For gx the other axis, and keepdims=True, for x has two.",
        ),
        mistakes={
            "not summed": (
                PRODUCT_MISTAKES["neither_summed"].transcription,
                "without broadcasting",
            ),
            "swapped": (PRODUCT_MISTAKES["own_factor"].transcription, "multiplied by itself"),
            "axis lost": (PRODUCT_MISTAKES["axis_lost"].transcription, "keepdims=True keeps it"),
            "nothing summed for x": (lambda gz, x, y: (gz * y, (gz * x).sum(0)), "not summed"),
        },
    ),
    Exercise(
        walk_back,
        checks=(
            Formula(by_linear_equations, TAPES, WALK_MISTAKES, adapt=as_array, axes=("value",)),
        ),
        hints=(
            "Start with a list of zeros, 1.0 at its end, and go through the tape from the end: "
            "when value k is reached, all that used it have been.",
            "For each pair of value k: g[parent] += g[k] * derivative.",
        ),
        mistakes={
            "assigned": (nothing_added, "assigns where it must add"),
            "depth first": (
                lambda tape: depth_first(tape).tolist(),
                "before all uses of the value",
            ),
        },
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
            "none at all": (lambda gc, a, b: (gc @ b, a @ gc), "neither factor is transposed"),
            "complex": (lambda gc, a, b: (gc @ b.T + 0j, a.T @ gc), "complex numbers"),
        },
    ),
)
