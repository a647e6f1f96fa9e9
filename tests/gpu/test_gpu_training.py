"""Every method trains on a device as on the host, stays there, and is captured without a change."""

import numpy as np
import pytest
from device.device_methods import (
    CAPTURABLE,
    FEW,
    METHODS,
    LooksAtTheLoss,
    on_the_device,
    prepared,
    trained,
    two_epochs,
    vae_method,
)
from gpu_watch import synchronise, waits_of

import minigen
from minigen import Generator, nn, ops, optim
from minigen.backend import BackendError, CaptureError, asarray, on_host, to_numpy, use_backend

STEPS = {"cupy": 50, "double": 6}  # the double is there to try the test
EARLY = 5  # steps within which roundings have not yet grown
DETERMINISTIC = CAPTURABLE[:6]  # no embedding, whose gradient adds up in no fixed order


def losses_of(name, backend, directory, steps):
    """A row of losses a step."""
    rows = []
    with use_backend(backend):
        method, batches = prepared(name, directory)
        for i in range(steps):
            found = method.step(batches[i % len(batches)])
            rows.append([float(to_numpy(v.array)) for v in found.values()])
    return np.array(rows)


@pytest.mark.parametrize("name", METHODS)
def test_fifty_steps_have_the_losses_of_the_host(name, tmp_path, device):
    expected = losses_of(name, "numpy", tmp_path, STEPS[device])
    found = losses_of(name, device, tmp_path, STEPS[device])
    np.testing.assert_allclose(found[:EARLY], expected[:EARLY], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_stays_on_the_device(name, tmp_path, device):
    """After the first steps, in which kernels are compiled, nothing is waited for or copied
    back."""
    with use_backend(device):
        method, batches = prepared(name, tmp_path)
        method.step(batches[0])
        with waits_of(device) as waits:
            method.step(batches[1])
        synchronise(device)
        assert waits == {}
        assert not any(on_host(p.array) for p in method.model.parameters())


@pytest.mark.parametrize("name", CAPTURABLE)
def test_captured_steps_are_eager_steps(name, tmp_path, device):
    """But for rounding: on a GPU a captured step multiplies by another function of cuBLAS."""
    expected, _, eager = trained(name, tmp_path, False, device)
    losses, _, captured = trained(name, tmp_path, True, device)
    assert captured.steps.graphs and captured.step == eager.step > 15
    for got, wanted in zip(losses, expected, strict=True):
        assert got == pytest.approx(wanted, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_two_captured_runs_are_one_bit_for_bit(name, tmp_path, device):
    runs = [trained(name, tmp_path, True, device) for _ in range(2)]
    (losses, state, _), (again, state_again, _) = runs
    assert losses == again and state.keys() == state_again.keys()
    for key in state:
        np.testing.assert_array_equal(state[key], state_again[key], err_msg=key)


def test_a_launch_waits_for_nothing(tmp_path, device):
    with use_backend(device):
        trainer = two_epochs(on_the_device("vae", tmp_path)[0])
        assert trainer.steps.graphs
        batches = trainer.steps.batches(FEW.flat, 10, Generator(3))
        with trainer.steps, waits_of(device) as waits:
            # CuPy may not wait inside, and entering and leaving the stream are outside
            trainer.steps.take(batches[0])
        assert waits == {}


def test_a_capture_that_fails_says_so_and_the_next_one_works(device):
    with use_backend(device):
        with pytest.raises(CaptureError, match="capture: .*without capture|keep it on the device"):
            two_epochs(vae_method(LooksAtTheLoss))
        assert np.isfinite(two_epochs(vae_method()).history.column("elbo")).all()
        assert to_numpy(asarray([1.0, 2.0]) * 2).tolist() == [2.0, 4.0]


# ---------------------------------------------------------------- mixing, and crossing over
def test_arrays_of_host_and_device_do_not_mix(device):
    host = np.ones((2, 2), dtype="float32")
    here, parameter = minigen.tensor(host), nn.Parameter(host)
    with use_backend(device):
        there = asarray(host)
        for mixed in (
            lambda: minigen.tensor(there) + here,
            lambda: minigen.matmul(here, there),
            lambda: ops.getitem(there, key=np.array([0, 1])),
            lambda: optim.SGD([nn.Parameter(there), parameter], 0.1),
        ):
            with pytest.raises(BackendError, match="move|backend"):
                mixed()
        for mixed in (lambda: there + host, lambda: host * there):
            with pytest.raises(TypeError):
                mixed()
        assert not on_host((minigen.tensor(there) + 1).array)


@pytest.mark.parametrize("name", METHODS)
def test_checkpoints_cross(name, tmp_path, device):
    """From the device to the host and back, weights and the state of the update rules."""
    with use_backend(device):
        method, batches = prepared(name, tmp_path)
        method.step(batches[0])
        method.model.save(tmp_path / "device.safetensors")
        expected = {k: to_numpy(v) for k, v in method.model.state_dict().items()}
        states = {key: rule.state_dict() for key, rule in method.rules.items()}
    with use_backend("numpy"):
        host, _ = prepared(name, tmp_path, seed=1)
        host.model.load(tmp_path / "device.safetensors")
        host.model.save(tmp_path / "host.safetensors")
        for key, rule in host.rules.items():
            rule.load_state_dict(states[key])
        states = {key: rule.state_dict() for key, rule in host.rules.items()}
    with use_backend(device):
        again, _ = prepared(name, tmp_path, seed=2)
        again.model.load(tmp_path / "host.safetensors")
        for key, value in again.model.state_dict().items():
            np.testing.assert_array_equal(to_numpy(value), expected[key])
        for key, rule in again.rules.items():
            rule.load_state_dict(states[key])
            for entry, value in rule.state_dict().items():
                np.testing.assert_array_equal(value, states[key][entry])
        again.step(batches[1])
