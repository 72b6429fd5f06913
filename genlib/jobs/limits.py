"""What one run may take of a machine that others share, and how much it does take."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from genlib import cancel, catalog, data, room
from genlib.checkpoint import outline
from genlib.errors import GenlibError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.autograd.graph import saved_tensors_hooks

    from genlib.experiment import Task

# Bytes for each number of a model: the weight, its gradient, its average, two moments of Adam, all but the gradient
# once more where the last healthy moment is kept, and a copy to look at.
EACH = 4 * (5 + 4 + 1)
IMPORTS = "torch._dynamo", 90 << 20  # the first optimiser imports it, and the bytes that it takes
LARGE = 1 << 20  # bytes of a tensor, below which no room is looked for
STEP = 4 * 80  # bytes of a step for each number of a batch: so many a convolutional network of 64 x 64 was seen to hold


@dataclass(frozen=True)
class Limits:
    """steps     that a task may ask for
    seconds   of computing; pauses do not count
    memory    bytes that it may take, as estimated from the model's size
    spare     bytes of the machine's memory that have to stay free: a process that takes the last ones is killed
    """

    steps: int = 100_000
    seconds: float = 600.0
    memory: int = 256 << 20
    spare: int = 48 << 20

    def check(self, task: Task) -> None:
        """GenlibError: the task asks for more than this. The model is built without memory, so that asking is free."""
        if task.recipe.steps > self.steps:
            raise GenlibError(f"{task.recipe.steps:,} steps are more than a run may take here: ask for {self.steps:,}.")
        if (needed := (numbers := weights(task)) * EACH) > self.memory:
            raise GenlibError(
                f"This model has {numbers:,} weights, and to train it takes about {needed >> 20:,} MB of memory, more "
                f"than the {self.memory >> 20:,} MB that a run may take here: choose a smaller width."
            )


def weights(task: Task) -> int:
    """How many numbers its model has. It is built without memory."""
    return _weights(task.model, task.config.model_dump_json())


@lru_cache(maxsize=64)
def _weights(model: str, config: str) -> int:
    """A flow's outline takes 0.1 s, and a page asks again at each click."""
    cls = catalog.model_class(model)
    return sum(p.numel() for p in outline(cls, cls.Config.model_validate_json(config)).parameters())


def takes(task: Task) -> int:
    """About how many bytes a run takes at its peak: its pictures as bytes, its weights, what a step holds, and what is
    imported for the first run of a process."""
    imports = 0 if IMPORTS[0] in sys.modules else IMPORTS[1]
    known = data.outline(task.recipe.data, size=task.recipe.size) if task.source is None else task.source
    return ((known.size or 0) + STEP * task.recipe.batch_size) * task.config.space.size + weights(task) * EACH + imports


def guarded(spare: int) -> saved_tensors_hooks:
    """A context for a step that takes much: the first one, of which nobody knows, and long ones. Cancelled: between two
    of its layers, forward or backward. MemoryError: beside `spare` bytes there is no room for another tensor as large
    as the last one that the step holds for its gradient; that is more than takes() says where a network holds much for
    each number of a batch, as autoregressive ones do."""
    from torch.autograd.graph import saved_tensors_hooks

    def hold(x: Tensor) -> Tensor:
        cancel.point()
        if x.device.type == "cpu" and x.nbytes >= LARGE and room.free() < spare + x.nbytes:
            raise MemoryError
        return x

    def give(x: Tensor) -> Tensor:
        cancel.point()
        return x

    return saved_tensors_hooks(hold, give)
