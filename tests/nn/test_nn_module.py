"""What a module knows about itself: its parameters, their names, its switches and its text."""

import copy

import numpy as np
import pytest

from minigen import Generator, autograd, nn, optim
from minigen.creation import tensor
from minigen.tensor import Tensor


class Block(nn.Module):
    """Two layers, a parameter set last, and a buffer."""

    def __init__(self, seed=0):
        rng = Generator(seed)
        self.first = nn.Dense(3, 4, rng=rng)
        self.inner = nn.Sequential(nn.ReLU(), nn.Dense(4, 2, rng=rng, bias=False))
        self.scale = nn.Parameter(np.ones(2, "float32"))
        self.seen = nn.new_buffer((2,), 7.0)
        self.note = "no parameter"

    def forward(self, x):
        return self.inner(self.first(x)) * self.scale


NAMES = ["scale", "first.weight", "first.bias", "inner.1.weight"]


# ---------------------------------------------------------------- parameters and names
def test_names_and_order():
    """A module's own parameters first, then those inside, each in the order they were set."""
    model = Block()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert [p.shape for p in model.parameters()] == [(2,), (4, 3), (4,), (2, 4)]
    assert [name for name, _ in model.children()] == ["first", "inner"]
    assert [type(m).__name__ for m in model.modules()] == [
        "Block",
        "Dense",
        "Sequential",
        "ReLU",
        "Dense",
    ]
    assert model.parameter_count() == 2 + 12 + 4 + 8


def test_a_shared_parameter_counts_once():
    model = Block()
    model.again = model.first
    model.inner.tied = nn.Dense(3, 4, rng=Generator(1))
    model.inner.tied.weight = model.first.weight
    names = [name for name, _ in model.named_parameters()]
    assert names == [*NAMES, "inner.tied.bias"]
    assert len({id(p) for p in model.parameters()}) == len(names)
    assert model.parameter_count() == 26 + 4


def test_parameters_are_called_after_their_attribute():
    model = Block()
    assert [p.name for p in model.parameters()] == ["scale", "weight", "bias", "weight"]
    own = nn.Parameter([1.0], name="gain")
    model.other = own
    assert own.name == "gain"
    assert repr(model.first.bias) == "Parameter bias (4,) float32"
    assert repr(nn.Parameter([1.0, 2.0])) == "Parameter unnamed (2,) float32"


def test_a_parameter_is_a_leaf_with_values_of_its_own():
    values = np.ones(3)
    p = nn.Parameter(values)
    values[0] = 5.0
    assert np.array_equal(p.numpy(), np.ones(3))
    assert p.dtype == "float64"
    assert p.is_leaf and p.requires_grad and p.grad is None
    assert type(p * 2) is Tensor
    with pytest.raises(TypeError, match="only floating-point tensors have gradients"):
        nn.Parameter([1, 2])


@pytest.mark.parametrize("wrap", [list, tuple, lambda ms: dict(enumerate(ms))])
def test_parameters_inside_collections_are_refused(wrap):
    """They would be invisible to the update rule, and the model would not train."""
    model = Block()
    for inside in (nn.ReLU(), nn.Parameter([1.0])):
        with pytest.raises(TypeError, match=r"Block.layers: parameters inside a .* nn.Sequential"):
            model.layers = wrap([inside])
    model.sizes = wrap([3, 4])
    assert len(model.sizes) == 2


def test_forward_has_to_be_written():
    with pytest.raises(NotImplementedError, match=r"Empty: write a method forward"):
        type("Empty", (nn.Module,), {})()(1)


# ---------------------------------------------------------------- switches
def test_train_and_eval_reach_everything_inside():
    model = Block()
    assert all(m.training for m in model.modules())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train() is model
    assert all(m.training for m in model.modules())


def test_freeze_stops_gradients_and_unfreeze_starts_them():
    model, x = Block(), np.ones((1, 3), "float32")
    model.first.freeze()
    assert model.parameter_count() == 10
    model(x).sum().backward()
    assert model.first.weight.grad is None and model.first.bias.grad is None
    assert model.scale.grad is not None
    assert model.unfreeze() is model
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    model(x).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert model.freeze() is model
    assert not model(x).requires_grad


def test_astype_converts_parameters_and_buffers():
    model = Block()
    model.inner.freeze()
    model.counter = tensor([3])
    before = model.state_dict()
    model(np.ones((1, 3), "float32")).sum().backward()
    assert model.astype("float64") is model
    assert all(p.dtype == "float64" and p.grad is None for p in model.parameters())
    assert model.seen.dtype == "float64"
    assert model.counter.dtype == "int64"
    assert not model.seen.requires_grad
    assert [p.requires_grad for p in model.parameters()] == [True, True, True, False]
    for name, values in model.state_dict().items():
        assert np.array_equal(values, before[name])
    model(np.ones((1, 3))).sum().backward()
    assert model.first.weight.grad.dtype == "float64"


def test_a_deep_copy_trains_on_its_own():
    """The copy's gradients go to the copy, and neither moves the other."""
    model = Block()
    model.inner.freeze()
    twin = copy.deepcopy(model)
    assert [name for name, _ in twin.named_parameters()] == NAMES
    assert [p.name for p in twin.parameters()] == [p.name for p in model.parameters()]
    assert [p.requires_grad for p in twin.parameters()] == [True, True, True, False]
    twin(np.ones((1, 3), "float32")).sum().backward()
    assert all(p.grad is None for p in model.parameters())
    assert twin.scale.grad is not None
    before = model.state_dict()
    optim.SGD([twin.scale, *twin.first.parameters()], 0.1).step()
    twin.seen.assign(np.zeros(2, "float32"))
    for name, values in model.state_dict().items():
        assert np.array_equal(values, before[name])
    assert not np.array_equal(twin.scale.numpy(), model.scale.numpy())


