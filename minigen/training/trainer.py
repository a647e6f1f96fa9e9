"""The loop: epochs of shuffled mini-batches, for any method.

It reads the losses from the device once a report, stops when they are no longer finite, and
leaves behind a history, pictures and a checkpoint. The mathematics is in the step functions.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from minigen.backend import Generator, to_numpy
from minigen.optim import Schedule
from minigen.training.history import History
from minigen.training.method import Method
from minigen.training.progress import Progress
from minigen.training.steps import steps_of

REPORT_STEPS = 50  # steps between two readings of the losses
MADE_BY = {
    "Images": "data.digits(), data.mnist() or data.Images(name, images, labels)",
    "Music": "data.music.chorales() or data.music.Music(name, rolls)",
    "Sentences": "data.sentences.sentences(path)",
    "Text": "data.texts(path) or data.Text(name, codes, vocabulary)",
}
Callback = Callable[["Trainer"], None]


class DivergenceError(RuntimeError):
    """A loss is no longer a finite number."""


def _check_data(method: Method, images: Any, test: Any) -> None:
    """Raise TypeError for data of another kind than the method is for, ValueError for another size
    of test images."""
    for data, kinds in ((images, method.data), (test, method.data | None)):
        if not isinstance(data, kinds):
            wanted = method.data.__name__
            raise TypeError(
                f"Trainer: images and test must be data.{wanted}, which {method.name} is "
                f"trained on; got {type(data).__name__}; make one with {MADE_BY[wanted]}"
            )
    sizes = [getattr(data, "shape", None) for data in (images, test) if data is not None]
    if sizes[0] != sizes[-1]:
        raise ValueError(
            f"Trainer: images and test must have one size; got {sizes[0]} and {sizes[-1]}"
        )


def _checked(schedules: Mapping[str, Schedule], method: Method) -> dict[str, Schedule]:
    """The schedules. Raises ValueError for a rule that there is not, TypeError for no function."""
    if unknown := schedules.keys() - method.rules.keys():
        raise ValueError(
            f"Trainer: schedules must be for update rules of the method, "
            f"{', '.join(method.rules)}; got {', '.join(sorted(unknown))}"
        )
    for name, schedule in schedules.items():
        if not callable(schedule):
            raise TypeError(
                f"Trainer: a schedule must be a function of the step; that of {name} is "
                f"{schedule!r}; write optim.constant({schedule!r})"
            )
    return dict(schedules)


class Trainer:
    """Trains one method on one data set.

    method: what is trained. images: the training set, ``data.Images`` unless the method is for
    other data. test: data of the same kind held back, or None. batch_size: examples a step; a
    method with a full-batch rule (GD) uses all of them. rng: for the order of the data.
    after_epoch: called with this trainer after each epoch (pictures, checkpoints). progress:
    whether to show a bar. schedules: by the name of an update rule of the method, its step size
    as a function of the number of steps done; the other rules keep their alpha. capture: on a
    device, launch each step as one captured graph: True (CaptureError for a method of which that
    cannot be done), or "auto" (a warning, and no capture); on the host it changes nothing. Captured
    steps leave no gradients in the parameters.

    Attributes to read: ``epoch`` and ``step`` (done so far), ``seconds``, ``history``.
    """

    def __init__(
        self,
        method: Method,
        images: Any,
        test: Any = None,
        *,
        batch_size: int = 100,
        rng: Generator,
        after_epoch: Callback | None = None,
        progress: bool = True,
        schedules: Mapping[str, Schedule] | None = None,
        capture: bool | str = False,
    ) -> None:
        _check_data(method, images, test)
        if batch_size < 1:
            raise ValueError(f"Trainer: batch_size must be at least 1; got {batch_size}")
        self.schedules = _checked(schedules or {}, method)
        self.steps = steps_of(method, capture)
        self.method = method
        self.images = images
        self.test = test
        self.batch_size = len(images) if method.full_batch else min(batch_size, len(images))
        self.rng = rng
        self.after_epoch = after_epoch
        self.progress = progress
        self.history = History()
        self.epoch = 0
        self.step = 0
        self.seconds = 0.0

    def run(self, epochs: int) -> dict[str, float]:
        """Train for ``epochs`` more epochs; the figures of the last one, by name.

        Raises DivergenceError, naming loss, step and what to do, when a loss becomes NaN or
        infinite; the history up to then is kept.
        """
        if not isinstance(epochs, int):
            raise TypeError(f"Trainer.run: epochs must be an integer; got {epochs!r}")
        if epochs < 1:
            raise ValueError(f"Trainer.run: epochs must be at least 1; got {epochs}")
        steps = self.method.steps(self.images.flat, self.batch_size)
        self.steps.renew()
        with Progress(self.method.name, epochs, steps, shown=self.progress) as bar, self.steps:
            for _ in range(epochs):
                began = time.perf_counter()
                figures = self._train_epoch(bar)
                self.seconds += time.perf_counter() - began
                if self.test is not None:
                    with self.method.model.evaluating():
                        found = self.method.evaluate(self.test.flat)
                    self._check_finite(found, "after")
                    figures |= self.method.judged(found)
                self.epoch += 1
                row = {"epoch": self.epoch, "step": self.step, "seconds": round(self.seconds, 3)}
                self.history.add(row | figures)
                bar.epoch(self.epoch, figures)
                if self.after_epoch is not None:
                    with self.method.model.evaluating():
                        self.after_epoch(self)
        with self.method.model.evaluating():
            self.method.finish(self.images.flat)
        return self.history.last()

    def _train_epoch(self, bar: Progress) -> dict[str, float]:
        """One pass over the data: the mean of each loss over the steps."""
        steps = 0
        self.steps.begin()
        for x in self.steps.batches(self.images.flat, self.batch_size, self.rng):
            for name, schedule in self.schedules.items():
                self.method.rules[name].alpha = schedule(self.step)
            self.steps.take(x)
            steps += 1
            self.step += 1
            if steps % REPORT_STEPS == 0:
                bar.report(steps, self._means(steps))
        means = self._means(steps)
        bar.report(steps, means)
        return means

    def _means(self, steps: int) -> dict[str, float]:
        """The losses so far in this epoch, read from the device and checked."""
        sums = self.steps.sums
        means = {name: float(to_numpy(total)) / steps for name, total in sums.items()}
        self._check_finite(means, f"within the last {REPORT_STEPS} steps before")
        return means

    def _check_finite(self, figures: Mapping[str, float], when: str) -> None:
        """Raise DivergenceError where a figure is NaN or infinite."""
        for name, value in figures.items():
            if not math.isfinite(value):
                raise DivergenceError(
                    f"{self.method.name}: the loss '{name}' must stay finite; it became {value} "
                    f"{when} step {self.step} (epoch {self.epoch + 1}); lower alpha, or find the "
                    "operation that broke with minigen.detect_anomaly()"
                )
