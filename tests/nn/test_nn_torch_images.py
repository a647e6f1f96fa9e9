"""Layers for images and sequences: files go to PyTorch and back, and both compute the same.

A grid of shapes, strides, paddings, odd sizes, batch 1 and one channel; outputs, gradients of
the input and of every parameter, and gradients of a function of the gradients.
"""

import warnings

import numpy as np
import pytest

from minigen import Generator, autograd, nn, tensor

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
T = torch.nn
RNG = Generator(0)


def spectral(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch has a newer form, with other names
        return T.utils.spectral_norm(layer)


def conv_grid(dimensions, transposed=False):
    settings = [
        {}, {"stride": 2, "padding": 1}, {"stride": 3}, {"padding": 2, "dilation": 2},
        {"stride": 2, "padding": 1, "output_padding": 1} if transposed else {"bias": False},
    ]  # fmt: skip
    sizes = [(1, 1, 1, 4), (2, 3, 2, 3), (3, 2, 4, 1)]  # n, in, out, kernel
    return [
        (n, c, o, k, s, shape)
        for n, c, o, k in sizes
        for s in settings
        for shape in ([(7, 6), (9, 9)] if dimensions == 2 else [(11,), (8,)])
    ]


# PyTorch draws u and v of its spectral layers: by chance they stand so that sigma is near 0, and
# the smallest rounding in it shows.
torch.manual_seed(0)
PAIRS = (
    [
        (nn.Conv2d(c, o, k, rng=RNG, **s), T.Conv2d(c, o, k, **s), (n, c, *shape))
        for n, c, o, k, s, shape in conv_grid(2)
    ]
    + [
        (nn.ConvTranspose2d(c, o, k, rng=RNG, **s), T.ConvTranspose2d(c, o, k, **s), (n, c, *shape))
        for n, c, o, k, s, shape in conv_grid(2, transposed=True)
    ]
    + [
        (nn.Conv1d(c, o, k, rng=RNG, **s), T.Conv1d(c, o, k, **s), (n, c, *shape))
        for n, c, o, k, s, shape in conv_grid(1)
    ]
    + [
        (nn.BatchNorm1d(3), T.BatchNorm1d(3), (5, 3)),
        (nn.BatchNorm1d(2, epsilon=0.1), T.BatchNorm1d(2, eps=0.1), (2, 2, 7)),
        (nn.BatchNorm2d(3, momentum=0.3), T.BatchNorm2d(3, momentum=0.3), (2, 3, 5, 4)),
        (nn.BatchNorm2d(1), T.BatchNorm2d(1), (1, 1, 3, 3)),
        (nn.LayerNorm(5), T.LayerNorm(5), (2, 3, 5)),
        (nn.LayerNorm((3, 5)), T.LayerNorm((3, 5)), (2, 3, 5)),
        (nn.MaxPool2d(2), T.MaxPool2d(2), (2, 3, 7, 6)),
        (nn.MaxPool2d(3, 2, 1), T.MaxPool2d(3, 2, 1), (1, 1, 7, 6)),
        (nn.AvgPool2d(3, 2, 1), T.AvgPool2d(3, 2, 1), (2, 1, 7, 6)),
        (nn.UpsampleNearest2d(2), T.Upsample(scale_factor=2), (2, 3, 3, 2)),
        (nn.UpsampleBilinear2d(3), T.Upsample(scale_factor=3, mode="bilinear"), (2, 3, 3, 2)),
        (nn.Flatten(), T.Flatten(), (2, 3, 2)),
        (nn.Unflatten(3, 2), T.Unflatten(1, (3, 2)), (4, 6)),
        (nn.SpectralDense(4, 3, rng=RNG), spectral(T.Linear(4, 3)), (5, 4)),
        (nn.SpectralConv2d(2, 3, 3, rng=RNG, stride=2),
         spectral(T.Conv2d(2, 3, 3, stride=2)), (2, 2, 5, 6)),
    ]
)  # fmt: skip
IDS = [f"{i}-{ours!r}-{shape}" for i, (ours, _, shape) in enumerate(PAIRS)]
every_pair = pytest.mark.parametrize("ours, theirs, shape", PAIRS, ids=IDS)


def numbers(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def stirred(theirs):
    """Every parameter and buffer of floats away from 0 and 1, where a mix-up would not show."""
    for name, value in theirs.state_dict().items():
        if value.dtype.is_floating_point and not name.endswith(("_u", "_v")):
            value.copy_(torch.tensor(1 + numbers(tuple(value.shape), len(name)) / 4))


@every_pair
def test_files_go_either_way(ours, theirs, shape, tmp_path):
    stirred(theirs)
    x = numbers(shape).astype("float32")
    safetensors_torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load(tmp_path / "theirs.safetensors")
    ours.eval(), theirs.eval()
    with torch.no_grad():
        expected = theirs(torch.tensor(x)).numpy()
    np.testing.assert_allclose(ours(tensor(x)).numpy(), expected, rtol=1e-5, atol=1e-5)
    ours.save(tmp_path / "ours.safetensors")
    back = safetensors_torch.load_file(tmp_path / "ours.safetensors")
    assert list(back) and set(back) == set(theirs.state_dict()) if theirs.state_dict() else True
    theirs.load_state_dict(back, strict=True)
    ours.train(), theirs.train()


@every_pair
def test_outputs_and_gradients_to_second_order(ours, theirs, shape):
    theirs = theirs.double()
    stirred(theirs)
    ours.astype("float64").load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    x = numbers(shape, 1)
    mine, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = ours(mine) ** 3, theirs(other) ** 3
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-8, atol=1e-10)
    gy = numbers(y.shape, 2)
    inputs = [mine, *(p for _, p in sorted(ours.named_parameters()))]
    their_inputs = [other, *(p for _, p in sorted(theirs.named_parameters()))]
    first = autograd.grad(y, inputs, gy, create_graph=True)
    expected = torch.autograd.grad(z, their_inputs, torch.tensor(gy), create_graph=True)
    for g, e in zip(first, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.detach().numpy(), rtol=1e-7, atol=1e-9)
    weights = [numbers(g.shape, 3 + i) for i, g in enumerate(first)]
    second = autograd.grad(
        sum((g * w).sum() for g, w in zip(first, weights, strict=True)), inputs, unused="zero"
    )
    goal = sum((e * torch.tensor(w)).sum() for e, w in zip(expected, weights, strict=True))
    expected = torch.autograd.grad(goal, their_inputs, materialize_grads=True)
    for g, e in zip(second, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5)], ids=str)
def test_running_statistics_are_pytorchs(shape):
    ours, theirs = nn.BatchNorm1d(3, momentum=0.2), T.BatchNorm1d(3, momentum=0.2)
    for step in range(3):
        x = (2 + numbers(shape, step)).astype("float32")
        ours(x), theirs(torch.tensor(x))
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=1e-5)
    assert ours.state_dict()["num_batches_tracked"] == 3


def test_spectral_norm_takes_pytorchs_steps():
    ours, theirs = nn.SpectralDense(6, 4, rng=Generator(1)), spectral(T.Linear(6, 4))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    x = numbers((2, 6)).astype("float32")
    for _ in range(4):
        y, z = ours(x), theirs(torch.tensor(x))
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(ours.weight_u.numpy(), theirs.weight_u.numpy(), atol=1e-5)
