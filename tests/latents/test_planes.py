"""Planes through a latent space."""

from __future__ import annotations

import pytest
import torch

from genlib.errors import GenlibError
from genlib.latents import planes

POINTS = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))


def test_a_plane_through_three_points_contains_them() -> None:
    plane = planes.through(POINTS)
    torch.testing.assert_close(plane.at(plane.places(POINTS)), POINTS, atol=1e-5, rtol=0)
    torch.testing.assert_close(plane.axes @ plane.axes.T, torch.eye(2), atol=1e-5, rtol=0)
    assert plane.places(POINTS).abs().max() < plane.extent, "they can be seen"


@pytest.mark.parametrize("third", [2 * POINTS[1] - POINTS[0], POINTS[0], POINTS[1]])
def test_three_points_on_a_line_make_no_plane(third: torch.Tensor) -> None:
    with pytest.raises(GenlibError, match="lie on a line"):
        planes.through(torch.stack([POINTS[0], POINTS[1], third]))


def test_principal_directions_are_those_of_most_variance() -> None:
    rng = torch.Generator().manual_seed(1)
    basis = torch.linalg.qr(torch.randn(6, 6, generator=rng)).Q
    codes = torch.randn(3000, 6, generator=rng) * torch.tensor([1.0, 9, 0.1, 3, 0.5, 0.2]) @ basis.T + 5
    plane = planes.principal(codes)
    for axis, truth in zip(plane.axes, (basis[:, 1], basis[:, 3]), strict=True):
        assert abs(float(axis @ truth)) > 0.999
    inside = (plane.places(codes).abs().amax(1) <= plane.extent).double().mean()
    assert inside == pytest.approx(0.98, abs=0.005)


def test_codes_on_a_line_have_no_principal_plane() -> None:
    with pytest.raises(GenlibError, match="makes no plane"):
        planes.principal(torch.linspace(-1, 1, 50)[:, None] * torch.ones(3))
    with pytest.raises(GenlibError, match="one dimension"):
        planes.principal(torch.linspace(-1, 1, 50)[:, None])


def test_the_mosaic_reads_like_the_plane() -> None:
    """Row by row from the upper left: x grows to the right, y upwards."""
    z = planes.whole(2, 3.0).mosaic(3)
    expected = [[-2, 2], [0, 2], [2, 2], [-2, 0], [0, 0], [2, 0], [-2, -2], [0, -2], [2, -2]]
    torch.testing.assert_close(z, torch.tensor(expected).float(), atol=1e-5, rtol=0)


def test_only_a_space_of_two_dimensions_is_a_plane() -> None:
    with pytest.raises(GenlibError, match="3 dimensions"):
        planes.whole(3, 1.0)
