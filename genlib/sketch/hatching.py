"""Hatching and dots: shade that is drawn with a pen. They stay in the picture, and are no lines for the model.

Redrawn in the width of the model's lines, strokes that stand close together would be one black area.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from genlib.framing import Square
from genlib.sketch.common import counted, enlarged, opened, pen_width, placed

SIDE = 256  # of the square, in which they are looked for
GAPS = (0.012, 0.028)  # of the square's side, between one stroke and the next: at most as wide as a line of the model's
BREADTH = 3.2  # gaps, at least, that an area of hatching is wide everywhere
CLEAR = 1.5  # times as wide as the strokes, from which on lines are told from them by their width
ROUND = np.ones((3, 3), bool)
FEWEST = 5  # strokes in it, or gaps: some strands of hair are none
SHADE = (0.12, 0.75)  # share of ink in it: more is black, less is a few lines


def without_hatching(ink: np.ndarray, square: Square) -> np.ndarray:
    """The ink (H, W) in [0, 1] without strokes that stand close together in the square; itself if there are none."""
    left, top, extent = square
    height, width = ink.shape
    box = (
        slice(max(0, math.floor(top)), min(height, math.ceil(top + extent))),
        slice(max(0, math.floor(left)), min(width, math.ceil(left + extent))),
    )
    part = ink[box]
    size = [max(1, round(n * SIDE / extent)) for n in part.shape[::-1]]
    small = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BOX if size[0] < part.shape[1] else None))
    pen = pen_width(part > 0.5) * SIDE / extent
    mask = small > np.clip(0.45 * pen, 0.12, 0.5)
    strokes = _strokes(mask)
    if not strokes.any():
        return ink
    return ink * (1 - placed(enlarged(strokes.astype(np.float32), part.shape), ink.shape, box))


def _strokes(mask: np.ndarray) -> np.ndarray:
    """Which pixels of a mask of lines (h, w) are hatching, and those beside them."""
    from scipy import ndimage

    areas = _areas(mask, GAPS[0] * SIDE) | _areas(mask, GAPS[1] * SIDE)
    if not areas.any():
        return areas
    inside = ndimage.distance_transform_edt(areas)
    thin, pen = pen_width(mask & (inside > GAPS[1] * SIDE)), pen_width(mask & ~areas)
    if thin and pen > CLEAR * thin + 1:  # a thinner pen than that of the lines: each is told by its width
        thick = opened(ndimage.distance_transform_edt(mask), (thin + pen) / 4)
        strokes = mask & areas & ~ndimage.binary_dilation(thick, ROUND)
    else:
        strokes = mask & (inside > 1.2 * max(pen, thin) + 1)  # the line around an area stays
    # What is cut off and ends in nothing goes too; what holds on to a line stays with it.
    parts, count = ndimage.label(mask & ~strokes, ROUND)
    beside = np.unique(parts[ndimage.binary_dilation(strokes, ROUND)])
    short = counted(parts, count) < (max(pen, thin) + 1) * 2 * GAPS[1] * SIDE
    ends = np.zeros(count + 1, bool)
    ends[beside] = short[beside]
    ends[0] = False
    return ndimage.binary_dilation(strokes | ends[parts], ROUND)


def _areas(mask: np.ndarray, gap: float) -> np.ndarray:
    """Where ink and gaps of at most `gap` pixels take turns."""
    from scipy import ndimage

    edt, reach = ndimage.distance_transform_edt, gap / 2
    margin = math.ceil(reach) + 1
    padded = np.pad(mask, margin)
    closed = edt(edt(~padded) <= reach) > reach
    wide = opened(edt(closed), BREADTH * reach, gap)
    if not wide.any():
        return np.zeros_like(mask)
    parts, count = ndimage.label(wide)
    share = ndimage.mean(padded, parts, np.arange(count + 1))
    pieces = np.maximum(_pieces(padded & wide, parts, count), _pieces(~padded & wide, parts, count))
    shaded = (share > SHADE[0]) & (share < SHADE[1]) & (pieces >= FEWEST)
    shaded[0] = False
    return shaded[parts][margin:-margin, margin:-margin]


def _pieces(mask: np.ndarray, parts: np.ndarray, count: int) -> np.ndarray:
    """How many pieces of a mask lie in each of the parts 0 to `count`."""
    from scipy import ndimage

    pieces, many = ndimage.label(mask)
    return np.bincount(ndimage.maximum(parts, pieces, np.arange(1, many + 1)).astype(int), minlength=count + 1)
