"""Exercises of lesson 8: memory.

Complete each function, then run:  minigen learn check 8
A hint for the first one:  minigen learn hint 8.1
"""

import numpy as np


def rnn(x, h, w, u, v):
    """The recurrent net (8.1), f = tanh, no g.

    x: (steps, n, in), time first; h: (n, hidden), the state before; w, u, v: W (hidden, in),
    U (hidden, hidden), V (out, hidden). Returns y, (steps, n, out), and the last state.
    """
    y = np.zeros((*x.shape[:2], len(v)))
    for t in range(len(x)):
        h = np.tanh(x[t] @ w.T + h @ u.T)
        y[t] = h @ v.T
    return y, h


def rnn_gradients(x, h, w, u, v, gy):
    """The way back (8.2) and (8.3) through the net of exercise 1.

    Arguments as there, and gy, (steps, n, out): the gradient of the result with respect to y.
    Returns the gradients of W, U, V and of the state before, h.
    """
    states = [h]
    for t in range(len(x)):
        states.append(np.tanh(x[t] @ w.T + states[-1] @ u.T))
    gw, gu, gv, gh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(v), np.zeros_like(h)
    for t in reversed(range(len(x))):
        gh = gh + gy[t] @ v
        gv = gv + gy[t].T @ states[t + 1]
        ga = gh * (1 - states[t + 1] ** 2)
        gw = gw + ga.T @ x[t]
        gu = gu + ga.T @ states[t]
        gh = ga @ u
    return gw, gu, gv, gh


