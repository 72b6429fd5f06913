"""What a drawing was made on: the paper's colour and shadow, its sheet on a table, squares or rules printed on it."""

from __future__ import annotations

import numpy as np

from genlib.framing import border

SHADE = 0.2  # by how much a shadow may differ from channel to channel, as a share of what it leaves
NEAR = 7  # px of a reduced picture: lines that near its edge reach it
CUT = 5  # px: half of what a line of ink takes out of a printed one, with what is near it


def even_paper(pixels: np.ndarray) -> np.ndarray | None:
    """The ground's colour float32 (3,) if it is one colour, as in a drawing made on a screen; else None."""
    step = max(1, min(pixels.shape[:2]) // 256)
    some = pixels[::step, ::step].reshape(-1, 3).astype(np.int32)
    grey = some.sum(1)
    light = some[grey >= (int(grey.min()) + int(grey.max())) / 2]
    colours, counts = np.unique(light @ np.array([65536, 256, 1]), return_counts=True)  # a colour as one number
    mode = colours[counts.argmax()]
    mode = np.array([mode >> 16, mode >> 8 & 255, mode & 255])
    return mode.astype(np.float32) if np.mean(np.abs(light - mode).max(1) <= 2) > 0.5 else None


def shaded_paper(small: np.ndarray, sheet: np.ndarray | None) -> np.ndarray:
    """The paper's colour at each pixel of a reduced picture float32 (h, w, 3): float of the same shape.

    A smooth surface through the pixels that show bare paper. Far from all of these it is a polynomial. sheet: bool
    (h, w), where the paper is; None: everywhere.
    """
    from scipy import ndimage

    terms = polynomial(small.shape[:2])
    bare = _bare(small.mean(2), sheet, terms)
    soft = max(small.shape[:2]) / 14
    weight = ndimage.gaussian_filter(bare.astype(np.float32), soft)
    channels = []
    for channel in np.moveaxis(small, 2, 0):
        near = ndimage.gaussian_filter(np.where(bare, channel, 0), soft)
        channels.append((near + 0.03 * fitted(terms, channel, bare)) / (weight + 0.03))
    return np.stack(channels, -1).clip(8, 255)


def _bare(grey: np.ndarray, sheet: np.ndarray | None, terms: np.ndarray) -> np.ndarray:
    """Where a picture (h, w) shows the paper itself, as a mask: neither a line nor an area filled with ink."""
    from scipy import ndimage

    inside = np.ones_like(grey, bool) if sheet is None else sheet
    size = max(5, max(grey.shape) // 10)
    closed = ndimage.gaussian_filter(ndimage.grey_closing(np.where(inside, grey, 0), size), size / 4)  # no lines left
    paper = inside.copy()
    for _ in range(5):  # each time without what is far darker than the surface: areas filled with ink
        paper = inside & (closed > 0.85 * fitted(terms, closed, paper))
    return paper & (grey > 0.93 * closed)


def polynomial(shape: tuple[int, ...]) -> np.ndarray:
    """The terms of a polynomial of degree 2 in the place, (h, w, 6)."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def fitted(terms: np.ndarray, values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The polynomial (h, w) with the least squared error to values (h, w) where a mask says so."""
    some, wanted = terms[where], values[where]
    # By the normal equations, ten times as quick; with hardly any pixels these have no single answer.
    if len(some) > 100:
        return terms @ np.linalg.solve(some.T @ some + 1e-9 * np.eye(some.shape[1]), some.T @ wanted)
    return terms @ np.linalg.lstsq(some, wanted, rcond=None)[0]


def find_sheet(small: np.ndarray) -> np.ndarray | None:
    """Where the sheet lies, as a mask (h, w), in a reduced photo (h, w, 3) that shows a dark table around it; None for
    other pictures."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    grey = small.mean(2)
    if np.ptp(grey) < 40:
        return None
    bright = grey > threshold_otsu(grey)
    if border(bright).mean() > 0.75:
        return None
    sheet = _largest_part(bright, max(3, max(grey.shape) // 16))
    if not 0.2 < sheet.mean() < 0.95 or not _is_a_sheet(sheet, bright) or not _ends_sharply(sheet, grey):
        return None
    if _goes_on(sheet, small):
        return None
    return ndimage.binary_erosion(sheet, iterations=4, border_value=1)


def _largest_part(mask: np.ndarray, size: int) -> np.ndarray:
    """The largest connected part of a mask (h, w), gaps up to `size` pixels closed, holes filled."""
    from scipy import ndimage

    closed = ndimage.binary_closing(np.pad(mask, size), np.ones((size, size)))[size:-size, size:-size]
    parts, count = ndimage.label(closed)
    if not count:
        return closed
    areas = np.bincount(parts.ravel())[1:]
    return ndimage.binary_fill_holes(parts == areas.argmax() + 1)


def _is_a_sheet(sheet: np.ndarray, bright: np.ndarray) -> bool:
    """Whether a part (h, w) of a picture has no dents, and most of it is bright: light lines on a board are neither."""
    from skimage.morphology import convex_hull_image

    return bool(bright[sheet].mean() > 0.7 and sheet.sum() > 0.88 * convex_hull_image(sheet).sum())


def _ends_sharply(sheet: np.ndarray, grey: np.ndarray) -> bool:
    """Whether the picture (h, w) drops suddenly around a sheet, as to a table. At a shadow it drops slowly."""
    from scipy import ndimage

    edge = sheet & ndimage.binary_dilation(~sheet, iterations=2)
    grey = ndimage.grey_closing(grey, 5)  # without rules, at which it drops, too
    step = ndimage.grey_dilation(grey, 7) - ndimage.grey_erosion(grey, 7)
    drop = np.median(grey[sheet]) - np.median(grey[~sheet])
    return bool(drop >= 40 and np.mean(step[edge] > 0.5 * drop) >= 0.7)


def _goes_on(sheet: np.ndarray, small: np.ndarray) -> bool:
    """Whether what is around a sheet in a picture (h, w, 3) is only the rest of it, in the shade: of the same hue, and
    where lines reach the edge inside of it, they do so outside as well."""
    from scipy import ndimage

    light, dark = (np.median(small[part], axis=0) for part in (sheet, ~sheet))
    share = dark / np.maximum(light, 1)
    if np.ptp(share) > SHADE * share.mean():
        return False
    grey = small.mean(2)
    lines = 1 - grey / np.maximum(ndimage.grey_closing(grey, NEAR), 1)
    edge = sheet & ndimage.binary_dilation(~sheet)
    sides = []
    for side in (sheet, ~sheet):
        away = ndimage.distance_transform_edt(side)
        near = np.where((away > 2) & (away <= NEAR), lines, 0)  # nearer is the edge's own blur
        sides.append(ndimage.maximum_filter(near, 2 * NEAR - 1)[edge])
    if min(np.ptp(s) for s in sides) < 0.05:
        return False
    return bool(np.corrcoef(sides)[0, 1] > 0.4)


def grid_level(dark: np.ndarray, floor: float) -> float:
    """The darkness up to which everything is print on the paper (squares or rules); 0 if there is no print.

    dark: float32 (H, W) in [0, 1]; up to `floor` it is paper. Print is clearly lighter than ink, and most of it is away
    from the ink and covers the whole page.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    step = max(1, max(dark.shape) // 700)
    fine = ndimage.maximum_filter(dark, step)[::step, ::step] if step > 1 else dark
    some = fine[fine > floor]
    if some.size < 50 or np.ptp(some) < 0.1:
        return 0.0
    cut = float(threshold_otsu(some))
    low, high = some[some <= cut], some[some > cut]
    if low.mean() > 0.6 * high.mean() or high.size < 0.02 * some.size:
        return 0.0
    away = (fine > floor) & ~ndimage.binary_dilation(fine > cut, iterations=3)
    if away.sum() < 0.4 * low.size or not _covers_page(away):
        return 0.0
    return float(np.percentile(low, 90))


def _covers_page(lines: np.ndarray) -> bool:
    """Whether a mask (h, w) is mostly long lines, and these are all over the page: from one end of it to the other, but
    for one line's distance to the next where they go one way."""
    from scipy import ndimage

    parts, _ = ndimage.label(ndimage.binary_dilation(lines, iterations=CUT))
    boxes = ndimage.find_objects(parts)
    spans = np.array([[p.stop - p.start for p in box] for box in boxes]) / np.array(lines.shape)
    long = spans.max(1) > 0.6
    sizes = np.bincount(parts.ravel())[1:]
    if sizes[long].sum() < 0.5 * sizes.sum():
        return False
    page = np.append(False, long)[parts]
    reach = np.array([np.ptp(np.flatnonzero(page.any(axis))) for axis in (1, 0)]) / np.array(lines.shape)
    several = np.count_nonzero((spans > 0.85).any(1)) >= 3
    return bool(reach.max() >= 0.85 and reach.min() >= (0.55 if several else 0.85))
