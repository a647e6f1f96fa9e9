"""The register's entries for objectives and for how weights begin.

Every wrong variant must be told from the formula and from every other one, and the engine must
compute the formula where they differ.
"""

import importlib
from itertools import combinations

import numpy as np
import pytest
from objective_cases import ROWS

from minigen.backend import asarray, to_numpy
from minigen.creation import tensor
from minigen.equations import REGISTER
from minigen.nn.initialisers import he_std, lecun_std, xavier_std
from minigen.tensor import Tensor

WEIGHTS = {"XAVIER": xavier_std, "HE": he_std, "LECUN": lecun_std}
NAMES = [*ROWS, *WEIGHTS]


def values(result):
    """Whatever a transcription or the engine returns, as one float64 vector."""
    parts = result if isinstance(result, tuple | list) else [result]
    arrays = [to_numpy(p.array if isinstance(p, Tensor) else p) for p in parts]
    return np.concatenate([np.ravel(a) for a in arrays])


def same(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=0)


def engine(name, probe):
    if name in WEIGHTS:
        return values(WEIGHTS[name](*probe))
    row = ROWS[name]
    n = len(row.arrays)
    return values(row.function(*[tensor(asarray(a)) for a in probe[:n]], *probe[n:]))


@pytest.mark.parametrize("name", NAMES)
def test_code_exists_and_names_the_equation(name):
    module, _, attribute = REGISTER[name].code.rpartition(".")
    assert f"[E.{name}]" in getattr(importlib.import_module(module), attribute).__doc__


@pytest.mark.parametrize("name", NAMES)
def test_probes_tell_all_forms_apart(name):
    """[E.XAVIER] [E.HE] [E.LECUN] and the objectives. Pairwise, at rtol 1e-9."""
    entry = REGISTER[name]
    assert len(entry.wrong) >= 4
    forms = {"the formula": entry.transcription}
    forms |= {key: wrong.transcription for key, wrong in entry.wrong.items()}
    for probe in entry.probes:
        found = {key: values(form(*probe)) for key, form in forms.items()}
        assert [(a, b) for a, b in combinations(found, 2) if same(found[a], found[b])] == []
    explanations = {wrong.explanation for wrong in entry.wrong.values()}
    assert len(explanations) == len(entry.wrong)


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_computes_the_formula_and_no_wrong_variant(name, backend):
    entry = REGISTER[name]
    assert entry.probes
    for probe in entry.probes:
        found = engine(name, probe)
        np.testing.assert_allclose(found, values(entry.transcription(*probe)), rtol=1e-12)
        for wrong in entry.wrong.values():
            assert not same(found, values(wrong.transcription(*probe))), wrong.explanation


def test_the_generators_losses_name_each_other():
    """[E.GANMINIMAX] [E.GANNONSATURATING] The variant called so is the other entry."""
    minimax, nonsaturating = REGISTER["GANMINIMAX"], REGISTER["GANNONSATURATING"]
    for entry, variant, other in (
        (minimax, "nonsaturating", nonsaturating),
        (nonsaturating, "minimax", minimax),
    ):
        (probe,) = entry.probes
        found = entry.wrong[variant].transcription(*probe)
        np.testing.assert_allclose(found, other.transcription(*probe), rtol=1e-12)


def test_the_initial_deviations_name_each_other():
    """[E.HE] [E.LECUN] [E.XAVIER]"""
    for entry, variant, other in (
        ("HE", "lecun", "LECUN"),
        ("LECUN", "he", "HE"),
        ("XAVIER", "fan_in_only", "LECUN"),
    ):
        shape = (7, 3, 2, 5)
        found = REGISTER[entry].wrong[variant].transcription(shape)
        np.testing.assert_allclose(found, REGISTER[other].transcription(shape), rtol=1e-12)
