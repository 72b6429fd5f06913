"""The classifier by which pictures are compared: it describes them by numbers, and names what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genlib import sources
from genlib.contract import Embeds, Names
from genlib.errors import GenlibError
from genlib.measures.pixels import as_float
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

BATCH, BLOCK = 256, 500  # pictures described, and pictures made smaller, at once


@dataclass(frozen=True)
class Judge:
    """A loaded classifier.

    name    its checkpoint's
    data    the data set that it knows
    side    of the pictures that it reads, in pixels
    model   Embeds, and Names where classifier_of() was asked for one that names
    """

    name: str
    data: str
    side: int
    model: Any

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """float32 (N, F), on the CPU, of images (N, C, H, W), uint8 or float in [0, 1]; H is its side, or a multiple of
        it, of which area means are taken."""
        if (times := images.shape[-1] // self.side) > 1:
            images = torch.cat([F.avg_pool2d(as_float(part), times) for part in images.split(BLOCK)])
        return torch.cat([self.model.features(as_float(part)).float().cpu() for part in images.split(BATCH)])

    @torch.inference_mode()
    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Attribute -> logits (N, classes), on the CPU, of features (N, F)."""
        return {attribute: logits.float().cpu() for attribute, logits in self.model.logits(features).items()}

    def names(self, features: Tensor) -> dict[str, Tensor]:
        """Attribute -> the class (N,) that it names."""
        return {attribute: logits.argmax(1) for attribute, logits in self.logits(features).items()}


def classifier_of(data: str, space: Pictures) -> Checkpoint:
    """The shipped classifier of a data set, for pictures of `space`. GenlibError: there is none."""
    if (found := _find(data, space)) is not None:
        return found
    raise GenlibError(
        f"There is no classifier for {data} at {space.channels} x {space.side} x {space.side}, which these measures "
        f"need; train one with python -m genlib train classifier-{data}."
    )


def can_judge(checkpoint: Checkpoint, naming: str = "") -> bool:
    """Whether there is a classifier for what a checkpoint makes, which names the attribute `naming` if one is given."""
    space = checkpoint.config.space
    found = _find(checkpoint.spec.recipe.data, space) if isinstance(space, Pictures) else None
    if found is None or not naming:
        return found is not None
    cls = found.model_class
    return issubclass(cls, Names) and naming in cls.heads(found.config)


def load(checkpoint: Checkpoint, device: torch.device | str | None = None) -> Judge:
    """The judge of a checkpoint that classifier_of() found."""
    space = checkpoint.config.space
    assert isinstance(space, Pictures)
    return Judge(checkpoint.name, checkpoint.spec.recipe.data, space.side, checkpoint.load(device))


def _find(data: str, space: Pictures) -> Checkpoint | None:
    for checkpoint in sources.checkpoints().values():
        cls = checkpoint.model_class
        describes = issubclass(cls, Embeds) and cls.family is None  # it was trained for that, and for nothing else
        if describes and checkpoint.spec.recipe.data == data and checkpoint.config.space == space:
            return checkpoint
    return None
