"""A drawing as a law of points: evenly along the lines, and nothing a stranger sends costs much."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from genlib import data


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points)


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_points_lie_evenly_along_the_strokes() -> None:
    """By length, not by how many points a hand left on each part; noise lies across."""
    corner = np.concatenate([np.linspace((0, 0), (0.5, 0), 200), line((0.5, 1.5))])  # 0.5 along x, then 1.5 along y
    drawn = data.from_strokes([corner, line((-1, -1), (-1, 0))], sigma=0.01)
    x = drawn.draw(60_000, rng())
    left = x[:, 0] < -0.5
    bottom = ~left & (x[:, 1] < 0.1) & (x[:, 0] < 0.4)
    assert left.double().mean().item() == pytest.approx(1 / 3, abs=0.01)
    assert bottom.double().mean().item() == pytest.approx(0.4 / 3, abs=0.01)
    assert x[left, 0].std().item() == pytest.approx(0.01, rel=0.03)
    quarters = torch.histc(x[left, 1], bins=4, min=-1, max=0) / left.sum()
    assert torch.allclose(quarters, torch.full((4,), 0.25), atol=0.02)
    assert drawn.density.modes is None


def test_the_density_of_a_line_is_that_of_even_points_with_noise() -> None:
    """Compared with the uniform law on a segment, convolved with a Gaussian: (Phi(a) - Phi(b)) / L across N(0, s^2)."""
    drawn = data.from_strokes([line((-0.5, 0.2), (-0.1, 0.2), (0.5, 0.2))], sigma=0.05)
    x = torch.stack([torch.linspace(-0.7, 0.7, 99), torch.linspace(0.1, 0.3, 99).flip(0)], 1).double()
    normal = torch.distributions.Normal(0.0, 0.05)
    along = normal.cdf(x[:, 0] + 0.5) - normal.cdf(x[:, 0] - 0.5)
    expected = along * normal.log_prob(x[:, 1] - 0.2).exp()
    off = (drawn.density.log_density(x).exp() - expected).abs()
    assert off.max() < 0.02 * expected.max()
    middle = x[:, 0].abs() < 0.2
    assert (off[middle] < 1e-6 * expected[middle]).all()


def test_dots_are_gaussians() -> None:
    dots = data.from_strokes([line((0.3, -0.4)), line((-0.5, 0.5), (-0.5, 0.5))], sigma=0.1)
    law = dots.density
    assert law.means.tolist() == [[0.3, -0.4], [-0.5, 0.5]]
    assert law.weights.tolist() == [0.5, 0.5]
    assert law.modes is not None
    assert law.log_density(torch.tensor([[0.3, -0.4]])).item() == pytest.approx(-math.log(2 * 2 * math.pi * 0.01))
    beside_a_line = data.from_strokes([line((0, 0)), line((0, 1), (0.25, 1))], sigma=0.1)
    assert beside_a_line.density.weights[0].item() == pytest.approx(0.1 / 0.35)


def test_a_drawing_is_a_point_set() -> None:
    drawn = data.from_strokes([line((0, 0), (1, 1))], sigma=0.05)
    assert drawn.info.kind == "points"
    assert drawn.space == drawn.info.space
    assert torch.equal(drawn.sample(10), drawn.sample(20)[:10])
    assert drawn.draw_rows(7, rng()).x.shape == (7, 2)


def many(count: int, points: int) -> list[np.ndarray]:
    return [np.zeros((points, 2))] * count


@pytest.mark.parametrize(
    ("lines", "sigma", "sentence"),
    [
        ([], 0.1, "no stroke, or one without points; draw at least one"),
        ([np.zeros((0, 2))], 0.1, "no stroke, or one without points; draw at least one"),
        ([line((0, 0)), np.zeros((0, 2))], 0.1, "no stroke, or one without points; draw at least one"),
        (many(101, 1), 0.1, "101 strokes, and at most 100 are taken; draw fewer"),
        (many(2, 5001), 0.1, "10,002 points, and at most 10,000 are taken; draw less"),
        ([line((0, 0), (np.nan, 1))], 0.1, "no number from -10 to 10; draw it again"),
        ([line((0, 0), (np.inf, 1))], 0.1, "no number from -10 to 10; draw it again"),
        ([line((0, 0), (1, -11))], 0.1, "no number from -10 to 10; draw it again"),
        ([np.zeros((3, 3))], 0.1, "list of points .x, y.; draw it again"),
        ([np.zeros(3)], 0.1, "list of points .x, y.; draw it again"),
        ([line((0, 0))], 0.0, "sigma 0 does not fit a drawing; choose a number from 0.001 to 1"),
        ([line((0, 0))], 2.0, "sigma 2 does not fit a drawing; choose a number from 0.001 to 1"),
        ([line((0, 0))], math.nan, "sigma nan does not fit a drawing; choose"),
        ([line((0, 0), (0, 3))], 0.001, "3 long together, too much for a noise of sigma 0.001; draw less, or choose"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(lines: list[np.ndarray], sigma: float, sentence: str) -> None:
    with pytest.raises(data.DataError, match=sentence) as caught:
        data.from_strokes(lines, sigma)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lines", [lambda: many(100, 100), lambda: [np.linspace((-1, -1), (1, 1), 10_000)]])
def test_what_just_fits_is_taken(lines: Callable[[], list[np.ndarray]]) -> None:
    assert len(data.from_strokes(lines(), 0.01).density.means) <= 2048
