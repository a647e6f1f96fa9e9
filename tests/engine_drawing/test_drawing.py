"""The drawing of a graph: its text to the letter, its gradients against minigen.grad, its DOT.

A drawing must not disturb what it draws, nor show a value that the result was not computed from.
"""

import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minigen
from minigen.drawing import GraphDrawing, draw_graph
from minigen.nn import Parameter

SMALL = """\
#   computed as             shape   value or mean (range)   gradient of loss
#1  W (leaf)                (2, 2)  [[1, 2], [0.5, -0.25]]  [[0.5, -1], [-2.25, 4.5]]
#2  b (leaf)                (2,)    [2, -2.75]              [1, -4.5]
#3  x (constant)            (1, 2)  [[0.5, -1]]
#4  linear(#3, #1, #2)      (1, 2)  [[0.5, -2.25]]          [[1, -4.5]]
#5  h = power(#4, 2)        (1, 2)  [[0.25, 5.062]]         [[1, 1]]
#6  reduce_sum(#5, axis=1)  (1,)    [5.312]                 [1]
#7  loss = mean(#6)         ()      5.312                   1"""


def small():
    """mean(sum((x Wᵀ + b)²)) and everything with a name in it."""
    x = minigen.tensor([[0.5, -1.0]])
    w = minigen.tensor([[1.0, 2.0], [0.5, -0.25]], requires_grad=True)
    b = minigen.tensor([2.0, -2.75], requires_grad=True)
    h = minigen.linear(x, w, b) ** 2
    h_sum = h.sum(axis=1)
    return {"x": x, "W": w, "b": b, "h": h, "loss": h_sum.mean()}


def chain(n):
    """A leaf and n operations after it."""
    leaf = y = minigen.tensor(1.0, requires_grad=True)
    for _ in range(n):
        y = y + 1.0
    return leaf, y


def statements(dot):
    """DOT source read back: {node: label}, [(from, to)]; every line must be known."""
    nodes, edges = {}, []
    lines = dot.splitlines()
    assert lines[0] == "digraph {" and lines[-1] == "}"
    for line in lines[1:-1]:
        if node := re.fullmatch(r"  n(\d+) \[label=(<.*>|\"\.\.\.\"), [^<>]*\];", line):
            nodes[int(node[1])] = node[2]
        elif edge := re.fullmatch(r'  n(\d+) -> n(\d+) \[label="[\w\[\]]*"\];', line):
            edges.append((int(edge[1]), int(edge[2])))
        else:
            assert re.fullmatch(r"  (graph|node|edge) \[[^\[\]]*\];", line), line
    return nodes, edges


# ---------------------------------------------------------------- text
def test_text_to_the_letter():
    names = small()
    drawing = draw_graph(names["loss"], names)
    assert drawing.text == SMALL
    assert str(drawing) == repr(drawing) == SMALL


def test_lines_of_a_network_fit_a_terminal():
    rng = minigen.generator(0)
    x = minigen.tensor(rng.random((100, 784)))
    w = minigen.tensor(rng.normal((256, 784)) * 0.05, requires_grad=True)
    loss = (minigen.tanh(x @ w.T) ** 2).sum(axis=1).mean()
    lines = draw_graph(loss, {"x": x, "w": w}).text.splitlines()
    assert max(map(len, lines)) <= 100
    (product,) = [line for line in lines if "matmul" in line]
    assert re.search(r"\(100, 256\)  -?[\d.e-]+ \(-[\d.]+\.\.[\d.]+\)", product)


def test_leaves_without_a_given_name():
    weight = Parameter([1.0, 2.0], name="weight")
    other = minigen.tensor([3.0, 4.0], requires_grad=True)
    data = np.array([5.0, 6.0], np.float32)
    text = draw_graph((weight * data * other).sum()).text
    assert [line.split()[1] for line in text.splitlines()[1:4]] == ["weight", "x0", "c0"]
    assert "pixels (constant)" in draw_graph((weight * data).sum(), {"pixels": data}).text


def test_settings_that_differ_from_the_usual_ones_are_shown():
    x = minigen.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = x[:, 1:].reshape(4).sum(keepdims=True) ** 2.0
    text = draw_graph(y).text
    assert "reduce_sum(#3, keepdims=True)" in text  # axis=None is the usual one
    for call in ("getitem(#1, key=(:, 1:))", "reshape(#2, shape=(4,))", "power(#4, 2)"):
        assert call in text


