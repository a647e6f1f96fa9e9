"""Data in another layout, sizes that do not fit, looks that must not change anything."""

import json

import numpy as np
import pytest

from minigen import data, models, nn, optim, tensor, training
from minigen.backend import Generator
from minigen.data import DataError, augmentation
from minigen.models.code_gaussian import CodeGaussian
from minigen.training.sentences import sentence_log_likelihood
from minigen.training.trainer import Trainer

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 7, (2, 4, 3))
ROWS = np.arange(32, dtype=np.float32).reshape(2, 16)


def language(steps=4, max_norm=5.0):
    net = models.CharLSTM(7, 4, 5, rng=Generator(3))
    rule = optim.SGD(net.parameters(), 0.1)
    return training.LanguageTraining(net, rule, steps, max_norm)


# ---------------------------------------------------------------- sequences
@pytest.mark.parametrize("y", [Y.T, Y.reshape(-1), Y[:3]])
def test_symbols_that_follow_lie_as_those_before(y):
    method = language()
    with pytest.raises(ValueError, match=r"laid out as the logits, \(steps, n\)"):
        training.language_step(method.model, method.rules["language"], X, y)


@pytest.mark.parametrize(
    ("lengths", "axes"), [([4], (0, 1, 2)), ([99, 0, -3], (0, 1, 2)), ([4, 2, 1], (1, 0, 2))]
)
def test_sentences_have_lengths_and_logits_of_their_own(lengths, axes):
    logits = tensor(RNG.normal(size=(4, 3, 7)).transpose(axes))
    with pytest.raises(ValueError, match="sentence_log_likelihood: l"):
        sentence_log_likelihood(Y, np.array(lengths), logits)


@pytest.mark.parametrize(
    ("x", "state"),
    [(X[:, 0], None), (X[:0], None), (X[:2], (X[:2, :1],))],
)
def test_a_transformer_reads_texts_side_by_side(x, state):
    net = models.CharTransformer(7, 8, 2, 1, 6, rng=Generator(1))
    with pytest.raises(ValueError, match=r"CharTransformer: x must be \(steps, n\)"):
        net(x, state)


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_an_lstm_reads_numbers_and_not_symbols(dtype):
    with pytest.raises(TypeError, match="lstm: x must be floating-point; got"):
        nn.LSTM(3, 2, rng=Generator(0))(X[:, None].astype(dtype))


def test_an_lstm_takes_a_batch_of_none():
    layer = nn.LSTM(3, 2, rng=Generator(0))
    x = tensor(np.zeros((4, 0, 3), np.float32), requires_grad=True)
    layer(x)[0].sum().backward()
    assert x.grad.shape == (4, 0, 3) and not any(p.grad.numpy().any() for p in layer.parameters())


@pytest.mark.parametrize("start", [np.zeros((3, 5, 88)), np.zeros((3, 88)), np.zeros((0, 1, 88))])
def test_music_goes_on_from_as_many_pieces(start):
    net = models.MusicLSTM(88, 4, rng=Generator(0))
    with pytest.raises(ValueError, match=r"start \(steps, 1, 88\)"):
        net.play(2, 1, Generator(0), start=start)
    assert net.play(2, 1, Generator(0), start=np.ones((3, 1, 88), bool)).shape == (2, 1, 88)


# ---------------------------------------------------------------- the same text, the same model
def test_the_same_seed_writes_the_same_text_while_training():
    net = models.CharLSTM(7, 4, 5, rng=Generator(3), dropout=0.5)
    texts = [list(models.write_on(net, [1, 2], 30, Generator(0))) for _ in range(2)]
    assert texts[0] == texts[1] and net.training


@pytest.mark.parametrize(
    "settings",
    [{"temperature": float("nan")}, {"temperature": -1}, {"top_k": 2.5}, {"length": -1}],
)
def test_settings_of_writing(settings):
    net = models.CharLSTM(7, 4, 5, rng=Generator(3))
    with pytest.raises(ValueError, match="write_on: needs at least one symbol"):
        models.write_on(net, [1], **{"length": 3, "rng": Generator(0)} | settings)


def test_the_smallest_temperature_takes_the_most_probable():
    net = models.CharLSTM(7, 4, 5, rng=Generator(3))
    cold, zero = (
        list(models.write_on(net, [1], 20, Generator(0), temperature=t)) for t in (1e-300, 0)
    )
    assert cold == zero


# ---------------------------------------------------------------- methods and the trainer
def test_what_cannot_work_is_told_when_a_method_is_made():
    net = models.RVAE(9, 4, 5, 2, rng=Generator(0))
    rule = optim.SGD(net.parameters(), 0.1)
    for wrong in ({"hide": 1.5}, {"hide": float("nan")}, {"annealing": -5}, {"free": -1.0}):
        with pytest.raises(ValueError, match="RVAETraining: annealing must be"):
            training.RVAETraining(net, rule, Generator(0), **wrong)
    with pytest.raises(ValueError, match="RVAETraining: max_norm must be above 0"):
        training.RVAETraining(net, rule, Generator(0), max_norm=0)
    with pytest.raises(ValueError, match="steps must be at least 1, an integer; got 2.5"):
        language(steps=2.5)
    with pytest.raises(ValueError, match="LanguageTraining: max_norm must be above 0"):
        language(max_norm=-1)


