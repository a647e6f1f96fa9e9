"""Every op gives on a device what it gives on the host: values and first gradients."""

import numpy as np
import pytest
from cases import CASES
from gpu_watch import same

from minigen.backend import asarray, to_numpy, use_backend
from minigen.creation import tensor

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
TOLERANCE = {"float32": (1e-4, 2e-5), "float64": (1e-10, 1e-11)}  # relative, absolute


def outputs(y):
    return list(y) if isinstance(y, list | tuple) else [y]


def values_and_gradients(case, dtype, backend):
    """What comes out, and the gradients of a fixed weighted sum of it, on the host."""
    with use_backend(backend):
        values = [
            v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for v in case.values()
        ]
        function, arrays = case.call(values)
        leaves = [tensor(asarray(a), requires_grad=a.dtype.kind == "f") for a in arrays]
        found = outputs(function(*leaves))
        rng = np.random.default_rng(3)
        for y in found:
            gy = rng.standard_normal(y.shape)
            y.backward(asarray(np.asarray(gy, dtype=str(y.dtype))), retain_graph=True)
        gradients = [leaf.grad for leaf in leaves if leaf.grad is not None]
        return [to_numpy(y.array) for y in found], [to_numpy(g.array) for g in gradients]


@every_case
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_an_op_gives_what_it_gives_on_the_host(case, dtype, device):
    expected = values_and_gradients(case, dtype, "numpy")
    found = values_and_gradients(case, dtype, device)
    for got, wanted in zip(found, expected, strict=True):
        same(got, wanted, *TOLERANCE[dtype])
