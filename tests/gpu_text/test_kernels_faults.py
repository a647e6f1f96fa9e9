"""The tests of the kernels are awake: each mistake that is planted in the text is found.

Mistakes in kernels that do not depend on one another share a compilation.
"""

from functools import cache
from typing import NamedTuple

import kernel_checks as checks
import lstm_checks
import pooling_checks as pooling
import pytest
from cuda_on_cpu import on_cpu, with_fault


class Fault(NamedTuple):
    """A mistake, and the check that must find it. Those of one group are compiled separately."""

    group: str
    old: str
    new: str
    check: object
    dtype: str = "float64"


FAULTS = [
    Fault("random", "rounds = 10", "rounds = 9", checks.check_known_answers),
    Fault("random", "rounds = 10", "rounds = 11", checks.check_uniform),
    Fault("random", "(unsigned)(position >> 32), 0, 0", "0, 0, 0", checks.check_uniform),
    Fault("random", "first + p", "p", checks.check_uniform),
    Fault("random", "low >> 6", "low >> 5", checks.check_uniform),
    Fault("random", "log(T(1) - u[k])", "log(u[k])", checks.check_normal),
    Fault("advance", "if (blockIdx.x == 0 && threadIdx.x == 0) ", "", checks.check_advance),
    Fault("adam", "sqrt(square) + e", "sqrt(square + e)", checks.check_adam),
    Fault("adam", "a * mean", "a * g[i]", checks.check_adam),
    Fault("corrected", "/ (sqrt(v_hat) + e);", "/ sqrt(v_hat + e);",
          checks.check_adam_bias_corrected),
    Fault("corrected", "pow(beta1, (double)*t)", "beta1", checks.check_adam_bias_corrected),
    Fault("corrected", "1 - pow(beta2, (double)*t)", "1 - pow((float)beta2, (float)*t)",
          checks.check_first_step, "float32"),
    Fault("corrected", "square / left2", "square", checks.check_adam_bias_corrected),
    Fault("forward", "lengths[example] <= t", "lengths[example] < t",
          lstm_checks.check_lstm_forward),
    Fault("forward", "if (!over) state", "state", lstm_checks.check_lstm_forward),
    Fault("forward", "over ? T(0) : h", "h", lstm_checks.check_lstm_forward),
    Fault("forward", "over ? before : cell", "cell", lstm_checks.check_lstm_forward),
    Fault("forward", "a[k] = i;", "", lstm_checks.check_lstm_forward),
    Fault("backward", "(one - g * g)", "(g - g * g)", lstm_checks.check_lstm_backward),
    Fault("backward", "steps_left > 1 ? gh_next[k] : gh_last[k]", "gh_next[k]",
          lstm_checks.check_lstm_backward),
    Fault("backward", "gc[k] = cell * f", "gc[k] = cell", lstm_checks.check_lstm_backward),
    Fault("backward", "if (steps_left > 0)", "if (steps_left > -1)",
          lstm_checks.check_lstm_backward),
    Fault("backward", "(4 * example + gate) * hidden", "(gate * n + example) * hidden",
          lstm_checks.check_lstm_backward),
    Fault("im2col", "row >= 0 && ", "", checks.check_im2col),
    Fault("im2col", "column < a.w;", "column <= a.w;", checks.check_im2col),
    Fault("im2col", "a.dh * u - a.ph, column", "u - a.ph, column", checks.check_im2col),
    Fault("col2im", "down % a.sh != 0 || ", "", checks.check_col2im),
    Fault("col2im", "along % a.sw != 0 || j >= a.ow", "along % a.sw != 0", checks.check_col2im),
    Fault("col2im", "down < 0 || ", "", checks.check_col2im),
    Fault("bernoulli", "exp(-size)", "exp(l)", checks.check_bernoulli),
    Fault("bernoulli", "T* y, N n) {\n    EACH(i, n)",
          "T* y, N n) {\n    EACH(i, n + 1)", checks.check_bernoulli),
    Fault("gradient", "tanh(logits[i] * T(0.5))", "tanh(logits[i])",
          checks.check_bernoulli_gradient),
    Fault("moments", "const T middle = sum / T(end - begin)", "const T middle = sum / T(rows)",
          checks.check_moments),
    Fault("moments", "(vars[p * c + channel] + off * off)", "vars[p * c + channel]",
          checks.check_moments),
    Fault("moments", "begin = k / c * each, end = begin + each", "begin = 0, end = parts",
          checks.check_moments),
    Fault("moments", "total += n * means", "total += means", checks.check_moments),
    Fault("sums", "x[r * c + channel] - centre[channel]", "x[r * c + channel]",
          checks.check_sums),
    Fault("sums", "dot[k] = both;\n    }\n}\n\n// y", "dot[k] = all;\n    }\n}\n\n// y",
          checks.check_sums),
    Fault("sums", "each = parts / groups, begin = k / c * each;", "each = parts, begin = 0;",
          checks.check_sums),
    Fault("stretches", " + rows % parts * part / parts", "", checks.check_sums),
    Fault("maps", "of_x[k % c] * x[k]", "of_x[k % c] * gy[k]", checks.check_channel_maps),
    Fault("maps", "scale[k % c] * x[k]", "scale[k / c % c] * x[k]", checks.check_channel_maps),
    Fault("largest", "!(value > best)", "value < best", pooling.check_max_pool),
    Fault("largest", " && value == value", "", pooling.check_max_pool),
    Fault("largest", "at >= 0 && !", "best && !", pooling.check_max_pool),
    Fault("winners", "winner[k]) * a.c", "k % (a.h * a.w)) * a.c", pooling.check_pick_winners),
    Fault("winners", "winner[k]) * a.c + k % a.c", "winner[k]) * a.c", pooling.check_pick_winners),
    Fault("sum", "sum += x[((image", "sum = x[((image", pooling.check_window_sum),
    Fault("col2im", "down % a.sh != 0 || ", "", pooling.check_window_spread),
    Fault("col2im", "along < 0 || ", "", pooling.check_window_spread),
    Fault("spread", "!winner || winner[", "winner && winner[", pooling.check_window_spread),
    Fault("spread", " || winner[from] == row * a.w + column", " || true",
          pooling.check_window_spread),
]  # fmt: skip


def build(fault):
    """Which compilation a fault is in: the n-th of its group is in the n-th."""
    return [other for other in FAULTS if other.group == fault.group].index(fault)


@cache
def with_faults(number):
    """The kernels with all the faults of a compilation."""
    code = None
    for fault in FAULTS:
        if build(fault) == number:
            code = with_fault(fault.old, fault.new, code)
    return on_cpu(code)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.group}{build(fault)}")
def test_a_planted_mistake_is_found(fault):
    kernels = with_faults(build(fault))
    with pytest.raises(AssertionError):
        fault.check(kernels, fault.dtype)


def test_what_is_written_beyond_the_borders_is_found():
    code = with_fault("x[k] = sum_over", "x[k + 1] = sum_over")
    kernels = on_cpu(code)
    with pytest.raises(AssertionError, match="beyond the borders"):
        checks.check_col2im(kernels, "float64")


def test_a_mistake_that_is_not_in_the_text_cannot_be_planted():
    with pytest.raises(AssertionError, match="stands 0 times"):
        with_fault("rounds = 12", "rounds = 10")
