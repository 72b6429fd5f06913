"""Colours that a visitor gives, brought into the model's square, and the areas that they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genlib.framing import Square
from genlib.sketch.common import WORK

if TYPE_CHECKING:
    from genlib.drawing import Drawing
    from genlib.sketch import Sketch
    from genlib.sketch.flats import Colour, Given
    from genlib.sketch.regions import Regions


def square_on(sketch: Sketch, shape: tuple[int, ...]) -> Square:
    """The model's square on paper (h, w) that covers the whole picture, at any resolution."""
    left, top, extent = sketch.square
    height, width = sketch.ink.shape
    scale = (shape[1] / width + shape[0] / height) / 2
    return left * scale, top * scale, extent * scale


def hints_to_model(square: Square, rgb: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """Colours that a visitor painted on paper, as the model takes hints: float32 (4, side, side).

    square: the model's, on the paper rgb uint8 (h, w, 3). mask bool (h, w): where there is paint. The first three
    channels are the colour in [0, 1] where there is a hint and 0 elsewhere; the fourth is 1 where there is a hint and 0
    elsewhere. A stroke thinner than a pixel of the model becomes hints in the pixels that it covers most.
    """
    from scipy import ndimage

    cover = _averaged(mask.astype(np.float32), square, side)
    hint = (cover > 0) & (cover >= 0.5 * ndimage.maximum_filter(cover, 3))
    painted = [_averaged(rgb[..., c] * mask.astype(np.float32) / 255, square, side) for c in range(3)]
    values = np.stack(painted) / np.maximum(cover, 1e-6)
    return np.concatenate([values.clip(0, 1) * hint, hint[None]]).astype(np.float32)


def given_by(drawing: Drawing, square: Square, regions: Regions, mixed: bool) -> dict[int, Colour]:
    """The areas that have a colour of the visitor's, on whose paper `square` is the model's; the later one counts.

    A drop is for the area that it lies in. A blob of the brush is for those that hold two fifths of it or more, as
    brushes slip over lines, but not for the ground, where it is for what it covers. Where there are several colours in
    an area, the most frequent counts if `mixed`, and none if not.
    """
    areas = regions.small
    mask, turns = (_sampled(plane, square, len(areas)) for plane in (drawing.mask, drawing.turns))
    codes = _sampled(drawing.hints @ np.array([1 << 16, 1 << 8, 1], np.int32), square, len(areas))
    amounts: dict[int, dict[int, int]] = {}
    for code in np.unique(codes[mask]).tolist():
        for number, amount in _meant(mask & (codes == code), areas).items():
            if not regions.ground[number]:
                amounts.setdefault(number, {})[code] = amount
    latest: dict[int, tuple[int, Colour]] = {}
    for number, found in amounts.items():
        if mixed or len(found) == 1:
            code = max(found, key=found.__getitem__)
            turn = int(turns[mask & (areas == number)].max())
            latest[number] = turn, (code >> 16, code >> 8 & 255, code & 255)
    left, top, extent = square
    for drop in drawing.drops:
        x, y = (int((at - start) / extent * len(areas)) for at, start in ((drop.x, left), (drop.y, top)))
        if 0 <= x < len(areas) and 0 <= y < len(areas):
            number = int(areas[y, x])
            if drop.turn >= latest.get(number, (0,))[0]:
                latest[number] = drop.turn, drop.colour
    return {number: colour for number, (_, colour) in latest.items()}


def whole_areas(hints: np.ndarray, given: Given, regions: Regions) -> np.ndarray:
    """Hints float32 (4, side, side), and those for all of each area but the ground whose colour is `given`."""
    hints, side = hints.copy(), hints.shape[1]
    for number, colour in given.items():
        if not regions.ground[number]:
            share = (regions.small == number).reshape(side, WORK, side, WORK).mean((1, 3))
            hints[:, share >= 0.5] = np.array([*(np.array(colour) / 255), 1], np.float32)[:, None]
    return hints


def _meant(blobs: np.ndarray, areas: np.ndarray) -> dict[int, int]:
    """How many pixels of the blobs, a mask, are in each area that holds two fifths of one."""
    from scipy import ndimage

    parts, _ = ndimage.label(blobs)
    numbers, counts = np.unique(np.stack([parts[blobs], areas[blobs]]), axis=1, return_counts=True)
    whole = np.bincount(parts[blobs])
    meant: dict[int, int] = {}
    for part, number, count in zip(*numbers.tolist(), counts.tolist(), strict=True):
        if count >= 0.4 * whole[part]:
            meant[number] = meant.get(number, 0) + count
    return meant


def _sampled(plane: np.ndarray, square: Square, size: int) -> np.ndarray:
    """The square of a plane (h, w), by its nearest pixels, as (size, size); 0 outside."""
    left, top, extent = square
    step = extent / size
    column, row = (np.floor(start + step * (np.arange(size) + 0.5)).astype(int) for start in (left, top))
    inside = np.ix_((row >= 0) & (row < plane.shape[0]), (column >= 0) & (column < plane.shape[1]))
    found = np.zeros((size, size), plane.dtype)
    found[inside] = plane[np.ix_(row[inside[0].ravel()], column[inside[1].ravel()])]
    return found


def _averaged(plane: np.ndarray, square: Square, side: int) -> np.ndarray:
    """The square of a plane float32 (h, w) in [0, 1], averaged over each pixel's area: (side, side). It is 0 outside.

    By differences of its integral, so that no part of a pixel is lost however thin the strokes are.
    """
    left, top, extent = square
    step = extent / side
    height, width = plane.shape
    sums = np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    x = (left + step * np.arange(side + 1)).clip(0, width)
    y = (top + step * np.arange(side + 1)).clip(0, height)
    table = _rows_at(_rows_at(sums, y).T, x).T
    return (np.diff(np.diff(table, axis=0), axis=1) / step**2).clip(0, 1)


def _rows_at(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The rows of a table (h, w) at places (n,) between 0 and h - 1, interpolated: (n, w)."""
    low = np.minimum(at.astype(int), len(table) - 2)
    part = (at - low)[:, None]
    return table[low] * (1 - part) + table[low + 1] * part
