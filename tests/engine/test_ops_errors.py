"""What each op says when its arguments do not fit: operation, rule, what came, what to do.

Positions and labels are checked before they are used, because a GPU wraps those out of range
without a word, and losses demand equal shapes, because (n,) against (n, 1) makes (n, n).
"""

import numpy as np
import pytest

from minigen import ops, tensor

X = tensor(np.arange(6.0).reshape(2, 3))
WEIGHT = np.ones((4, 3))

ERRORS = [
    # ------------------------------------------------------------ elementwise, reduction
    (lambda: ops.where(X, X, X), TypeError, "where: condition must be a boolean array, .* float64"),
    (lambda: ops.where(True, X, X), TypeError, "where: condition .* got bool"),
    (lambda: X + tensor(np.ones(4)), ValueError, r"shapes \(2,3\) \(4,\)"),
    (lambda: ops.mean(X[:0]), ValueError, r"mean: needs at least one element; got shape \(0, 3\)"),
    (lambda: ops.var(X[:1], axis=0, correction=1), ValueError, "var: needs more than 1 .* got 1"),
    (lambda: ops.var(X[:0]), ValueError, "var: needs more than 0 elements; got 0"),
    (lambda: X.sum(axis=2), ValueError, "axis 2 is out of bounds"),
    (lambda: X.max(axis=2), ValueError, "axis 2 is out of bounds"),
    (lambda: X.sum(axis=1.0), TypeError, "float"),
    (lambda: X.mean(axis=True), TypeError, "bool|integer"),
    (lambda: X[:0].max(axis=0), ValueError, r"max: needs at least one .* shape \(0, 3\), axis 0"),
    (lambda: X[:, :0].min(), ValueError, r"min: needs at least one .* shape \(2, 0\), axis None"),
    (lambda: ops.logsumexp(X[:, :0]), ValueError, "logsumexp: needs at least one element"),
    (lambda: ops.softmax(X[:, :0]), ValueError, r"softmax: needs .* shape \(2, 0\), axis -1"),
    (lambda: ops.log_softmax(X[:0], axis=0), ValueError, "log_softmax: needs at least one element"),
    # ------------------------------------------------------------ shape
    (lambda: X.reshape(4, 2), ValueError, "cannot reshape array of size 6"),
    (lambda: ops.pad(X, widths=((1, 1),)), ValueError, r"pad: widths .* \(\(1, 1\),\) for x \(2,"),
    (lambda: ops.pad(X, widths=((1, 1), (-1, 0))), ValueError, "pad: .* >= 0 for every axis"),
    (lambda: ops.concatenate([]), ValueError, "concatenate: needs at least one array; got none"),
    (lambda: ops.concatenate([X, X[:, :2]]), ValueError,
     r"concatenate: .* along axis 0; xs\[0\] is \(2, 3\), xs\[1\] is \(2, 2\)"),
    (lambda: ops.concatenate([X, X[0]]), ValueError, r"xs\[1\] is \(3,\)"),
    (lambda: ops.stack([]), ValueError, r"stack: needs arrays of one shape; got \[\]"),
    (lambda: ops.stack([X, X[0]]), ValueError, r"stack: .* got \[\(2, 3\), \(3,\)\]"),
    (lambda: ops.stack([X, X], axis=3), ValueError, "stack: axis must lie between -3 and 2; got 3"),
    (lambda: ops.split(X, 2, axis=1), ValueError, r"split: axis 1 of \(2, 3\) .* by parts=2"),
    (lambda: ops.split(X, 0), ValueError, "parts=0"),
    # ------------------------------------------------------------ indexing
    (lambda: X[2], IndexError, "index 2 is out of bounds"),
    (lambda: X[np.array([0, 2])], IndexError,
     "getitem: positions on axis 0 must lie between -2 and 1; got values from 0 to 2"),
    (lambda: X[:, np.array([-4])], IndexError, "getitem: positions on axis 1 .* from -4 to -4"),
    (lambda: X[None, [0.5]], TypeError, "getitem: positions on axis 0 must be integers; got fl"),
    (lambda: X[np.array([True])], IndexError, "boolean index did not match"),
    (lambda: ops.embedding(X, np.array([0, 2])), IndexError,
     "embedding: indices must lie between -2 and 1; got values from 0 to 2"),
    (lambda: ops.embedding(X, np.array([0.0])), TypeError, "embedding: indices must be integers"),
    # ------------------------------------------------------------ linalg
    (lambda: X @ X, ValueError, r"matmul: a.shape\[-1\] must equal .* got a \(2, 3\), b \(2, 3\)"),
    (lambda: X @ X[0, :2], ValueError, r"matmul: .* got a \(2, 3\), b \(2,\)"),
    (lambda: X @ tensor(1.0), ValueError, r"matmul: .* b \(\)"),
    (lambda: ops.linear(X, WEIGHT.T), ValueError,
     r"linear: x.shape\[-1\] must .*; got x \(2, 3\), weight \(3, 4\); .* laid out \(out, in\)"),
    (lambda: ops.linear(X, WEIGHT[0]), ValueError, r"linear: .* weight \(3,\)"),
    (lambda: ops.linear(X, WEIGHT, np.ones(3)), ValueError,
     r"linear: bias must have shape \(4,\), .* got \(3,\) \(weight \(4, 3\)\)"),
    (lambda: ops.linear(X, WEIGHT, np.ones((4, 1))), ValueError, r"linear: bias .* got \(4, 1\)"),
    # ------------------------------------------------------------ likelihood
    (lambda: ops.bernoulli_log_prob(X[0], X[:1].T), ValueError,
     r"bernoulli_log_prob: .* got x \(3,\), logits \(3, 1\)"),
    (lambda: ops.cross_entropy(X, np.array([[0], [1]])), ValueError,
     r"cross_entropy: .* got logits \(2, 3\), labels \(2, 1\)"),
    (lambda: ops.cross_entropy(X[0], np.array([0])), ValueError, r"logits \(3,\)"),
    (lambda: ops.cross_entropy(X, np.array([0.0, 1.0])), TypeError, "labels must be integers"),
    (lambda: ops.cross_entropy(X, np.array([0, 3])), IndexError, "labels must lie .* from 0 to 3"),
    (lambda: ops.cross_entropy(X, np.array([0, -1])), IndexError, "labels must be >= 0; got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[row[2][:40] for row in ERRORS])
def test_the_message_names_operation_rule_and_what_came(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_empty_arrays_pass_where_they_make_sense():
    empty = tensor(np.ones((0, 3)), requires_grad=True)
    assert empty.sum().item() == 0.0
    assert (empty @ WEIGHT.T).shape == (0, 4)
    assert ops.linear(empty, WEIGHT, np.ones(4)).shape == (0, 4)
    assert ops.concatenate([empty, X]).shape == (2, 3)
    assert X[np.array([], "int64")].shape == (0, 3)
    assert ops.cross_entropy(empty, np.array([], "int64")).shape == (0,)
    ops.embedding(empty * 1.0 + 1.0, np.zeros((0, 2), "int64")).sum().backward()
    assert empty.grad.shape == (0, 3)


def test_no_rows_picked_leave_a_gradient_of_zeros():
    weight = tensor(WEIGHT, requires_grad=True)
    ops.embedding(weight, np.array([], "int64")).sum().backward()
    assert weight.grad.numpy().tolist() == np.zeros((4, 3)).tolist()


def test_ties_share_the_gradient():
    x = tensor([3.0, 1.0, 3.0, 3.0], requires_grad=True)
    x.max().backward()
    assert x.grad.numpy() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    a, b = tensor([1.0, 2.0], requires_grad=True), tensor([1.0, 0.0], requires_grad=True)
    ops.maximum(a, b).sum().backward()
    assert a.grad.numpy().tolist() == [0.5, 1.0]
    assert b.grad.numpy().tolist() == [0.5, 0.0]


def test_slopes_at_the_kinks_are_those_of_the_docstrings():
    kink = {ops.relu: 0.0, ops.absolute: 0.0, ops.leaky_relu: 0.01, ops.elu: 1.0}
    for function, slope in kink.items():
        x = tensor([0.0], requires_grad=True)
        function(x).sum().backward()
        assert x.grad.item() == pytest.approx(slope)
    x = tensor([-1.0, 0.0, 1.0, 2.0], requires_grad=True)
    ops.clip(x, low=0.0, high=1.0).sum().backward()
    assert x.grad.numpy().tolist() == [0.0, 1.0, 1.0, 0.0]
