"""The register's entries for rules: every wrong variant is told from the formula and the rest."""

import importlib
from itertools import combinations

import numpy as np
import pytest
from optim_cases import RULES, walk

import minigen.equations.optim  # noqa: F401 - fills the register
from minigen.equations import REGISTER
from minigen.nn import Parameter

OURS = {name: entry for name, entry in REGISTER.items() if entry.code.startswith("minigen.optim.")}
WITH_WRONG = [name for name, entry in OURS.items() if entry.wrong]


def values(transcription, probes):
    """What a transcription computes at all probes, as one vector."""
    pieces = []
    for probe in probes:
        result = transcription(*probe)
        pieces += [np.ravel(r) for r in (result if isinstance(result, list) else [result])]
    return np.concatenate(pieces)


def test_the_ids_are_there():
    names = {*RULES, "L1", "L2", "CLIPNORM", "CLIPVALUE"}
    assert names | {"CONSTANT", "STEPDECAY", "EXPDECAY", "COSINE", "WARMUP"} == set(OURS)
    assert {"ADAM", "ADAMBC", "MOM", "HEAVYBALL", "CLIPNORM"} == set(WITH_WRONG)
    assert len(REGISTER["ADAM"].wrong) >= 12 <= len(REGISTER["ADAMBC"].wrong)


@pytest.mark.parametrize("name", OURS)
def test_code_exists_and_names_the_equation(name):
    module, _, attribute = OURS[name].code.rpartition(".")
    code = getattr(importlib.import_module(module), attribute)
    assert f"[{OURS[name].id}]" in code.__doc__


@pytest.mark.parametrize("name", WITH_WRONG)
def test_probes_tell_all_forms_apart(name):
    """[E.ADAM] [E.ADAMBC] [E.MOM] [E.HEAVYBALL] [E.CLIPNORM] Pairwise, at rtol 1e-9."""
    entry = OURS[name]
    forms = {"the formula": entry.transcription}
    forms |= {key: wrong.transcription for key, wrong in entry.wrong.items()}
    found = {key: values(form, entry.probes) for key, form in forms.items()}
    same = [
        (a, b)
        for a, b in combinations(found, 2)
        if np.allclose(found[a], found[b], rtol=1e-9, atol=0)
    ]
    assert same == []
    explanations = [wrong.explanation for wrong in entry.wrong.values()]
    assert len(set(explanations)) == len(explanations)


@pytest.mark.parametrize("name", ["MOM", "HEAVYBALL", "ADAM", "ADAMBC"])
def test_the_engine_is_the_formula_at_the_probes(name):
    """[E.MOM] [E.HEAVYBALL] [E.ADAM] [E.ADAMBC] Also at gradients from 1e-9 to 1e3."""
    entry, cls = OURS[name], RULES[name][0]
    for theta0, gradients, *hyper in entry.probes:
        assert abs(gradients).min() < 1e-9 and abs(gradients).max() > 1e3
        found = walk(cls([Parameter(theta0)], *hyper), gradients)
        expected = entry.transcription(theta0, gradients, *hyper)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)
        for wrong in entry.wrong.values():
            other = wrong.transcription(theta0, gradients, *hyper)
            assert not np.allclose(found, other, rtol=1e-9, atol=0), wrong.explanation


def test_the_wrong_forms_share_the_right_parts():
    """[E.ADAM] [E.ADAMBC] Each is the other's wrong variant, bit for bit."""
    stated, corrected = REGISTER["ADAM"], REGISTER["ADAMBC"]
    for probe in stated.probes:
        for ours, theirs in (
            (stated.wrong["bias_corrected"], corrected),
            (corrected.wrong["no_bias_correction"], stated),
        ):
            np.testing.assert_array_equal(ours.transcription(*probe), theirs.transcription(*probe))


def test_the_momenta_name_each_other():
    """[E.MOM] [E.HEAVYBALL] [E.NESTEROV] The variants called so are those rules."""
    for entry, variant, other in (
        ("MOM", "heavy_ball", "HEAVYBALL"),
        ("HEAVYBALL", "stated_momentum", "MOM"),
        ("MOM", "nesterov", "NESTEROV"),
        ("HEAVYBALL", "nesterov", "NESTEROV"),
        ("MOM", "no_memory", "SGD"),
    ):
        for probe in REGISTER[entry].probes:
            found = REGISTER[entry].wrong[variant].transcription(*probe)
            same = probe[:3] if other == "SGD" else probe
            expected = REGISTER[other].transcription(*same)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)
