"""The density of points that a model claims, beside their true one; and how its layers bend the space there.

The point sets know their law (genlib/data/mixture.py), so the data's density is no estimate here. Divergences are means
over draws, as no grid holds all of a narrow law:

    KL(p || q) = E_p [log p(x) - log q(x)]          large where the model q leaves out what the data p have
    KL(q || p) = E_q [log q(x) - log p(x)]          large where it makes what they have not

>>> ours = density.gaps(model, data.load_points("moons", "test").density)
>>> ours.missed.nats, ours.missed.error
(0.031, 0.002)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlib.contract import Samples, Scores, Warps

if TYPE_CHECKING:
    from genlib.data.mixture import Mixture

DRAWS = 20_000  # points that a divergence is a mean over
BATCH = 5_000  # of them at once


@dataclass(frozen=True)
class Gap:
    """A divergence in nats, and its standard error."""

    nats: float
    error: float


@dataclass(frozen=True)
class Gaps:
    """Between data and model.

    missed    KL(data || model). Where the model's number is a lower bound, it is at most this
    invented  KL(model || data); None where the model draws nothing, or its density is not exact
    kind      of the model's density: see LogProb
    """

    missed: Gap
    invented: Gap | None
    kind: str


@dataclass(frozen=True)
class Carried:
    """Where the layers of a model take a grid (R, C) of places, and M points: T times, before and after each layer.

    nodes    (T, R, C, 2), rows from the lowest, float32
    stretch  logarithm of how much space was stretched there by then, (T, R, C)
    points   (T, M, 2)
    log_p    log density of each place, in nats (R, C)
    """

    nodes: Tensor
    stretch: Tensor
    points: Tensor
    log_p: Tensor


def grid(low: tuple[float, float], high: tuple[float, float], columns: int) -> Tensor:
    """Places (R, C, 2) that fill a rectangle, in steps as long upwards as to the right as can be; rows from the lowest.

    ValueError: there is no such rectangle.
    """
    width, height = high[0] - low[0], high[1] - low[1]
    if not (0 < width < math.inf and 0 < height < math.inf and columns > 1):
        raise ValueError(f"from {low} to {high} in {columns} columns is no grid")
    rows = max(2, round((columns - 1) * height / width) + 1)
    y, x = torch.meshgrid(
        torch.linspace(low[1], high[1], rows), torch.linspace(low[0], high[0], columns), indexing="ij"
    )
    return torch.stack([x, y], -1)


@torch.inference_mode()
def log_density(model: Scores, places: Tensor) -> Tensor:
    """Of places (..., D), in nats (...), on the CPU."""
    flat = places.reshape(-1, places.shape[-1])
    nats = torch.cat([model.log_prob(part).nats.cpu() for part in flat.split(BATCH)])
    return nats.view(places.shape[:-1])


@torch.inference_mode()
def gaps(model: Scores, law: Mixture, draws: int = DRAWS) -> Gaps:
    """From as many draws of each, always the same ones."""
    real = law.draw(draws, torch.Generator().manual_seed(0))
    kind = model.log_prob(real[:1]).kind
    missed = _gap(law.log_density(real) - log_density(model, real).double())
    if kind != "exact" or not isinstance(model, Samples):
        return Gaps(missed, None, kind)
    made = torch.cat([model.sample(part.tolist()).cpu() for part in torch.arange(draws).split(BATCH)])
    return Gaps(missed, _gap(log_density(model, made).double() - law.log_density(made)), kind)


def _gap(terms: Tensor) -> Gap:
    return Gap(float(terms.mean()), float(terms.std()) / math.sqrt(len(terms)))


@torch.inference_mode()
def carried(model: Warps, places: Tensor, points: Tensor) -> Carried:
    """Places (R, C, 2) and points (M, 2) on their way through the layers of a model of points in the plane."""
    count, shape = places[..., 0].numel(), places.shape[:2]
    nodes, stretch, through = [], [], []
    for z, log_det in model.warp(torch.cat([places.reshape(-1, 2), points])):
        nodes.append(z[:count].cpu().view(*shape, 2))
        through.append(z[count:].cpu())
        stretch.append(log_det[:count].cpu().view(shape))
    normal = -0.5 * (nodes[-1].square() + math.log(2 * math.pi)).sum(-1)
    return Carried(torch.stack(nodes), torch.stack(stretch), torch.stack(through), normal + stretch[-1])
