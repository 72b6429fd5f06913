"""Modes: samples made by hand, whose answer can be counted."""

from __future__ import annotations

import math

import pytest
import torch

from genlib import data
from genlib.measures.modes import Result as Found
from genlib.measures.modes import limits, reached

RING = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
SIGMA = torch.full((4,), 0.1, dtype=torch.float64)
EVEN = torch.full((4,), 0.25, dtype=torch.float64)


def test_samples_on_every_mode() -> None:
    found = reached(RING.repeat(5, 1).float(), RING, SIGMA, EVEN)
    assert (found.covered, found.high_quality, found.shares) == (4, 1.0, (0.25,) * 4)
    assert found.reverse_kl == pytest.approx(0)


def test_collapse_on_one_mode_is_log_of_how_many_there_are() -> None:
    found = reached(RING[:1].repeat(7, 1).float(), RING, SIGMA, EVEN)
    assert (found.covered, found.high_quality, found.shares) == (1, 1.0, (1.0, 0, 0, 0))
    assert found.reverse_kl == pytest.approx(math.log(4))


def test_high_quality_ends_at_three_sigma() -> None:
    """0.29 and 0.31 away from their mode, sigma 0.1: in a straight line, and across (0.22 each way is 0.311)."""
    samples = RING + torch.tensor([[0.29, 0], [0.31, 0], [0, 0.29], [0.22, 0.22]], dtype=torch.float64)
    found = reached(samples, RING, SIGMA, EVEN)
    assert (found.covered, found.high_quality) == (2, 0.5)
    assert found.reverse_kl == pytest.approx(0), "samples between the modes count for the nearest"


def test_a_mode_with_poor_samples_only_is_not_covered() -> None:
    found = reached(0.5 * RING, RING, SIGMA, EVEN)
    assert (found.covered, found.high_quality, found.shares) == (0, 0.0, (0.25,) * 4)


def test_weights_are_the_datas_own() -> None:
    """Three quarters on the first of two modes: right where the law says so, wrong where it says halves."""
    modes, sigma = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([0.1, 0.1]).double()
    samples = torch.tensor([[0.0], [0.0], [0.0], [1.0]])
    assert reached(samples, modes, sigma, torch.tensor([0.75, 0.25]).double()).reverse_kl == pytest.approx(0)
    halves = reached(samples, modes, sigma, torch.tensor([0.5, 0.5]).double()).reverse_kl
    assert halves == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))


def test_nearest_is_in_units_of_each_modes_own_sigma() -> None:
    """0.4 from a narrow mode, 0.6 from a wide one: four sigma and two."""
    modes, sigma = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([0.1, 0.3]).double()
    found = reached(torch.tensor([[0.4]]), modes, sigma, torch.tensor([0.5, 0.5]).double())
    assert (found.shares, found.covered, found.high_quality) == ((0, 1), 1, 1)


@pytest.mark.parametrize(("name", "share"), [("ring8", 1 - math.exp(-4.5)), ("grid25", 1 - math.exp(-4.5))])
def test_the_data_itself_has_the_share_that_follows_from_its_law(name: str, share: float) -> None:
    law = data.load_points(name, "test").density
    assert law.modes is not None
    count = 20_000
    points = data.load_points(name, "test").sample(count)
    found = reached(points, law.modes, law.sigma, law.weights)
    assert found.covered == len(law.modes)
    assert found.high_quality == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / count))
    # 2 N KL is chi-squared with K - 1 degrees of freedom
    degrees = len(law.modes) - 1
    assert 2 * count * found.reverse_kl == pytest.approx(degrees, abs=5 * math.sqrt(2 * degrees))


def test_what_the_card_names_as_limits() -> None:
    good = reached(RING.repeat(5, 1), RING, SIGMA, EVEN)
    assert list(limits(Found(good, good, 4, 20))) == []
    bad = reached(torch.cat([RING[:1].repeat(3, 1), 0.5 * RING[1:2]]), RING, SIGMA, EVEN)
    said = list(limits(Found(bad, good, 4, 4)))
    assert said == [
        "It misses 3 of the 4 modes.",
        "25% of its samples lie farther than 3 standard deviations from every mode (0% of the data's points do).",
        "It does not give every mode its share: from 0.0% to 75.0% of the samples (25.0% to 25.0% of the data's "
        "points).",
    ]
