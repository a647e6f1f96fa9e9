"""Taking training steps: one operation after the other, or as one captured graph."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from minigen.backend import (
    Array,
    CaptureError,
    Generator,
    asarray,
    capturer,
    is_array,
    name_of,
    xp,
)
from minigen.data import Images
from minigen.tensor import Tensor
from minigen.training.method import Method

PICKS = "capture: Method.epoch must pick each batch of a data set by an array of integers"
WARM_UP = 2  # steps of a kind before it is captured: what is made at first calls is made then


class EagerSteps:
    """Asks the device for one operation after the other. sums: of each loss, since ``begin``."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.sums: dict[str, Any] = {}

    def __enter__(self) -> "EagerSteps":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def batches(self, flat: Any, batch_size: int, rng: Generator) -> Iterable[Any]:
        """The batches of a new epoch, each for ``take``."""
        return self.method.epoch(flat, batch_size, rng)

    def renew(self) -> None:
        """Begin anew: model, rules and data may be others than before."""

    def begin(self) -> None:
        """Forget the sums."""
        self.sums = {}

    def take(self, x: Any) -> None:
        """One step on one batch."""
        for name, loss in self.method.step(x).items():
            value = loss.array if isinstance(loss, Tensor) else loss
            self.sums[name] = self.sums[name] + value if name in self.sums else value


class Rows(NamedTuple):
    """A batch of a data set on the device: so many rows, the next ones of the epoch's order."""

    size: int


class OnDevice:
    """A data set in the device's memory, the order of an epoch over it, and how far that has come:
    a captured step finds its own rows."""

    def __init__(self, flat: Any, order: Array) -> None:
        self.array = asarray(flat)
        self.order = asarray(order)
        self.position = xp(self.order).zeros((), dtype="int64")

    def begin(self, order: Array) -> None:
        """Take another order from its beginning."""
        self.order[...] = asarray(order)
        self.position[...] = 0

    def next(self, rows: Rows) -> Array:
        """The next batch (n, data_size)."""
        index = self.order[self.position + xp(self.order).arange(rows.size)]
        self.position += rows.size
        return self.array[index]


class Picked(NamedTuple):
    """Which examples an epoch picks for a batch."""

    index: Array


