"""A plane cut through a latent space: what lies in it, and where on it a latent is.

A plane is a point of it and two directions, and has coordinates (x, y): z = origin + x u + y v.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.errors import GenlibError


@dataclass(frozen=True)
class Plane:
    """origin (Z,), and two orthogonal directions of length one (2, Z). `extent`: half the side of what is shown."""

    origin: Tensor
    axes: Tensor
    extent: float

    def at(self, places: Tensor) -> Tensor:
        """Latents (N, Z) at coordinates (N, 2)."""
        return self.origin + places.to(self.axes) @ self.axes

    def places(self, z: Tensor) -> Tensor:
        """Coordinates (N, 2) of the nearest point of the plane to latents (N, Z)."""
        return (z - self.origin) @ self.axes.T

    def mosaic(self, across: int) -> Tensor:
        """Latents (across^2, Z) at the centres of a grid of tiles, row by row from the upper left: y points upwards."""
        steps = (torch.arange(across) + 0.5) / across * 2 - 1
        y, x = torch.meshgrid(-steps, steps, indexing="ij")
        return self.at(self.extent * torch.stack([x, y], -1).view(-1, 2))


def whole(dims: int, extent: float) -> Plane:
    """The space itself, where it has two dimensions."""
    if dims != 2:
        raise GenlibError(f"The space has {dims} dimensions, not two: choose a plane through it.")
    return Plane(torch.zeros(2), torch.eye(2), extent)


def through(points: Tensor, margin: float = 1.6) -> Plane:
    """The plane through three latents (3, Z), with their centre in the middle.

    Raises GenlibError where two are the same or the three lie on a line: many planes go through these.
    """
    origin = points.mean(0)
    u, second = points[1] - points[0], points[2] - points[0]
    size = max(float(u.norm()), float(second.norm()))
    if float(u.norm()) > 1e-6 * size:
        u = u / u.norm()
        v = second - (second @ u) * u
        if float(v.norm()) > 1e-3 * size:
            return Plane(origin, torch.stack([u, v / v.norm()]), margin * float((points - origin).norm(dim=1).max()))
    raise GenlibError("The three pictures lie on a line, through which many planes go: choose another third one.")


def principal(codes: Tensor, share: float = 0.98) -> Plane:
    """The plane of the two directions in which codes (N, Z) differ most, their principal components.

    share   of the codes whose coordinates are shown
    Raises GenlibError where the codes differ in fewer than two directions.
    """
    if codes.shape[1] < 2:
        raise GenlibError("The space has one dimension, which makes a line and no plane.")
    origin = codes.mean(0)
    _, spread, directions = torch.linalg.svd(codes - origin, full_matrices=False)
    if len(spread) < 2 or spread[1] <= 1e-6 * spread[0]:
        raise GenlibError("The model gives nearly all pictures codes on one line, which makes no plane.")
    axes = directions[:2]
    # The sign of a component is an accident of the algorithm: the largest entry is positive.
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    plane = Plane(origin, axes, 1.0)
    reach = torch.quantile(plane.places(codes).abs().amax(1), share)
    return Plane(origin, axes, float(reach))
