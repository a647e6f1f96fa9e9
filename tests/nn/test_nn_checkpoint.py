"""Checkpoints: what is saved comes back, and a file that is broken says so."""

import os

import numpy as np
import pytest

from minigen import Generator, files, nn


def net(seed, dtype="float32"):
    rng = Generator(seed)
    model = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.Tanh(), nn.Dense(4, 2, rng=rng, bias=False))
    model.steps = nn.new_buffer((1,), float(seed))
    return model.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_comes_back_from_its_file(tmp_path, dtype):
    path = tmp_path / "runs" / "model.safetensors"
    model, other = net(1, dtype), net(2, dtype)
    model.save(path)
    assert other.load(path) is other
    for name, values in other.state_dict().items():
        assert np.array_equal(values, model.state_dict()[name])
        assert values.dtype == dtype
    assert other.steps.item() == 1
    x = np.ones((2, 3), dtype)
    assert np.array_equal(model(x).numpy(), other(x).numpy())


def test_the_same_values_give_the_same_bytes(tmp_path):
    net(1).save(tmp_path / "a")
    net(1).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_named_arrays_of_any_layout_and_type(tmp_path):
    arrays = {
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "every second": np.arange(10, dtype="float32")[::2],
        "whole": np.array([[1, -2]]),
        "one": np.array(3.0),
        "mask": np.array([True, False]),
    }
    nn.save_tensors(tmp_path / "a", arrays)
    loaded = nn.load_tensors(str(tmp_path / "a"))
    assert set(loaded) == set(arrays)
    for name, values in arrays.items():
        assert np.array_equal(loaded[name], values)
        assert loaded[name].dtype == values.dtype


def test_a_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none.safetensors"
    for missing in (path, tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no file .*; train a model first"):
            nn.load_tensors(missing)
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        net(0).load(path)


@pytest.mark.parametrize("kept", [0, 5, 60, -1])
def test_a_file_cut_short_is_named_and_changes_nothing(tmp_path, kept):
    path = tmp_path / "model.safetensors"
    net(1).save(path)
    path.write_bytes(path.read_bytes()[:kept])
    model = net(2)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"model\.safetensors must be a whole .*cut short"):
        model.load(path)
    for name, values in model.state_dict().items():
        assert np.array_equal(values, before[name])


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are no tensors, but a few words")
    with pytest.raises(ValueError, match=r"notes\.txt must be a whole"):
        nn.load_tensors(path)


def test_a_file_of_another_model_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    nn.Dense(3, 4, rng=Generator(0)).save(path)
    with pytest.raises(ValueError, match="the values must fit Sequential exactly"):
        net(0).load(path)
    with pytest.raises(ValueError, match=r"0\.weight must be \(4, 3\) float64, is .* float32"):
        net(1).save(path)
        net(1, "float64").load(path)


def test_a_failing_write_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    net(1).save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        net(2).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_numbers_that_numpy_lacks_are_named(tmp_path):
    """A file as another program writes it: eight bytes of length, the table, the numbers."""
    path = tmp_path / "model.safetensors"
    table = b'{"weight": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}'
    path.write_bytes(len(table).to_bytes(8, "little") + table + bytes(4))
    with pytest.raises(ValueError, match=r"model\.safetensors must hold numbers .* got 'BF16'"):
        nn.load_tensors(path)


def test_the_format_s_own_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no array can be called '__metadata__'"):
        nn.save_tensors(tmp_path / "x.safetensors", {"__metadata__": np.ones(2)})
    assert not list(tmp_path.iterdir())
