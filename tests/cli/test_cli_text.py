"""Language models on the command line: a run directory with text, and text to the terminal."""

import json

import pytest
from click.testing import CliRunner

from minigen.backend import CaptureError, use_backend
from minigen.cli.main import cli
from minigen.data import DataError


def minigen(*words, code=0):
    result = CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat, the rat sat on the cat.\n" * 30, encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path, text):
    minigen(
        "train", "char-lstm", "--text", text, "--epochs", 2, "--hidden", 12, "--embedding", 6,
        "--layers", 2, "--dropout", 0.1, "--steps", 16, "--batch-size", 8, "--quiet",
        "--out", tmp_path / "run",
    )  # fmt: skip
    return tmp_path / "run"


def test_a_run_has_figures_a_sample_and_curves(run):
    config, result = (json.loads((run / f"{n}.json").read_text()) for n in ("config", "result"))
    assert config["symbols"] == "\n ,.acehmnorst" and config["text"] == "text.txt"
    assert config["model_arguments"]["num_layers"] == 2 and config["schedule"] == "cosine"
    assert 0 < result["test_loss_one_stream"] < 3
    assert len((run / "samples.txt").read_text()) == 1000
    assert (run / "losses.png").stat().st_size > 0
    assert len(list((run / "pictures").glob("sample-*.txt"))) == 2


def test_a_transformer_has_the_same_figures_and_writes(tmp_path, text):
    minigen(
        "train", "char-transformer", "--text", text, "--epochs", 1, "--size", 8, "--heads", 2,
        "--layers", 1, "--steps", 16, "--batch-size", 8, "--quiet", "--out", tmp_path / "run",
    )  # fmt: skip
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert 0 < result["test_loss_one_stream"] < 4
    assert minigen("sample", tmp_path / "run", "--prompt", "the ", "--n", 30).startswith("the ")
    wrong = minigen("train", "char-transformer", "--size", 9, "--heads", 2, code=2)
    assert "9 is no multiple of 2 heads" in wrong


def test_text_is_written_to_the_terminal(run):
    one = minigen("sample", run, "--prompt", "the ", "--n", 40, "--temperature", 0.8, "--top-k", 5)
    assert one.startswith("the ") and len(one) == 45
    assert minigen("sample", run, "--n", 20) == minigen("sample", run, "--n", 20)
    assert minigen("sample", run, "--n", 20) != minigen("sample", run, "--n", 20, "--seed", 1)
    with pytest.raises(DataError, match="got 'Z' at position 1"):
        minigen("sample", run, "--prompt", "aZ")


