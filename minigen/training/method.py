"""What the trainer needs to know about a kind of model, and nothing else.

A method joins a model, its update rules and the step function that is the mathematics of one
training step. The trainer's loop is the same for all of them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from minigen.backend import Generator
from minigen.data import Images, batches
from minigen.optim import UpdateRule


def check_limit(who: str, max_norm: float | None) -> None:
    """Raise ValueError unless max_norm is None or above 0."""
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"{who}: max_norm must be above 0, or None for no limit; got {max_norm}")


class Method(ABC):
    """How one kind of model is trained and judged. Subclass it for a new kind."""

    name: ClassVar[str]
    data: ClassVar[type] = Images  # what it is trained on: has ``flat``, a name and a length
    why_not_captured: ClassVar[str] = ""  # why no graph can repeat its steps, if none can
    model: Any
    rules: dict[str, UpdateRule]
    state: Any = None  # what a step leaves for the next: on a device, in memory that is not moved

    @abstractmethod
    def step(self, x: Any) -> dict[str, Any]:
        """Train on one batch of the data set, x (n, data_size) on the host; named losses.

        The losses stay on the device: the trainer reads them once a report, not once a step.
        """

    def kind(self) -> Any:
        """What a captured step depends on beside the shapes of its batch; hashable."""
        return None

    def steps(self, flat: Any, batch_size: int) -> int:
        """How many steps an epoch over ``flat`` has."""
        return math.ceil(len(flat) / batch_size)

    def epoch(self, flat: Any, batch_size: int, rng: Generator) -> Iterator[Any]:
        """One epoch, batch by batch: all images once, in a new order."""
        return (flat[index] for index in batches(len(flat), batch_size, rng))

    def evaluate(self, images: Any) -> dict[str, float]:
        """Named figures over images that were not trained on. None by default."""
        return {}

    def judged(self, figures: dict[str, float]) -> dict[str, float]:
        """Handed the figures of ``evaluate`` over the data held back, after each epoch; returns
        them, and may keep the weights that did best."""
        return figures

    def finish(self, images: Any) -> dict[str, float]:
        """What is left to do with the training images after the last step. Nothing by default."""
        return {}

    @property
    def full_batch(self) -> bool:
        """True if an update rule asks for the gradient over the whole data set."""
        return any(rule.full_batch for rule in self.rules.values())
