"""Exercises of lesson 2: trust, but check.

Complete each function, then run:  minigen learn check 2
A hint for the first one:  minigen learn hint 2.1
"""

import numpy as np


def central_difference(f, x, h):
    """The gradient of f at x, estimated by the central difference (2.2).

    f: a function that takes an array like x and returns one number. x: an array of any shape.
    h: the step. Returns an array of x's shape: in place i the quotient for a step along x_i
    alone. x itself is left as it is.
    """
    gradient = np.zeros(x.shape)
    x = x.astype(float)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


def best_step(epsilon, f, f3):
    """The step h at which the error (2.3) of a central difference is smallest.

    epsilon: relative error of one evaluation; f: the value of the function; f3: its third
    derivative. f and f3 may be negative. Returns a number: the closed form, not a search.
    """
    return (3 * epsilon * abs(f) / abs(f3)) ** (1 / 3)


def complex_step(f, x, h):
    """The gradient of f at x, by the complex step (2.5).

    f: a function that takes a complex array like x and returns one complex number. x: a real
    array of any shape. h: the step, tiny. Returns a real array of x's shape: in place i the
    estimate for a step along x_i alone. x itself is left as it is.
    """
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[i] += 1j * h
        gradient[i] = f(moved).imag / h
    return gradient


def find_the_wrong_rule(functions, rules, x):
    """Which of several rules is wrong, and in which element of its result.

    functions: name -> a function that takes an array like x and returns one of the same shape.
    rules: name -> its vector-Jacobian product rule(gy, x), which returns the cotangent of x.
    x: a vector. One of the rules is off by 0.1% in one element of what it returns, for
    every gy. Returns (name, index): the name of that rule, and which element.
    """
    rng = np.random.default_rng(0)
    gy = rng.normal(size=x.shape)
    worst = ("", 0, 0.0)
    for name, function in functions.items():
        expected = central_difference(lambda x, f=function: (gy * f(x)).sum(), x, 1e-5)
        error = abs(rules[name](gy, x) - expected) / (abs(expected) + 1e-6)
        index = int(error.argmax())
        if error[index] > worst[2]:
            worst = (name, index, error[index])
    return worst[0], worst[1]


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Property
from minigen.learn.planted import finds_every_planting


def powers(x):
    """sum(x^3) + (first x)^2"""
    return (x**3).sum() + x.ravel()[0] ** 2


def waves(x):
    """sin(product of all x) exp(last x)"""
    return np.sin(np.prod(x)) * np.exp(x.ravel()[-1])


def reference(f, x, h):
    flat = [
        (f((x.ravel() + h * row).reshape(x.shape)) - f((x.ravel() - h * row).reshape(x.shape)))
        / (2.0 * h)
        for row in np.eye(x.size)
    ]
    return np.array(flat).reshape(x.shape)


def quotients(difference, steps=np.eye):
    """A gradient made of difference(f, x, step along one element, h)."""

    def gradient(f, x, h):
        rows = steps(x.size).reshape(x.size, *x.shape)
        return np.array([difference(f, x, h * row, h) for row in rows]).reshape(x.shape)

    return gradient


KEPT_STEPS = np.tri  # in row i the steps of all elements up to i
ONE_COPY = "the copy is made once, outside the loop, so that the steps of earlier elements stay in"

DIFFERENCE_MISTAKES = {
    "one_sided": Wrong(
        "one-sided: (f(x + h) - f(x)) / h, whose error is of order h",
        quotients(lambda f, x, s, h: (f(x + s) - f(x)) / h),
    ),
    "backward": Wrong(
        "one-sided, backwards: (f(x) - f(x - h)) / h, whose error is of order h",
        quotients(lambda f, x, s, h: (f(x) - f(x - s)) / h),
    ),
    "same_array": Wrong(
        "the quotient is zero: above and below are one array, or nothing was moved; copy x twice",
        lambda f, x, h: np.zeros(x.shape),
    ),
    "one_copy": Wrong(
        ONE_COPY,
        quotients(lambda f, x, s, h: (f(x + s) - f(x - s)) / (2 * h), KEPT_STEPS),
    ),
    "added": Wrong(
        "the two values are added instead of subtracted",
        quotients(lambda f, x, s, h: (f(x + s) + f(x - s)) / (2 * h)),
    ),
    "not_divided": Wrong(
        "the difference of the two values is not divided by 2 h",
        quotients(lambda f, x, s, h: f(x + s) - f(x - s)),
    ),
    "divided_by_h": Wrong(
        "divided by h: the two points are 2 h apart",
        quotients(lambda f, x, s, h: (f(x + s) - f(x - s)) / h),
    ),
    "sign": Wrong(
        "the points are subtracted in the wrong order",
        quotients(lambda f, x, s, h: (f(x - s) - f(x + s)) / (2 * h)),
    ),
    "precedence": Wrong(
        "divides by 2 and multiplies by h: brackets are missing around 2 * h",
        quotients(lambda f, x, s, h: (f(x + s) - f(x - s)) / 2 * h),
    ),
    "all_at_once": Wrong(
        "h is added to all elements at once, which gives the sum of the gradient everywhere",
        lambda f, x, h: np.full_like(x, (f(x + h) - f(x - h)) / (2 * h)),
    ),
}
DIFFERENCE_PROBES = (
    (powers, np.array([1.0, -2.0, 0.5]), 0.1),
    (powers, np.array([[0.3, -0.7], [1.1, 2.0]]), 0.5),
    (waves, np.array([0.4, 1.2, -0.8]), 0.2),
)


