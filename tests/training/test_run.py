"""A run directory: all its files, what they say, and that a run can be read back."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from minigen import data, models, optim, training
from minigen.backend import Generator
from minigen.training import RunError, load_run, new_directory, pictures, train_run
from minigen.training.run import check_config, clear

FILES = ("config.json", "history.csv", "result.json", "checkpoint.safetensors", "losses.png")


def make_run(directory, kind, epochs=2):
    rng = Generator(0)
    arguments = {"data_size": 64}
    if kind == "gan":
        model = models.GAN(**arguments, rng=rng)
        rules = [optim.Adam(m.parameters(), 1e-3) for m in (model.discriminator, model.generator)]
        method = training.GANTraining(model, *rules, rng)
    elif kind == "vae":
        arguments |= {"hidden": [32], "code_size": 2}
        model = models.VAE(**arguments, rng=rng)
        method = training.VAETraining(model, optim.Adam(model.parameters(), 1e-3), rng)
    else:
        arguments |= {"hidden": [32], "code_size": 4}
        model = models.Autoencoder(**arguments, rng=rng)
        method = training.AutoencoderTraining(model, optim.Adam(model.parameters(), 1e-3))
    config = {
        "model": kind,
        "model_arguments": arguments,
        "shape": [8, 8],
        "epochs": epochs,
        "batch_size": 100,
    }
    train, test = data.digits("train"), data.digits("test")
    return model, train_run(directory, config, method, train, test, rng, progress=False)


@pytest.mark.parametrize(
    ("kind", "images"),
    [
        ("vae", ("samples.png", "reconstructions.png", "latent.png")),
        ("gan", ("samples.png", "latent.png")),
        ("autoencoder", ("samples.png", "reconstructions.png", "latent.png")),
    ],
)
def test_a_run_directory_is_whole_and_can_be_read_back(tmp_path, kind, images):
    model, figures = make_run(tmp_path / "run", kind)
    for name in (*FILES, *images):
        assert (tmp_path / "run" / name).stat().st_size > 0, name
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == figures
    assert figures["epoch"] == 2
    assert 0 <= figures["samples_confident"] <= 1
    loaded, config = load_run(tmp_path / "run")
    assert config["model"] == kind
    assert not loaded.training
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(loaded.state_dict()[name], value)
    mine, theirs = (m.sample(3, Generator(1)).numpy() for m in (model, loaded))
    np.testing.assert_array_equal(mine, theirs)


def test_snapshots_show_the_same_noise_over_time(tmp_path):
    make_run(tmp_path, "gan", epochs=3)
    sheets = sorted(p.name for p in (tmp_path / "pictures").iterdir())
    assert sheets == ["samples-00001.png", "samples-00002.png", "samples-00003.png"]


def test_new_directory_counts_up_and_refuses_to_overwrite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = new_directory(None, "vae-digits", False)
    second = new_directory(None, "vae-digits", False)
    assert [str(first), str(second)] == ["runs/vae-digits", "runs/vae-digits-2"]
    (first / "config.json").write_text("{}")
    with pytest.raises(RunError, match="holds a run already"):
        new_directory(first, "x", False)
    assert new_directory(first, "x", True) == first
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file"):
        new_directory(tmp_path / "file", "x", False)


def test_load_run_refuses_what_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"it has no config\.json"):
        load_run(tmp_path)
    make_run(tmp_path / "run", "vae", epochs=1)
    config = tmp_path / "run" / "config.json"
    for broken in ("not json", '{"model": "vae"}', '{"model": "x", "model_arguments": {}}'):
        config.write_text(broken)
        with pytest.raises(
            RunError, match=r"config\.json and .* must be what 'minigen train' wrote"
        ):
            load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": [8, 9]}, r"shape \[8, 9\] is not one of \d+ pixels"),
        ({"shape": "8x8"}, "TypeError"),
        ({"symbols": ["a", "b"]}, "'symbols'"),
        ({"model_arguments": None}, "TypeError"),
        ({"model": ["vae"]}, "TypeError"),
    ],
)
def test_a_config_whose_parts_do_not_fit_is_refused(tmp_path, change, message):
    make_run(tmp_path, "vae", epochs=1)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(RunError, match=f"must be what 'minigen train' wrote.*{message}"):
        load_run(tmp_path)


@pytest.mark.parametrize("symbols", ["ab", ["a", "b", 3], 3])
def test_symbols_are_as_many_as_the_model_has(symbols):
    with pytest.raises((ValueError, TypeError)):
        check_config({"model_arguments": {"symbols": 3}, "symbols": symbols})
    check_config({"model_arguments": {"symbols": 3}, "symbols": "abc"})
    check_config({"model_arguments": {"symbols": 3}, "words": ["a"]})


def test_a_checkpoint_of_another_size_is_refused(tmp_path):
    make_run(tmp_path, "vae", epochs=1)
    config = json.loads((tmp_path / "config.json").read_text())
    config["model_arguments"]["code_size"] = 3
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"mean\.weight must be \(3, 32\) float32, is \(2, 32\)"):
        load_run(tmp_path)


def test_overwriting_leaves_nothing_of_the_run_before(tmp_path):
    make_run(tmp_path, "vae", epochs=2)
    (tmp_path / "notes.txt").write_text("the user's own")
    before = sorted(tmp_path.rglob("*"))
    assert new_directory(tmp_path, "x", True) == tmp_path
    assert sorted(tmp_path.rglob("*")) == before  # what may still fail must not cost the old run
    clear(tmp_path)
    assert [p.name for p in sorted(tmp_path.rglob("*")) if p.is_file()] == ["notes.txt"]


def test_a_directory_that_is_no_run_is_left_alone(tmp_path):
    (tmp_path / "samples.txt").write_text("the user's own")
    for overwrite in (False, True):
        with pytest.raises(RunError, match="holds something else; give another --out"):
            new_directory(tmp_path, "x", overwrite)
    assert (tmp_path / "samples.txt").read_text() == "the user's own"


def test_ctrl_c_keeps_weights_and_curves(tmp_path, monkeypatch):
    steps = []

    def step(self, x):
        steps.append(x)
        if len(steps) == 20:  # in the second epoch
            raise KeyboardInterrupt
        return {"loss": 1.0}

    monkeypatch.setattr(training.VAETraining, "step", step)
    with pytest.raises(RunError, match=r"stopped by Ctrl-C after 1 of 5 epochs; the weights"):
        make_run(tmp_path, "vae", epochs=5)
    assert (tmp_path / "losses.png").is_file()
    model, _ = load_run(tmp_path)
    assert model.sample(2, Generator(0)).shape == (2, 64)


def test_divergence_keeps_the_curves_and_no_weights(tmp_path, monkeypatch):
    steps = []

    def step(self, x):
        steps.append(x)
        return {"loss": 1.0 if len(steps) < 20 else float("nan")}

    monkeypatch.setattr(training.VAETraining, "step", step)
    with pytest.raises(training.DivergenceError):
        make_run(tmp_path, "vae", epochs=5)
    assert (tmp_path / "losses.png").is_file()
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_tile_puts_each_image_in_its_place():
    images = np.stack([np.full((4, 4), v) for v in (0.1, 0.2, 0.3)])
    sheet = pictures.tile(images, 2)  # one pixel of gap
    assert sheet.shape == (11, 11)
    assert (sheet[1:5, 1:5] == 0.1).all()
    assert (sheet[1:5, 6:10] == 0.2).all()
    assert (sheet[6:10, 1:5] == 0.3).all()
    assert sheet[6:10, 6:10].sum() == sheet[0].sum() == sheet[5].sum() == 0


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 4), (2, 1, 4, 4)])
def test_no_sheet_without_images(tmp_path, shape):
    with pytest.raises(
        ValueError, match=r"tile: images must be \(n, height, width\), at least one"
    ):
        training.save_images(np.zeros(shape), tmp_path / "sheet.png", "title")
    assert not list(tmp_path.iterdir())


def test_saved_images_show_ink_where_pixels_are_one(tmp_path):
    images = np.zeros((4, 8, 8))
    images[:, 2:6, 2:6] = 1.0
    training.save_images(images, tmp_path / "sheet.png", "title")
    picture = imread(tmp_path / "sheet.png")[..., :3].mean(axis=2)
    black = (picture < 0.1).mean()
    assert 0.03 < black < 0.12  # 4 black squares, a sixth of a sheet that has margins and a title
    training.save_images(np.zeros((4, 8, 8)), tmp_path / "white.png", "title")
    white = imread(tmp_path / "white.png")[..., :3].mean(axis=2)
    assert (white < 0.1).mean() < 0.02


def test_principal_plane_finds_the_directions_of_largest_variance():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(5000, 3)) * [1.0, 5.0, 3.0] + [1, 2, 3]
    centre, plane = pictures.principal_plane(codes)
    np.testing.assert_allclose(centre, [1, 2, 3], atol=0.3)
    np.testing.assert_allclose(np.abs(plane), [[0, 5, 0], [0, 0, 3]], atol=0.25)
    _, flat = pictures.principal_plane(codes[:, :1])
    np.testing.assert_array_equal(flat[1], [0.0])
