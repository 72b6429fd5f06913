"""How likely a model holds pictures that it never saw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.contract import Scores
from genlib.metrics.features import as_float


@dataclass(frozen=True)
class Likelihood:
    """Mean log-likelihood of held-out pictures, higher is better.

    nats          mean per picture
    error         standard error of that mean: standard deviation over the pictures / sqrt(count)
    bits_per_dim  -nats / (C H W ln 2), lower is better; None where the likelihood is not normalised
    kind          exact, lower bound, estimate or unnormalised
    """

    nats: float
    error: float
    bits_per_dim: float | None
    kind: str
    count: int
    note: str  # how the model came by it


@torch.inference_mode()
def likelihood(model: Scores, images: Tensor, batch: int = 250) -> Likelihood:
    """Of images (N, C, H, W), N >= 2, uint8 or float in [0, 1]."""
    parts = [model.log_prob(as_float(part)) for part in images.split(batch)]
    kind = parts[0].kind
    nats = torch.cat([part.nats for part in parts]).double()
    mean, count = float(nats.mean()), len(nats)
    bits = None if kind == "unnormalised" else -mean / (images[0].numel() * math.log(2))
    return Likelihood(mean, float(nats.std()) / math.sqrt(count), bits, kind, count, parts[0].note)
