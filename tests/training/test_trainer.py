"""The loop, tried with a made-up method whose losses are known, and with real models for a few
epochs: order of the data, means over an epoch, what happens when a loss is no longer finite."""

import csv
import math

import numpy as np
import pytest

from minigen import data, models, nn, optim, tensor, training
from minigen.backend import Generator
from minigen.data import Images
from minigen.nn import Parameter
from minigen.training import DivergenceError, History, Method, Trainer


class Recorder(Method):
    """Keeps every batch it is given; its loss is the mean of the batch's first pixels."""

    name = "recorder"

    def __init__(self, full_batch: bool = False) -> None:
        parameter = Parameter(np.ones(1, dtype="float32"))
        rule = optim.GD if full_batch else optim.SGD
        self.rules = {"rule": rule([parameter], 0.1)}
        self.model = nn.Dropout(0.5, rng=Generator(0))  # knows training from evaluation
        self.modes: list[str] = []
        self.batches: list[np.ndarray] = []
        self.finished = 0

    def step(self, x):
        self.batches.append(x)
        self._see("step")
        return {"mean": tensor(x[:, 0].mean())}

    def _see(self, where):
        self.modes.append(f"{where} {'training' if self.model.training else 'evaluating'}")

    def evaluate(self, images):
        self._see("test")
        return {"test_mean": float(images[:, 0].mean())}

    def finish(self, images):
        self.finished += 1
        self._see("finish")
        return {}


def numbered(n: int = 10) -> Images:
    """n images of 2 x 2 whose first pixel is their number divided by n."""
    images = np.zeros((n, 2, 2), dtype="float32")
    images[:, 0, 0] = np.arange(n) / n
    return Images("numbered", images, np.zeros(n, dtype="int64"))


def run(method, epochs=2, seed=0, **options):
    trainer = Trainer(method, numbered(), rng=Generator(seed), progress=False, **options)
    return trainer, trainer.run(epochs)


def test_each_epoch_sees_every_image_once_in_a_new_order():
    method = Recorder()
    trainer, _ = run(method, batch_size=4)
    first = np.concatenate([b[:, 0] for b in method.batches[:3]])
    second = np.concatenate([b[:, 0] for b in method.batches[3:]])
    assert [len(b) for b in method.batches] == [4, 4, 2, 4, 4, 2]
    np.testing.assert_allclose(sorted(first), np.arange(10) / 10, atol=1e-7)
    np.testing.assert_allclose(sorted(second), np.arange(10) / 10, atol=1e-7)
    assert not np.array_equal(first, second)
    assert (trainer.epoch, trainer.step, method.finished) == (2, 6, 1)


def test_the_seed_decides_the_order():
    one, same, other = Recorder(), Recorder(), Recorder()
    run(one, seed=1)
    run(same, seed=1)
    run(other, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(one.batches, same.batches, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one.batches, other.batches, strict=True))


def test_history_holds_the_means_over_the_steps_of_each_epoch():
    method = Recorder()
    trainer, last = run(method, batch_size=5, test=numbered(4))
    means = [np.mean([b[:, 0].mean() for b in method.batches[i : i + 2]]) for i in (0, 2)]
    assert trainer.history.column("mean") == pytest.approx(means, abs=1e-6)
    assert trainer.history.column("epoch") == [1, 2]
    assert last["test_mean"] == pytest.approx(0.375)


def test_gradient_descent_takes_the_whole_data_set():
    """[E.GD] is stated for the gradient over all examples."""
    method = Recorder(full_batch=True)
    run(method, batch_size=3)
    assert [len(b) for b in method.batches] == [10, 10]


def test_training_can_go_on():
    method = Recorder()
    trainer, _ = run(method)
    trainer.run(3)
    assert trainer.epoch == 5
    assert trainer.history.column("epoch") == [1, 2, 3, 4, 5]


def test_only_steps_find_the_model_in_training_mode():
    """Batch statistics and dropout are for the steps; figures and pictures go without."""
    method = Recorder()
    run(
        method,
        epochs=2,
        batch_size=10,
        test=numbered(4),
        after_epoch=lambda trainer: method._see("pictures"),
    )
    one = ["step training", "test evaluating", "pictures evaluating"]
    assert method.modes == [*one, *one, "finish evaluating"]
    assert method.model.training


