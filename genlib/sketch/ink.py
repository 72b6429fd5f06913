"""From a picture to its ink: how much of it there is at each pixel, and its colour."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from genlib.framing import border
from genlib.sketch.areas import Areas, find_areas
from genlib.sketch.common import (
    NOTHING,
    PENCIL,
    SMALL,
    Box,
    counted,
    enlarged,
    looked_up,
    median,
    pen_width,
    placed,
    reduced,
    tone_of,
)
from genlib.sketch.own import Own, own_colours
from genlib.sketch.paper import even_paper, find_sheet, grid_level, shaded_paper
from genlib.uploads import UploadError

DIM = 0.05  # darkness of the noise that a photo in good light stays below
ACROSS = 0.85  # of a side: so long is a margin's line, at least
DOT = 0.04  # of the longer side: the size of what may be left of print
DEEP = 0.4  # of the paper's tone: in what is darker, noise would be made as dark as ink
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Ink:
    """The lines of a picture.

    ink      float32 (H, W) in [0, 1]; 1 is ink
    colour   uint8 (3,), as on white paper
    text     a sentence on what was done to the paper
    notes    sentences for the visitor
    own      the visitor's own colours, where there are several
    """

    ink: np.ndarray
    colour: np.ndarray
    text: str = ""
    notes: tuple[str, ...] = ()
    own: Own | None = None

    def within(self, shape: tuple[int, ...], box: Box) -> Ink:
        """The same in a larger picture (H, W), of which it was that box."""
        own = None if self.own is None else self.own.within(shape, box)
        return replace(self, ink=placed(self.ink, shape, box), own=own)


def plain_ink(pixels: np.ndarray) -> Ink:
    """The ink if nothing may be done to the picture uint8 (H, W, 3): its darkness. UploadError: it is all of a tone."""
    ink = 1 - pixels.min(2).astype(np.float32) / 255
    if ink.max() - ink.min() < 0.1:
        raise UploadError(NOTHING)
    return Ink(ink, median(pixels[ink > 0.7 * ink.max()]))


def find_ink(pixels: np.ndarray, tone: np.ndarray | None = None) -> Ink:
    """The ink in a picture uint8 (H, W, 3) with dark lines; paper, shadow, print and specks are removed.

    tone: the paper's colour uint8 (3,), where somebody said it. UploadError: there is nothing that could be a line.
    """
    ground = _ground(pixels) if tone is None else _Ground(tone.astype(np.float32), None)
    areas = find_areas(pixels, ground.paper, ground.sheet)
    if areas is None:
        return _lines(pixels, ground, None)
    try:
        return _lines(pixels, ground, areas)
    except UploadError:  # a picture of areas alone: their edges are its lines
        return _lines(pixels, ground, None)


def _lines(pixels: np.ndarray, ground: _Ground, areas: Areas | None) -> Ink:
    """The ink on its ground. UploadError: there is nothing that could be a line."""
    dark, noise = _denoised(_darkness(pixels, ground, areas), ground.even)
    if noise > DIM / 2:  # a photo in low light: all channels together are less noisy than the darkest
        dark, noise = _denoised(_darkness(pixels, ground, areas, LUMA), ground.even)
    levels = _levels(dark, noise, ground)
    kept = _without_specks(dark > levels.at(0.25), dark > levels.at(0.45), edges=not ground.even)
    if levels.printed:
        kept = _without_remains(kept)
    if kept.mean() > 0.95:
        raise UploadError(NOTHING)
    ink = _strength(dark, levels, kept)
    notes: tuple[str, ...] = ()
    if ground.sheet is not None:
        notes += ("There is a table around the sheet: only the sheet is used.",)
    if levels.printed:
        notes += ("The lines printed on the paper were taken away.",)
    shaded = not ground.even or (areas is not None and areas.shadow)
    text = "The paper's tone and shadow were divided out." if shaded else "The ground is even already."
    ink = ink.astype(np.float32)
    own = own_colours(pixels, ground.paper, ink, areas)
    darkest = kept & (ink > 0.8 * ink[kept].max())
    return Ink(ink, _colour(pixels, darkest, ground), text, notes, own)


@dataclass(frozen=True)
class _Ground:
    """What the lines are on: the paper's colour, float (3,) if it is even, else (h, w, 3) for a reduced picture; and a
    mask (h, w) of the sheet if there is a table around it."""

    paper: np.ndarray
    sheet: np.ndarray | None

    @property
    def even(self) -> bool:
        return self.paper.ndim == 1


@dataclass(frozen=True)
class _Levels:
    """Which darkness is what. Up to `floor` it is the paper's, about `level` the ink's, both in [0, 1].

    soft      the lines have grain, a pencil's or a camera's: most of a line is far lighter than its darkest place
    printed   below `floor` are squares or rules printed on the paper
    """

    floor: float
    level: float
    soft: bool
    printed: bool

    def at(self, share: float) -> float:
        """The darkness at a share of the way from floor to level."""
        return self.floor + share * (self.level - self.floor)


def _ground(pixels: np.ndarray) -> _Ground:
    """What the lines of a picture are on."""
    small = reduced(pixels, SMALL)
    sheet = find_sheet(small)
    even = even_paper(pixels) if sheet is None else None
    return _Ground(shaded_paper(small, sheet) if even is None else even, sheet)


def _darkness(
    pixels: np.ndarray, ground: _Ground, areas: Areas | None, weights: tuple[float, ...] | None = None
) -> np.ndarray:
    """How much darker than what is under them the lines are, float32 (H, W) in [0, 1]; 0 outside of the sheet.

    Of the channel that is darkest; with weights (3,), of all together.
    """
    dark = np.zeros(pixels.shape[:2], np.float32)
    most = np.zeros_like(dark)
    for c in range(3):
        tone = tone_of(ground.paper, c, dark.shape)
        part = pixels[..., c] * (1 / np.maximum(tone, 1)).astype(np.float32)
        under: np.ndarray | float = 1.0
        if areas is not None:
            under = areas.under(dark.shape, c)
            np.maximum(most, under, out=most)
        if weights:
            dark += np.float32(weights[c]) * (under - part)
        else:
            np.maximum(dark, under - part, out=dark)
    if areas is not None:
        dark /= np.maximum(most, DEEP)
    if ground.sheet is not None:
        dark *= enlarged(ground.sheet.astype(np.float32), dark.shape) > 0.99
    return dark.clip(0, 1, out=dark)


def _denoised(dark: np.ndarray, even: bool) -> tuple[np.ndarray, float]:
    """The darkness smoothed where it is noisy, and how dark the noise left in it is. Even paper has no noise."""
    from scipy import ndimage

    if even:
        return dark, 0.0
    noise = _noise(dark)
    for least, share in ((0.01, 1 / 1600), (DIM, 1 / 450), (2 * DIM, 1 / 250)):
        if noise > least:
            dark = ndimage.gaussian_filter(dark, max(0.7, share * max(dark.shape)))
            noise = _noise(dark)
    if noise > DIM:  # the paper was measured where noise made it lightest
        usual = np.median(dark[::3, ::3])
        dark = ((dark - usual) / (1 - usual)).clip(0)
        noise = _noise(dark)
    return dark, noise


def _noise(dark: np.ndarray) -> float:
    """The darkness that a quarter of all pixels exceed: ink is less than a quarter of the picture."""
    return float(np.percentile(dark[::3, ::3], 75))


def _levels(dark: np.ndarray, noise: float, ground: _Ground) -> _Levels:
    """Which darkness is the paper's, and which the ink's. UploadError: there is no ink, or none darker than noise."""
    clean = ground.even and np.mean(dark[::3, ::3] == 0) > 0.7
    floor = 0.0 if clean else max(0.04, 1.5 * noise)
    least = max(0.08, 3 * noise)
    some = dark[dark > least]
    if some.size < 12:
        raise UploadError(NOTHING)
    level = float(np.percentile(some[:: max(1, some.size // 100_000)], 80))
    grid = grid_level(dark[_box(ground.sheet, dark.shape)], least)
    if grid:
        floor, level = grid, float(np.percentile(some[some > grid], 80))
    if level < 5 * noise:
        raise UploadError(NOTHING)
    return _Levels(floor, level, not ground.even or bool(np.median(some) < 0.7 * level), grid > 0)


def _box(sheet: np.ndarray | None, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a picture that a sheet, a mask (h, w), takes up; None: all."""
    if sheet is None:
        return np.s_[:, :]
    spans = [np.flatnonzero(sheet.any(axis)) * shape[1 - axis] / sheet.shape[1 - axis] for axis in (1, 0)]
    return np.s_[int(spans[0][0]) : int(spans[0][-1]) + 1, int(spans[1][0]) : int(spans[1][-1]) + 1]


