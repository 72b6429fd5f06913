"""The model's colours, laid under the visitor's own lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from genlib.sketch.common import SHOW, WORK, looked_up, spread
from genlib.sketch.flats import Given, flat_colours, outside
from genlib.sketch.own import Own
from genlib.sketch.palettes import SAME, most_frequent, palette_of, without_thin
from genlib.sketch.regions import Regions

if TYPE_CHECKING:
    from genlib.sketch import Sketch

Fill = Literal["flat", "painted"]


@dataclass(frozen=True)
class Sheet:
    """All of a coloured drawing but its colours, for any number of them.

    regions     the areas between the lines, at the resolution of the result
    ink         uint8 (H, W): the visitor's own lines
    ink_colour  uint8 (3,), in which they are drawn where they have no colours of their own
    own         those colours, and what is painted already
    lines       float32 (side, side), dark on white: the model's input
    """

    regions: Regions
    ink: np.ndarray
    ink_colour: np.ndarray
    own: Own
    lines: np.ndarray

    @classmethod
    def of(cls, sketch: Sketch, longest: int = 2048) -> Sheet:
        """At the drawing's own resolution; enlarged if the longer side is below 512, reduced if above `longest`."""
        size = min(longest, max(SHOW, *sketch.ink.shape))
        ink = _resized(sketch.ink, size)
        outlines = ink if sketch.outlines is sketch.ink else _resized(sketch.outlines, size)
        factor = max(ink.shape) / max(sketch.ink.shape)
        left, top, extent = sketch.square
        regions = Regions.of(sketch.lines, outlines, (left * factor, top * factor, extent * factor), sketch.trace)
        own = (sketch.own or Own()).sized(ink.shape)
        return cls(regions, (ink * 255 + 0.5).astype(np.uint8), sketch.ink_colour, own, sketch.lines)

    @property
    def pens(self) -> np.ndarray:
        """The colour of the visitor's lines, uint8 (3,), or (H, W, 3)."""
        return self.ink_colour if self.own.lines is None else self.own.lines


def colour_in(sheet: Sheet, colours: np.ndarray, fill: Fill = "flat", given: Given | None = None) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3) laid under the visitor's own lines: uint8 (B, H, W, 3).

    The model's own lines are left out. Areas end under the middle of the visitor's lines. "flat": each has one colour,
    and the ground is white. "painted": an area is filled with one to six flat colours if these make up most of it. Else
    a closed area takes its most frequent colour, since several are a sign of doubt, and in the ground the colours are
    interpolated. An area whose colour is `given` has that. What is painted already stays.
    """
    return np.stack([inked(under(sheet, picture, fill, given), sheet.ink, sheet.pens) for picture in colours])


def under(sheet: Sheet, picture: np.ndarray, fill: Fill = "flat", given: Given | None = None) -> np.ndarray:
    """What is under the lines: uint8 (H, W, 3), from the model's picture uint8 (side, side, 3)."""
    if fill == "flat":
        return sheet.own.over(looked_up(_flat(sheet, picture, given), sheet.regions.large))
    return sheet.own.over(_painted(sheet.regions, _without_lines(sheet, picture), given or {}))


def flats(sheet: Sheet, picture: np.ndarray, given: Given | None = None) -> np.ndarray:
    """The flat colours of the areas, uint8 (H, W, 4): where there is ground they are see-through, and white."""
    table = _flat(sheet, picture, given)
    open_ = np.append(sheet.regions.outer, True) & (table == 255).all(1)
    table = np.concatenate([table, np.where(open_, 0, 255)[:, None]], 1).astype(np.uint8)
    return sheet.own.over(looked_up(table, sheet.regions.large))


def small(sheet: Sheet, colours: np.ndarray, given: Given | None = None) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3) as they are with flat colours, in the same size."""
    places, pictures = sheet.regions.small[1::2, 1::2], []
    for picture in colours:
        flat = Image.fromarray(_flat(sheet, picture, given)[places]).reduce(WORK // 2)
        pictures.append(inked(np.asarray(flat), (255 * (1 - sheet.lines)).astype(np.uint8), sheet.ink_colour))
    return np.stack(pictures)


def inked(under: np.ndarray, ink: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lines, uint8 (H, W), in a colour (3,), or in colours (H, W, 3), over a picture uint8 (H, W, 3)."""
    picture = Image.fromarray(under)
    picture.paste(Image.fromarray(colour) if colour.ndim == 3 else tuple(colour.tolist()), mask=Image.fromarray(ink))
    return np.asarray(picture)


def _flat(sheet: Sheet, picture: np.ndarray, given: Given | None) -> np.ndarray:
    return flat_colours(sheet.regions, _without_lines(sheet, picture), given or {})


def _without_lines(sheet: Sheet, picture: np.ndarray) -> np.ndarray:
    """The model's picture, the colours beside its lines in their place."""
    free = sheet.lines > 0.85
    return spread(picture, free) if free.any() else picture


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


def _painted(regions: Regions, colours: np.ndarray, given: Given) -> np.ndarray:
    """The areas filled from the colours uint8 (side, side, 3) that the model gave them: uint8 (H, W, 3)."""
    palettes = [_filling(colours, *area) for area in zip(regions.members, regions.outer, strict=True)]
    for number, colour in given.items():
        palettes[number] = np.array([colour], np.uint8)
    flat = np.full((len(palettes) + 1, 3), 255, np.uint8)
    for number, palette in enumerate(palettes):
        if palette is not None:
            flat[number] = palette[0]
    flat[-1] = outside(regions, given)
    picture = looked_up(flat, regions.large)
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
        palette = most_frequent(colours.reshape(-1, 3)[members])[None]
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
