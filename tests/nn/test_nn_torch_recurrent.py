"""Recurrent layers and PyTorch's: one file goes either way, outputs and gradients agree."""

import numpy as np
import pytest

from minigen import Generator, nn, tensor

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")


def close(mine, theirs):
    np.testing.assert_allclose(mine.numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("sizes", [(7, 4, 3, 5), (1, 1, 1, 1), (2, 3, 6, 2)])
def test_lstm_files_outputs_and_gradients(tmp_path, layers, sizes):
    steps, n, size, hidden = sizes
    rng = np.random.default_rng(0)
    mine = nn.LSTM(size, hidden, layers, rng=Generator(0))
    theirs = torch.nn.LSTM(size, hidden, layers)
    mine.save(tmp_path / "mine.safetensors")
    theirs.load_state_dict(safetensors_torch.load_file(tmp_path / "mine.safetensors"))
    safetensors_torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    other = nn.LSTM(size, hidden, layers, rng=Generator(1))
    other.load(tmp_path / "theirs.safetensors")
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())

    x = rng.normal(size=(steps, n, size)).astype("float32")
    before = [rng.normal(size=(layers, n, hidden)).astype("float32") for _ in range(2)]
    gy = rng.normal(size=(steps, n, hidden)).astype("float32")
    leaves = [tensor(a, requires_grad=True) for a in (x, *before)]
    torches = [torch.tensor(a, requires_grad=True) for a in (x, *before)]
    y, (h, c) = mine(leaves[0], tuple(leaves[1:]))
    ty, (th, tc) = theirs(torches[0], tuple(torches[1:]))
    for a, b in ((y, ty), (h, th), (c, tc)):
        close(a, b)
    ((y * gy).sum() + (h * h).sum() + (c * c).sum()).backward()
    ((ty * torch.tensor(gy)).sum() + (th * th).sum() + (tc * tc).sum()).backward()
    for a, b in zip(leaves, torches, strict=True):
        close(a.grad, b.grad)
    for (name, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        np.testing.assert_allclose(
            a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=name
        )


def test_lengths_are_torchs_packed_sequences(tmp_path):
    mine, theirs = nn.LSTM(3, 4, 2, rng=Generator(0)), torch.nn.LSTM(3, 4, 2)
    mine.save(tmp_path / "mine.safetensors")
    theirs.load_state_dict(safetensors_torch.load_file(tmp_path / "mine.safetensors"))
    x = np.random.default_rng(0).normal(size=(6, 3, 3)).astype("float32")
    lengths = np.array([2, 6, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(x), torch.tensor(lengths), enforce_sorted=False
    )
    ty, (th, tc) = theirs(packed)
    ty, _ = torch.nn.utils.rnn.pad_packed_sequence(ty)
    y, (h, c) = mine(x, None, lengths)
    for a, b in ((y, ty), (h, th), (c, tc)):
        close(a, b)


def test_rnn_and_embedding(tmp_path):
    mine = nn.RNN(3, 4, 2, rng=Generator(0))
    theirs = torch.nn.RNN(3, 4, bias=False)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(mine.weight_ih_l0.numpy()))
        theirs.weight_hh_l0.copy_(torch.tensor(mine.weight_hh_l0.numpy()))
    x = np.random.default_rng(0).normal(size=(5, 2, 3)).astype("float32")
    states, last = theirs(torch.tensor(x))
    y, h = mine(x)
    close(y, states @ torch.tensor(mine.weight_ho.numpy()).T)
    close(h, last[0])
    table, other = nn.Embedding(6, 3, rng=Generator(0)), torch.nn.Embedding(6, 3)
    table.save(tmp_path / "table.safetensors")
    other.load_state_dict(safetensors_torch.load_file(tmp_path / "table.safetensors"))
    symbols = np.array([[0, 5], [3, 3]])
    close(table(symbols), other(torch.tensor(symbols)))
