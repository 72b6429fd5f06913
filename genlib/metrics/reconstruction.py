"""How much of a picture survives being encoded and decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlib.metrics.features import as_float


@dataclass(frozen=True)
class Reconstruction:
    """Root mean square difference of pixels in [0, 1], averaged over the pictures; lower is better.

    rms       between pictures and decode(encode(picture))
    baseline  between pictures and their mean: what a model reaches that keeps nothing of them
    """

    rms: float
    baseline: float
    count: int


@torch.inference_mode()
def reconstruction(model: Any, images: Tensor, batch: int = 250) -> Reconstruction:
    """Of images (N, C, H, W), uint8 or float in [0, 1], by a model that is both Encodes and Decodes."""
    mean = torch.stack([as_float(part).sum(0) for part in images.split(batch)]).sum(0) / len(images)
    ours, base = [], []
    for part in images.split(batch):
        real = as_float(part)
        ours.append(_rms(real - model.decode(model.encode(real))))
        base.append(_rms(real - mean))
    return Reconstruction(float(torch.cat(ours).mean()), float(torch.cat(base).mean()), len(images))


def _rms(difference: Tensor) -> Tensor:
    return difference.double().flatten(1).square().mean(1).sqrt()
