"""Switches belong to a thread: a sampler under no_grad() does not stop a trainer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import minigen
from minigen import detect_anomaly, no_grad, tensor
from minigen.autograd import is_recording


def test_no_grad_holds_in_its_own_thread_only():
    inside, checked = threading.Event(), threading.Event()

    def sampler():
        with no_grad():
            inside.set()
            assert checked.wait(10)
            return is_recording()

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(sampler)
        assert inside.wait(10)
        x = tensor(2.0, requires_grad=True)
        (x * x).backward()
        checked.set()
        assert result.result() is False
    assert x.grad.item() == 4.0


def test_detect_anomaly_holds_in_its_own_thread_only():
    def logarithm():
        with np.errstate(all="ignore"):
            return minigen.log(tensor(0.0)).item()

    with detect_anomaly(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(logarithm).result() == -np.inf


def test_graphs_of_many_threads_do_not_meet():
    def slope(k):
        x = tensor(float(k), dtype="float64", requires_grad=True)
        y = x
        for _ in range(50):
            y = y * 1.0 + x
        y.backward()
        return x.grad.item()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(slope, range(20))) == [51.0] * 20
