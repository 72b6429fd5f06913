"""One flat colour for each area of a drawing, by the model's own votes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genlib.sketch.palettes import most_frequent
from genlib.sketch.regions import Regions

Colour = tuple[int, int, int]
Given = Mapping[int, Colour]  # area -> the colour that a visitor gave it

WHITE: Colour = (255, 255, 255)
PALE = 232  # what is lighter in every channel is white
SURE = 0.88  # the share of a pocket's pixels that must have nearly its colour
NEARLY = 40  # grey levels in any channel
ALIKE = 14.0  # CIE76: areas whose colours differ by less share one, that of the largest of them
AKIN = 40.0  # the same for areas between which there is no line


def flat_colours(regions: Regions, colours: np.ndarray, given: Given) -> np.ndarray:
    """The colour of each area, uint8 (n + 1, 3), and of what is outside of the square.

    An area has the colour around which most of its pixels in the model's picture uint8 (side, side, 3) lie, and areas
    of nearly the same colour, or of a similar one where no line parts them, have the same. The ground is white, and so
    is a pocket of it of which the model is not sure. What was `given` counts, also there.
    """
    from skimage.color import rgb2lab

    flat = np.full((len(regions.members) + 1, 3), 255, np.uint8)
    pixels = regions.members
    values = colours.reshape(-1, 3)
    chosen: dict[int, np.ndarray] = {}  # area -> its colour in Lab
    beside = [{*regions.meeting[(regions.meeting == n).any(1)].ravel().tolist()} for n in range(len(pixels))]
    for number in sorted(range(len(pixels)), key=lambda n: -len(pixels[n])):
        if number in given:
            flat[number] = given[number]
        elif not regions.ground[number] and len(pixels[number]):
            votes = values[pixels[number]]
            colour = most_frequent(votes)
            if regions.pocket[number] and not _agreed(votes, colour):
                continue
            lab = rgb2lab(colour[None] / 255)[0]
            same = [
                n for n, known in chosen.items()
                if np.linalg.norm(known - lab) < (AKIN if n in beside[number] else ALIKE)
            ]  # fmt: skip
            if same:
                flat[number], chosen[number] = flat[same[0]], chosen[same[0]]
            else:
                flat[number], chosen[number] = 255 if colour.min() >= PALE else colour, lab
    flat[-1] = outside(regions, given)
    return flat


def outside(regions: Regions, given: Given) -> Colour:
    """Of what is outside of the square: white, or what was given to the ground that goes on there."""
    edge = np.concatenate([regions.small[0], regions.small[-1], regions.small[:, 0], regions.small[:, -1]])
    most = int(np.bincount(edge).argmax())
    return given.get(most, WHITE) if regions.ground[most] else WHITE


def _agreed(votes: np.ndarray, colour: np.ndarray) -> bool:
    """Whether enough of the votes uint8 (N, 3) are near the colour uint8 (3,)."""
    near = np.abs(votes.astype(np.int16) - colour).max(1) < NEARLY
    return bool(near.mean() >= SURE)
