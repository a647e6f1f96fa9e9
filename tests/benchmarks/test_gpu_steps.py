"""The steps that the GPU benchmark times, taken without a GPU: minigen's on the device double,
PyTorch's on the processor, with stand-ins for the streams and graphs of CUDA."""

import importlib.util
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from benchmarks import gpu, gpu_minigen

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed: make oracle")
pytestmark = pytest.mark.usefixtures("tiny")
TINY = {"batch_size": 4, "hidden_size": 6}


@pytest.mark.parametrize("mode", gpu.MODES["minigen"])
@pytest.mark.parametrize("workload", gpu.WORKLOADS)
def test_minigen_takes_its_steps(workload, mode):
    ready = gpu_minigen.make_step(workload, mode, **TINY, backend="double")
    for _ in range(2):  # rounds; the third step is captured, the others are launched
        with ready.context:
            for _ in range(3):
                ready.step()
            gpu_minigen.synchronise()
    if mode == "captured":
        assert len(ready.context.graphs) == 1


@pytest.fixture
def fake_cuda(monkeypatch):
    """Streams, and graphs that replay what was done under them by doing nothing."""
    import torch

    stream = SimpleNamespace(wait_stream=lambda other: None)
    seen = []

    class Graph:
        def replay(self):
            seen.append("replay")

    @contextmanager
    def under(what):
        seen.append("graph" if isinstance(what, Graph) else "stream")
        yield

    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", under)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", under)
    return seen


@needs_torch
@pytest.mark.filterwarnings("default")  # PyTorch's own
@pytest.mark.parametrize("mode", gpu.MODES["torch"])
@pytest.mark.parametrize("workload", gpu.WORKLOADS)
def test_pytorch_takes_its_steps(workload, mode, fake_cuda):
    from benchmarks import gpu_torch

    ready = gpu_torch.make_step(workload, mode, **TINY, device="cpu", compile_by="eager")
    with ready.context:
        ready.step()
        ready.step()
        gpu_torch.synchronise()
    assert fake_cuda == (["stream", "graph", "replay", "replay"] if mode == "graph" else [])


@needs_torch
def test_a_step_of_pytorch_moves_the_parameters_and_carries_the_state(monkeypatch):
    import torch

    from benchmarks.torch_side import char_lstm as lstm
    from benchmarks.torch_side import dense_gan

    made = []
    adam = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda p, **s: made.append(adam(p, **s)) or made[-1])
    for module, count in ((dense_gan, 2), (lstm, 1)):
        made.clear()
        train, batch = module.make_training(4)
        before = [p.detach().clone() for o in made for g in o.param_groups for p in g["params"]]
        train(batch())
        after = [p.detach() for o in made for g in o.param_groups for p in g["params"]]
        assert len(made) == count
        assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@needs_torch
@pytest.mark.parametrize("wanted", [True, False])
def test_tf32_is_one_setting_for_all_of_pytorch(wanted, monkeypatch):
    import torch

    from benchmarks import gpu_torch

    parts = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [part.allow_tf32 for part in parts]
    monkeypatch.setenv("CUPY_TF32", "1" if wanted else "0")
    gpu_torch.choose_precision()
    found = [part.allow_tf32 for part in parts]
    for part, value in zip(parts, before, strict=True):
        part.allow_tf32 = value
    assert found == [wanted, wanted]


@needs_torch
def test_the_two_sides_know_the_same_workloads_and_modes():
    from benchmarks import gpu_torch

    assert {"minigen": gpu_minigen.MODES, "torch": gpu_torch.MODES} == gpu.MODES
    assert set(gpu_torch.MODULES) == set(gpu.WORKLOADS) == {*gpu_minigen.IMAGES, "lstm"}
