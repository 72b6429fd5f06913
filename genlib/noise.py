"""Noise from seeds: a seed is one picture, in whatever batch and on whatever device it is made."""

from __future__ import annotations

import math
import zlib
from math import prod

import torch
from torch import Tensor

from genlib.contract import Latent, Seeds


class Noise:
    """A stream of random numbers for each seed. Row i of whatever is drawn depends on seeds[i] alone.

    >>> noise = Noise([7, 42])
    >>> noise.normal(64).shape, noise.uniform(10, 784).shape      # the second goes on where the first ended
    (torch.Size([2, 64]), torch.Size([2, 10, 784]))

    Always drawn on the CPU, so that a seed means the same on every device. Rounding may differ from batch to batch
    inside a matrix product, so a model that compares noise with a probability computes that one element by element.
    """

    def __init__(self, seeds: Seeds) -> None:
        self._streams = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        self._ahead = torch.empty(len(self._streams), 0, dtype=torch.float64)

    @classmethod
    def of(cls, x: Tensor) -> Noise:
        """Seeded by the x (B, *shape) themselves, pictures by their 8-bit pixels: a likelihood that draws from it
        depends on nothing but its x."""
        rows = ((255 * x).round().byte() if x.ndim == 4 else x).cpu().numpy()
        return cls([zlib.crc32(row.tobytes()) for row in rows])

    def fetch(self, count: int) -> None:
        """Have `count` numbers of each seed ready, drawn at once: a chain's many small draws would take much longer."""
        if (more := count - self._ahead.shape[1]) > 0:
            rows = [torch.rand(more, generator=stream, dtype=torch.float64) for stream in self._streams]
            self._ahead = torch.cat([self._ahead, torch.stack(rows)], 1)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform in [0, 1), float64 (B, *shape): float32 would round the largest ones up to 1."""
        self.fetch(count := prod(shape))
        drawn, self._ahead = self._ahead.tensor_split([count], 1)
        return drawn.reshape(-1, *shape)

    def normal(self, *shape: int, truncation: float = math.inf) -> Tensor:
        """Standard normal, float32 (B, *shape).

        With a finite `truncation` t the law is N(0, 1) confined to [-t, t], drawn by inverting the distribution
        function: z = Phi^-1(Phi(-t) + u (Phi(t) - Phi(-t))). A seed keeps its u, so its picture changes smoothly.
        """
        tail = 0.5 * math.erfc(truncation / math.sqrt(2))  # Phi(-t)
        p = (tail + self.uniform(*shape) * (1 - 2 * tail)).clamp(1e-12, 1 - 1e-12)
        return torch.special.ndtri(p).float()

    def latent(self, latent: Latent, truncation: float = math.inf) -> Tensor:
        """Draws z (B, Z) from a latent's law: float32 on the CPU. `truncation`: of a Gaussian one."""
        match latent.law:
            case "gaussian":
                return self.normal(latent.dims, truncation=truncation)
            case "uniform":
                return (2 * self.uniform(latent.dims) - 1).float()
            case "binary":
                return (self.uniform(latent.dims) < 0.5).float()
        raise ValueError(f"nothing can be drawn from a latent of law {latent.law!r}")


def draw(latent: Latent, count: int, rng: torch.Generator) -> Tensor:
    """Latents (B, Z) for a training step, from `rng` and on its device."""
    shape = (count, latent.dims)
    match latent.law:
        case "gaussian":
            return torch.randn(shape, generator=rng, device=rng.device)
        case "uniform":
            return 2 * torch.rand(shape, generator=rng, device=rng.device) - 1
        case "binary":
            return torch.randint(2, shape, generator=rng, device=rng.device).float()
    raise ValueError(f"nothing can be drawn from a latent of law {latent.law!r}")
