"""What the engine is doing in this thread: recording or not, looking for anomalies or not.

Each thread has its own switches, so that a sampler under ``no_grad()`` in one thread does not
stop a trainer in another from recording.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class GraphError(RuntimeError):
    """The graph cannot be walked: freed, changed under way, or not connected."""


class _State(threading.local):
    recording = True  # False inside no_grad()
    anomaly = False  # True inside detect_anomaly()


state = _State()


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside this block nothing is recorded: results have no graph."""
    before, state.recording = state.recording, False
    try:
        yield
    finally:
        state.recording = before


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside this block, the operation that first makes a NaN or an infinity, forward or
    backward, raises FloatingPointError and is named. Slow: every array is looked through."""
    before, state.anomaly = state.anomaly, True
    try:
        yield
    finally:
        state.anomaly = before


def is_recording() -> bool:
    """True unless inside ``no_grad()``."""
    return state.recording
