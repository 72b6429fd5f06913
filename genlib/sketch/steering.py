"""The colours of another picture for the areas of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genlib.sketch.common import WORK
from genlib.sketch.flats import Colour, flat_colours

if TYPE_CHECKING:
    from genlib.sketch.colour import Sheet

MOST = 6  # colours of a picture
LOOKED_AT = 96  # px: a side of the picture in which they are looked for
APART = 16.0  # CIE76: nearer colours are one
LEAST = 0.01  # of a picture: what is less is no colour of it
HUE = 0.6  # what a difference in hue counts beside one in lightness: dark areas stay dark
AGAIN = 18.0  # what it costs to give an area a colour that it has in an earlier answer
SHADING = 20  # levels by which an area's own shading may differ from its colour


def prominent(pixels: np.ndarray) -> tuple[Colour, ...]:
    """The one to six colours that a picture uint8 (H, W, 3) is remembered by: frequent ones that differ, the most
    frequent first."""
    image = Image.fromarray(pixels)
    image.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.NEAREST, reducing_gap=None)  # others mix colours
    few = image.quantize(32, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    counts = np.bincount(np.asarray(few).ravel(), minlength=32)
    colours = np.array(few.getpalette()).reshape(-1, 3)[: len(counts)]
    order = np.argsort(counts[: len(colours)], kind="stable")[::-1]
    colours, shares, lab = colours[order], counts[order] / counts.sum(), _lab(colours[order])
    chosen = [0]
    for _ in range(MOST - 1):
        away = np.linalg.norm(lab[:, None] - lab[chosen], axis=2).min(1)
        away[(shares < LEAST) | (away < APART)] = 0
        best = int(np.argmax(away * shares**0.5))
        if not away[best]:
            break
        chosen.append(best)
    belongs = np.linalg.norm(lab[:, None] - lab[chosen], axis=2).argmin(1)
    order = np.argsort(np.bincount(belongs, shares, len(chosen)), kind="stable")[::-1]
    return tuple((int(r), int(g), int(b)) for r, g, b in colours[chosen][order])


def steered(sheet: Sheet, pictures: np.ndarray, palette: Sequence[Colour]) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3), the areas of a drawing in colours of a palette, the ground as it
    is.

    Colours that differ become ones that differ while there are enough: of all ways to give them away the one that
    changes least, weighted by area. What the earlier pictures have is avoided, so that the answers still differ.
    """
    from scipy.optimize import linear_sum_assignment

    regions, wanted = sheet.regions, _lab(np.array(palette))
    sizes = np.array([len(members) for members in regions.members])
    places = regions.small[WORK // 2 :: WORK, WORK // 2 :: WORK]
    used = np.zeros((len(sizes), len(palette)))
    made = []
    for picture in pictures:
        table = flat_colours(regions, picture, {})[: len(sizes)]
        steers = ~regions.ground & (sizes > 0) & ~(regions.pocket & (table == 255).all(1))
        new = table.copy()
        if steers.any():
            colours, group = np.unique(table[steers], axis=0, return_inverse=True)
            group = group.ravel()
            weight = np.bincount(group, sizes[steers])
            cost = np.linalg.norm((_lab(colours)[:, None] - wanted) * (1, HUE, HUE), axis=2)
            for k in range(len(palette)):
                cost[:, k] += AGAIN * np.bincount(group, sizes[steers] * used[steers, k]) / weight
            choice = cost.argmin(1)
            largest = np.argsort(weight)[::-1][: len(palette)]
            rows, columns = linear_sum_assignment(cost[largest] * np.sqrt(weight[largest])[:, None])
            choice[largest[rows]] = columns
            new[steers] = np.array(palette, np.uint8)[choice[group]]
            used[np.flatnonzero(steers), choice[group]] += 1
        shading = (picture.astype(np.int16) - table[places]).clip(-SHADING, SHADING)
        areas = (new[places] + shading).clip(0, 255).astype(np.uint8)
        made.append(np.where(steers[places][..., None], areas, picture))
    return np.stack(made)


def _lab(colours: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(colours / 255))
