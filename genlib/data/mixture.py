"""Mixtures of round Gaussians, whose density is exact and whose draws are quick.

p(x) = sum_k w_k N(x; mu_k, sigma_k^2 I)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

AT_ONCE = 1 << 18  # distances that log_density holds in memory at a time, 2 MB


@dataclass(frozen=True, eq=False)
class Mixture:
    """A law of points in D dimensions.

    means     float64 (K, D)
    sigma     float64 (K,), standard deviation of each Gaussian in every direction
    weights   float64 (K,), positive, of sum 1
    """

    means: Tensor
    sigma: Tensor
    weights: Tensor

    @classmethod
    def of(cls, means: Sequence[Sequence[float]], sigma: Sequence[float], weights: Sequence[float]) -> Mixture:
        """From plain numbers. One sigma stands for all Gaussians; weights in any unit, none for equal ones."""
        of_each = torch.tensor(sigma, dtype=torch.float64).expand(len(means))
        shares = torch.tensor(weights or [1.0] * len(means), dtype=torch.float64)
        return cls(torch.tensor(means, dtype=torch.float64), of_each, shares / shares.sum())

    def __post_init__(self) -> None:
        if not (self.means.ndim == 2 and self.sigma.shape == self.weights.shape == self.means.shape[:1]):
            raise ValueError(f"shapes {self.means.shape}, {self.sigma.shape}, {self.weights.shape} make no mixture")
        if not ((self.sigma > 0).all() and (self.weights > 0).all()):
            raise ValueError("a Gaussian of a mixture needs a weight and a standard deviation above 0")

    @property
    def dims(self) -> int:
        """D."""
        return self.means.shape[1]

    @cached_property
    def modes(self) -> Tensor | None:
        """The means, float64 (K, D), where no two of their discs of three sigma meet; else None.

        None is for curves: their Gaussians overlap, and no one of them is a mode. A sample counts for mode k when it
        lies within 3 sigma[k] of it, in Euclidean distance (PacGAN, Lin et al. 2018, section 4.1).
        """
        i, j = torch.triu_indices(len(self.means), len(self.means), offset=1)
        apart = torch.pdist(self.means) > 3 * (self.sigma[i] + self.sigma[j])
        return self.means if apart.all() else None

    def log_density(self, x: Tensor) -> Tensor:
        """Natural logarithm of the density at x (N, D): float64 (N,), nats, on the CPU. Exact."""
        shift = self.weights.log() - self.dims * (self.sigma.log() + math.log(2 * math.pi) / 2)
        parts = []
        for some in x.cpu().double().split(max(1, AT_ONCE // len(self.means))):
            away = torch.cdist(some, self.means, compute_mode="donot_use_mm_for_euclid_dist") / self.sigma
            parts.append((shift - away.square() / 2).logsumexp(1))
        return torch.cat(parts)

    def nearest(self, x: Tensor) -> Tensor:
        """The Gaussian whose mean is nearest to each x (N, D): int64 (N,), on the CPU."""
        return torch.cdist(x.cpu().double(), self.means).argmin(1)

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """`count` points, float32 (count, D), on the device of `rng`, which alone decides them."""
        return self.draw_with_origin(count, rng)[0]

    def draw_with_origin(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """The same points, and which Gaussian each of them is of, int64 (count,)."""
        means, sigma, edges = self._on(rng.device)
        which = torch.searchsorted(edges, torch.rand(count, generator=rng, device=rng.device), right=True)
        noise = torch.randn(count, self.dims, generator=rng, device=rng.device)
        return torch.addcmul(means.index_select(0, which), sigma.index_select(0, which), noise), which

    def _on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """float32 there: means (K, D), sigma (K, 1), and the K - 1 bounds between the shares of [0, 1)."""
        if device not in self._devices:
            edges = self.weights.cumsum(0)[:-1]
            means, sigma, edges = (t.float().to(device) for t in (self.means, self.sigma[:, None], edges))
            self._devices[device] = means, sigma, edges
        return self._devices[device]

    @cached_property
    def _devices(self) -> dict[torch.device, tuple[Tensor, Tensor, Tensor]]:
        return {}
