"""Exercises of lesson 9: autoencoders.

Complete each function, then run:  minigen learn check 9
A hint for the first one:  minigen learn hint 9.1
"""

import numpy as np


def smallest_error(x, k):
    """The smallest mean squared error of any linear autoencoder with a code of k numbers.

    x: the data, (rows, columns), with any mean; the autoencoder may subtract the mean row and
    add it again. The error is the mean over all rows and columns, as in (9.1) and (9.4).
    Returns a number.
    """
    s = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return (s[k:] ** 2).sum() / x.size


def cosines_of_angles(a, b):
    """The cosines of the principal angles between two subspaces.

    a, b: (d, k), linearly independent columns that span them; not orthonormal.
    Returns k numbers, the largest first, 1 where a direction is shared.
    """
    q, _ = np.linalg.qr(a)
    r, _ = np.linalg.qr(b)
    return np.linalg.svd(q.T @ r, compute_uv=False)


def best_decoder(codes, x):
    """The matrix W for which codes @ W.T is as near to x as possible.

    codes: (rows, k), x: (rows, d), more rows than k. Near means the sum of all squared
    differences. Returns W, (d, k), the layout of a dense layer's weight.
    """
    solution, *_ = np.linalg.lstsq(codes, x, rcond=None)
    return solution.T


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula

rng = np.random.default_rng(9)


def by_projection(x, k):
    """Projects on the leading eigenvectors of the covariance, and measures what is lost."""
    centred = x - x.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    q = vectors[:, x.shape[1] - k :]
    return float(((centred - centred @ q @ q.T) ** 2).mean())


def values(x, centred=True):
    return np.linalg.svd(x - x.mean(axis=0) if centred else x, compute_uv=False)


DATA = tuple(
    (rng.normal(size=(n, d)) * np.linspace(3, 0.5, d) + 2.0, k)
    for n, d, k in ((20, 5, 2), (9, 4, 1), (6, 3, 0))
) + (
    # the first eigenvalues are not the largest ones; there are fewer rows than columns
    (np.array([[1.0, 3, 0], [2, 0, 1], [4, 1, 5], [0, 2, 2]]) * [0.1, 1, 5], 2),
    (np.random.default_rng(2).normal(size=(4, 7)) * np.linspace(0.5, 3, 7) + 2.0, 2),
)
ERROR_MISTAKES = {
    "not_centred": Wrong(
        "the mean row is not subtracted", lambda x, k: (values(x, False)[k:] ** 2).sum() / x.size
    ),
    "not_squared": Wrong(
        "the singular values are summed without being squared",
        lambda x, k: values(x)[k:].sum() / x.size,
    ),
    "kept": Wrong(
        "the squares of the kept values instead of the dropped ones",
        lambda x, k: (values(x)[:k] ** 2).sum() / x.size,
    ),
    "per_row": Wrong(
        "divided by the number of rows alone: the mean runs over columns too",
        lambda x, k: (values(x)[k:] ** 2).sum() / len(x),
    ),
    "sum": Wrong("the sum instead of the mean", lambda x, k: (values(x)[k:] ** 2).sum()),
    "one_too_many": Wrong(
        "k + 1 values are kept", lambda x, k: (values(x)[k + 1 :] ** 2).sum() / x.size
    ),
    "root": Wrong(
        "the root of the mean squared error",
        lambda x, k: np.sqrt((values(x)[k:] ** 2).sum() / x.size),
    ),
    "ascending": Wrong(
        "eigh puts the smallest first: these are not the dropped ones",
        lambda x, k: (
            np.linalg.eigvalsh((x - x.mean(axis=0)).T @ (x - x.mean(axis=0)))[k:].sum() / x.size
        ),
    ),
    "rows_less_one": Wrong(
        "divided by rows - 1, as np.cov does unless bias=True",
        lambda x, k: (values(x)[k:] ** 2).sum() / (x.size - x.shape[1]),
    ),
    "one_mean": Wrong(
        "one mean of all numbers is subtracted instead of each column's",
        lambda x, k: (values(x - x.mean(), False)[k:] ** 2).sum() / x.size,
    ),
    "mean_of_values": Wrong(
        "divided by the number of singular values, which is not that of the columns where rows "
        "are few",
        lambda x, k: (values(x)[k:] ** 2).sum() / len(values(x)) / len(x),
    ),
}


def first_eigenvalues_kept(x, k):
    """As if np.linalg.eig gave the largest ones first."""
    centred = x - x.mean(axis=0)
    return np.linalg.eig(centred.T @ centred)[0].real[k:].sum() / x.size


def by_gram(a, b):
    """Cosines squared are the eigenvalues of (A'A)^-1 A'B (B'B)^-1 B'A."""
    solve = np.linalg.solve
    square = solve(a.T @ a, a.T @ b) @ solve(b.T @ b, b.T @ a)
    return np.sqrt(np.sort(np.linalg.eigvals(square).real)[::-1])


def orthonormal(a):
    return np.linalg.qr(a)[0]


def cosines(a, b):
    return np.linalg.svd(orthonormal(a).T @ orthonormal(b), compute_uv=False)


