"""A captured step repeats what the eager one does, bit for bit, and says what it cannot repeat.

The double plays the graph back on the memory that it was captured on, as a GPU does: a number of
the host that was baked in, such as a step count, shows as a difference.
"""

import copy
import warnings
from functools import partial

import numpy as np
import pytest
from device_methods import (
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

from minigen import Generator, data, nn, optim, training
from minigen.backend import CaptureError, active, asarray, capturer, to_numpy, use_backend
from minigen.backend.double import tally
from minigen.models import CharLSTM, CharTransformer
from minigen.objectives import binomial_log_likelihood


@pytest.mark.parametrize("name", CAPTURABLE)
def test_captured_steps_are_eager_steps_bit_for_bit(name, tmp_path, device):
    expected, expected_state, eager = trained(name, tmp_path, False)
    losses, state, captured = trained(name, tmp_path, True)
    assert captured.steps.graphs and captured.step == eager.step > 15
    assert losses == expected
    assert state.keys() == expected_state.keys()
    for key in state:
        np.testing.assert_array_equal(state[key], expected_state[key], err_msg=key)


def test_a_launch_asks_for_nothing_but_its_graph(tmp_path, device):
    """Once captured, a step finds its rows by itself: nothing is uploaded or waited for."""
    with use_backend(device):
        trainer = two_epochs(on_the_device("vae", tmp_path)[0])
        ((kind, captured),) = trainer.steps.graphs.items()
        assert kind[0] == training.steps.Rows(10)
        assert captured.moves == {"vae": 1} and captured.inputs == []
        batches = trainer.steps.batches(FEW.flat, 10, Generator(3))
        tally.reset()
        trainer.steps.take(batches[0])
        assert tally.waits == tally.uploads == {}


def rows_seen(order, sizes):
    """The row numbers of each batch that a data set on the device hands out."""
    rows = training.steps.OnDevice(np.arange(7.0)[:, None], np.zeros(len(order), dtype="int64"))
    rows.begin(np.array(order))
    return [to_numpy(rows.next(training.steps.Rows(n)))[:, 0].tolist() for n in sizes]


def test_the_order_of_an_epoch_is_followed_on_the_device(device):
    with use_backend(device):
        tally.reset()
        assert rows_seen([3, 0, 6, 1, 5], (2, 2, 1)) == [[3, 0], [6, 1], [5]]


class Longer(training.VAETraining):
    """A method whose epochs become longer."""

    length = 3

    def epoch(self, flat, batch_size, rng):
        self.length += 1
        return (flat[np.arange(i, i + 10) % len(flat)] for i in range(self.length))


def test_epochs_of_other_lengths_are_captured_anew():
    with use_backend("double"):
        trainer = two_epochs(vae_method(Longer))
        assert trainer.steps.graphs and len(trainer.steps.images.order) == 50
        assert trainer.history.column("elbo") == losses(vae_method(Longer), False)


EPOCHS = {
    "got slice.None, 10, None": lambda flat: iter([flat[:10]]),
    "a batch is tuple": lambda flat: iter([(flat[np.arange(4)], flat[np.arange(4)])]),
    "it uses .shape": lambda flat: iter([flat[np.arange(flat.shape[0])]]),
}


@pytest.mark.parametrize("said", EPOCHS)
def test_an_epoch_must_pick_by_row_numbers_and_no_more(said):
    """Whatever else it did to a batch it would do to the numbers of rows."""

    class Other(training.VAETraining):
        def step(self, x):
            return super().step(x[0] if isinstance(x, tuple) else x)

        def epoch(self, flat, batch_size, rng):
            return EPOCHS[said](flat)

    with use_backend("double"):
        with pytest.raises(CaptureError, match=said):
            losses(vae_method(Other), True)
        with pytest.warns(RuntimeWarning, match=f"{said}.*as is done now"):
            found = losses(vae_method(Other), "auto")
        assert found == losses(vae_method(Other), False)


def test_what_is_exchanged_between_two_runs_is_used(device):
    """Another update rule, and other images in the same place."""
    found = []
    for capture in (False, True):
        with use_backend(device):
            method = vae_method()
            images = data.Images(FEW.name, FEW.images.copy(), FEW.labels)
            trainer = training.Trainer(
                method, images, batch_size=10, rng=Generator(3), progress=False, capture=capture
            )
            trainer.run(1)
            method.rules["vae"] = optim.SGD(method.model.parameters(), 1e-2)
            images.images[...] = images.images[::-1].copy()
            trainer.run(1)
            found.append((trainer.history.column("elbo"), method.rules["vae"].t))
    assert found[0] == found[1] and found[0][1] == trainer.step // 2
    assert all(p.grad is None for p in method.model.parameters())


@pytest.mark.parametrize("error", [KeyboardInterrupt, CaptureError])
def test_a_capture_that_is_broken_off_counts_no_step(error):
    class BreaksOff(training.VAETraining):
        def step(self, x):
            found = super().step(x)
            if tally.tape is not None:
                raise error
            return found

    with use_backend("double"):
        method = vae_method(BreaksOff)
        with pytest.raises(error):
            two_epochs(method)
        rule = method.rules["vae"]
        assert rule.t == 2 == int(to_numpy(rule.count))


@pytest.mark.parametrize("name", METHODS[8:])
def test_methods_that_cannot_be_captured_say_why(name, tmp_path, recwarn):
    with use_backend("double"):
        method, _ = prepared(name, tmp_path)
        with pytest.raises(CaptureError, match=f"a step of {method.name} cannot be captured: its"):
            training.steps.steps_of(method, True)
        assert not recwarn.list
        with pytest.warns(RuntimeWarning, match="as is done now"):
            steps = training.steps.steps_of(method, "auto")
        assert type(steps) is training.steps.EagerSteps


def test_on_the_host_capture_changes_nothing(tmp_path):
    with use_backend("numpy"):
        method, _ = prepared("vae", tmp_path)
        assert type(training.steps.steps_of(method, True)) is training.steps.EagerSteps
        with pytest.raises(ValueError, match="capture must be True, False or 'auto'; got 1.5"):
            training.steps.steps_of(method, 1.5)


class CountsOnTheHost(training.VAETraining):
    """A step whose weight of the KL is a number of the host."""

    def step(self, x):
        self.beta += 0.1
        return super().step(x)


def losses(method, capture):
    return two_epochs(method, capture).history.column("elbo")


def test_a_step_that_reads_back_is_refused_by_name():
    with use_backend("double"):
        with pytest.raises(CaptureError, match="get: the host waits for a value of the device"):
            two_epochs(vae_method(LooksAtTheLoss))
        assert tally.tape is None  # the next one can be captured
        assert len(losses(vae_method(), True)) == 2


def test_counts_as_pixels_are_captured_too():
    """The binomial coefficients are made on the device, not sent there."""
    counted = partial(binomial_log_likelihood, count=16)
    with use_backend("double"):
        eager, captured = (losses(vae_method(log_likelihood=counted), c) for c in (False, True))
    assert eager == captured


def test_a_number_of_the_host_in_a_captured_step_shows_as_a_difference():
    """What the comparison above would not survive: the emulator plays back the old number."""
    with use_backend("double"):
        eager, captured = (losses(vae_method(CountsOnTheHost), c) for c in (False, True))
    assert eager != captured


def test_a_carried_state_begins_anew_with_each_epoch(tmp_path):
    """The memory in which a device keeps a state is not taken for one after an epoch."""
    with use_backend("double"):
        text = data.texts(sequence_text(tmp_path))[0]
        net = CharLSTM(len(text.vocabulary), 4, 6, rng=Generator(0))
        rule = optim.SGD(net.parameters(), 1e-12)
        method = training.LanguageTraining(net, rule, steps=8)
        kinds = []
        for _ in range(2):
            for x in method.epoch(text.flat, 4, Generator(1)):
                kinds.append((method.kind(), float(to_numpy(method.step(x)["loss"].array))))
        half = len(kinds) // 2
        assert kinds[0][0] is None and kinds[1][0] == ((1, 4, 6), (1, 4, 6))
        np.testing.assert_allclose([k[1] for k in kinds[:half]], [k[1] for k in kinds[half:]])


@pytest.mark.parametrize("context", [None, 24], ids=["lstm", "transformer"])
def test_a_carried_state_is_found_by_every_graph(context, tmp_path):
    """Over many epochs, also where the state grows at first: a transformer's context of three
    windows. Each kind of step leaves its own state to the next."""
    text = data.texts(sequence_text(tmp_path))[0]
    symbols = len(text.vocabulary)
    found = []
    for capture in (False, True):
        with use_backend("double"):
            rng = Generator(0)
            if context is None:
                net = CharLSTM(symbols, 4, 6, rng=rng)
            else:
                net = CharTransformer(symbols, 8, 2, 1, context, rng=rng)
            method = training.LanguageTraining(net, optim.SGD(net.parameters(), 0.5), steps=8)
            trainer = training.Trainer(
                method, text, batch_size=4, rng=Generator(3), progress=False, capture=capture
            )
            trainer.run(6)
            found.append((trainer.history.column("loss"), method.state))
    (eager, state), (captured, left) = found
    assert captured == eager
    kinds = {kind for _, kind in trainer.steps.graphs}
    assert None in kinds and len(kinds) == (2 if context is None else 4)
    for a, b in zip(state, left, strict=True):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))


