"""Hints: what a person wants where, for a model that colours. Patches of colour, and the regions that they speak for.

Hints are float32 (B, 4, H, W) in [0, 1]: where channel 3 is 1, channels 0 to 2 are the colour that is wanted.

    Zhang, Zhu, Isola, Geng, Lin, Yu, Efros, "Real-Time User-Guided Image Colorization with Learned Deep Priors",
    SIGGRAPH 2017. https://arxiv.org/abs/1705.02999
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

HINTS = 4  # the colour, and the mask of where it is given


def no_hints(x: Tensor) -> Tensor:
    """No hint at all for pictures (B, C, H, W)."""
    return x.new_zeros(len(x), HINTS, *x.shape[2:])


def random_hints(truths: Tensor, counts: Sequence[int], rng: torch.Generator, within: Tensor | None = None) -> Tensor:
    """Hints at counts[i] random places of picture i of truths (B, 3, H, W), as a person might give them.

    Square patches, at most 9 of 128 pixels wide, around normal random points, in the colour of their centre. As in
    Zhang 2017, section 3.2, but for the colour (theirs is the patch's mean: mud where it meets a line) and that points
    lie `within` a mask (B, 1, H, W), where there is one: nobody hints at a line, and such a point is drawn again.
    """
    side = truths.shape[-1]
    hints = no_hints(truths)
    reach = max(1, round(side * 9 / 128) // 2)
    for i, count in enumerate(counts):
        points = (side / 2 + side / 4 * torch.randn(4 * count, 2, generator=rng, device=rng.device)).round().long()
        y, x = points.clamp(0, side - 1).unbind(1)
        if within is not None:
            inside = within[i, 0, y, x]
            y, x = y[inside], x[inside]
        radii = torch.randint(reach + 1, (count,), generator=rng, device=rng.device)
        for v, h, r in zip(y.tolist(), x.tolist(), radii.tolist(), strict=False):
            area = hints[i, :, max(0, v - r) : v + r + 1, max(0, h - r) : h + r + 1]
            area[:3], area[3] = truths[i, :, v, h, None, None], 1
    return hints


def random_counts(pictures: int, rng: torch.Generator) -> Tensor:
    """How many hints each picture gets, int64 (B,) on the generator's device: geometric with mean 8, at most 100."""
    u = torch.rand(pictures, generator=rng, device=rng.device)
    return (1 + torch.log1p(-u) / math.log(1 - 1 / 8)).long().clamp(max=100)


def recoloured(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Pictures (B, 3, H, W) with red, green and blue exchanged at random: then only hints tell the colours."""
    order = torch.rand(len(pictures), 3, generator=rng, device=pictures.device).argsort(1)
    return pictures.gather(1, order[:, :, None, None].expand_as(pictures))


def regions(white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The regions of what is white, bool (H, W): the number of each pixel's, int (H, W), 0 elsewhere, and which pixels
    are in a closed one, bool (H, W): one that does not reach the border of the picture."""
    region, _ = ndimage.label(white)
    border = np.unique(np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]]))
    return region, (region > 0) & ~np.isin(region, border)


def enclosed(drawings: Tensor) -> Tensor:
    """Which pixels of drawings (B, 1, H, W), on any device, are white and within closed lines, bool (B, H, W)."""
    found = [torch.from_numpy(regions(drawing[0].numpy() > 0.5)[1]) for drawing in drawings.cpu()]
    return torch.stack(found).to(drawings.device)


def unhinted(drawing: Tensor, bridged: np.ndarray, hints: Tensor, most: int, least: float) -> Tensor:
    """Masks, bool (R, H, W), of the regions of a drawing (1, H, W) that no hint (4, H, W) is in, largest first, at most
    `most`, each at least the share `least` of the picture: closed ones, and in what is open the areas `bridged`, int
    (H, W) from 1, 0 elsewhere, that lines with gaps enclose."""
    region, closed = regions(drawing[0].numpy() > 0.5)
    region = np.where(closed, region, np.where((region > 0) & (bridged > 0), region.max() + bridged, 0))
    sizes = np.bincount(region.ravel())
    sizes[0] = 0
    sizes[np.unique(region[hints[3].numpy() > 0])] = 0
    largest = np.argsort(-sizes, kind="stable")[:most]
    return torch.from_numpy(region == largest[sizes[largest] >= least * region.size][:, None, None])


def spread_all(drawings: Tensor, hints: Tensor) -> Tensor:
    """spread(), for drawings (B, 1, H, W) and hints (B, 4, H, W) on any device."""
    if (hints == hints[:1]).all() and (drawings == drawings[:1]).all():  # one picture, for several seeds
        return spread(drawings[0].cpu(), hints[0].cpu()).to(hints.device).expand(len(drawings), -1, -1, -1)
    return torch.stack([spread(d, h) for d, h in zip(drawings.cpu(), hints.cpu(), strict=True)]).to(hints.device)


def spread(drawing: Tensor, hints: Tensor) -> Tensor:
    """Hints (4, H, W), on the CPU, each over the whole region of the drawing (1, H, W) that it lies in.

    A region is white within lines that are closed: where it reaches the border of the picture a hint stays as it is.
    A blob of one colour counts for the regions that hold two fifths of it or more, as brushes slip over lines; where
    several are in one region, the nearest one rules.
    """
    if not hints[3].any():
        return hints
    region, closed = regions(drawing[0].numpy() > 0.5)
    count = region.max()
    values = hints.numpy()
    coarse = (values[:3] * 7).round().astype(int)  # 8 levels a channel: a blob's soft edge is no colour of its own
    colour = np.where(values[3] > 0, 1 + coarse[0] * 64 + coarse[1] * 8 + coarse[2], 0)
    meant = np.zeros_like(closed)
    for c in np.unique(colour[colour > 0]):
        blobs, number = ndimage.label(colour == c)
        shared = np.bincount(blobs.ravel() * (count + 1) + region.ravel(), minlength=(number + 1) * (count + 1))
        shared = shared.reshape(number + 1, count + 1)  # pixels by blob and region
        shared[:, 0], shared[0] = 0, 0
        meant |= (shared >= 0.4 * shared.sum(1, keepdims=True))[blobs, region] & (blobs > 0) & (region > 0)
    filled = values.copy()
    for r in np.unique(region[meant & closed]):
        inside = region == r
        sources = inside & meant
        if (values[:, sources] == values[:, sources][:, :1]).all():
            filled[:, inside] = values[:, sources][:, :1]
        else:
            near = ndimage.distance_transform_edt(~sources, return_distances=False, return_indices=True)
            filled[:, inside] = values[:, near[0], near[1]][:, inside]
    return torch.from_numpy(filled)
