"""A course of one small lesson, so that tests do not depend on what the real ones say."""

import pytest

LESSON = '''r"""
Doubling
========

What is twice a number?
"""

import sys

import matplotlib.pyplot as plt

from minigen.learn import show

SMOKE = "--smoke" in sys.argv

# %% [markdown]
# Predict
# -------
# Some text with $x^2$, ``code`` and **bold** words, [E.EXP].
#
# - an item
#
# **Predict.** What is twice 21?
#
# Derivation
# ----------
# $$
# y = \\\\frac{2 x}{1}
# \\\\tag{1.1}
# $$

# %%
# symbols: y=y
y = 2 * 21
print("twice 21 is", y, "smoke" if SMOKE else "")

# %% [markdown]
# You should see ``42``.
#
# Exercises
# ---------
# ``minigen learn 1``

# %%
figure, axes = plt.subplots()
show(figure)
'''

EXERCISES = '''"""Exercises. Run: minigen learn check 1"""

import numpy as np


def twice(x):
    """Twice the number x.

    x: a number or an array. Returns 2 x, of the same shape.
    """
    return 2 * x


def half(x):
    """Half of the number x."""
    return x / 2


# ---- checks: everything below stays out of the reader's copy ----

from minigen.equations import Wrong
from minigen.learn import Exercise, Formula

SQUARE = {"square": Wrong("the square", lambda x: x * x)}
EXERCISES = (
    Exercise(twice, (Formula(lambda x: x + x, ((3.0,),), SQUARE),), ("Add it.", "2 * x")),
    Exercise(half, (Formula(lambda x: x * 0.5, ((3.0,),)),), ("Divide.",)),
)
'''


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder of a course with the one lesson; the tests run in tmp_path."""
    folder = tmp_path / "course"
    (folder / "exercises").mkdir(parents=True)
    (folder / "01_doubling.py").write_text(LESSON.replace("\\\\", "\\"), encoding="utf-8")
    (folder / "exercises" / "01_doubling.py").write_text(EXERCISES, encoding="utf-8")
    monkeypatch.setattr("minigen.learn.lesson.folder", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return folder