def test_options_of_other_models_are_refused(run, tmp_path):
    assert "is for models that make images or sentences" in minigen(
        "sample", run, "--interpolate", 3, code=2
    )
    minigen("train", "gan", "--epochs", 1, "--quiet", "--out", tmp_path / "gan")
    output = minigen("sample", tmp_path / "gan", "--out", tmp_path / "x.mid", code=2)
    assert "must end in .png for this model" in output and not (tmp_path / "x.mid").exists()
    output = minigen("sample", tmp_path / "gan", "--prompt", "x", code=2)
    assert "is for models that make text" in output
    assert "No such option" in minigen("train", "char-lstm", "--data", "digits", code=2)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"x" * 30 + b"\xff")
    with pytest.raises(DataError, match="byte 0xff at offset 30"):
        minigen("train", "char-lstm", "--text", path, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    path.write_bytes(b"short " * 5)
    with pytest.raises(DataError, match="50 streams must have at least 2 symbols each"):
        minigen("train", "char-lstm", "--text", path, "--batch-size", 50, "--out", tmp_path / "run")


@pytest.fixture
def sentences(tmp_path):
    animals, places = ("cat", "dog", "rat", "cow"), ("mat", "hill", "roof", "road")
    path = tmp_path / "sentences.txt"
    path.write_text(
        " ".join(f"The {a} sat on the {p}." for a in animals for p in places)
        + " "
        + " ".join(f"The {a} ran from the {p}." for a in animals for p in places)
    )
    return path


def test_sentences_get_a_code(tmp_path, sentences):
    minigen(
        "train", "rvae", "--text", sentences, "--epochs", 2, "--hidden", 8, "--embedding", 4,
        "--code-size", 2, "--annealing", 1, "--quiet", "--out", tmp_path / "run",
    )  # fmt: skip
    run = tmp_path / "run"
    config, result = (json.loads((run / f"{n}.json").read_text()) for n in ("config", "result"))
    assert "cat" in config["words"] and config["hide"] == 0.6
    assert result["test_kl"] > 0 > result["test_elbo"] > result["test_reconstruction"] - 10
    assert len(minigen("sample", run, "--n", 4).splitlines()) == 4
    ways = minigen("sample", run, "--n", 2, "--interpolate", 3).split("\n\n")
    assert [len(way.strip().splitlines()) for way in ways] == [3, 3]
    samples = (run / "samples.txt").read_text()
    assert (
        samples.count("From one sentence to another") == 1
        and "sentences held back" in samples.lower()
    )


def test_sentences_go_through_a_vector_and_back(tmp_path, sentences):
    minigen(
        "train", "sequence-autoencoder", "--text", sentences, "--epochs", 2, "--hidden", 8,
        "--embedding", 4, "--code-size", 3, "--quiet", "--out", tmp_path / "run",
    )  # fmt: skip
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert 0 < result["test_words_right"] < 1 and 0 < result["test_cross_entropy"] < 30
    assert len(minigen("sample", tmp_path / "run", "--n", 4).splitlines()) == 4
    assert minigen("sample", tmp_path / "run", "--n", 1, "--interpolate", 3).count("\n") == 3
    assert "sentences held back" in (tmp_path / "run" / "samples.txt").read_text().lower()


@pytest.fixture
def on_the_double():
    """The command line on the device double, which no option names: it is for tests."""
    with use_backend("double"):
        yield


@pytest.mark.usefixtures("on_the_double")
def test_a_captured_run_is_the_eager_one(tmp_path, text):
    common = (
        "--text", text, "--epochs", 2, "--hidden", 6, "--embedding", 4, "--steps", 8,
        "--batch-size", 4, "--quiet",
    )  # fmt: skip
    results = []
    for name, more in (("eager", ()), ("captured", ("--capture",))):
        minigen("train", "char-lstm", *common, *more, "--out", tmp_path / name)
        figures = json.loads((tmp_path / name / "result.json").read_text())
        config = json.loads((tmp_path / name / "config.json").read_text())
        assert config["capture"] is bool(more) and config["backend"] == "double"
        results.append({k: v for k, v in figures.items() if k not in ("seconds", "environment")})
    assert results[0] == results[1]


@pytest.mark.usefixtures("on_the_double")
def test_what_cannot_be_captured_leaves_nothing_behind(tmp_path, sentences):
    with pytest.raises(CaptureError, match="a step of rvae cannot be captured: its batches have"):
        minigen("train", "rvae", "--text", sentences, "--capture", "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_text_that_cannot_be_read_so_leaves_nothing_behind(tmp_path, text):
    said = minigen(
        "train", "char-lstm", "--text", text, "--rule", "gd", "--out", tmp_path / "run", code=2
    )
    assert "a text is read window by window" in said
    with pytest.raises(DataError, match="take fewer streams"):
        minigen(
            "train", "char-lstm", "--text", text, "--batch-size", 99999, "--out", tmp_path / "run"
        )
    assert not (tmp_path / "run").exists()


def test_all_words_cannot_be_hidden(tmp_path, sentences):
    said = minigen(
        "train", "rvae", "--text", sentences, "--hide", 1, "--out", tmp_path / "r", code=2
    )
    assert "0<=x<1" in said and not (tmp_path / "r").exists()