class RowNumbers:
    """Stands in for a data set of n examples, to learn which of them an epoch picks."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: Any) -> Picked:
        if not is_array(index) or index.ndim != 1 or index.dtype.kind not in "iu":
            raise CaptureError(f"{PICKS}; got {index!r}; do so, or train without capture")
        return Picked(index)

    def __getattr__(self, name: str) -> Any:
        raise CaptureError(f"{PICKS}, and no more; it uses .{name}; train without capture")

    def order(self, batches: Iterable[Any]) -> list[Array]:
        """Row numbers of all batches. Raises CaptureError for a batch of anything else."""
        picked = list(batches)
        for batch in picked:
            if type(batch) is not Picked:
                raise CaptureError(
                    f"{PICKS}, and no more; a batch is {type(batch).__name__}; do the rest in "
                    "Method.step, or train without capture"
                )
        return [batch.index for batch in picked]


class Captured(NamedTuple):
    """A captured step: where its batch is put, what launches it, how many steps of each update rule
    it makes, and the state that it leaves."""

    inputs: list[Array]
    launch: Callable[[], None]
    moves: dict[str, int]
    state: Any


class CapturedSteps(EagerSteps):
    """Captures each kind of step after it has been taken twice; then launches it.

    A kind is the shapes of the batch and whatever the method adds (``Method.kind``). The data set
    of a method of images lies on the device, and so does the epoch's order: the graph picks its
    batch by itself. Losses are added up in the device's memory. Entering the ``with`` block enters
    the capture's stream. insist: whether a step that cannot be captured is an error, or a warning,
    after which all steps are taken one operation after the other.
    """

    def __init__(self, method: Method, device: Any, insist: bool = True) -> None:
        super().__init__(method)
        self.device = device
        self.insist = insist
        self.given_up = False
        self.graphs: dict[Any, Captured] = {}
        self.seen: Counter[Any] = Counter()
        self.images: OnDevice | None = None

    def __enter__(self) -> "CapturedSteps":
        self.device.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.device.__exit__(*error)

    def renew(self) -> None:
        self.graphs.clear()
        self.seen.clear()
        self.sums, self.images, self.given_up = {}, None, False

    def batches(self, flat: Any, batch_size: int, rng: Generator) -> Iterable[Any]:
        if self.given_up or self.method.data is not Images:
            return super().batches(flat, batch_size, rng)  # texts make batches of their own
        rows = RowNumbers(len(flat))
        try:
            picked = rows.order(self.method.epoch(rows, batch_size, rng))
        except CaptureError as error:
            self._give_up(error)
            return super().batches(flat, batch_size, rng)
        order = xp(picked[0]).concatenate(picked)
        if self.images is None or len(self.images.order) != len(order):
            self.images = OnDevice(flat, order)
            self.graphs.clear()  # they read what was there before
        self.images.begin(order)
        return [Rows(len(index)) for index in picked]

    def _give_up(self, error: CaptureError) -> None:
        """Take all steps eagerly from now on, with a warning, or raise the error."""
        if self.insist:
            raise error
        warnings.warn(f"{error}, as is done now", RuntimeWarning, stacklevel=2)
        self.given_up = True

    def begin(self) -> None:
        for total in self.sums.values():
            total[...] = 0

    def take(self, x: Any) -> None:
        parts = [] if isinstance(x, Rows) else list(x) if isinstance(x, tuple) else [x]
        shapes = x if isinstance(x, Rows) else tuple((p.shape, p.dtype.name) for p in parts)
        kind = (shapes, self.method.kind())
        if kind in self.graphs:
            self._launch(self.graphs[kind], parts)
            return
        self.seen[kind] += 1
        arrays = [asarray(p) for p in parts]
        if self.given_up or self.seen[kind] <= WARM_UP or not self._capture(kind, x, arrays):
            self._step(x, arrays)

    def _capture(self, kind: Any, x: Any, arrays: list[Array]) -> bool:
        """Capture a step and launch it, or find out that this cannot be done."""
        inputs = [a.copy() for a in arrays]
        rules, state = self.method.rules, self.method.state
        before = {name: rule.t for name, rule in rules.items()}
        try:
            launch = self.device.capture(lambda: self._step(x, inputs))
        except BaseException as error:  # on the device nothing has happened
            self.method.state = state
            for name, rule in rules.items():
                rule.t = before[name]
            if not isinstance(error, CaptureError):
                raise
            self._give_up(error)
            return False
        moves = {name: rule.t - before[name] for name, rule in rules.items()}
        self.graphs[kind] = Captured(inputs, launch, moves, self.method.state)
        launch()
        return True

    def _step(self, x: Any, arrays: list[Array]) -> None:
        """The method's step on a batch in device arrays, and its losses added to the sums.

        The gradients are dropped: those of a graph would be told apart from newer ones by nobody.
        """
        if isinstance(x, Rows):
            assert self.images is not None
            batch: Any = self.images.next(x)
        else:
            batch = tuple(arrays) if isinstance(x, tuple) else arrays[0]
        for name, loss in self.method.step(batch).items():
            value = loss.array if isinstance(loss, Tensor) else loss
            if name not in self.sums:
                self.sums[name] = xp(value).zeros_like(value)
            self.sums[name] += value
        for rule in self.method.rules.values():
            rule.zero_grad()

    def _launch(self, captured: Captured, parts: Iterable[Any]) -> None:
        for held, part in zip(captured.inputs, parts, strict=True):
            held[...] = asarray(part)
        captured.launch()
        self.method.state = captured.state
        for name, count in captured.moves.items():
            self.method.rules[name].replayed(count)


def check_capturable(method: Method) -> None:
    """Raise CaptureError if the method's steps cannot be captured on the device they run on."""
    module = xp(method.model.parameters()[0].array)
    if method.why_not_captured and name_of(module) != "numpy":
        raise CaptureError(
            f"capture: a step of {method.name} cannot be captured: {method.why_not_captured}; "
            "train without capture"
        )


def steps_of(method: Method, capture: bool | str) -> EagerSteps:
    """What takes the steps of a method: captured ones where that is asked for and can be done.

    capture: True, False, or "auto": captured where that can be done, with one warning where not.
    On the host there is nothing to capture. Raises CaptureError for a method whose steps cannot be
    captured, ValueError for another value.
    """
    if capture not in (True, False, "auto"):
        raise ValueError(f"Trainer: capture must be True, False or 'auto'; got {capture!r}")
    device = capturer(xp(method.model.parameters()[0].array)) if capture else None
    if device is None:
        return EagerSteps(method)
    try:
        check_capturable(method)
    except CaptureError as error:
        if capture is True:
            raise
        warnings.warn(f"{error}, as is done now", RuntimeWarning, stacklevel=3)
        return EagerSteps(method)
    return CapturedSteps(method, device, insist=capture is True)
