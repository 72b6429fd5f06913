"""How much of an x is left after it was encoded and decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlib.checkpoint import Checkpoint
from genlib.contract import Decodes, Encodes
from genlib.measures.base import Measure, Part
from genlib.measures.markdown import number
from genlib.measures.pixels import RMS, as_float
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

BATCH = 250


@dataclass(frozen=True)
class Result:
    """Root mean square difference, averaged over held-out x; lower is better. In [0, 1] of pixels; of points over their
    coordinates, in the data's own unit.

    rms       between x and decode(encode(x))
    baseline  between x and the mean of all: what a model reaches that keeps nothing of them
    """

    rms: float
    baseline: float
    count: int


class Reconstruction(Measure[Result]):
    name = "reconstruction"
    place = 60

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Encodes) and issubclass(checkpoint.model_class, Decodes)

    def measure(self, subject: Subject) -> Result:
        model = subject.model
        subject.progress("Reconstructing the test data")
        return reconstruction(model, subject.real)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        pictures = isinstance(checkpoint.config.space, Pictures)
        unit, of = ("pixels in [0, 1]", "test pictures") if pictures else ("coordinates", "held-out points")
        what = f"Reconstruction error, RMS of {unit}, mean of {found.count:,} {of}"
        baseline = f"{number(found.baseline)} for the mean {'picture' if pictures else 'point'}"
        of_points = "RMS is the root mean square of the differences, coordinate by coordinate, in the data's own unit."
        return Part(rows=((what, number(found.rms), baseline),), terms=(RMS if pictures else of_points,))


@torch.inference_mode()
def reconstruction(model: Any, x: Tensor) -> Result:
    """Of pictures (N, C, H, W), uint8 or float in [0, 1], or of points (N, D), by a model that is both Encodes and
    Decodes."""
    mean = torch.stack([as_float(part).sum(0) for part in x.split(BATCH)]).sum(0) / len(x)
    ours, base = [], []
    for part in x.split(BATCH):
        real = as_float(part)
        ours.append(_rms(real - model.decode(model.encode(real)).cpu()))
        base.append(_rms(real - mean))
    return Result(float(torch.cat(ours).mean()), float(torch.cat(base).mean()), len(x))


def _rms(difference: Tensor) -> Tensor:
    return difference.double().flatten(1).square().mean(1).sqrt()
