"""The model's colours, laid under the visitor's own lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genlib.sketch.common import SHOW, spread
from genlib.sketch.own import Own
from genlib.sketch.palettes import SAME, most_frequent, palette_of, without_thin
from genlib.sketch.regions import Regions

if TYPE_CHECKING:
    from genlib.sketch import Sketch


def colour_in(sketch: Sketch, colours: np.ndarray, longest: int = 2048) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3) laid under the visitor's own lines: uint8 (B, H, W, 3).

    At the picture's own resolution; enlarged if its longer side is below 512, reduced if it is above `longest`. The
    model's own lines are left out; what the visitor has painted already stays. Areas that the lines enclose (gaps up to
    a line's width count as closed) end under the middle of the visitor's lines. An area is filled with one to six flat
    colours if these make up most of it. Else a closed area takes its most frequent colour, since several are a sign of
    doubt, and in one that reaches the square's border the colours are interpolated.
    """
    ink = _resized(sketch.ink, min(longest, max(SHOW, *sketch.ink.shape)))
    factor = max(ink.shape) / max(sketch.ink.shape)
    left, top, extent = sketch.square
    regions = Regions.of(sketch.lines, ink, (left * factor, top * factor, extent * factor))
    free = sketch.lines > 0.85
    own = sketch.own or Own()
    pens = own.pens(ink.shape)
    pictures = []
    for picture in colours:
        under = own.over(_painted(regions, spread(picture, free) if free.any() else picture))
        pictures.append(_inked(under, ink, sketch.ink_colour if pens is None else pens))
    return np.stack(pictures)


def _resized(ink: np.ndarray, longest: int) -> np.ndarray:
    """Ink (H, W) with its longer side `longest`: averaged if it shrinks. If it grows it is interpolated, and its soft
    edge made as narrow as it was, in pixels."""
    factor = longest / max(ink.shape)
    if factor == 1:
        return ink
    size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
    how = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    large = np.asarray(Image.fromarray(ink).resize(size, how)).clip(0, 1)
    if factor > 1.5:
        large = ((large - 0.45) * min(4.0, factor) + 0.5).clip(0, 1)
    return large


def _inked(under: np.ndarray, ink: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lines of one colour (3,), or of colours (H, W, 3), over a picture uint8 (H, W, 3), which is changed."""
    weight = (ink * 256).astype(np.uint16)
    for c in range(3):
        plane = under[..., c].astype(np.uint16)
        under[..., c] = ((256 - weight) * plane + weight * colour[..., c].astype(np.uint16) + 128) >> 8
    return under


def _painted(regions: Regions, colours: np.ndarray) -> np.ndarray:
    """The areas filled from the colours uint8 (side, side, 3) that the model gave them: uint8 (H, W, 3)."""
    palettes = [_filling(colours, *area) for area in zip(regions.members, regions.outer, strict=True)]
    flat = np.full((len(palettes) + 1, 3), 255, np.uint8)
    for number, palette in enumerate(palettes):
        if palette is not None:
            flat[number] = palette[0]
    picture = flat[regions.large]
    for number, palette in enumerate(palettes):
        if palette is None:
            _shade(picture, regions, number, colours)
        elif len(palette) > 1:
            _add_spots(picture, regions, number, colours, palette)
    return picture


def _filling(colours: np.ndarray, members: np.ndarray, outer: bool) -> np.ndarray | None:
    """The flat colours uint8 (K, 3) of one area, nearly white ones made white; None if it is to be interpolated."""
    palette = palette_of(colours, members)
    if palette is None and not outer:
        palette = most_frequent(colours.reshape(-1, 3)[np.unique(members)])[None]
    if palette is not None:
        palette[palette.min(1) >= (232 if outer else 246)] = 255
    return palette


def _own_colours(regions: Regions, number: int, colours: np.ndarray) -> np.ndarray:
    """The colours of one area float32 (side, side, 3), going on beyond its edge, so that no other mixes with them."""
    here = np.zeros(colours.shape[:2], bool)
    here.ravel()[regions.members[number]] = True
    return spread(colours, here).astype(np.float32)


def _shade(picture: np.ndarray, regions: Regions, number: int, colours: np.ndarray) -> None:
    """Fill one area of `picture` uint8 (H, W, 3) with its colours, smoothed and interpolated."""
    from scipy import ndimage

    values = ndimage.gaussian_filter(_own_colours(regions, number, colours), (0.8, 0.8, 0))
    if regions.outer[number]:  # nearly white is white
        values += (255 - values) * ((values.min(2, keepdims=True) - 224) / 16).clip(0, 1)
    patch = regions.patch(values.round().astype(np.uint8), number, np.ones(colours.shape[:2], bool))
    if patch:
        box, inside, shade = patch
        np.copyto(picture[box], shade, where=inside[..., None])


def _add_spots(picture: np.ndarray, regions: Regions, number: int, colours: np.ndarray, palette: np.ndarray) -> None:
    """Add to one area of `picture` uint8 (H, W, 3), filled with the first colour of its palette, the spots of the
    others, with sharp edges."""
    near = _nearness(_own_colours(regions, number, colours), palette)
    sharp = max(1.0, regions.place[2] / len(colours) / 2)
    for k in range(1, len(palette)):
        lead = near[..., k] - near[..., :k].max(2)
        patch = regions.patch(lead, number, lead > -0.98)
        if patch:
            box, inside, shade = patch
            share = ((shade * sharp + 0.5).clip(0, 1) * inside)[..., None]
            picture[box] = (picture[box] + share * (palette[k].astype(np.float32) - picture[box])).round()


def _nearness(values: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """How much each colour float32 (side, side, 3) belongs to each of a palette uint8 (K, 3): shares (side, side, K).

    A colour of the palette counts only beside a spot of it: else it would appear as a line between two others, where
    the soft edge between these passes through it.
    """
    from scipy import ndimage

    distance = np.abs(values[:, :, None] - palette.astype(np.float32)).max(3)
    sure = np.stack([without_thin(d < SAME) for d in np.moveaxis(distance, 2, 0)], -1)
    near = ndimage.maximum_filter(sure, (5, 5, 1)) / (distance**2 + 50) + 1e-9
    return ndimage.gaussian_filter(near / near.sum(2, keepdims=True), (0.5, 0.5, 0))
