"""What is measured: a checkpoint with its test data and samples. Each part is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from genlib import data
from genlib.contract import Samples, Seeds
from genlib.data import DataInfo, PictureSet, PointSet
from genlib.measures import judge
from genlib.measures.judge import Judge, classifier_of
from genlib.measures.pixels import as_bytes
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

SAMPLES = 5000  # pictures drawn, at most; fewer where fewer validation or test pictures are there, so that the floor is
# made of pictures which the classifier did not learn from either
POINTS, HELD_OUT = 2500, 10_000  # points drawn, as in Lin et al. 2018 (see modes.py), and held-out points of the data
BATCH = 250


class Subject:
    """A checkpoint that is being measured.

    samples    how many to draw; None: see SAMPLES and POINTS
    device     where the models compute; None: the best there is
    progress   is told what is being done, in a sentence
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        samples: int | None = None,
        device: torch.device | str | None = None,
        progress: Callable[[str], object] = print,
    ) -> None:
        self.checkpoint, self.device, self.progress = checkpoint, device, progress
        self._samples = samples

    @cached_property
    def model(self) -> Any:
        return self.checkpoint.load(self.device)

    @property
    def data(self) -> str:
        """Name of its data set."""
        return self.checkpoint.spec.recipe.data

    @property
    def info(self) -> DataInfo:
        return self.test.info

    @cached_property
    def test(self) -> PictureSet | PointSet:
        return data.load(self.data, "test", size=self.checkpoint.spec.recipe.size)

    @cached_property
    def real(self) -> Tensor:
        """Held-out x, on the CPU: all test pictures, uint8 (N, C, H, W), or points float32 (N, D)."""
        return self.test.sample(HELD_OUT) if isinstance(self.test, PointSet) else self.test.pixels

    @cached_property
    def count(self) -> int:
        """How many samples are drawn."""
        if isinstance(self.test, PointSet):
            return self._samples or POINTS
        return self._samples or min(SAMPLES, len(self.real), self.info.splits["validation"])

    @cached_property
    def made(self) -> Tensor:
        """Samples of seeds 0, 1, ... at default controls, like `real`."""
        self.progress(f"Drawing {self.count:,} samples")
        return draw(self.model, range(self.count))

    @cached_property
    def judge(self) -> Judge:
        """The classifier of its data. GenlibError: there is none."""
        space = self.checkpoint.config.space
        assert isinstance(space, Pictures)
        return judge.load(classifier_of(self.data, space), self.device)

    @cached_property
    def real_features(self) -> Tensor:
        return self.judge.features(self.real)

    @cached_property
    def made_features(self) -> Tensor:
        return self.judge.features(self.made)

    def protocol(self) -> dict[str, Any]:
        """How all numbers come about, as JSON: data and split, how many real x, and of the samples, where the model
        makes any, how many, from which seeds, at which controls."""
        found: dict[str, Any] = {"data": self.data, "split": "test", "reals": len(self.real)}
        if issubclass(self.checkpoint.model_class, Samples):
            controls = self.checkpoint.controls().model_dump(mode="json")
            found |= {"samples": self.count, "seeds": f"0 to {self.count - 1}", "controls": controls}
        return found


@torch.inference_mode()
def draw(model: Samples, seeds: Seeds, batch: int = BATCH) -> Tensor:
    """Samples at the model's default controls, on the CPU: pictures as uint8 (N, C, H, W), points as float32 (N, D)."""
    parts = []
    for at in range(0, len(seeds), batch):
        x = model.sample(seeds[at : at + batch])
        parts.append(as_bytes(x) if x.ndim == 4 else x.float().cpu())
    return torch.cat(parts)
