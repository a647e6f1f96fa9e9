"""A check says where an answer is wrong, with which numbers, and which known mistake it is."""

import numpy as np
import pytest

from minigen import tensor
from minigen.equations import Wrong
from minigen.learn import Formula, Property, Rejected, numerical_vjp, registered


def area(width, height):
    return width * height


WRONG = {
    "sum": Wrong("the sides are added", lambda w, h: w + h),
    "square": Wrong("the first side twice", lambda w, h: w * w),
    "also_square": Wrong("the first side squared", lambda w, h: w**2),
    "fails": Wrong("the matrix product", lambda w, h: w @ h),
}
PROBES = ((np.array([2.0, 3.0]), np.array([5.0, 7.0])), (np.ones((2, 3)), 2 * np.ones((2, 3))))
CHECK = Formula(area, PROBES, WRONG, axes=("place",))


def message(function, check=CHECK):
    with pytest.raises(Rejected) as caught:
        check(function)
    return str(caught.value)


def test_a_right_answer_passes_also_as_a_tensor():
    assert CHECK(lambda w, h: h * w) is None
    assert CHECK(lambda w, h: tensor(w * h)) is None


def test_the_first_wrong_number_stands_with_its_inputs():
    found = message(lambda w, h: w * h + np.arange(w.size).reshape(w.shape))
    assert "first difference: probe 1 of 2, place 1" in found
    assert "width      [2. 3.]" in found
    assert "yours      22" in found
    assert "formula    21" in found
    assert "none of the 4 mistakes known here" in found


def test_a_matrix_is_shown_in_rows():
    check = Formula(area, PROBES[1:], WRONG)
    rows = "    width      [[1. 1. 1.]\n                [1. 1. 1.]]"
    assert rows in message(lambda w, h: w * h + 1, check)


def test_a_known_mistake_is_named_and_the_others_are_ruled_out():
    found = message(lambda w, h: w + h)
    assert "this is a known mistake: the sides are added; 3 other known mistakes ruled out" in found


def test_two_mistakes_that_cannot_be_told_apart_are_both_named():
    found = message(lambda w, h: w * w)
    assert "the first side twice or the first side squared; 2 other known mistakes" in found


def test_a_mistake_that_fits_one_probe_only_is_named_by_the_error_it_raises():
    assert "the matrix product" in message(lambda w, h: w @ h)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda w, h: None, "it returns nothing"),
        (lambda w, h: "much", "not made of numbers"),
        (lambda w, h: (w * h).astype(str), "not made of numbers"),
        (lambda w, h: [[1.0], [1.0, 2.0]], "not made of numbers"),
        (lambda w, h: w * h + 0j, "it returns complex numbers"),
        (lambda w, h: list(w * h + 0j), "it returns complex numbers"),
        (lambda w, h: (w, h), "it returns 2 results; the formula gives one result"),
        (lambda w, h: (w * h)[:1], r"has the shape (1,); the formula's has (2,)"),
        (lambda w, h: w * h * np.nan, "yours      nan"),
    ],
)
def test_other_answers_are_told_what_is_wrong_with_them(answer, expected):
    assert expected in message(answer)


def test_an_argument_that_is_changed_in_place_is_an_error():
    def in_place(w, h):
        w *= h
        return w

    found = message(in_place)
    assert found.startswith("w is not exactly what it was before the call: work on a copy")
    assert "(shape (2,))" in found


def test_a_change_that_is_taken_back_up_to_rounding_is_told_as_well():
    def there_and_back(w, h):
        w += 1e17
        w -= 1e17
        return w * h

    assert "a change that is taken back may leave rounding" in message(there_and_back)


def test_an_argument_without_a_name_is_told_by_its_place():
    def in_place(*sides):
        sides[1][:] = 0
        return sides[0]

    assert message(in_place).startswith("argument 2 is not exactly what it was")


def test_several_results_are_counted_in_the_message():
    check = Formula(lambda x: (x, 2 * x), ((np.ones(3),),))
    assert "result 2 of 2" in message(lambda x: (x, 3 * x), check)
    assert "symbol by symbol" in message(lambda x: (x, 3 * x), check)