def test_auto_goes_on_without_where_a_capture_fails():
    with use_backend("double"):
        method = vae_method(LooksAtTheLoss)
        with pytest.warns(RuntimeWarning, match="waits for a value.*as is done now") as warned:
            trainer = two_epochs(method, "auto")
        assert len(warned) == 1 and not trainer.steps.graphs
        assert method.rules["vae"].t == trainer.step
        eager = two_epochs(vae_method(LooksAtTheLoss), False)
        assert trainer.history.column("elbo") == eager.history.column("elbo")


def test_auto_goes_on_from_the_state_before(tmp_path):
    """A text's state is carried on past a capture that failed after it was left."""

    class Looks(training.LanguageTraining):
        def step(self, x):
            found = super().step(x)
            self.last = float(to_numpy(found["loss"].array))
            return found

    text = data.texts(sequence_text(tmp_path))[0]
    found = []
    for capture in ("auto", False):
        with use_backend("double"):
            net = CharLSTM(len(text.vocabulary), 4, 6, rng=Generator(0))
            method = Looks(net, optim.SGD(net.parameters(), 0.5), steps=48)
            trainer = training.Trainer(
                method, text, batch_size=4, rng=Generator(3), progress=False, capture=capture
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                trainer.run(5)
            found.append(trainer.history.column("loss"))
    assert found[0] == found[1]


def sequence_text(directory):
    path = directory / "text.txt"
    path.write_text("the cat sat on the mat, the rat sat on the cat.\n" * 8, encoding="utf-8")
    return path


def test_a_composed_recurrence_of_many_steps_can_be_captured():
    """CuPy would join its states by a table of addresses, which it has to be sent."""
    with use_backend("double"):
        layer = nn.RNN(3, 4, 2, rng=Generator(0))
        x, seen = asarray(np.ones((70, 5, 3), np.float32)), []

        def step():
            seen.append(layer(x)[0].sum())
            seen[-1].backward()

        with capturer(active()) as device:
            step()
            tally.reset()
            launch = device.capture(step)
            launch()
        assert tally.uploads == {}
        assert to_numpy(seen[0].array) == to_numpy(seen[1].array) != 0


def test_a_model_with_masks_can_be_copied_on_a_device(device):
    with use_backend(device):
        layer = nn.Dropout(0.5, rng=Generator(3))
        x = asarray(np.ones((4, 5), np.float32))
        first = layer(x)
        twin = copy.deepcopy(layer)
        second, again = layer(x), twin(x)
        assert twin.rng is not layer.rng
        np.testing.assert_array_equal(to_numpy(second), to_numpy(again))
        assert (to_numpy(first) != to_numpy(second)).any()
        np.testing.assert_array_equal(to_numpy(layer(x)), to_numpy(twin(x)))