def lstm(x, h, c, weight_ih, weight_hh, bias):
    """The LSTM (8.6) over all steps.

    x: (steps, n, in); h, c: (n, hidden), the state before; weight_ih W: (4 hidden, in),
    weight_hh U: (4 hidden, hidden), bias: (4 hidden,), each in the order i, f, g, o.
    Returns y, (steps, n, hidden), the h_t of all steps, and the last h and c.
    """
    y = np.zeros((*x.shape[:2], h.shape[1]))
    for t in range(len(x)):
        i, f, g, o = np.split(x[t] @ weight_ih.T + h @ weight_hh.T + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import REGISTER, Wrong
from minigen.learn import Exercise, Formula, registered


def slow_gradients(x, h, w, u, v, gy, *, mistake=""):
    """Example by example; with one of the mistakes, or none."""
    gw, gu, gv, gh_all = np.zeros(w.shape), np.zeros(u.shape), np.zeros(v.shape), np.zeros(h.shape)
    for e in range(len(h)):
        states = [h[e]]
        for t in range(len(x)):
            states.append(np.tanh(w @ x[t, e] + u @ states[-1]))
        gh = np.zeros(len(u))
        for t in range(len(x) - 1, -1, -1):
            if mistake != "last" or t == len(x) - 1:
                gh = gh + v.T @ gy[t, e]
            gv += np.outer(gy[t, e], states[t + 1])
            ga = gh if mistake == "flat" else gh * (1 - states[t + 1] ** 2)
            gw += np.outer(ga, x[t, e])
            gu += np.outer(ga, states[t + 1] if mistake == "late" else states[t])
            gh = 0 * ga if mistake == "cut" else (u if mistake == "not_turned" else u.T) @ ga
        gh_all[e] = gh
    return gw, gu, gv, gh_all


def probe(seed, steps, n, size, hidden, out):
    rng = np.random.default_rng(seed)
    shapes = (steps, n, size), (n, hidden), (hidden, size), (hidden, hidden), (out, hidden)
    return (*(0.7 * rng.normal(size=s) for s in shapes), rng.normal(size=(steps, n, out)))


# in the first two there are as many examples as outputs, in the last one more
PROBES = (probe(0, 2, 1, 1, 2, 1), probe(1, 12, 2, 2, 3, 2), probe(2, 3, 4, 5, 3, 2))


def short_gradients(x, h, w, u, v, gy, *, mistake):
    """The way back as one writes it, with the mistakes that are made in its lines."""
    states = [h]
    for t in range(len(x)):
        states.append(np.tanh(x[t] @ w.T + states[-1] @ u.T))
    gw, gu, gv, gh = 0 * w, 0 * u, 0 * v, 0 * h
    for t in reversed(range(len(x))):
        gh = (0 if mistake in ("overwritten", "alone") else gh) + gy[t] @ v
        ga = gh * (1 - states[t + 1] ** 2)
        keep = 0 if mistake == "assigned" else 1
        gw = keep * gw + ga.T @ x[t]
        gu = keep * gu + ga.T @ states[t]
        gv = keep * gv + gy[t].T @ states[t + 1]
        if mistake not in ("no_line", "alone") and (mistake != "too_early" or t > 0):
            gh = ga @ u
    return gw, gu, gv, gh


CUT = "nothing is handed back to the step before: U's share of (8.2) is missing"
MISTAKES = {
    "cut": Wrong(CUT, lambda *a: slow_gradients(*a, mistake="cut")),
    "cut_at_the_state_too": Wrong(CUT, lambda *a: short_gradients(*a, mistake="alone")),
    "late": Wrong(
        "the gradient of U is made with h_t in the place of h_{t-1}",
        lambda *a: slow_gradients(*a, mistake="late"),
    ),
    "last": Wrong(
        "only the last output is listened to: V's share of (8.2) is missing before it",
        lambda *a: slow_gradients(*a, mistake="last"),
    ),
    "flat": Wrong("the slope of tanh is left out", lambda *a: slow_gradients(*a, mistake="flat")),
    "not_turned": Wrong(
        "U stands where its transpose belongs, on the way back",
        lambda *a: slow_gradients(*a, mistake="not_turned"),
    ),
    "no_line": Wrong(
        "the gradient goes to the step before as it is, without the slope and without U",
        lambda *a: short_gradients(*a, mistake="no_line"),
    ),
    "overwritten": Wrong(
        "what later steps hand back is overwritten by V's share instead of added to it",
        lambda *a: short_gradients(*a, mistake="overwritten"),
    ),
    "assigned": Wrong(
        "each step overwrites the gradients of the weights instead of adding to them",
        lambda *a: short_gradients(*a, mistake="assigned"),
    ),
    "too_early": Wrong(
        "the gradient of the state before is that of the first step's: U is still to come",
        lambda *a: short_gradients(*a, mistake="too_early"),
    ),
}


def forgetful(x, h, w, u, v):
    return REGISTER["RNN"].wrong["state_forgotten"].transcription(x, h, w, u, v)


def other_order(x, h, c, weight_ih, weight_hh, bias):
    wrong = REGISTER["LSTM"].wrong["candidate_and_output_exchanged"]
    return wrong.transcription(x, h, c, weight_ih, weight_hh, bias)


def not_handed_on(x, h, w, u, v):
    steps = [rnn(x[t : t + 1], h, w, u, v) for t in range(len(x))]
    return np.concatenate([y for y, _ in steps]), steps[-1][1]


AXES = ("step", "example", "unit")
RNN_PROBES = (probe(2, 4, 3, 2, 5, 1)[:-1],)
RNN_MISTAKES = {
    "state_before_ignored": Wrong(
        "the state before is not read: the net starts from 0",
        lambda x, h, w, u, v: rnn(x, 0 * h, w, u, v),
    ),
    "not_handed_on": Wrong(
        "every step starts from the state before the first: h is not overwritten", not_handed_on
    ),
    "not_turned": Wrong(
        "U stands where its transpose belongs", lambda x, h, w, u, v: rnn(x, h, w, u.T, v)
    ),
}


def lstm_with(x, h, c, weight_ih, weight_hh, bias, *, order="ifgo", candidate=np.tanh, old=False):
    y = np.zeros((*x.shape[:2], h.shape[1]))
    for t in range(len(x)):
        parts = np.split(x[t] @ weight_ih.T + h @ weight_hh.T + bias, 4, axis=1)
        i, f, g, o = (parts[order.index(name)] for name in "ifgo")
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        before, c = c, f * c + i * candidate(g)
        h = o * np.tanh(before if old else c)
        y[t] = h
    return y, h, c


def every_fourth(x, h, c, weight_ih, weight_hh, bias):
    rows = np.arange(len(bias)).reshape(-1, 4).T.ravel()
    return lstm(x, h, c, weight_ih[rows], weight_hh[rows], bias[rows])


LSTM_MISTAKES = {
    "forget_gate_first": Wrong(
        "the blocks are read in the order f, i, g, o", lambda *a: lstm_with(*a, order="figo")
    ),
    "no_bias": Wrong("the bias is left out", lambda *a: lstm(*a[:-1], 0 * a[-1])),
    "plain_candidate": Wrong(
        "the candidate has no tanh", lambda *a: lstm_with(*a, candidate=lambda g: g)
    ),
    "old_cell": Wrong(
        "h_t is made of the cell of the step before", lambda *a: lstm_with(*a, old=True)
    ),
    "every_fourth": Wrong(
        "every fourth row is taken for a block; a block is a quarter of the rows", every_fourth
    ),
}


def state_like_v(x, h, w, u, v, gy):
    """The gradient of the state begins with V's shape, which fits where out = n."""
    *of_weights, gh = rnn_gradients(x, h, w, u, v, gy)
    return (*of_weights, np.zeros_like(v) + gh)


def examples_counted_last(x, h, w, u, v, gy):
    """Example by example, as many as gy's last axis has."""
    one = [
        rnn_gradients(x[:, e : e + 1], h[e : e + 1], w, u, v, gy[:, e : e + 1])
        for e in range(gy.shape[2])
    ]
    gw, gu, gv = (sum(gradients[k] for gradients in one) for k in range(3))
    gh = np.zeros_like(h)
    gh[: len(one)] = [gradients[3][0] for gradients in one]
    return gw, gu, gv, gh


EXERCISES = (
    Exercise(
        rnn,
        checks=(registered("RNN", also=RNN_MISTAKES, probes=RNN_PROBES, axes=AXES),),
        hints=(
            "One loop over the steps; h is overwritten by the new state.",
            "h = np.tanh(x[t] @ w.T + h @ u.T), then y[t] = h @ v.T.",
        ),
        mistakes={"forgotten": (forgetful, "is left out")},
    ),
    Exercise(
        rnn_gradients,
        checks=(Formula(slow_gradients, PROBES, MISTAKES, axes=("row", "column")),),
        hints=(
            "Keep all states on the way forward. Go back from the last step; gh collects what "
            "later steps hand back.",
            "gh = gh + gy[t] @ v; ga = gh * (1 - states[t + 1] ** 2); add to gw, gu and gv; then "
            "gh = ga @ u.",
        ),
        mistakes={
            "cut": (MISTAKES["cut"].transcription, "nothing is handed back"),
            "not turned": (MISTAKES["not_turned"].transcription, "on the way back"),
            "cut at the state too": (
                lambda *a: short_gradients(*a, mistake="alone"),
                "nothing is handed back",
            ),
            "line left out": (MISTAKES["no_line"].transcription, "without U"),
            "a state like V": (state_like_v, "it raised ValueError"),
            "examples counted last": (examples_counted_last, "first difference: probe 3"),
        },
    ),
    Exercise(
        lstm,
        checks=(registered("LSTM", also=LSTM_MISTAKES, axes=AXES),),
        hints=(
            "np.split(..., 4, axis=1) takes the four blocks apart.",
            "c = f * c + i * np.tanh(g), h = o * np.tanh(c), y[t] = h.",
        ),
        mistakes={"other order": (other_order, "in the order i, f, o, g")},
    ),
)