def test_after_epoch_is_called_with_the_trainer():
    seen = []
    run(Recorder(), epochs=3, after_epoch=lambda trainer: seen.append(trainer.epoch))
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_stops_and_says_what_to_do(bad):
    method = Recorder()
    method.step = lambda x: {"fine": tensor(1.0), "loss": tensor(bad)}
    with pytest.raises(DivergenceError, match=r"recorder: the loss 'loss' .* step 1 .*lower alpha"):
        run(method)


def test_a_diverging_vae_raises():
    rng = Generator(0)
    vae = models.VAE(64, (16,), 2, rng=rng)
    method = training.VAETraining(vae, optim.SGD(vae.parameters(), 1e6), rng)
    trainer = Trainer(method, data.digits("train"), rng=rng, progress=False)
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="vae: the loss"):
        trainer.run(3)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_figures_of_the_data_held_back_must_be_finite_too(bad):
    """The last step may have thrown the weights away: its own loss was taken before it."""
    method = Recorder()
    method.evaluate = lambda flat: {"test_loss": bad}
    images = data.digits("test")
    trainer = Trainer(method, images, images, batch_size=100, rng=Generator(0), progress=False)
    with pytest.raises(DivergenceError, match=r"'test_loss' .* after step \d+ \(epoch 1\); lower"):
        trainer.run(2)
    assert trainer.epoch == 0 and not trainer.history.rows


@pytest.mark.parametrize(("options", "message"), [({"batch_size": 0}, "batch_size")])
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        run(Recorder(), **options)
    with pytest.raises(ValueError, match="epochs must be at least 1; got 0"):
        run(Recorder(), epochs=0)


def test_history_is_a_table_that_others_read(tmp_path):
    history = History()
    history.add({"epoch": 1, "loss": 0.5})
    history.add({"epoch": 2, "loss": 0.25})
    with pytest.raises(ValueError, match="every row must have the names"):
        history.add({"epoch": 3, "other": 1.0})
    history.save(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert [(int(r["epoch"]), float(r["loss"])) for r in rows] == [(1, 0.5), (2, 0.25)]
    assert history.last() == {"epoch": 2, "loss": 0.25}


def small_vae(seed):
    rng = Generator(seed)
    vae = models.VAE(64, (32,), 4, rng=rng)
    rule = optim.Adam(vae.parameters(), alpha=2e-3)
    method = training.VAETraining(vae, rule, rng, prepare=data.binarise)
    trainer = Trainer(method, data.digits("train"), data.digits("test"), rng=rng, progress=False)
    return vae, trainer


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    states = []
    for seed in (3, 3, 4):
        vae, trainer = small_vae(seed)
        trainer.run(2)
        states.append(b"".join(a.tobytes() for a in vae.state_dict().values()))
    assert states[0] == states[1]
    assert states[0] != states[2]


def test_a_vae_learns_the_digits():
    """[E.ELBO] of unseen digits rises far above that of independent pixels at their means."""
    _, trainer = small_vae(0)
    figures = trainer.run(15)
    pixels = data.digits("train").flat.mean(axis=0).clip(1e-3, 1 - 1e-3)
    entropy = -(pixels * np.log(pixels) + (1 - pixels) * np.log(1 - pixels)).sum()
    assert figures["test_elbo"] > -entropy + 1.0
    assert figures["test_elbo"] == pytest.approx(
        figures["test_reconstruction"] - figures["test_kl"], abs=1e-3
    )
    assert figures["elbo"] == pytest.approx(figures["reconstruction"] - figures["kl"], abs=1e-2)


def test_an_autoencoder_learns_and_its_codes_get_a_gaussian():
    rng = Generator(0)
    model = models.Autoencoder(64, (64,), 6, rng=rng)
    method = training.AutoencoderTraining(model, optim.Adam(model.parameters(), alpha=2e-3))
    digits, test = data.digits("train"), data.digits("test")
    before = method.evaluate(test.flat)
    figures = Trainer(method, digits, test, rng=rng, progress=False).run(15)
    assert figures["test_squared_error"] < 0.5 * before["test_squared_error"]
    codes = method.codes(digits.flat).numpy().astype("float64")
    root = model.gaussian.root.numpy()
    np.testing.assert_allclose(
        model.gaussian.mean.numpy(), codes.mean(axis=0), rtol=1e-3, atol=1e-3
    )
    covariance = np.cov(codes, rowvar=False)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-3 * covariance.max())
