"""From a picture to its ink: how much of it there is at each pixel, and its colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlib.sketch.common import NOTHING, enlarged, median, pen_width, reduced
from genlib.sketch.paper import even_paper, find_sheet, grid_level, shaded_paper
from genlib.uploads import UploadError

PENCIL = 90  # the lightest grey that lines are drawn in over colours


@dataclass(frozen=True)
class Ink:
    ink: np.ndarray
    colour: np.ndarray
    text: str = ""
    notes: tuple[str, ...] = ()


def is_inverted(pixels: np.ndarray) -> bool:
    """Light lines on a dark ground: most of the picture and of its border is dark, and neither is that a table around
    a sheet, nor a shadow on paper with dark lines."""
    from scipy import ndimage

    grey = reduced(pixels, 192).mean(2)
    low, high = np.percentile(grey, (0.1, 99.9))
    ring = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if high - low < 8 or max(np.median(grey), np.median(ring)) > (low + high) / 2 or find_sheet(grey) is not None:
        return False
    dark = ndimage.grey_closing(grey, 5) - grey
    light = grey - ndimage.grey_opening(grey, 5)
    return bool(dark.sum() <= 1.5 * light.sum())


def plain_ink(pixels: np.ndarray) -> Ink:
    """Darkness as it is."""
    ink = 1 - pixels.min(2).astype(np.float32) / 255
    if ink.max() - ink.min() < 0.1:
        raise UploadError(NOTHING)
    return Ink(ink, median(pixels[ink > 0.7 * ink.max()]))


def find_ink(pixels: np.ndarray) -> Ink:
    """How much ink there is at each pixel, the paper's tone and shadow divided out, specks removed."""
    from scipy import ndimage

    notes: tuple[str, ...] = ()
    small = reduced(pixels, 192)
    sheet = find_sheet(small.mean(2))
    paper = even_paper(pixels) if sheet is None else None
    even = paper is not None
    if paper is None:
        paper = shaded_paper(small, sheet)
    dark = _darkness(pixels, paper, np.minimum)
    if np.mean(dark > 0.3) > 0.25:  # coloured areas: only what is really dark is a line
        dark = _darkness(pixels, paper, np.add)
    if sheet is not None:
        dark *= enlarged(sheet.astype(np.float32), dark.shape) > 0.99
        notes += ("There is a table around the sheet: only the sheet is used.",)

    noise = 0.0 if even else float(np.percentile(dark[::3, ::3], 75))  # ink is less than a quarter of the picture
    if noise > 0.01:
        dark = ndimage.gaussian_filter(dark, max(0.7, max(dark.shape) / 1600))
        noise = float(np.percentile(dark[::3, ::3], 75))
    floor = 0.0 if even and np.mean(dark[::3, ::3] == 0) > 0.7 else max(0.04, 1.5 * noise)
    some = dark[dark > max(0.08, 3 * noise)]
    if some.size < 12:
        raise UploadError(NOTHING)
    level = float(np.percentile(some[:: max(1, some.size // 100_000)], 80))
    grid = grid_level(dark, max(0.08, 3 * noise))
    if grid:
        notes += ("The lines printed on the paper were taken away.",)
        level = float(np.percentile(some[some > grid], 80))
        floor = grid
    if level < 5 * noise:
        raise UploadError(NOTHING)
    kept = _without_specks(dark > floor + 0.25 * (level - floor), dark > floor + 0.45 * (level - floor))
    grain = np.median(some) < 0.7 * level  # a pencil's, or a camera's: most of a line is far from its darkest
    ink = ((dark - floor) / ((0.75 if grain or not even else 1.0) * (level - floor))).clip(0, 1)
    # What is left around a line is its soft edge; the rest is the paper's.
    ink *= ndimage.maximum_filter(kept.view(np.uint8), 5)
    if kept.mean() > 0.95:
        raise UploadError(NOTHING)
    at = kept & (ink > 0.8)
    tone = np.ones(3) * 255 if even else np.median(reduced(pixels, 192).reshape(-1, 3), axis=0)
    tone = paper if even else tone
    colour = (np.median(pixels[at], axis=0) / np.maximum(tone, 1) * 255).clip(0, 255)
    if np.ptp(colour) < 40:  # a pencil's grey would be lost among colours
        colour *= min(1.0, PENCIL / max(1.0, colour.mean()))
    text = "The ground is even already." if even else "The paper's tone and shadow were divided out."
    return Ink(ink.astype(np.float32), colour.round().astype(np.uint8), text, notes)


def _without_specks(mask: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The parts of a mask that hold something `sure`, without those far smaller than a dot of the same pen."""
    from scipy import ndimage

    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        raise UploadError(NOTHING)
    areas = np.bincount(parts.ravel())
    areas[np.bincount(parts[sure], minlength=count + 1) == 0] = 0
    areas[0] = 0
    pen = pen_width((areas > 0.02 * areas.sum())[parts])
    keep = areas >= max(2, 0.35 * pen**2)
    if not keep.any():
        keep = areas == areas.max()
    keep[0] = False
    return keep[parts]


def _darkness(pixels: np.ndarray, paper: np.ndarray, how: np.ufunc) -> np.ndarray:
    """1 - pixel / paper, float32 (H, W) in [0, 1]: of the darkest channel (minimum), or of all together (add)."""
    total = np.empty(0, np.float32)
    for c, weight in enumerate((0.299, 0.587, 0.114) if how is np.add else (1, 1, 1)):
        tone = paper[c] if paper.ndim == 1 else enlarged(paper[..., c], pixels.shape[:2])
        part = pixels[..., c] * (np.float32(weight) / np.maximum(tone, 1)).astype(np.float32)
        total = how(total, part) if c else part
    return (1 - total).clip(0, 1)
