"""Every model trains on the device double as it does on NumPy, and no step waits for the device.

The three steps of each method include new noise, hidden words, clipping, running statistics and a
carried state, with one or the other update rule.
"""

import numpy as np
import pytest
from device_methods import METHODS, prepared

from minigen.backend import on_host, to_numpy, use_backend
from minigen.backend.double import tally


def run(name, backend, directory):
    """Losses and parameters after three steps, on the host."""
    with use_backend(backend):
        method, batches = prepared(name, directory)
        losses = []
        for x in batches:
            tally.reset()
            losses.append({k: float(to_numpy(v.array)) for k, v in method.step(x).items()})
        state = {k: to_numpy(v) for k, v in method.model.state_dict().items()}
    return losses, state


@pytest.mark.parametrize("name", METHODS)
def test_three_steps_give_the_same_losses_and_weights(name, tmp_path, device):
    expected, expected_state = run(name, "numpy", tmp_path)
    losses, state = run(name, device, tmp_path)
    for got, wanted in zip(losses, expected, strict=True):
        assert got == pytest.approx(wanted, rel=1e-5)
    assert state.keys() == expected_state.keys()
    for key in state:
        np.testing.assert_allclose(state[key], expected_state[key], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", METHODS)
def test_no_step_waits_for_the_device(name, tmp_path, device):
    """What a step reads back would stop the queue of a GPU; what it sends is its own batch."""
    with use_backend(device):
        method, batches = prepared(name, tmp_path)
        method.step(batches[0])
        tally.reset()
        method.step(batches[1])
        assert tally.waits == {}
        assert all(not on_host(p.array) for p in method.model.parameters())


@pytest.mark.parametrize("name", METHODS)
def test_weights_cross_between_backends(name, tmp_path):
    """A checkpoint written on one backend loads on the other, either way."""
    with use_backend("double"):
        method, batches = prepared(name, tmp_path)
        method.step(batches[0])
        method.model.save(tmp_path / "device.safetensors")
        expected = {k: to_numpy(v) for k, v in method.model.state_dict().items()}
    with use_backend("numpy"):
        host, _ = prepared(name, tmp_path, seed=1)
        host.model.load(tmp_path / "device.safetensors")
        host.model.save(tmp_path / "host.safetensors")
        for key, value in host.model.state_dict().items():
            np.testing.assert_array_equal(to_numpy(value), expected[key])
    with use_backend("double"):
        again, _ = prepared(name, tmp_path, seed=2)
        again.model.load(tmp_path / "host.safetensors")
        for key, value in again.model.state_dict().items():
            np.testing.assert_array_equal(to_numpy(value), expected[key])


def test_the_state_of_an_update_rule_crosses_too(tmp_path):
    with use_backend("numpy"):
        method, batches = prepared("char-lstm", tmp_path)
        method.step(batches[0])
        saved = method.rules["language"].state_dict()
    with use_backend("double"):
        method, _ = prepared("char-lstm", tmp_path)
        rule = method.rules["language"]
        rule.load_state_dict(saved)
        again = rule.state_dict()
    assert again["t"] == 1
    for name in ("m", "v"):
        np.testing.assert_array_equal(again[name], saved[name])
        assert again[name].any()
