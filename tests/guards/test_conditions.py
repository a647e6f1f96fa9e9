"""The conditions that all other tests count on really hold.

A test under "floating-point errors raise" proves nothing if they do not.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
from case import Case
from cases import CASES

from minigen.backend import active_name

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "broken",
    [
        lambda: np.log(np.zeros(1)),
        lambda: np.exp(np.array([1e4])),
        lambda: np.sqrt(np.array([-1.0])),
    ],
    ids=["divide", "over", "invalid"],
)
def test_floating_point_errors_raise(broken):
    with pytest.raises(FloatingPointError):
        broken()


def test_underflow_is_no_error():
    assert np.exp(np.array([-1e4])).tolist() == [0.0]


def test_warnings_are_errors():
    with pytest.raises(UserWarning):
        warnings.warn("quiet?", UserWarning, stacklevel=1)


def test_the_backend_under_test_is_active(backend):
    assert active_name() == backend


def test_files_of_tests_have_names_of_their_own():
    """Two files of one name in two folders would shadow each other."""
    names = [path.name for path in TESTS.rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))
    assert not list(TESTS.rglob("__init__.py"))


def test_each_case_is_a_case_of_its_own():
    assert all(isinstance(case, Case) for case in CASES)
    labels = [case.label for case in CASES]
    assert sorted(labels) == sorted(set(labels))
    first, again = CASES[0].values(), CASES[0].values()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
