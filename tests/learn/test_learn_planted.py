"""Who finds the planted rule passes; who does not is told what the answer itself gives away."""

import numpy as np
import pytest

from minigen.learn.planted import finds_every_planting

FUNCTIONS = {"square": lambda x: x * x, "double": lambda x: 2 * x}
RULES = {"square": lambda gy, x: 2 * gy * x, "double": lambda gy, x: 2 * gy}


def find(functions, rules, x, cotangent=range(1, 9)):
    """The planted rule and its element, by comparing with the right rules."""
    gy = np.array(cotangent[: x.size], dtype=float)
    errors = {name: abs(rules[name](gy, x) / RULES[name](gy, x) - 1) for name in functions}
    name = max(errors, key=lambda n: errors[n].max())
    return name, int(errors[name].argmax())


def message(answer):
    with pytest.raises(AssertionError) as caught:
        finds_every_planting(FUNCTIONS, RULES)(answer)
    return str(caught.value)


def test_who_finds_them_passes_also_with_a_list_and_numpys_integers():
    finds_every_planting(FUNCTIONS, RULES)(find)
    finds_every_planting(FUNCTIONS, RULES)(lambda *given: list(find(*given)))
    finds_every_planting(FUNCTIONS, RULES)(
        lambda *given: (find(*given)[0], np.int64(find(*given)[1]))
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda *given: find(*given)[::-1], "the name comes first, a string"),
        (lambda *given: (find(*given)[0], find(*given)[1:]), "the index must be an integer"),
        (lambda *given: (find(*given)[0], True), "the index must be an integer"),
        (lambda *given: find(*given)[0], "return (name, index)"),
        (lambda *given: None, "return (name, index)"),
        (lambda *given: (find(*given)[0], find(*given)[1] + 1), "the name is right"),
        (lambda functions, rules, x: ("triple", 0), "you said ('triple', 0); is the largest"),
    ],
)
def test_a_wrong_answer_is_told_why(answer, expected):
    assert expected in message(answer)


@pytest.mark.parametrize("shift", [0, 1])
def test_a_constant_cotangent_is_told_whether_or_not_the_name_is_right(shift):
    def with_ones(functions, rules, x):
        name, index = find(functions, rules, x, np.ones(8))
        return (name, index + 1) if shift else ("triple", index)

    assert "a cotangent of ones hides a wrong softmax" in message(with_ones)


def test_ones_are_not_blamed_where_another_cotangent_was_used():
    found = message(lambda *given: (find(*given)[0], find(*given)[1] + 1))
    assert "cotangent of ones" not in found
