"""Ways through a latent space, against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from genlib.contract import Latent
from genlib.errors import GenlibError
from genlib.latents import paths
from genlib.noise import Noise

A, B = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0])


def test_both_ways_begin_and_end_where_they_should() -> None:
    for way in ("spherical", "straight"):
        z = paths.between(A, B, torch.tensor([0.0, 1.0]), way)
        torch.testing.assert_close(z, torch.stack([A, B]), atol=1e-6, rtol=0)


def test_the_spherical_way_turns_evenly_and_its_norm_grows_evenly() -> None:
    t = torch.linspace(0, 1, 11)
    z = paths.between(A, B, t, "spherical")
    torch.testing.assert_close(z.norm(dim=1), 3 + t)
    torch.testing.assert_close(torch.atan2(z[:, 1], z[:, 0]), t * math.pi / 2)


def test_the_straight_way_cuts_through_the_shell_that_the_spherical_one_keeps_to() -> None:
    latent = Latent(100, "gaussian")
    a, b = Noise([0, 1]).latent(latent)
    low, high = paths.typical_norms(latent)
    t = torch.linspace(0, 1, 21)
    spherical, straight = (paths.between(a, b, t, way).norm(dim=1) for way in ("spherical", "straight"))
    assert low < spherical.min() < spherical.max() < high
    assert straight[10] < 0.8 * low


@pytest.mark.parametrize(("law", "dims"), [("gaussian", 32), ("uniform", 64)])
def test_typical_norms_hold_nearly_all_draws(law: str, dims: int) -> None:
    latent = Latent(dims, law)  # type: ignore[arg-type]
    low, high = paths.typical_norms(latent)
    norms = Noise(range(2000)).latent(latent).norm(dim=1)
    assert 0.93 < ((norms > low) & (norms < high)).double().mean() < 0.97


@pytest.mark.parametrize("b", [2 * A, -A, torch.zeros(3)])
def test_where_no_great_circle_is_the_one_the_way_is_straight(b: torch.Tensor) -> None:
    t = torch.tensor([0.25])
    torch.testing.assert_close(paths.between(A, b, t, "spherical"), paths.between(A, b, t, "straight"))


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("frames", [12, 13, 60])
def test_a_loop_passes_through_all_its_keys(closed: bool, frames: int) -> None:
    keys = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    z, at = paths.loop(keys, frames, "spherical", closed)
    assert len(z) == frames
    torch.testing.assert_close(z[at], torch.cat([keys, keys[:1]]) if closed else keys, atol=1e-5, rtol=0)


def test_two_equal_points_are_no_way() -> None:
    with pytest.raises(GenlibError, match="Picture 2 and the next one are the same"):
        paths.loop(torch.stack([A, B, B]), 12, "straight")
    with pytest.raises(GenlibError, match="two pictures at least"):
        paths.loop(A[None], 12, "straight")


def test_a_model_without_a_law_has_no_typical_norms() -> None:
    with pytest.raises(GenlibError, match="'none'"):
        paths.typical_norms(Latent(3, "none"))


def test_step_lengths_add_up_to_the_length_of_the_way() -> None:
    features = paths.between(A, B, torch.linspace(0, 1, 9), "straight")
    torch.testing.assert_close(paths.step_lengths(features).sum(), (A - B).norm())
