"""Whether a drawing is light on dark."""

from __future__ import annotations

import numpy as np

from genlib.framing import border
from genlib.sketch.common import SMALL, reduced
from genlib.sketch.paper import find_sheet, fitted, polynomial

WIDE = 13  # px of the reduced picture: a dark line is narrower, and a dark spot of a dusty board is shallow or wider


def is_inverted(pixels: np.ndarray) -> bool:
    """Whether a picture uint8 (H, W, 3) has light lines on a dark ground.

    Most of the picture and of its border is dark then. It is neither a table around a sheet, nor a shadow on paper with
    dark lines.
    """
    from scipy import ndimage

    small = reduced(pixels, SMALL)
    grey = small.mean(2)
    low, high = np.percentile(grey, (0.1, 99.9))
    usual = max(np.median(grey), np.median(border(grey)))
    if high - low < 8 or usual > (low + high) / 2 or find_sheet(small) is not None:
        return False
    ground = _dark_ground(grey)
    deep = ndimage.grey_closing(grey, WIDE) - 0.1 * (high - low)
    darker = np.mean(grey < np.minimum.reduce([0.8 * ground, ground - 0.06 * (high - low), deep]))
    lighter = np.mean(grey > ground + 0.25 * (high - low))
    return bool(darker < 0.15 * min(lighter, 0.1))


def _dark_ground(grey: np.ndarray) -> np.ndarray:
    """The tone of a dark ground (h, w), as a smooth surface through the dark part of a picture: lines on it or not."""
    from skimage.filters import threshold_otsu

    terms = polynomial(grey.shape)
    dark = grey <= threshold_otsu(grey)
    ground = fitted(terms, grey, dark)
    for _ in range(3):
        some = dark & (grey > 0.8 * ground - 6)
        ground = fitted(terms, grey, some if some.mean() > 0.02 else dark)
    return ground