def _without_specks(mask: np.ndarray, sure: np.ndarray, edges: bool) -> np.ndarray:
    """The connected parts of a mask that hold a pixel of `sure`, without those far smaller than a dot of the same pen.

    edges: in a photo, also without small ones at its edge, where light falls off and shadows end.

    UploadError: the mask is empty.
    """
    from scipy import ndimage

    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        raise UploadError(NOTHING)
    areas = counted(parts, count)
    areas[np.bincount(parts[sure], minlength=count + 1) == 0] = 0
    areas[0] = 0
    pen = pen_width(looked_up(areas > 0.02 * areas.sum(), parts))
    keep = areas >= max(2, 0.35 * pen**2)
    if edges:
        keep &= ~_at_the_edge(parts, count)
    if not keep.any():
        keep = areas == areas.max()
    keep[0] = False
    return looked_up(keep, parts)


def _without_remains(mask: np.ndarray) -> np.ndarray:
    """The mask without what is left of print: lines across the page, as the margin's, and dots beside the drawing, as
    where these meet a rule."""
    from scipy import ndimage

    parts, count = ndimage.label(mask, np.ones((3, 3)))
    boxes = np.array([[(s.start, s.stop) for s in box] for box in ndimage.find_objects(parts)])  # (count, 2, 2)
    spans = np.ptp(boxes, axis=2)
    length = np.hypot(*spans.T)
    across = (spans > ACROSS * np.array(mask.shape)).any(1) & (counted(parts, count)[1:] < 2 * pen_width(mask) * length)
    large = (spans.max(1) > DOT * max(mask.shape)) & ~across
    if not large.any():
        return mask
    first, last = boxes[large, :, 0].min(0), boxes[large, :, 1].max(0)
    margin = DOT * max(mask.shape)
    inside = ((boxes[..., 1] > first - margin) & (boxes[..., 0] < last + margin)).all(1)
    return looked_up(np.append(False, inside & ~across), parts)


