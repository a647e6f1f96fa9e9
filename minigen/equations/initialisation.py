r"""Entries for the standard deviations with which weights begin.

The transcriptions count: how many weights feed one output, and how many one input feeds. The
wrong variants are the usual ones: the other fan, a forgotten root, a forgotten kernel.
"""

import numpy

from minigen.equations.equation import Wrong, equation

SYMBOLS = {
    r"\sigma": "standard deviation of the weights",
    r"n_{in}": "fan_in: how many numbers feed one output, kernel included",
    r"n_{out}": "fan_out: how many numbers one input feeds, kernel included",
}
# No size is the product of others: with 6 outputs, out * in would be in * height * width.
PROBES = (((7, 5, 3, 2),),)


def fan_in(shape):
    return numpy.zeros(shape)[0].size


def fan_out(shape):
    return numpy.zeros(shape)[:, 0].size


def root(x):
    return float(x) ** 0.5


@equation(
    "XAVIER",
    title="Glorot's standard deviation",
    latex=r"\sigma = \sqrt{\frac{2}{n_{in} + n_{out}}}",
    symbols=SYMBOLS,
    source="Glorot and Bengio 2010, equation 12",
    code="minigen.nn.initialisers.xavier_std",
    wrong={
        "fan_in_only": Wrong("LeCun's: fan_out is left out", lambda s: root(1 / fan_in(s))),
        "fan_out_only": Wrong("fan_in is left out", lambda s: root(1 / fan_out(s))),
        "variance": Wrong("the variance, without the root", lambda s: 2 / (fan_in(s) + fan_out(s))),
        "limit": Wrong(
            "the limit of the uniform distribution, root 3 times as much",
            lambda s: root(6 / (fan_in(s) + fan_out(s))),
        ),
        "sum_for_mean": Wrong(
            "1 / (n_in + n_out): the sum of the fans is taken for their mean",
            lambda s: root(1 / (fan_in(s) + fan_out(s))),
        ),
        "kernel_forgotten": Wrong("the first two sizes only", lambda s: root(2 / (s[0] + s[1]))),
    },
    probes=PROBES,
)
def xavier_std(shape):
    return root(2 / (fan_in(shape) + fan_out(shape)))


@equation(
    "HE",
    title="He's standard deviation, for layers before a ReLU",
    latex=r"\sigma = \sqrt{\frac{2}{n_{in}}}",
    symbols=SYMBOLS,
    source="He et al. 2015, equation 10",
    code="minigen.nn.initialisers.he_std",
    wrong={
        "fans_swapped": Wrong("fan_out for fan_in", lambda s: root(2 / fan_out(s))),
        "lecun": Wrong("1 for 2, as if nothing were cut off", lambda s: root(1 / fan_in(s))),
        "variance": Wrong("the variance, without the root", lambda s: 2 / fan_in(s)),
        "limit": Wrong("the limit of the uniform distribution", lambda s: root(6 / fan_in(s))),
        "kernel_forgotten": Wrong("the second size only", lambda s: root(2 / s[1])),
        "two_sizes": Wrong(
            "the first two sizes, out * in, stand where fan_in belongs",
            lambda s: root(2 / (s[0] * s[1])),
        ),
        "all_sizes": Wrong(
            "the number of all weights, those of the other outputs too",
            lambda s: root(2 / numpy.zeros(s).size),
        ),
        "xavier": Wrong(
            "Glorot's: the mean of the two fans", lambda s: root(2 / (fan_in(s) + fan_out(s)))
        ),
        "xavier_kernel_forgotten": Wrong(
            "Glorot's, and the kernel is forgotten", lambda s: root(2 / (s[0] + s[1]))
        ),
        "root_of_two_only": Wrong(
            "the root is taken of the 2 alone", lambda s: root(2) / fan_in(s)
        ),
        "root_of_fan_only": Wrong(
            "the root is taken of fan_in alone, not of the 2", lambda s: 2 / root(fan_in(s))
        ),
    },
    probes=PROBES,
)
def he_std(shape):
    return root(2 / fan_in(shape))


@equation(
    "LECUN",
    title="LeCun's standard deviation",
    latex=r"\sigma = \sqrt{\frac{1}{n_{in}}}",
    symbols=SYMBOLS,
    source="LeCun et al. 1998, Efficient BackProp, section 4.6",
    code="minigen.nn.initialisers.lecun_std",
    wrong={
        "fans_swapped": Wrong("fan_out for fan_in", lambda s: root(1 / fan_out(s))),
        "he": Wrong("2 for 1, which is meant for ReLU", lambda s: root(2 / fan_in(s))),
        "variance": Wrong("the variance, without the root", lambda s: 1 / fan_in(s)),
        "limit": Wrong("the limit of the uniform distribution", lambda s: root(3 / fan_in(s))),
        "kernel_forgotten": Wrong("the second size only", lambda s: root(1 / s[1])),
    },
    probes=PROBES,
)
def lecun_std(shape):
    return root(1 / fan_in(shape))