def test_rounding_is_no_mistake_but_a_millionth_is():
    CHECK(lambda w, h: w * h * (1 + 1e-13))
    assert "first difference" in message(lambda w, h: w * h * (1 + 1e-6))


def test_a_result_in_single_precision_is_told_to_be_right_but_for_that():
    expected = "right to single precision only: something in it is float32"
    probes = ((np.array([0.1, 0.7]), np.array([0.3, 5.0])),)
    for check in (Formula(area, probes), Formula(area, probes, WRONG)):
        assert expected in message(lambda w, h: (w * h).astype(np.float32), check)
        assert expected in message(lambda w, h: w.astype(np.float32) * h, check)
        assert expected not in message(lambda w, h: w * h * (1 + 1e-4), check)
        assert expected not in message(lambda w, h: (w + h).astype(np.float32), check)


def test_a_list_is_read_as_the_results_that_are_expected():
    CHECK(lambda w, h: list(w * h))
    CHECK(lambda w, h: [tensor(row) for row in w * h])
    two = Formula(lambda x: (x, x.sum(axis=0)), ((np.ones((3, 2)),),), WRONG)
    two(lambda x: [x.tolist(), x.sum(axis=0).tolist()])
    assert "result 2 of 2" in message(lambda x: [x.tolist(), [2.0, 2.0]], two)
    assert "it returns 2 results; the formula gives one" in message(lambda w, h: [w, w[:1]])


def test_where_only_the_count_differs_no_lines_need_to_be_compared():
    assert message(lambda w, h: (w, h)) == "it returns 2 results; the formula gives one result"


def test_a_tensor_that_keeps_its_gradient_is_told_to_be_detached():
    class Kept:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    assert "return t.detach() (Can't call numpy()" in message(lambda w, h: Kept())
    assert "return t.detach()" in message(lambda w, h: [Kept(), Kept()])


def test_a_result_with_fewer_axes_has_the_last_ones():
    check = Formula(lambda x: (x, x[-1]), ((np.ones((3, 2)),),), axes=("step", "unit"))
    assert "result 2 of 2, unit 0" in message(lambda x: (x, x[-1] + 1), check)
    assert "result 1 of 2, step 0, unit 0" in message(lambda x: (x + 1, x[-1]), check)


def test_a_registered_check_knows_the_registers_mistakes():
    check = registered("KLSTANDARD", also={"more": Wrong("one more", lambda m, v: m)})
    assert len(check.wrong) > 5 and "more" in check.wrong


def test_a_registered_check_overwrites_no_mistake_of_the_register():
    with pytest.raises(ValueError, match=r"E.KLSTANDARD has a mistake of this name already: sign"):
        registered("KLSTANDARD", also={"sign": Wrong("another one", lambda m, v: m)})


def test_a_registered_check_takes_further_probes():
    probe = (np.zeros((1, 2)), np.zeros((1, 2)))
    check = registered("KLSTANDARD", probes=(probe,))
    assert check.probes[-1] is probe
    assert len(check.probes) == len(registered("KLSTANDARD").probes) + 1


def test_a_property_says_its_claim():
    def positive(f):
        assert f(1) > 0, f"f(1) is {f(1)}"

    check = Property("it is positive", positive)
    check(lambda x: x)
    with pytest.raises(Rejected, match=r"it is positive: f\(1\) is -1"):
        check(lambda x: -x)


def test_the_numerical_rule_is_that_of_the_function():
    rng = np.random.default_rng(0)
    a, b, gc = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    ga, gb = numerical_vjp(lambda a, b: a @ b)(gc, a, b)
    np.testing.assert_allclose(ga, gc @ b.T, rtol=1e-8)
    np.testing.assert_allclose(gb, a.T @ gc, rtol=1e-8)
    np.testing.assert_allclose(
        numerical_vjp(np.sin)(1.0, np.array([0.3])), np.cos([0.3]), rtol=1e-9
    )
