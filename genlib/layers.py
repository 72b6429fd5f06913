"""Pieces that several models share: noise from seeds, and switching gradients off for a part."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from genlib.contract import Seeds


def normal(seeds: Seeds, size: int, truncation: float = math.inf) -> Tensor:
    """Standard normal noise, float32 (B, size) on the CPU; row i depends on seeds[i] alone.

    With a finite `truncation` t the law is N(0, 1) confined to [-t, t], drawn by inverting the distribution function:
    z = Phi^-1(Phi(-t) + u (Phi(t) - Phi(-t))). A seed keeps its u, so its picture changes smoothly with t.
    Always drawn on the CPU: the same seed gives the same noise whatever the device of the model.
    """
    u = torch.stack(
        [torch.rand(size, generator=torch.Generator().manual_seed(int(s)), dtype=torch.float64) for s in seeds]
    )  # (B, size)
    tail = 0.5 * math.erfc(truncation / math.sqrt(2))  # Phi(-t)
    p = (tail + u * (1 - 2 * tail)).clamp(1e-12, 1 - 1e-12)
    return torch.special.ndtri(p).float()


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Gradients pass through `module` but not into it: for the generator's step through the discriminator."""
    wanted = [p.requires_grad for p in module.parameters()]
    module.requires_grad_(False)
    try:
        yield
    finally:
        for p, w in zip(module.parameters(), wanted, strict=True):
            p.requires_grad_(w)


def levels(image_size: int) -> tuple[int, int]:
    """How often a side halves, and what it ends at: 64 -> (4, 4), 28 -> (7, 2). ValueError: it ends above 7 pixels."""
    side, halvings = image_size, 0
    while side % 2 == 0 and side >= 8:
        side, halvings = side // 2, halvings + 1
    if side > 7 or not halvings:
        raise ValueError(f"image_size must be 4, 5, 6 or 7 times a power of two, from 8 on, and is {image_size}")
    return side, halvings
