"""The comparison with PyTorch that several test files share. Import it after checking for torch."""

import numpy as np
import pytest

from minigen import autograd, tensor

torch = pytest.importorskip("torch")


def compare(ours, theirs, *arrays, relative=1e-12):
    """Values, gradients, and gradients of a scalar of the gradients agree."""
    mine = [tensor(a, requires_grad=True) for a in arrays]
    other = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = ours(*mine), theirs(*other)
    assert y.shape == tuple(z.shape)
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=relative, atol=1e-13)
    rng = np.random.default_rng(11)
    u = np.asarray(rng.normal(size=y.shape))
    first = autograd.grad(y, mine, u, create_graph=True)
    expected = torch.autograd.grad(z, other, torch.tensor(u), create_graph=True)
    for g, e in zip(first, expected, strict=True):
        np.testing.assert_allclose(
            g.numpy(), e.detach().numpy(force=True), rtol=relative, atol=1e-13
        )
    if not any(e.requires_grad for e in expected):
        return  # linear: no second derivative
    v = [np.asarray(rng.normal(size=a.shape)) for a in arrays]
    total = sum((g * w).sum() for g, w in zip(first, v, strict=True))
    goal = sum((e * torch.tensor(w)).sum() for e, w in zip(expected, v, strict=True))
    if not total.requires_grad:  # piecewise linear: our rules record nothing, theirs zeros
        second = [tensor(np.zeros(a.shape)) for a in arrays]
    else:
        second = autograd.grad(total, mine, unused="zero")
    expected = torch.autograd.grad(goal, other, materialize_grads=True)
    for g, e in zip(second, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(force=True), rtol=relative, atol=1e-12)