def test_a_deep_copy_keeps_sharing():
    model = Block()
    model.again = model.first
    model.tied = model.first.weight
    twin = copy.deepcopy(model)
    assert twin.again is twin.first
    assert twin.tied is twin.first.weight is not model.tied


# ---------------------------------------------------------------- state
def test_state_holds_copies_of_parameters_and_buffers():
    model = Block()
    state = model.state_dict()
    assert list(state) == ["scale", "seen", *NAMES[1:]]
    assert all(type(v) is np.ndarray for v in state.values())
    state["scale"][:] = 0
    assert np.array_equal(model.scale.numpy(), [1, 1])


def test_state_goes_from_one_model_to_another():
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    a, b = Block(seed=1), Block(seed=2)
    a.seen.assign(np.array([1, 2], "float32"))
    b.first.freeze()
    assert not np.array_equal(a(x).numpy(), b(x).numpy())
    b.load_state_dict(a.state_dict())
    assert np.array_equal(a(x).numpy(), b(x).numpy())
    assert np.array_equal(b.seen.numpy(), [1, 2])
    assert not b.first.weight.requires_grad


def test_loading_in_the_middle_of_a_graph_is_noticed():
    model = Block()
    y = model(np.ones((1, 3), "float32")).sum()
    model.load_state_dict(model.state_dict())
    with pytest.raises(autograd.GraphError, match="changed in place"):
        y.backward()


def test_a_state_that_does_not_fit_lists_every_difference_and_changes_nothing():
    model = Block()
    before = model.state_dict()
    state = {name: values + 1 for name, values in before.items()}
    del state["first.bias"]
    state["extra"] = np.zeros(1, "float32")
    state["scale"] = np.zeros(3, "float32")
    state["inner.1.weight"] = np.zeros((2, 4), "float64")
    with pytest.raises(ValueError, match="the values must fit Block exactly") as error:
        model.load_state_dict(state)
    for part in (
        "first.bias is missing",
        "extra is not part of the model",
        "scale must be (2,) float32, is (3,) float32",
        "inner.1.weight must be (2, 4) float32, is (2, 4) float64",
        "build the model with the sizes",
    ):
        assert part in str(error.value)
    for name, values in model.state_dict().items():
        assert np.array_equal(values, before[name])


def test_a_value_that_is_no_array_changes_nothing():
    """A tensor has shape and dtype, and is refused only when its values are read."""
    model = Block()
    before = model.state_dict()
    state = {name: values + 1 for name, values in before.items()}
    state["inner.1.weight"] = tensor(state["inner.1.weight"])
    with pytest.raises(TypeError, match=r"write x.numpy\(\)"):
        model.load_state_dict(state)
    for name, values in model.state_dict().items():
        assert np.array_equal(values, before[name])


# ---------------------------------------------------------------- text
def test_repr_shows_the_tree():
    assert repr(Block()) == (
        "Block(\n"
        "  first: Dense(3 -> 4)\n"
        "  inner: Sequential(\n"
        "    0: ReLU()\n"
        "    1: Dense(4 -> 2, no bias)\n"
        "  )\n"
        ")"
    )


def test_parameters_that_hide_in_containers_are_found_out():
    """Also when the list grows later, and however deep they lie."""
    module = nn.Module()
    module.layers = []
    module.layers.append(nn.Dense(2, 2, rng=Generator(0)))
    with pytest.raises(TypeError, match=r"Module\.layers: parameters inside a list would not be"):
        module.parameters()
    with pytest.raises(TypeError, match="parameters inside a list"):
        nn.Module().deep = [[nn.ReLU()], {"a": nn.Dense(2, 2, rng=Generator(0))}]


def test_a_tensor_that_wants_a_gradient_must_be_a_parameter():
    module = nn.Module()
    with pytest.raises(TypeError, match=r"wrap it in nn\.Parameter"):
        module.w = tensor([1.0], requires_grad=True)
    module.buffer = tensor([1.0])
    assert list(module.state_dict()) == ["buffer"]


def test_the_state_of_an_update_rule_goes_into_a_file(tmp_path):
    """[E.ADAM] and back: the next step is the same."""
    net = nn.Dense(3, 2, rng=Generator(0))
    rule = optim.Adam(net.parameters(), 0.1)
    for p in net.parameters():
        p.grad = p.detach() * 0.5
    rule.step()
    nn.save_tensors(tmp_path / "rule.safetensors", rule.state_dict())
    again = optim.Adam(net.parameters(), 0.1)
    again.load_state_dict(nn.load_tensors(tmp_path / "rule.safetensors"))
    assert again.t == 1
    np.testing.assert_array_equal(again.state["m"], rule.state["m"])


def test_one_tensor_under_two_names_has_one_value():
    first = nn.Dense(3, 3, rng=Generator(0))
    second = nn.Dense(3, 3, rng=Generator(1))
    second.weight = first.weight
    net = nn.Sequential(first, second)
    state = net.state_dict()
    net.load_state_dict(state)
    state["1.weight"] = state["1.weight"] + 1
    with pytest.raises(ValueError, match=r"1\.weight and 0\.weight are one tensor, but have two"):
        net.load_state_dict(state)
    np.testing.assert_array_equal(net.state_dict()["0.weight"], state["0.weight"])
