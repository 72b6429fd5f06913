"""Divergences against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlib import divergences


def log_normal(x: Tensor, mean: float, sigma: float) -> Tensor:
    return -(((x - mean) / sigma) ** 2) / 2 - math.log(sigma)


LINE = torch.linspace(-12, 12, 4001, dtype=torch.float64)


@pytest.mark.parametrize(("m", "s"), [(0.0, 1.0), (1.0, 1.0), (-0.5, 2.0), (1.5, 0.5)])
def test_kl_of_two_gaussians(m: float, s: float) -> None:
    """KL(N(0, 1) || N(m, s^2)) = log s + (1 + m^2) / (2 s^2) - 1/2, and the reverse one its mirror image."""
    p, q = log_normal(LINE, 0, 1), log_normal(LINE, m, s)
    assert divergences.kl(p, q) == pytest.approx(math.log(s) + (1 + m * m) / (2 * s * s) - 0.5, abs=1e-6)
    assert divergences.kl(q, p) == pytest.approx(-math.log(s) + (s * s + m * m) / 2 - 0.5, abs=1e-6)


def test_kl_in_the_plane_adds_up_over_the_axes() -> None:
    axis = torch.linspace(-8, 8, 201, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    p = (log_normal(x, 0, 1) + log_normal(y, 0, 1)).flatten()
    q = (log_normal(x, 1, 1) + log_normal(y, -0.5, 1)).flatten()
    assert divergences.kl(p, q) == pytest.approx((1 + 0.25) / 2, abs=1e-6)


def test_kl_of_a_law_that_leaves_something_out_is_infinite_one_way_only() -> None:
    p, q = torch.tensor([0.5, 0.5]).log(), torch.tensor([1.0, 0.0]).log()
    assert divergences.kl(p, q) == math.inf
    assert divergences.kl(q, p) == pytest.approx(math.log(2))


def test_js_is_symmetric_bounded_and_zero_between_equals() -> None:
    p, q = log_normal(LINE, 0, 1), log_normal(LINE, 0.7, 1.3)
    assert divergences.js(p, p) == pytest.approx(0, abs=1e-12)
    assert divergences.js(p, q) == pytest.approx(divergences.js(q, p))
    far = divergences.js(log_normal(LINE, -8, 0.1), log_normal(LINE, 8, 0.1))
    assert far == pytest.approx(math.log(2), abs=1e-9)  # they share nothing
    # p = (1, 0) and q = (1/2, 1/2): by hand
    one, half = torch.tensor([1.0, 0.0]).log(), torch.tensor([0.5, 0.5]).log()
    by_hand = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert divergences.js(one, half) == pytest.approx(by_hand)


def test_js_is_what_the_game_with_the_best_discriminator_is_worth() -> None:
    """V(D*, G) = -log 4 + 2 JS (Goodfellow et al. 2014, theorem 1)."""
    p, q = log_normal(LINE, 0, 1), log_normal(LINE, 1, 2)
    best = divergences.optimal_discriminator(p, q)
    value = p.softmax(0) @ best.log() + q.softmax(0) @ (1 - best).log()
    assert float(value) == pytest.approx(-math.log(4) + 2 * divergences.js(p, q), abs=1e-6)


def test_the_best_discriminator_between_two_gaussians_is_a_logistic_curve() -> None:
    """N(-1, 1) against N(1, 1): log p / q = -2 x."""
    best = divergences.optimal_discriminator(log_normal(LINE, -1, 1), log_normal(LINE, 1, 1))
    assert torch.allclose(best, torch.sigmoid(-2 * LINE))


@pytest.mark.parametrize("dims", [1, 2])
def test_earth_movers_distance_of_a_shift_is_its_length(dims: int) -> None:
    x = torch.randn(60, dims, generator=torch.Generator().manual_seed(0))
    shift = torch.tensor([0.3, -0.4])[:dims]
    assert divergences.earth_movers(x, x[torch.randperm(60)] + shift) == pytest.approx(float(shift.norm()), abs=1e-6)


def test_earth_movers_distance_between_gaussians_of_one_width_is_that_of_their_means() -> None:
    rng = torch.Generator().manual_seed(1)
    x, y = torch.randn(1000, 1, generator=rng), torch.randn(1000, 1, generator=rng) + 2
    assert divergences.earth_movers(x, y) == pytest.approx(2, abs=0.15)


def test_earth_movers_distance_in_the_plane_takes_the_cheapest_pairing() -> None:
    x, y = torch.tensor([[0.0, 0.0], [3.0, 0.0]]), torch.tensor([[3.0, 1.0], [0.0, 1.0]])
    assert divergences.earth_movers(x, y) == pytest.approx(1)
    with pytest.raises(ValueError):
        divergences.earth_movers(x, y[:1])