def first_point(probe, index):
    f, x, h = probe
    return {"f": f.__doc__, "x": x, "h": h}


def root_of_the_slope(epsilon, f, f3):
    """The h at which h^2 times the derivative of (2.3) is zero; the other two are complex."""
    return np.roots([abs(f3) / 3, 0, 0, -epsilon * abs(f)]).real.max()


STEP_PROBES = tuple(
    map(tuple, np.array([[2.0**-53, 2.7, 2.7], [2.0**-24, -5.0, 40.0], [1e-10, 3.0, -0.02]]))
)
STEP_MISTAKES = {
    "square_root": Wrong(
        "the square root instead of the cube root",
        lambda e, f, f3: np.sqrt(3 * e * abs(f) / abs(f3)),
    ),
    "signs": Wrong(
        "without absolute values: f and f3 may be negative, and then there is no real root",
        lambda e, f, f3: (3 * e * f / f3) ** (1 / 3),
    ),
    "cube_root_of_signed": Wrong(
        "np.cbrt without absolute values: f / f3 may be negative, but a step is not",
        lambda e, f, f3: np.cbrt(3 * e * f / f3),
    ),
    "f3_signed": Wrong(
        "only f has its absolute value, and f3 may be negative",
        lambda e, f, f3: (3 * e * abs(f) / f3) ** (1 / 3),
    ),
    "f_signed": Wrong(
        "only f3 has its absolute value, and f may be negative",
        lambda e, f, f3: (3 * e * f / abs(f3)) ** (1 / 3),
    ),
    "no_three": Wrong(
        "the factor 3 is missing", lambda e, f, f3: (e * abs(f) / abs(f3)) ** (1 / 3)
    ),
    "precedence": Wrong(
        "x ** 1 / 3 is x / 3: brackets are missing around 1 / 3",
        lambda e, f, f3: (3 * e * abs(f) / abs(f3)) ** 1 / 3,
    ),
    "six": Wrong(
        "the factor is 6: the derivative of h^2 / 6 is h / 3",
        lambda e, f, f3: (6 * e * abs(f) / abs(f3)) ** (1 / 3),
    ),
}


def exact(f, x, h):
    """(2.5) for the two functions above, found on paper; for the second as h goes to zero."""
    if f is powers:
        gradient = 3 * x**2 - h**2
        gradient.ravel()[0] += 2 * x.ravel()[0]
        return gradient
    product, last = np.prod(x), x.ravel()[-1]
    gradient = np.cos(product) * np.exp(last) * product / x
    gradient.ravel()[-1] += np.sin(product) * np.exp(last)
    return gradient


COMPLEX_PROBES = (
    (powers, np.array([1.0, -2.0, 0.5]), 1e-30),
    (waves, np.array([[0.3, -0.7], [1.1, 2.0]]), 1e-20),
    (powers, np.array([[0.3, -0.7], [1.1, 2.0]]), 0.1),
)
COMPLEX_MISTAKES = {
    "real_part": Wrong(
        "the real part, which is f(x) itself up to h^2, instead of the imaginary part",
        quotients(lambda f, x, s, h: f(x + 1j * s).real / h),
    ),
    "not_divided": Wrong(
        "the imaginary part is not divided by h",
        quotients(lambda f, x, s, h: f(x + 1j * s).imag),
    ),
    "divided_by_2h": Wrong(
        "divided by 2 h: there is only one step here, not one to either side",
        quotients(lambda f, x, s, h: f(x + 1j * s).imag / (2 * h)),
    ),
    "nothing_imaginary": Wrong(
        "no imaginary part reached f: the step is real, or i h was stored in a real array, which "
        "drops it; x.astype(complex) can hold it",
        lambda f, x, h: np.zeros(x.shape),
    ),
    "real_steps": Wrong(
        "a real step to either side: x + h is x when h is this small, and the difference is zero",
        quotients(lambda f, x, s, h: (f(x + s) - f(x - s)) / (2 * h)),
    ),
    "real_step": Wrong(
        "a real step: x + h is x when h is this small, and the difference is zero",
        quotients(lambda f, x, s, h: (f(x + s) - f(x)) / h),
    ),
    "one_copy": Wrong(ONE_COPY, quotients(lambda f, x, s, h: f(x + 1j * s).imag / h, KEPT_STEPS)),
    "sign": Wrong(
        "the sign is wrong: i h is added, and the imaginary part taken as it is",
        quotients(lambda f, x, s, h: -f(x + 1j * s).imag / h),
    ),
    "multiplied": Wrong(
        "multiplied by h instead of divided by it",
        quotients(lambda f, x, s, h: f(x + 1j * s).imag * h),
    ),
    "derivative_itself": Wrong(
        "a step of its own instead of h: the estimate (2.5) with the given h is asked for",
        lambda f, x, h: exact(f, x, 0.0),
    ),
    "all_at_once": Wrong(
        "i h is added to all elements at once, which gives the sum of the gradient everywhere",
        lambda f, x, h: np.full_like(x, f(x + 1j * h).imag / h),
    ),
}


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


