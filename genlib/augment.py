"""Training pictures as they might have been as well: elsewhere, smaller, or drawn by an unsteady hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def jittered(pictures: Tensor, amount: float, shrink: float, rng: torch.Generator) -> Tensor:
    """Pictures (B, C, H, W) mirrored, scaled and moved at random, by up to `amount` of their side, and
    made smaller by up to the share `shrink`."""
    n, device = len(pictures), pictures.device
    mirror = 1 - 2 * torch.randint(2, (n,), generator=rng, device=device)
    stretch, right, down = amount * (2 * torch.rand(3, n, generator=rng, device=device) - 1)
    if shrink:
        stretch = (1 + stretch) / (1 - shrink * torch.rand(n, generator=rng, device=device)) - 1
        right, down = right * (1 + stretch), down * (1 + stretch)
    scale, zero = 1 + stretch, torch.zeros_like(stretch)
    theta = torch.stack([scale * mirror, zero, right, zero, scale, down], 1).view(n, 2, 3)
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def by_hand(drawings: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Drawings (B, 1, H, W), each with probability `share` shaky, thicker or thinner, and with gaps in its lines."""
    n, side, device = len(drawings), drawings.shape[-1], drawings.device

    def some(*shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=rng, device=device)

    # A line wanders by about a hundredth of the side.
    shift = F.interpolate(0.04 * (some(2, 9, 9) - 0.5), size=drawings.shape[2:], mode="bicubic", align_corners=True)
    straight = F.affine_grid(torch.eye(2, 3, device=device).expand(n, 2, 3), list(drawings.shape), align_corners=False)
    made = F.grid_sample(drawings, straight + shift.movedim(1, 3), padding_mode="border", align_corners=False)
    thicker, thinner = -F.max_pool2d(-made, 3, 1, 1), F.max_pool2d(made, 3, 1, 1)
    weight = 1.5 * some(1, 1, 1) - 0.5  # in [-0.5, 1]
    made = torch.where(weight > 0, made.lerp(thicker, weight), made.lerp(thinner, -weight))
    # Up to four gaps of 1 to 3 % of the side.
    centres, radii = 2 * some(4, 2, 1, 1) - 1, 0.01 + 0.02 * some(4, 1, 1)
    axis = torch.linspace(-1, 1, side, device=device)
    distance = (centres[:, :, 0] - axis[:, None]).square() + (centres[:, :, 1] - axis).square()
    made = torch.where((distance < radii.square()).any(1, keepdim=True), 1.0, made)
    return torch.where(some(1, 1, 1) < share, made, drawings)
