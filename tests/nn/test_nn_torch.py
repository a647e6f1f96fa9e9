"""Checkpoints go to PyTorch and back: same names, same layouts, same outputs."""

import numpy as np
import pytest

from minigen import Generator, models, nn

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

PAIRS = [
    (nn.ReLU(), torch.nn.ReLU()),
    (nn.LeakyReLU(0.2), torch.nn.LeakyReLU(0.2)),
    (nn.Tanh(), torch.nn.Tanh()),
    (nn.Sigmoid(), torch.nn.Sigmoid()),
    (nn.Softplus(), torch.nn.Softplus()),
    (nn.ELU(0.7), torch.nn.ELU(0.7)),
    (nn.GELU(), torch.nn.GELU()),
]
IDS = [type(pair[0]).__name__ for pair in PAIRS]
X = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def ours(activation, seed=0):
    rng = Generator(seed)
    return nn.Sequential(
        nn.Dense(5, 7, rng=rng), activation, nn.Identity(), nn.Dense(7, 3, rng=rng, bias=False)
    )


def theirs(activation):
    return torch.nn.Sequential(
        torch.nn.Linear(5, 7), activation, torch.nn.Identity(), torch.nn.Linear(7, 3, bias=False)
    )


def torch_outputs(net, x):
    with torch.no_grad():
        return net(torch.tensor(x)).numpy()


@pytest.mark.parametrize("our_layer, their_layer", PAIRS, ids=IDS)
def test_our_file_loads_into_torch(tmp_path, our_layer, their_layer):
    path = tmp_path / "ours.safetensors"
    model, other = ours(our_layer), theirs(their_layer)
    model[0].bias.assign(np.linspace(-1, 1, 7).astype("float32"))
    model.save(path)
    other.load_state_dict(safetensors_torch.load_file(path), strict=True)
    np.testing.assert_allclose(torch_outputs(other, X), model(X).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("our_layer, their_layer", PAIRS, ids=IDS)
def test_torch_file_loads_into_ours(tmp_path, our_layer, their_layer):
    path = tmp_path / "theirs.safetensors"
    torch.manual_seed(1)
    model, other = ours(our_layer), theirs(their_layer)
    safetensors_torch.save_file(other.state_dict(), path)
    model.load(path)
    np.testing.assert_allclose(model(X).numpy(), torch_outputs(other, X), rtol=1e-5, atol=1e-6)


def test_gradients_are_torchs_too():
    """The same loss of the same net: every parameter's gradient."""
    model, other = ours(nn.Tanh(), seed=2).astype("float64"), theirs(torch.nn.Tanh()).double()
    other.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    x = X.astype("float64")
    (model(x) ** 2).mean().backward()
    (other(torch.tensor(x)) ** 2).mean().backward()
    for ours_p, theirs_p in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(ours_p.grad.numpy(), theirs_p.grad.numpy(), rtol=1e-10)


def test_the_nets_of_a_gan_load_into_torch(tmp_path):
    """Generator and discriminator as one file, as PyTorch would name them."""
    model = models.GAN(6, noise_size=4, hidden=5, rng=Generator(0))
    model.save(tmp_path / "gan.safetensors")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            linear, relu = torch.nn.Linear, torch.nn.ReLU
            self.generator = torch.nn.Sequential(
                linear(4, 5), relu(), linear(5, 6), torch.nn.Sigmoid()
            )
            self.discriminator = torch.nn.Sequential(linear(6, 5), relu(), linear(5, 1))

    other = Net()
    other.load_state_dict(safetensors_torch.load_file(tmp_path / "gan.safetensors"), strict=True)
    z = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    images = model.decode(z).numpy()
    np.testing.assert_allclose(images, torch_outputs(other.generator, z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        model.discriminator(images).numpy(),
        torch_outputs(other.discriminator, images),
        rtol=1e-5,
        atol=1e-6,
    )