STEEP = 1e9  # the error of its quotient is larger than 0.1% of the other functions' cotangents
FUNCTIONS = {
    "exp": np.exp,
    "square": lambda x: x * x,
    "steep cube": lambda x: STEEP * x**3,
    "tanh": np.tanh,
    "softmax": softmax,
    "cumulative sum": np.cumsum,
}
RULES = {
    "exp": lambda gy, x: gy * np.exp(x),
    "square": lambda gy, x: 2 * gy * x,
    "steep cube": lambda gy, x: 3 * STEEP * gy * x**2,
    "tanh": lambda gy, x: gy * (1 - np.tanh(x) ** 2),
    "softmax": lambda gy, x: softmax(x) * (gy - gy @ softmax(x)),
    "cumulative sum": lambda gy, x: gy[::-1].cumsum()[::-1],
}


def search(cotangent, scale):
    """The solution with another cotangent(x), and with error / scale(expected)."""

    def find(functions, rules, x):
        gy, worst = cotangent(x), ("", 0, 0.0)
        for name, f in functions.items():
            expected = reference(lambda x, f=f: (gy * f(x)).sum(), x, 1e-5)
            error = abs(rules[name](gy, x) - expected) / scale(expected)
            if error.max() > worst[2]:
                worst = (name, int(error.argmax()), error.max())
        return worst[:2]

    return find


def random(x):
    return np.random.default_rng(0).normal(size=x.shape)


def relative(expected):
    return abs(expected) + 1e-6


def no_copies(f, x, h):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = x, x
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


EXERCISES = (
    Exercise(
        central_difference,
        checks=(Formula(reference, DIFFERENCE_PROBES, DIFFERENCE_MISTAKES, inputs=first_point),),
        hints=(
            "Change one element at a time: np.ndindex(x.shape) gives all indices.",
            "Copy x before you change it: above = x.copy(); above[i] += h.",
            "(f(above) - f(below)) / (2 * h)",
        ),
        mistakes={
            "one-sided": (DIFFERENCE_MISTAKES["one_sided"].transcription, "one-sided"),
            "by h": (DIFFERENCE_MISTAKES["divided_by_h"].transcription, "2 h apart"),
            "no copies": (no_copies, "above and below are one array"),
        },
    ),
    Exercise(
        best_step,
        checks=(Formula(root_of_the_slope, STEP_PROBES, STEP_MISTAKES),),
        hints=(
            "Set the derivative of (2.3) with respect to h to zero.",
            "h^3 = 3 epsilon |f| / |f3|; in Python the exponent needs brackets.",
        ),
        mistakes={
            "precedence": (STEP_MISTAKES["precedence"].transcription, "x ** 1 / 3"),
            "complex": (
                lambda e, f, f3: (3 * float(e) * float(f) / float(f3)) ** (1 / 3),
                "complex numbers",
            ),
        },
    ),
    Exercise(
        complex_step,
        checks=(Formula(exact, COMPLEX_PROBES, COMPLEX_MISTAKES, inputs=first_point),),
        hints=(
            "As in central_difference, one element at a time, but there is one evaluation only.",
            "A real array cannot hold i h: moved = x.astype(complex), then moved[i] += 1j * h.",
            "f(moved).imag / h",
        ),
        mistakes={
            "real part": (COMPLEX_MISTAKES["real_part"].transcription, "the real part"),
            "central": (central_difference, "a real step to either side"),
            "no i": (quotients(lambda f, x, s, h: f(x + s).imag / h), "no imaginary part reached"),
            "complex result": (
                lambda f, x, h: np.array(
                    [f(x + 1j * h * row.reshape(x.shape)) / (1j * h) for row in np.eye(x.size)]
                ),
                "it returns complex numbers",
            ),
            "h ignored": (lambda f, x, h: complex_step(f, x, 1e-20), "a step of its own"),
        },
    ),
    Exercise(
        find_the_wrong_rule,
        checks=(Property("the wrong rule is found", finds_every_planting(FUNCTIONS, RULES)),),
        hints=(
            "For each name, compare rule(gy, x) with the central difference of (gy * f(x)).sum().",
            "Take a random gy, not ones; and compare relative errors, for the values differ.",
            "index = int(error.argmax()); keep the name with the largest relative error.",
        ),
        mistakes={
            "ones": (search(np.ones_like, relative), "a cotangent of ones hides a wrong softmax"),
            "absolute": (search(random, np.ones_like), "relative to the value"),
            "guessed": (lambda functions, rules, x: ("exp", 0), "you said ('exp', 0)"),
        },
    ),
)
