"""Divergences against closed forms, and layers against the density that they make up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from genlib import contract, density, training
from genlib.contract import LogProb, Samples, Scores
from genlib.data.mixture import Mixture
from genlib.models.realnvp import Config, RealNVP
from genlib.noise import Noise
from genlib.spaces import Points


class Gaussian(Samples, Scores):
    """N(mean, 1) on a line."""

    def __init__(self, mean: float, kind: str = "exact") -> None:
        self.mean, self.kind = mean, kind

    def sample(self, seeds: Sequence[int], controls: contract.Controls | None = None) -> Tensor:
        return self.mean + Noise(seeds).normal(1)

    def log_prob(self, x: Tensor) -> LogProb:
        nats = -0.5 * (x[:, 0] - self.mean) ** 2 - 0.5 * math.log(2 * math.pi)
        return LogProb(nats, self.kind)  # type: ignore[arg-type]


STANDARD = Mixture.of([(0.0,)], [1.0], [])


def test_divergences_of_two_gaussians_are_half_their_distance_squared() -> None:
    found = density.gaps(Gaussian(0.5), STANDARD)
    assert found.invented
    for gap in (found.missed, found.invented):
        assert gap.nats == pytest.approx(0.125, abs=4 * gap.error)
        assert gap.error == pytest.approx(0.5 / math.sqrt(density.DRAWS), rel=0.05)
    same = density.gaps(Gaussian(0.0), STANDARD)
    assert same.missed.nats == pytest.approx(0, abs=1e-6)


def test_what_is_no_exact_density_is_not_sampled_against() -> None:
    found = density.gaps(Gaussian(0.5, "lower bound"), STANDARD, 100)
    assert found.invented is None
    assert found.kind == "lower bound"


def test_the_layers_make_up_the_density_of_every_place() -> None:
    model = training.fresh(RealNVP, Config(space=Points(), layers=4, width=8), seed=0)
    assert isinstance(model, RealNVP)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.2 * torch.randn(p.shape, generator=rng))
    places = density.grid((-2, -1), (2, 1), 21)
    assert places.shape == (11, 21, 2)
    points = torch.randn(7, 2, generator=rng)
    found = density.carried(model, places, points)
    assert len(found.nodes) == len(found.stretch) == len(found.points) == 4 + 2
    assert torch.equal(found.nodes[0], places)
    assert torch.equal(found.points[0], points)
    assert not found.stretch[0].any()
    torch.testing.assert_close(found.points[-1], model.encode(points))
    torch.testing.assert_close(found.log_p, density.log_density(model, places))
    # How much a small triangle at a node grows, on its way to the third layer.
    small = 1e-3
    corners = places[5, 10] + small * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    moved = density.carried(model.double(), corners[None].double(), points.double()).nodes[3, 0]
    sides = moved[1:] - moved[0]
    assert float(found.stretch[3, 5, 10]) == pytest.approx(float((sides.det().abs() / small**2).log()), abs=0.02)


@pytest.mark.parametrize(("low", "high"), [((0, 0), (0, 1)), ((0, 0), (1, math.nan)), ((1, 0), (0, 1))])
def test_a_rectangle_without_an_inside_is_no_grid(low: tuple[float, float], high: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="is no grid"):
        density.grid(low, high, 10)