def pictures(n, side):
    images = RNG.random((n, side, side), dtype=np.float32)
    return data.Images("noise", images, np.zeros(n, np.int64))


def autoencoder(side=4):
    net = models.Autoencoder(side * side, (4,), 2, rng=Generator(0))
    return training.AutoencoderTraining(net, optim.SGD(net.parameters(), 0.1))


def test_the_trainer_looks_at_everything_first():
    method, images = autoencoder(), pictures(6, 4)
    with pytest.raises(TypeError, match="images and test must be data.Images"):
        Trainer(method, None, rng=Generator(0))
    with pytest.raises(ValueError, match=r"one size; got \(4, 4\) and \(5, 5\)"):
        Trainer(method, images, pictures(6, 5), rng=Generator(0))
    with pytest.raises(TypeError, match=r"a schedule must be a function .* optim.constant\(0.1\)"):
        Trainer(method, images, rng=Generator(0), schedules={"autoencoder": 0.1})
    with pytest.raises(TypeError, match="epochs must be an integer; got 1.5"):
        Trainer(method, images, rng=Generator(0)).run(1.5)


def test_weights_are_kept_whatever_ends_a_run(tmp_path):
    method = autoencoder()

    def failing(step):
        if step == 3:
            raise ZeroDivisionError("the user's own schedule")
        return 0.1

    config = {"model": "autoencoder", "epochs": 9, "batch_size": 6, "picture_every": 100}
    with pytest.raises(ZeroDivisionError):
        training.train_run(
            tmp_path, config, method, pictures(6, 4), pictures(6, 4), Generator(0),
            progress=False, schedules={"autoencoder": failing},
        )  # fmt: skip
    kept = nn.load_tensors(tmp_path / "checkpoint.safetensors")
    for name, value in method.model.state_dict().items():
        np.testing.assert_array_equal(kept[name], value)
    assert json.loads((tmp_path / "config.json").read_text()) == config


# ---------------------------------------------------------------- a Gaussian over codes
def test_one_code_is_a_gaussian_of_its_own():
    gaussian = CodeGaussian(2)
    gaussian.fit(np.array([[3.0, -1.0]], np.float32))
    np.testing.assert_allclose(gaussian.draw(50, Generator(0)), [[3.0, -1.0]] * 50, atol=0.01)


def test_large_codes_that_move_together_are_fitted():
    line = np.float32(1e5) * RNG.normal(size=(500, 1)).astype(np.float32)
    codes = line @ RNG.normal(size=(1, 16)).astype(np.float32)
    gaussian = CodeGaussian(16)
    gaussian.fit(codes)
    drawn = gaussian.draw(4000, Generator(0))
    np.testing.assert_allclose(drawn.std(axis=0), codes.std(axis=0), rtol=0.1)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.full((3, 2), np.nan, np.float32), "codes must be finite"),
        (np.zeros((5, 3), np.float32), r"codes must be \(n, 2\), n at least 1; got \(5, 3\)"),
        (np.zeros((0, 2), np.float32), "n at least 1"),
    ],
)
def test_what_is_no_set_of_codes_changes_nothing(codes, message):
    gaussian = CodeGaussian(2)
    with pytest.raises(ValueError, match=message):
        gaussian.fit(codes)
    assert not gaussian.mean.numpy().any() and (gaussian.root.numpy() == np.eye(2)).all()


# ---------------------------------------------------------------- images in rows
def identity(images, rng):
    return images


def smaller(images, rng):
    return images[:, :2, :2]


@pytest.mark.parametrize(
    ("shape", "change", "message"),
    [
        ((2, 4), identity, "rows must have 2 x 4 numbers each"),
        ((8, 4), identity, "rows must have 8 x 4 numbers each"),
        ((4, 4), smaller, r"every change must keep .* from smaller"),
    ],
)
def test_rows_are_images_of_the_shape_that_was_told(shape, change, message):
    with pytest.raises(DataError, match=message):
        augmentation.on_rows(shape, change)(ROWS, Generator(0).host)


IMAGES = ROWS.reshape(2, 4, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: augmentation.flip(IMAGES, np.array([2, 0])), "they must be bools"),
        (lambda: augmentation.shift(IMAGES, np.array([0.5, 1]), np.zeros(2, int)), "signed integ"),
        (lambda: augmentation.crop(IMAGES, (-1, 2), *np.zeros((2, 2), int)), "at least 1 x 1"),
        (lambda: augmentation.crop(IMAGES, (100, 2), *np.full((2, 2), 201, np.uint8)), "inside"),
        (lambda: augmentation.random_shift(IMAGES, Generator(0).host, 1.5), "whole pixels"),
    ],
)
def test_numbers_of_a_change(change, message):
    with pytest.raises(DataError, match=message):
        change()


def test_what_comes_in_from_outside_is_0_beside_an_infinite_border():
    shifted = augmentation.shift(np.full((1, 2, 2), -np.inf), np.array([1]), np.array([0]))
    np.testing.assert_array_equal(shifted[0], [[0.0, 0.0], [-np.inf, -np.inf]])
    assert not np.signbit(shifted[0, 0]).any()