def _at_the_edge(parts: np.ndarray, count: int) -> np.ndarray:
    """Which of the parts 0 to `count` in parts int (H, W) touch the edge of the picture and stay near it."""
    from scipy import ndimage

    small = 0.06 * max(parts.shape)
    touching = np.unique(border(parts))
    boxes = ndimage.find_objects(parts, count)
    found = np.zeros(count + 1, bool)
    for number in touching[touching > 0]:
        box = boxes[number - 1]
        found[number] = box is not None and min(span.stop - span.start for span in box) < small
    return found


def _strength(dark: np.ndarray, levels: _Levels, kept: np.ndarray) -> np.ndarray:
    """How much ink there is at each pixel, (H, W) in [0, 1]; 0 more than 2 pixels away from the lines `kept`."""
    from scipy import ndimage

    full = 0.75 if levels.soft else 1.0  # share of the level from which on all is ink
    ink = ((dark - levels.floor) / (full * (levels.level - levels.floor))).clip(0, 1)
    ink *= ndimage.maximum_filter(kept.view(np.uint8), 5)
    return ink


def _colour(pixels: np.ndarray, lines: np.ndarray, ground: _Ground) -> np.ndarray:
    """The colour uint8 (3,) that the pixels in a mask `lines` would have on white paper."""
    step = max(1, min(lines.shape) // SMALL)
    tone = ground.paper if ground.even else np.median(pixels[::step, ::step].reshape(-1, 3), axis=0)
    colour = (np.median(pixels[lines], axis=0) / np.maximum(tone, 1) * 255).clip(0, 255)
    if np.ptp(colour) < 40:
        colour *= min(1.0, PENCIL / max(1.0, colour.mean()))
    return colour.round().astype(np.uint8)
