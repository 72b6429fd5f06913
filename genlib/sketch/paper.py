"""What a drawing is on: the paper's colour and shadow, the sheet on a table, squares and rules printed on it."""

from __future__ import annotations

import numpy as np


def even_paper(pixels: np.ndarray) -> np.ndarray | None:
    """The ground's colour (3,) where it is one colour, as in what was drawn on a screen."""
    step = max(1, min(pixels.shape[:2]) // 256)
    some = pixels[::step, ::step].reshape(-1, 3).astype(np.int32)
    grey = some.sum(1)
    light = some[grey >= (int(grey.min()) + int(grey.max())) / 2]
    colours, counts = np.unique(light @ np.array([65536, 256, 1]), return_counts=True)
    mode = colours[counts.argmax()]
    mode = np.array([mode >> 16, mode >> 8 & 255, mode & 255])
    return mode.astype(np.float32) if np.mean(np.abs(light - mode).max(1) <= 2) > 0.7 else None


def shaded_paper(small: np.ndarray, sheet: np.ndarray | None) -> np.ndarray:
    """The paper's colour everywhere, (h, w, 3): a smooth surface through what is neither line nor dark area."""
    from scipy import ndimage

    height, width = small.shape[:2]
    grey = small.mean(2)
    inside = np.ones_like(grey, bool) if sheet is None else sheet
    size = max(5, max(height, width) // 10)
    closed = ndimage.gaussian_filter(ndimage.grey_closing(np.where(inside, grey, 0), size), size / 4)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    paper = inside.copy()
    for _ in range(5):  # away with what is far below the surface: areas filled with ink
        surface = terms @ np.linalg.lstsq(terms[paper], closed[paper], rcond=None)[0]
        paper = inside & (closed > 0.85 * surface)
    bare = paper & (grey > 0.93 * closed)
    soft = max(height, width) / 14
    weight = ndimage.gaussian_filter(bare.astype(np.float32), soft)
    channels = []
    for channel in np.moveaxis(small, 2, 0):
        wide = terms @ np.linalg.lstsq(terms[bare], channel[bare], rcond=None)[0]
        near = ndimage.gaussian_filter(np.where(bare, channel, 0), soft)
        channels.append((near + 0.03 * wide) / (weight + 0.03))
    return np.stack(channels, -1).clip(8, 255)


def find_sheet(grey: np.ndarray) -> np.ndarray | None:
    """Where the sheet lies, as a mask (h, w), in a photo that shows a dark table around it; None for other pictures."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    if np.ptp(grey) < 40:
        return None
    bright = grey > threshold_otsu(grey)
    ring = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    if ring.mean() > 0.75:
        return None
    size = max(3, max(grey.shape) // 16)
    padded = np.pad(bright, size)
    closed = ndimage.binary_closing(padded, np.ones((size, size)))[size:-size, size:-size]
    parts, count = ndimage.label(closed)
    if not count:
        return None
    areas = np.bincount(parts.ravel())[1:]
    sheet = ndimage.binary_fill_holes(parts == areas.argmax() + 1)
    table = ~sheet
    if not 0.2 < sheet.mean() < 0.95 or table.mean() < 0.05:
        return None
    edge = sheet & ndimage.binary_dilation(table, iterations=2)
    step = ndimage.grey_dilation(grey, 7) - ndimage.grey_erosion(grey, 7)
    drop = np.median(grey[sheet]) - np.median(grey[table])
    if drop < 40 or np.mean(step[edge] > 0.5 * drop) < 0.7:  # a soft edge is a shadow's
        return None
    return ndimage.binary_erosion(sheet, iterations=4, border_value=1)


def grid_level(dark: np.ndarray, floor: float) -> float:
    """The darkness below which everything is the paper's own print (squares or rules), 0 where there is none.

    Print is clearly lighter than the ink, and lies away from it over the whole page.
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
    if low.mean() > 0.6 * high.mean() or high.size < 0.1 * some.size:
        return 0.0
    print_ = (fine > floor) & ~ndimage.binary_dilation(fine > cut, iterations=3)
    if print_.sum() < 0.4 * low.size:
        return 0.0
    parts, _ = ndimage.label(ndimage.binary_dilation(print_))
    boxes = ndimage.find_objects(parts)
    long = np.array([max(int(p.stop - p.start) for p in box) > 0.6 * min(fine.shape) for box in boxes])
    sizes = np.bincount(parts.ravel())[1:]
    if sizes[long].sum() < 0.5 * sizes.sum():
        return 0.0
    page = np.append(False, long)[parts]
    rows, columns = np.flatnonzero(page.any(1)), np.flatnonzero(page.any(0))
    if np.ptp(rows) < 0.85 * fine.shape[0] or np.ptp(columns) < 0.85 * fine.shape[1]:
        return 0.0
    return float(np.percentile(low, 90))
