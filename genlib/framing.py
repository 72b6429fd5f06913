"""A picture of any shape in the square of a model.

>>> fitted, place = framing.fit(pixels, 64)      # pixels: uint8 (450, 600, 3)
>>> fitted.shape, place
((64, 64, 3), (75.0, 0.0, 450.0))

A square in a picture is (left, top, side) in pixels of the picture, (0, 0) its upper left corner. It may reach outside.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

Square = tuple[float, float, float]  # (left, top, side)
Part = tuple[int, int, int, int]  # of a picture: left, top, right and bottom, in thousandths of its sides

BAND = 128  # rows of a picture that are looked at together
PLAIN = 24  # grey levels: what differs less from the border's colour is background


def fit(pixels: np.ndarray, side: int, background: tuple[int, int, int] | None = None) -> tuple[np.ndarray, Square]:
    """A picture uint8 (H, W, 3) in a square uint8 (side, side, 3), and which square of the picture that is.

    If its longer side is at most 1.25 times the other, the whole picture is shown, and the rest of the square is filled
    with `background` (None: the border's colour). Else its two ends are cut off: around what it shows if its border has
    one colour, by the same length at both ends if not. For drawings of lines there is `sketch.prepare`.
    """
    height, width = pixels.shape[:2]
    ground, even = ground_of(pixels)
    x, y, extent = width / 2, height / 2, max(width, height)
    if extent > 1.25 * min(width, height):
        extent = min(width, height)
        rows, columns = _shown(pixels, ground)
        if even and len(rows):
            extent = max(extent, int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            if width > height:
                x = float(columns[0] + columns[-1] + 1) / 2
            else:
                y = float(rows[0] + rows[-1] + 1) / 2
    square = (x - extent / 2, y - extent / 2, float(extent))
    return window(pixels, square, side, ground if background is None else np.asarray(background)), square


def trimmed(pixels: np.ndarray) -> np.ndarray:
    """What a picture uint8 (H, W, 3) shows, without the empty ground around it, if its border has one colour."""
    ground, even = ground_of(pixels)
    rows, columns = _shown(pixels, ground)
    if not even or not len(rows):
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def ground_of(pixels: np.ndarray) -> tuple[np.ndarray, bool]:
    """The usual colour float (3,) of the border of a picture uint8 (H, W, 3), and whether nearly all of it has that."""
    ring = border(pixels).astype(np.int16)
    ground = np.median(ring, axis=0)
    return ground, bool(np.mean(np.abs(ring - ground).max(1) < PLAIN) > 0.8)


def _shown(pixels: np.ndarray, ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows and the columns of a picture uint8 (H, W, 3) in which something else than the colour `ground` (3,) is.

    Found in bands of rows, and with small integers: as floats a large picture would take 75 MB.
    """
    low, high = np.floor(ground - PLAIN), np.ceil(ground + PLAIN)
    low, high = low.clip(-1, 255).astype(np.int16), high.clip(0, 256).astype(np.int16)
    rows: list[np.ndarray] = []
    columns = np.zeros(pixels.shape[1], bool)
    for top in range(0, len(pixels), BAND):
        band = pixels[top : top + BAND]
        shown = ((band <= low) | (band >= high)).any(2)
        rows.append(shown.any(1))
        columns |= shown.any(0)
    return np.flatnonzero(np.concatenate(rows)), np.flatnonzero(columns)


def centred(grey: np.ndarray, side: int, extent: float) -> np.ndarray:
    """What is light in a picture uint8 (H, W), as MNIST's digits are placed: in a square uint8 (side, side), its longer
    side `extent` pixels long and its centre of mass on the pixel right and below of its middle. Black stays black."""
    rows, columns = (np.flatnonzero(grey.max(axis) > PLAIN) for axis in (1, 0))
    if not len(rows):
        return np.zeros((side, side), np.uint8)
    length = side * max(int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1) / extent
    weight = grey.astype(np.float64) / grey.sum(dtype=np.float64)
    x, y = (float(weight.sum(axis) @ np.arange(0.5, grey.shape[1 - axis])) for axis in (0, 1))
    before = length * (side + 1) / (2 * side)
    return window(grey, (x - before, y - before, length), side, 0)


def cut(pixels: np.ndarray, turn: int = 0, part: Part | None = None, least: int = 16) -> np.ndarray:
    """A picture (H, W, ...) after `turn` quarter turns clockwise, and the `part` of that which is to be used, at least
    `least` pixels wide and high where there are so many."""
    pixels = np.rot90(pixels, -turn)
    if part is not None:
        spans = []
        for start, stop, size in ((part[1], part[3], pixels.shape[0]), (part[0], part[2], pixels.shape[1])):
            first = max(0, min(start * size // 1000, size - least))
            spans.append(slice(first, min(size, max(-(-stop * size // 1000), first + least))))
        pixels = pixels[spans[0], spans[1]]
    return np.ascontiguousarray(pixels)


def window(pixels: np.ndarray, square: Square, side: int, fill: np.ndarray | int) -> np.ndarray:
    """A square of a picture uint8 (H, W) or (H, W, 3), scaled to uint8 (side, side) or (side, side, 3).

    Averaged over each new pixel's area where it shrinks, bicubic where it grows. Where the square reaches outside the
    picture it is filled with `fill`, a grey level or a colour (3,).
    """
    left, top, extent = square
    x0, y0 = int(np.floor(left)), int(np.floor(top))
    x1, y1 = int(np.ceil(left + extent)), int(np.ceil(top + extent))
    canvas = np.empty((y1 - y0, x1 - x0, *pixels.shape[2:]), np.uint8)
    canvas[:] = fill
    inner = pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    canvas[max(-y0, 0) : max(-y0, 0) + inner.shape[0], max(-x0, 0) : max(-x0, 0) + inner.shape[1]] = inner
    how = Image.Resampling.BOX if extent >= side else Image.Resampling.BICUBIC
    box = (left - x0, top - y0, left - x0 + extent, top - y0 + extent)
    return np.asarray(Image.fromarray(canvas).resize((side, side), how, box=box))


def border(picture: np.ndarray) -> np.ndarray:
    """All pixels on the border of a picture (H, W, ...), as (2 W + 2 H, ...): the corners are there twice."""
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