PAIRS = tuple(
    (2 * rng.normal(size=(d, k)), rng.normal(size=(d, k)) + 0.5)
    for d, k in ((5, 2), (6, 3), (3, 1))
) + (
    # of these, eigenvalues come with the smallest first
    (
        np.array([[0.1, -0.1], [0.6, 0.1], [-0.5, 0.4], [1.3, 0.9]]),
        np.array([[-0.7, -1.3], [-0.6, 0.0], [-2.3, -0.2], [-1.2, -0.7]]),
    ),
)
ANGLE_MISTAKES = {
    "not_orthonormal": Wrong(
        "the columns are not made orthonormal first",
        lambda a, b: np.linalg.svd(a.T @ b, compute_uv=False),
    ),
    "only_one_length": Wrong(
        "the columns are divided by their lengths, but not made perpendicular",
        lambda a, b: np.linalg.svd(
            (a / np.linalg.norm(a, axis=0)).T @ (b / np.linalg.norm(b, axis=0)), compute_uv=False
        ),
    ),
    "squared": Wrong("the squares of the cosines", lambda a, b: cosines(a, b) ** 2),
    "smallest_first": Wrong("the smallest comes first", lambda a, b: cosines(a, b)[::-1]),
    "angles": Wrong(
        "the angles themselves instead of their cosines",
        lambda a, b: np.arccos(np.clip(cosines(a, b), 0, 1)),
    ),
    "one_basis": Wrong(
        "only one of the two bases is made orthonormal",
        lambda a, b: np.linalg.svd(orthonormal(a).T @ b, compute_uv=False),
    ),
    "diagonal": Wrong(
        "the diagonal of q^T r instead of its singular values",
        lambda a, b: np.sort(abs(np.diag(orthonormal(a).T @ orthonormal(b))))[::-1],
    ),
    "eigenvalues": Wrong(
        "the eigenvalues of q^T r instead of its singular values",
        lambda a, b: np.sort(abs(np.linalg.eigvals(orthonormal(a).T @ orthonormal(b))))[::-1],
    ),
}


def as_they_come(a, b):
    """The eigenvalues of by_gram without being sorted."""
    solve = np.linalg.solve
    square = solve(a.T @ a, a.T @ b) @ solve(b.T @ b, b.T @ a)
    return np.sqrt(np.linalg.eigvals(square).real)


def normal_equations(codes, x):
    return np.linalg.solve(codes.T @ codes, codes.T @ x).T


FITS = tuple(
    (rng.normal(size=(n, k)), rng.normal(size=(n, d)))
    for n, k, d in ((8, 2, 2), (9, 3, 2), (9, 2, 4))
)
DECODER_MISTAKES = {
    "transposed": Wrong(
        "the result has the layout (k, d): transpose it",
        lambda c, x: normal_equations(c, x).T,
    ),
    "no_inverse": Wrong(
        "x^T codes without the inverse of codes^T codes, which holds for orthonormal codes only",
        lambda c, x: x.T @ c,
    ),
    "mean": Wrong(
        "divided by the number of rows instead of multiplied by the inverse of codes^T codes",
        lambda c, x: x.T @ c / len(c),
    ),
    "lengths": Wrong(
        "divided by the squared lengths of the codes' columns, as if they were perpendicular",
        lambda c, x: x.T @ c / (c**2).sum(axis=0),
    ),
    "encoder": Wrong(
        "the best encoder from x to the codes instead of the best decoder",
        lambda c, x: np.linalg.lstsq(x, c, rcond=None)[0],
    ),
    "centred": Wrong(
        "codes and images are centred first, but nothing adds the means again, or an "
        "intercept was fitted and dropped",
        lambda c, x: normal_equations(c - c.mean(axis=0), x - x.mean(axis=0)),
    ),
}

EXERCISES = (
    Exercise(
        smallest_error,
        checks=(Formula(by_projection, DATA, ERROR_MISTAKES, rtol=1e-8),),
        hints=(
            "Subtract the mean row, then np.linalg.svd(..., compute_uv=False).",
            "Sum the squares of the values from number k on, counted from 0.",
            "Divide by x.size, the number of all pixels.",
        ),
        mistakes={
            "mean kept": (ERROR_MISTAKES["not_centred"].transcription, "mean row is not"),
            "kept": (ERROR_MISTAKES["kept"].transcription, "instead of the dropped ones"),
            "as eig gives them": (first_eigenvalues_kept, "first difference"),
            "mean of the values": (
                ERROR_MISTAKES["mean_of_values"].transcription,
                "the number of singular values",
            ),
        },
    ),
    Exercise(
        cosines_of_angles,
        checks=(Formula(by_gram, PAIRS, ANGLE_MISTAKES, rtol=1e-7, axes=("angle",)),),
        hints=(
            "np.linalg.qr gives an orthonormal basis of the columns.",
            "The singular values of q.T @ r come with the largest first.",
        ),
        mistakes={
            "raw": (ANGLE_MISTAKES["not_orthonormal"].transcription, "not made ortho"),
            "not sorted": (as_they_come, "first difference"),
        },
    ),
    Exercise(
        best_decoder,
        checks=(
            Formula(normal_equations, FITS, DECODER_MISTAKES, rtol=1e-8, axes=("row", "column")),
        ),
        hints=(
            "It is a least-squares problem: np.linalg.lstsq(codes, x, rcond=None)[0].",
            "lstsq returns (k, d); a weight has the layout (out, in).",
        ),
        mistakes={
            "layout": (lambda c, x: np.linalg.lstsq(c, x, rcond=None)[0], "(k, d)"),
            "intercept": (
                lambda c, x: np.linalg.lstsq(np.c_[c, np.ones(len(c))], x, rcond=None)[0][:-1].T,
                "an intercept was fitted and dropped",
            ),
        },
    ),
)
