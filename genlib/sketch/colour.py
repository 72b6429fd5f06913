"""The model's colours, laid under the visitor's own lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genlib.sketch.common import SHOW
from genlib.sketch.regions import Regions

if TYPE_CHECKING:
    from genlib.sketch import Sketch


def colour_in(sketch: Sketch, colours: np.ndarray, longest: int = 2048) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3) laid under the visitor's own lines: uint8 (B, H, W, 3).

    At the picture's own resolution; enlarged where its longer side is below 512, reduced where it is above `longest`.
    The model's own lines are left out. Areas that the lines enclose (gaps up to a line's width count as closed) end
    under the middle of the visitor's lines, and are filled with one to six flat colours where these make up most of
    the area. Else one that is closed takes the most frequent colour, as where the model wavered between several; in one
    that reaches the square's border the colours are interpolated.
    """
    ink = _resized(sketch.ink, min(longest, max(SHOW, *sketch.ink.shape)))
    factor = max(ink.shape) / max(sketch.ink.shape)
    place = tuple(v * factor for v in sketch.square)
    regions = Regions.of(sketch.lines, ink, place)
    free = sketch.lines > 0.85
    pictures = []
    for picture in colours:
        under = regions.painted(_over_lines(picture, free))
        pictures.append(_inked(under, ink, sketch.ink_colour))
    return np.stack(pictures)


def _over_lines(picture: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The model's colours (side, side, 3) with those on its lines replaced by the nearest beside them."""
    from scipy import ndimage

    if not free.any():
        return picture
    y, x = ndimage.distance_transform_edt(~free, return_distances=False, return_indices=True)
    return picture[y, x]


def _inked(under: np.ndarray, ink: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lines over a picture uint8 (H, W, 3), which is changed."""
    weight = (ink * 256).astype(np.uint16)
    for c in range(3):
        plane = under[..., c].astype(np.uint16)
        under[..., c] = ((256 - weight) * plane + weight * np.uint16(colour[c]) + 128) >> 8
    return under


def _resized(ink: np.ndarray, longest: int) -> np.ndarray:
    """Ink (H, W) with its longer side `longest`: averaged where it shrinks; where it grows interpolated, and its edge
    made as sharp as it was, in pixels."""
    factor = longest / max(ink.shape)
    if factor == 1:
        return ink
    size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
    how = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    large = np.asarray(Image.fromarray(ink).resize(size, how)).clip(0, 1)
    if factor > 1.5:
        large = ((large - 0.45) * min(4.0, factor) + 0.5).clip(0, 1)
    return large
