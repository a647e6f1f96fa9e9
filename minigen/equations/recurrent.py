r"""Entries for nets that go along a sequence.

The wrong variants are the mistakes that still train, only worse: a gate mixed up with another, a
tanh left out, the new cell where the old one belongs.
"""

from functools import partial

import numpy

from minigen.equations.equation import Wrong, equation


def sigma(a):
    return 1 / (1 + numpy.exp(-a))


def run(x, h, c, w, u, b, order=(0, 1, 2, 3), out=numpy.tanh, candidate=numpy.tanh, coupled=False):
    """Number by number over time, examples and units."""
    steps, n, _ = x.shape
    size = h.shape[1]
    y, h, c = numpy.zeros((steps, n, size)), h.copy(), c.copy()
    for t in range(steps):
        for e in range(n):
            a = [
                w[row] @ x[t, e] + u[row] @ h[e] + b[row] for row in range(4 * size)
            ]  # h[e] is still that of the step before
            block = [a[k * size : (k + 1) * size] for k in order]
            i, f, g, o = (numpy.array(part) for part in block)
            keep = 1 - sigma(i) if coupled else sigma(f)
            c[e] = keep * c[e] + sigma(i) * candidate(g)
            h[e] = sigma(o) * out(c[e])
            y[t, e] = h[e]
    return y, h, c


def probe(seed, steps=3, n=2, size=2, hidden=3):
    rng = numpy.random.default_rng(seed)
    shapes = (steps, n, size), (n, hidden), (n, hidden), (4 * hidden, size), (4 * hidden, hidden)
    return (*(rng.normal(size=s) for s in shapes), rng.normal(size=4 * hidden))


def plain(a):
    return a


@equation(
    "LSTM",
    title="Long short-term memory",
    latex=r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh c_t",
    symbols={
        "x_t": "input of step t",
        "h_t": "state that is passed on and put out",
        "c_t": "cell: what is remembered",
        "i_t, f_t, o_t": "input, forget and output gate, sigmoids of W x_t + U h_{t-1} + b",
        "g_t": "candidate, a tanh of the same form",
    },
    source="Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000",
    code="minigen.ops.lstm.lstm",
    wrong={
        "forget_and_candidate_exchanged": Wrong(
            "the blocks are read in the order i, g, f, o",
            partial(run, order=(0, 2, 1, 3)),
        ),
        "candidate_and_output_exchanged": Wrong(
            "the blocks are read in the order i, f, o, g",
            partial(run, order=(0, 1, 3, 2)),
        ),
        "no_tanh_on_the_cell": Wrong("h_t is o_t times the cell itself", partial(run, out=plain)),
        "sigmoid_candidate": Wrong("the candidate is a sigmoid", partial(run, candidate=sigma)),
        "no_forget_gate": Wrong(
            "the cell keeps 1 - i_t of itself; f_t is not read", partial(run, coupled=True)
        ),
        "state_and_cell_exchanged": Wrong(
            "the state before is taken for the cell before",
            lambda x, h, c, *rest: run(x, c, h, *rest),
        ),
    },
    probes=(probe(0), probe(1, steps=1, n=1, size=1, hidden=2)),
)
def lstm(x, h, c, weight_ih, weight_hh, bias, lengths=None):
    if lengths is None:
        return run(x, h, c, weight_ih, weight_hh, bias)
    y, h_n, c_n = numpy.zeros((*x.shape[:2], h.shape[1])), h.copy(), c.copy()
    for e, length in enumerate(lengths):
        one = slice(e, e + 1)
        found = run(x[:length, one], h[one], c[one], weight_ih, weight_hh, bias)
        y[:length, one], h_n[one], c_n[one] = found
    return y, h_n, c_n


def elman(x, h, w, u, v, *, f=numpy.tanh, g=plain, late=False, inside=False, flat=False):
    """Number by number: late reads the state before, inside puts f on U h, flat forgets h."""
    y = numpy.zeros((*x.shape[:2], len(v)))
    h = h.copy()
    for t in range(len(x)):
        for e in range(x.shape[1]):
            before = 0 * h[e] if flat else h[e].copy()
            h[e] = f(w @ x[t, e]) + f(u @ before) if inside else f(w @ x[t, e] + u @ before)
            y[t, e] = g(v @ (before if late else h[e]))
    return y, h


def elman_probe(seed, steps=3, n=2, size=2, hidden=3, out=2):
    rng = numpy.random.default_rng(seed)
    shapes = (steps, n, size), (n, hidden), (hidden, size), (hidden, hidden), (out, hidden)
    return tuple(rng.normal(size=shape) for shape in shapes)


@equation(
    "RNN",
    title="Recurrent net",
    latex=r"h_t = f(W x_t + U h_{t-1}), \qquad y_t = g(V h_t)",
    symbols={
        "x_t": "input of step t",
        "h_t": "state after step t",
        "y_t": "output of step t",
        "W, U, V": "weights, the same at every step",
        "f, g": "activations; here tanh, and none",
    },
    source="Elman 1990",
    code="minigen.nn.recurrent.RNN",
    wrong={
        "output_of_the_state_before": Wrong(
            "y_t is computed from h_{t-1}", partial(elman, late=True)
        ),
        "f_of_each_part": Wrong(
            "f is applied to W x_t and to U h_{t-1} before they are added",
            partial(elman, inside=True),
        ),
        "state_forgotten": Wrong("U h_{t-1} is left out", partial(elman, flat=True)),
        "linear_state": Wrong("f is left out", partial(elman, f=plain)),
        "f_on_the_output": Wrong("f is applied to the output", partial(elman, g=numpy.tanh)),
    },
    probes=(elman_probe(0), elman_probe(1, n=1, size=3, hidden=2)),
)
def rnn(x, h, w, u, v):
    return elman(x, h, w, u, v)
