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
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


def best_step(epsilon, f, f3):
    """The step h at which the error bound (2.3) is smallest.

    epsilon: relative error of one evaluation; f: the value of the function; f3: its third
    derivative. f and f3 may be negative. Returns a number.
    """
    return (3 * epsilon * abs(f) / abs(f3)) ** (1 / 3)


def find_the_wrong_rule(functions, rules, x):
    """Which of several rules is wrong, and in which element of its result.

    functions: name -> a function that takes an array like x and returns one of the same shape.
    rules: name -> its vector-Jacobian product rule(gy, x), which returns the cotangent of x.
    x: a vector. One rule is off by 0.1% in one element. Returns (name, index).
    """
    rng = np.random.default_rng(0)
    gy = rng.normal(size=x.shape)
    worst = ("", 0, 0.0)
    for name, function in functions.items():
        expected = central_difference(lambda x, f=function: (gy * f(x)).sum(), x, 1e-5)
        error = abs(rules[name](gy, x) - expected) / (abs(expected) + 1e-3)
        index = int(error.argmax())
        if error[index] > worst[2]:
            worst = (name, index, error[index])
    return worst[0], worst[1]


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula, Property


def cubic(x):
    return float((np.arange(1, x.size + 1).reshape(x.shape) * x**3).sum())


def coupled(x):
    return float(np.prod(x) + np.sin(x).sum())


def reference(f, x, h):
    flat = [
        (f((x.ravel() + h * row).reshape(x.shape)) - f((x.ravel() - h * row).reshape(x.shape)))
        / (2.0 * h)
        for row in np.eye(x.size)
    ]
    return np.array(flat).reshape(x.shape)


def quotients(difference):
    """A gradient made of difference(f, x, step along one element, h)."""

    def gradient(f, x, h):
        rows = np.eye(x.size).reshape(x.size, *x.shape)
        return np.array([difference(f, x, h * row, h) for row in rows]).reshape(x.shape)

    return gradient


DIFFERENCE_MISTAKES = {
    "one_sided": Wrong(
        "one-sided: (f(x + h) - f(x)) / h, whose error is of order h",
        quotients(lambda f, x, s, h: (f(x + s) - f(x)) / h),
    ),
    "backward": Wrong(
        "one-sided to the other side: (f(x) - f(x - h)) / h",
        quotients(lambda f, x, s, h: (f(x) - f(x - s)) / h),
    ),
    "divided_by_h": Wrong(
        "divided by h: the two points are 2 h apart",
        quotients(lambda f, x, s, h: (f(x + s) - f(x - s)) / h),
    ),
    "sign": Wrong(
        "the points are subtracted in the wrong order",
        quotients(lambda f, x, s, h: (f(x - s) - f(x + s)) / (2 * h)),
    ),
    "half_step": Wrong(
        "steps of h / 2 to either side instead of h",
        quotients(lambda f, x, s, h: (f(x + s / 2) - f(x - s / 2)) / h),
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
    (cubic, np.array([1.0, -2.0, 0.5]), 0.1),
    (cubic, np.array([[0.3, -0.7], [1.1, 2.0]]), 0.5),
    (coupled, np.array([0.4, 1.2, -0.8]), 0.2),
)


def first_point(probe, index):
    f, x, h = probe
    return {"f": f.__name__, "x": x, "h": h}


STEP_PROBES = ((2.0**-53, 2.7, 2.7), (2.0**-24, -5.0, 40.0), (1e-10, 3.0, -0.02))
STEP_MISTAKES = {
    "square_root": Wrong(
        "the square root instead of the cube root",
        lambda e, f, f3: np.sqrt(3 * e * abs(f) / abs(f3)),
    ),
    "no_three": Wrong(
        "the factor 3 is missing", lambda e, f, f3: (e * abs(f) / abs(f3)) ** (1 / 3)
    ),
    "precedence": Wrong(
        "x ** 1 / 3 is x / 3: brackets are missing around 1 / 3",
        lambda e, f, f3: (3 * e * abs(f) / abs(f3)) ** 1 / 3,
    ),
    "inverted": Wrong(
        "f and its third derivative have changed places",
        lambda e, f, f3: (3 * e * abs(f3) / abs(f)) ** (1 / 3),
    ),
    "no_root": Wrong("the root is missing", lambda e, f, f3: 3 * e * abs(f) / abs(f3)),
    "six": Wrong(
        "the factor is 6: the derivative of h^2 / 6 is h / 3",
        lambda e, f, f3: (6 * e * abs(f) / abs(f3)) ** (1 / 3),
    ),
}


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


FUNCTIONS = {
    "exp": np.exp,
    "square": lambda x: x * x,
    "tanh": np.tanh,
    "softmax": softmax,
    "cumulative sum": np.cumsum,
}
RULES = {
    "exp": lambda gy, x: gy * np.exp(x),
    "square": lambda gy, x: 2 * gy * x,
    "tanh": lambda gy, x: gy * (1 - np.tanh(x) ** 2),
    "softmax": lambda gy, x: softmax(x) * (gy - gy @ softmax(x)),
    "cumulative sum": lambda gy, x: gy[::-1].cumsum()[::-1],
}


def planted(rule, index, size):
    factors = np.ones(size)
    factors[index] = 1.001
    return lambda gy, x: rule(gy, x) * factors


def finds_every_planting(find):
    x = np.array([0.7, -1.1, 0.4, 1.6, -0.3])
    for index, name in enumerate(FUNCTIONS):
        rules = RULES | {name: planted(RULES[name], index, x.size)}
        found = find(dict(FUNCTIONS), rules, x.copy())
        assert isinstance(found, tuple) and len(found) == 2, "return (name, index)"
        why = "; a cotangent of ones hides a wrong softmax" if name == "softmax" else ""
        assert tuple(found) == (name, index), (
            f"the rule of {name} was wrong in element {index}, you said {found}{why}"
        )


def with_ones(functions, rules, x):
    ones = np.ones_like(x)
    errors = {
        name: abs(rules[name](ones, x) - reference(lambda x, f=f: f(x).sum(), x, 1e-5))
        for name, f in functions.items()
    }
    name = max(errors, key=lambda n: errors[n].max())
    return name, int(errors[name].argmax())


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
        },
    ),
    Exercise(
        best_step,
        checks=(Formula(best_step, STEP_PROBES, STEP_MISTAKES),),
        hints=(
            "Set the derivative of (2.3) with respect to h to zero.",
            "h^3 = 3 epsilon |f| / |f3|; in Python the exponent needs brackets.",
        ),
        mistakes={"precedence": (STEP_MISTAKES["precedence"].transcription, "x ** 1 / 3")},
    ),
    Exercise(
        find_the_wrong_rule,
        checks=(Property("the wrong rule is found", finds_every_planting),),
        hints=(
            "For each name, compare rule(gy, x) with the central difference of (gy * f(x)).sum().",
            "Take a random gy, not ones; and compare relative errors, for the values differ.",
            "index = int(error.argmax()); keep the name with the largest relative error.",
        ),
        mistakes={"ones": (with_ones, "a cotangent of ones hides a wrong softmax")},
    ),
)
