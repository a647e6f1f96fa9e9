"""Pictures go where they can be seen: a file, a terminal that shows images, nowhere unasked."""

import base64
import sys

import pytest
from matplotlib import pyplot
from matplotlib.animation import FuncAnimation
from PIL import Image

from minigen.learn import images, show
from minigen.learn.show import showing


def figure():
    picture, axes = pyplot.subplots(figsize=(2, 2))
    axes.plot([0, 1], [1, 0])
    return picture


def test_a_script_saves_and_says_where(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["lessons/77_colours.py"])
    show(figure())
    show(figure())
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"picture: pictures/77_colours-{n}.png" for n in (1, 2)]
    with Image.open(tmp_path / "pictures/77_colours-2.png") as image:
        assert image.width > 100
    assert pyplot.get_fignums() == []


def test_an_animation_becomes_a_gif_of_its_speed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["78_film.py"])
    picture, axes = pyplot.subplots(figsize=(2, 2), layout="constrained")
    (line,) = axes.plot([0, 1], [0, 1])

    def draw(i):
        line.set_ydata([0, i])
        axes.set_title(f"frame {i}")

    show(FuncAnimation(picture, draw, frames=4, interval=500))
    with Image.open(tmp_path / "pictures/78_film-1.gif") as film:
        assert film.n_frames == 4
        assert film.info["duration"] == 500


def test_inside_showing_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    with showing(seen.append):
        show(figure())
    assert len(seen) == 1 and not (tmp_path / "pictures").exists()
    pyplot.close("all")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "screen"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color"}, ""),
        ({}, ""),
    ],
)
def test_a_terminal_is_asked_for_nothing_that_it_does_not_say(environment, expected):
    assert images.protocol(environment) == expected


def test_messages_carry_the_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(bytes(range(256)) * 40)
    data = base64.b64encode(path.read_bytes()).decode()
    assert data in images.escape(path, "iterm2")
    message = images.escape(path, "kitty")
    pieces = [part.split(";", 1)[1] for part in message.strip().split("\033\\") if part]
    assert "".join(pieces) == data
    assert all(len(piece) <= images.CHUNK for piece in pieces)
    assert message.count("m=1;") == len(pieces) - 1
    assert images.escape(path, "") == ""
    assert images.escape(tmp_path / "a.png", "kitty").startswith("\033_Ga=T,f=100,")