def test_long_calls_are_cut():
    x = minigen.tensor([1.0], requires_grad=True)
    text = draw_graph(minigen.concatenate([x] * 30).sum()).text
    assert "concatenate(#1, #1, #1, " in text and max(map(len, text.splitlines())) < 100
    assert "...)" in text


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([-0.0, 1e-9, 12345.678], "[0, 1e-09, 1.235e+04]"),
        ([0.25] * 7, "all 0.25"),
        ([0.0, 1.0] * 4, "0.5 (0..1)"),
        ([[1.0 / 3] * 3] * 2, "all 0.3333"),
        ([np.nan, np.inf] + [0.0] * 6, "2 of 8 not finite"),
        ([np.nan], "[nan]"),
    ],
)
def test_values(values, shown):
    x = minigen.tensor(values, requires_grad=True)
    line = draw_graph(x, cotangent=minigen.tensor(np.full(x.shape, 2.0, np.float32))).text
    assert f"  {shown}  " in line.splitlines()[1]


def test_a_nan_is_drawn_without_a_second_warning():
    x = minigen.tensor([-1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        y = minigen.log(x)
    with np.errstate(all="warn"):
        assert "[nan]" in draw_graph(y + 0.0).text


# ---------------------------------------------------------------- gradients
def test_gradients_are_those_of_grad():
    rng = minigen.generator(1)
    w = minigen.tensor(rng.normal((3, 4)), requires_grad=True)
    h = minigen.tanh(w)
    z = h * w
    y = (z * h).sum()
    lines = draw_graph(y, {"w": w, "h": h, "z": z}).text.splitlines()
    for name, x in (("w", w), ("h", h), ("z", z)):
        (line,) = [line for line in lines if re.match(rf"#\d+ +{name} ", line)]
        gradient = minigen.grad(y, x, retain_graph=True).numpy()
        numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e-\d+)?", line.split("  ")[-1])
        expected = [gradient.mean(), gradient.min(), gradient.max()]
        np.testing.assert_allclose([float(v) for v in numbers], expected, rtol=5e-3)


def test_a_cotangent_gives_gradients_of_a_tensor():
    x = minigen.tensor([1.0, 2.0], requires_grad=True)
    without = draw_graph(x * x).text
    assert "gradient of" not in without
    assert "no gradients: y has shape (2,); pass a cotangent=" in without
    given = draw_graph(x * x, cotangent=minigen.tensor([1.0, -1.0]))
    assert given.text.splitlines()[1].endswith("[2, -4]")


# ---------------------------------------------------------------- the graph stays as it was
def test_drawing_changes_nothing():
    names = small()
    w, loss = names["W"], names["loss"]
    before = w.version[0]
    assert draw_graph(loss, names) == draw_graph(loss, names)
    assert w.grad is None and w.version[0] == before
    loss.backward()
    np.testing.assert_array_equal(w.grad.numpy(), [[0.5, -1], [-2.25, 4.5]])


def test_values_that_the_graph_dropped_are_computed_again():
    x = minigen.tensor([1.0, 2.0], requires_grad=True)
    y = ((x + 1.0) - 0.5).sum()  # no rule of these needs a value
    lines = draw_graph(y).text.splitlines()
    assert "[2, 3]" in lines[2] and "[1.5, 2.5]" in lines[3]


def test_a_value_that_is_gone_is_not_invented():
    c = minigen.tensor([3.0, 4.0])
    y = minigen.tensor([1.0, 2.0], requires_grad=True) + c
    lines = draw_graph((y * 2.0).sum()).text.splitlines()
    assert "x0 (leaf)" in lines[1] and "not kept" in lines[1] and "not kept" in lines[2]
    assert "not kept" in lines[3]  # the sum that only they could tell
    assert "[1, 2]" not in "".join(lines)


@pytest.mark.parametrize("change", ["kept", "not kept", "result"])
def test_changed_values_are_refused(change):
    names = small()
    target = {"kept": "W", "not kept": "b", "result": "loss"}[change]
    with minigen.no_grad():
        names[target].assign(names[target] * 2.0)
    with pytest.raises(minigen.GraphError, match=r"draw_graph: .* changed in place .*compute y"):
        draw_graph(names["loss"])


# ---------------------------------------------------------------- deep and shared graphs
def test_shared_nodes_appear_once():
    x = minigen.tensor(2.0, requires_grad=True)
    h = minigen.exp(x)
    drawing = draw_graph(h * h + h)
    nodes, edges = statements(drawing.dot)
    assert drawing.text.count("exp(") == 1 and len(nodes) == 4
    assert edges == [(1, 2), (2, 3), (2, 3), (3, 4), (2, 4)]


def test_deep_graphs_are_cut_with_a_note():
    leaf, y = chain(3000)
    drawing = draw_graph(y, {"leaf": leaf}, max_nodes=5)
    lines = drawing.text.splitlines()
    assert len(lines) == 1 + 5 + 1
    assert lines[1].startswith("#1  add(..., 1)") and "2997" in lines[1]
    assert lines[-1] == "...: 2996 earlier nodes, beyond max_nodes=5"
    nodes, edges = statements(drawing.dot)
    assert nodes[0] == '"..."' and (0, 1) in edges and "2996 earlier nodes" in drawing.dot


def test_the_leaves_of_an_operation_are_shown_with_it():
    weights = [minigen.tensor(float(i), requires_grad=True) for i in range(1, 5)]
    y = weights[0]
    for w in weights[1:]:
        y = y * w
    text = draw_graph(y, max_nodes=4).text
    assert text.count("(leaf)") == 2 and text.count("multiply(") == 2
    assert "multiply(..., #1)" in text and "...: 3 earlier nodes" in text


# ---------------------------------------------------------------- DOT and pictures
def test_dot_is_well_formed_whatever_the_names():
    x = minigen.tensor([1.0, 2.0], requires_grad=True)
    name = 'a <b> & "c" \\ {d|e}\n->'
    drawing = draw_graph((x * 2.0).sum(), {name: x})
    nodes, edges = statements(drawing.dot)
    assert set(nodes) == {1, 2, 3} and edges == [(1, 2), (2, 3)]
    labels = [ET.fromstring(f"<a>{label[1:-1]}</a>") for label in nodes.values()]
    assert "".join(labels[0].itertext()).startswith('#1 a <b> & "c" \\ {d|e} -> (2,)')
    assert '#1  a <b> & "c" \\ {d|e} -> (leaf)' in drawing.text


def test_gradients_and_constants_have_their_own_looks():
    names = small()
    dot = draw_graph(names["loss"], names).dot
    nodes, _ = statements(dot)
    assert "gradient [[0.5, -1], [-2.25, 4.5]]" in nodes[1] and "gradient" not in nodes[3]
    assert len(set(re.findall(r'fillcolor="(#\w+)"', dot))) == 4  # leaf, constant, op, result


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed: no dot")
def test_svg_has_every_node(tmp_path):
    names = small()
    drawing = draw_graph(names["loss"], {'"<&>"': names["x"]} | names)
    root = ET.fromstring(drawing.svg())
    groups = root.findall(".//{*}g[@class='node']")
    assert len(groups) == 7 and "gradient" in "".join(root.itertext())
    assert drawing._repr_svg_() == drawing.svg()
    drawing.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text("utf-8").startswith("<?xml")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed: no dot")
def test_what_dot_refuses_is_told():
    with pytest.raises(RuntimeError, match=r"svg: dot must accept .*syntax error.*graph\.dot"):
        GraphDrawing("", "digraph {").svg()


def test_without_graphviz_the_text_is_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    drawing = draw_graph(small()["loss"])
    assert drawing._repr_svg_() is None  # a notebook then shows repr, the text
    with pytest.raises(RuntimeError, match="svg: .*not found; install it .*apt-get install"):
        drawing.save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def test_save_writes_what_the_suffix_says(tmp_path):
    drawing = draw_graph(small()["loss"])
    drawing.save(tmp_path / "graph.txt")
    drawing.save(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.txt").read_text("utf-8") == drawing.text + "\n"
    assert (tmp_path / "graph.dot").read_text("utf-8") == drawing.dot
    assert {p.name for p in tmp_path.iterdir()} == {"graph.txt", "graph.dot"}
    with pytest.raises(ValueError, match=r"save: .* \.svg, \.dot or \.txt; got 'graph\.png'; "):
        drawing.save("graph.png")


# ---------------------------------------------------------------- errors
def test_no_graph():
    with pytest.raises(minigen.GraphError, match="draw_graph: .*a Tensor without one; compute y"):
        draw_graph(minigen.tensor([1.0]))
    with pytest.raises(minigen.GraphError, match="draw_graph: .*got a float without one"):
        draw_graph(1.0)


def test_freed_graph():
    loss = small()["loss"]
    loss.backward()
    with pytest.raises(minigen.GraphError, match="draw_graph: .* freed; .*retain_graph=True"):
        draw_graph(loss)


def test_wrong_cotangent():
    x = minigen.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"the cotangent must be .*\(2,\) float32; got \(3,\)"):
        draw_graph(x * x, cotangent=minigen.tensor([1.0, 1.0, 1.0]))


def test_drawing_an_lstm_leaves_its_trace_as_it_was():
    """The drawing computes values anew; the backward pass after it is as without it."""
    shapes = (2, 1, 2), (1, 3), (1, 3), (12, 2), (12, 3), (12,)
    gradients = []
    for drawn in (False, True):
        rng = np.random.default_rng(0)
        leaves = [minigen.tensor(rng.normal(size=s), requires_grad=True) for s in shapes]
        y, _, _ = minigen.lstm(*leaves)
        loss = (y * y).sum()
        if drawn:
            text = str(draw_graph(loss))
            assert "lstm(#1, #2, #3, #4, #5, #6" in text and "trace" not in text
        loss.backward()
        gradients.append([leaf.grad.numpy() for leaf in leaves])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)
