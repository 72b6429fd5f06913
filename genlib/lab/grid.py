"""A grid over the line or the plane, on which laws are compared.

Samples have no density. Blurred by a narrow Gaussian they do: the mean of one Gaussian at each of them. The data's
law, a mixture of Gaussians, blurred by the same one, is again such a mixture, of wider ones. Both are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from genlib.data.mixture import Mixture

SIDE = {1: 256, 2: 48}  # places along an axis, by dimensions
MARGIN = 0.25  # of the data's extent, on each side
BLUR = 1.0  # standard deviation of the blur, in units of the grid


@dataclass(frozen=True, eq=False)
class Grid:
    """
    low, high  float32 (D,), the first and the last place along each axis; the axes are equally long
    across     places along each of them; 0: as many as SIDE says
    """

    low: Tensor
    high: Tensor
    across: int = 0

    @classmethod
    def around(cls, points: Tensor) -> Grid:
        """Over points (N, D) and some room about them."""
        low, high = points.min(0).values, points.max(0).values
        half = (0.5 + MARGIN) * (high - low).max().clamp(min=1e-3)
        middle = (low + high) / 2
        return cls(middle - half, middle + half)

    @property
    def dims(self) -> int:
        return len(self.low)

    @property
    def side(self) -> int:
        return self.across or SIDE[self.dims]

    @cached_property
    def axes(self) -> Tensor:
        """The places along each axis, float32 (D, side)."""
        steps = torch.linspace(0, 1, self.side)
        return self.low[:, None] + (self.high - self.low)[:, None] * steps

    @cached_property
    def places(self) -> Tensor:
        """All of them, float32 (side ** D, D): in the plane row by row, from the lowest y and the lowest x on."""
        if self.dims == 1:
            return self.axes[0][:, None]
        y, x = torch.meshgrid(self.axes[1], self.axes[0], indexing="ij")
        return torch.stack([x.flatten(), y.flatten()], 1)

    @cached_property
    def blur(self) -> float:
        """Standard deviation of the Gaussian that samples and data are blurred by."""
        return BLUR * float(self.high[0] - self.low[0]) / (self.side - 1)

    def of_law(self, law: Mixture) -> Tensor:
        """Logarithm of the blurred law's density at the places, float64 (M,)."""
        wide = (law.sigma.square() + self.blur**2).sqrt()
        return Mixture(law.means, wide, law.weights).log_density(self.places)

    def of_points(self, points: Tensor) -> Tensor:
        """The same of samples (N, D); at least that of a thousandth of one sample at a blur's distance."""
        kernels = []  # of each axis (side, N): the blur is round, so it is a product
        for axis, values in zip(self.axes, points.T.cpu(), strict=True):
            away = (axis[:, None] - values) / self.blur
            kernels.append(torch.exp(-away.square() / 2) / (self.blur * math.sqrt(2 * math.pi)))
        if self.dims == 1:
            density = kernels[0].mean(1)
        else:
            density = (kernels[1] @ kernels[0].T / len(points)).flatten()
        least = 1e-3 / len(points) / (self.blur * math.sqrt(2 * math.pi)) ** self.dims
        return density.double().clamp(min=least).log()
