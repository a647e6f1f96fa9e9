"""What the pictures are of: the arrays that reach the drawing, held to what the model computes."""

from typing import Any

import numpy as np
import pytest

from minigen import Generator, data
from minigen.models import DCGAN, GAN, VAE, ConvVAE
from minigen.training import pictures
from minigen.training.gallery import Gallery
from minigen.training.history import History

SMALL: dict[str, Any] = {
    "vae": lambda: VAE(64, hidden=(8,), code_size=4, rng=Generator(0)),
    "gan": lambda: GAN(64, noise_size=4, hidden=8, rng=Generator(0)),
    "conv-vae": lambda: ConvVAE((8, 8), 4, (3, 5), rng=Generator(0)),
    "dcgan": lambda: DCGAN((8, 8), 4, (3, 5), rng=Generator(0)),
}


@pytest.fixture
def drawn(monkeypatch):
    """What would have been drawn: name of the function -> its arguments."""
    calls: dict[str, tuple[Any, ...]] = {}
    for name in [n for n in dir(pictures) if n.startswith("save_")]:
        monkeypatch.setattr(pictures, name, lambda *a, name=name, **k: calls.update({name: a}))
    return calls


def gallery(name, directory="."):
    model = SMALL[name]().eval()
    return model, Gallery(model, data.digits("test"), directory)


def test_a_traversal_moves_one_number_and_keeps_the_others(drawn):
    model, pictures_of = gallery("conv-vae")
    pictures_of.traversals()
    decoded, numbers, kl, path, columns = drawn["save_traversals"]
    assert path.name == "traversals.png" and columns == 13
    assert sorted(numbers) == [0, 1, 2, 3] and list(kl) == sorted(kl, reverse=True)
    mean, log_var = (v.numpy() for v in model.encode(data.digits("test").flat))
    each = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).mean(axis=0)
    np.testing.assert_allclose(kl, each[numbers], rtol=1e-4)
    code = mean[0].copy()
    code[numbers[1]] = -3 + 6 * 4 / 12  # second row, fifth image
    expected = model.decode(code[None]).numpy().reshape(8, 8)
    np.testing.assert_allclose(decoded[13 + 4], expected, atol=1e-6)


def test_kernels_are_the_first_convolutions(drawn):
    for name in ("conv-vae", "dcgan"):
        model, pictures_of = gallery(name)
        pictures_of.kernels()
        kernels, _ = drawn["save_kernels"]
        net = model.encoder if name == "conv-vae" else model.discriminator
        np.testing.assert_array_equal(kernels, net.state_dict()["1.weight"][:, 0])


def test_features_are_what_the_layers_make_of_the_first_test_image(drawn):
    model, pictures_of = gallery("conv-vae")
    pictures_of.features()
    image, maps, _ = drawn["save_features"]
    np.testing.assert_array_equal(image, data.digits("test").images[0])
    assert [m.shape for m in maps.values()] == [(3, 4, 4), (5, 2, 2)]
    codes = np.concatenate([m.reshape(-1) for m in list(maps.values())[1:]])
    expected = model.encoder(data.digits("test").flat[:1]).numpy()[0]
    np.testing.assert_allclose(codes, expected, atol=1e-6)
    assert list(maps) == ["after layer 1", "after layer 2"]

    model, pictures_of = gallery("dcgan")
    pictures_of.features()
    _, maps, _ = drawn["save_features"]
    assert [m.shape for m in maps.values()] == [(3, 4, 4), (5, 2, 2)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vae", {"samples", "reconstructions", "latent", "traversals", "losses"}),
        ("gan", {"samples", "latent", "losses"}),
        (
            "conv-vae",
            {"samples", "reconstructions", "latent", "traversals", "kernels", "features", "losses"},
        ),
        ("dcgan", {"samples", "latent", "kernels", "features", "losses"}),
    ],
)
def test_every_kind_of_model_gets_its_pictures(tmp_path, name, expected):
    _, pictures_of = gallery(name, tmp_path)
    history = History()
    history.add({"epoch": 1, "step": 1, "seconds": 0.1, "loss": 2.0})
    pictures_of.everything(history)
    assert {p.stem for p in tmp_path.glob("*.png")} == expected
