"""Colours that a visitor paints over the picture, brought into the model's square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genlib.framing import Square

if TYPE_CHECKING:
    from genlib.sketch import Sketch


def hints_to_model(sketch: Sketch, rgb: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """Colours that a visitor painted over the picture, as the model takes hints: float32 (4, side, side).

    rgb uint8 (h, w, 3) and mask bool (h, w), where there is paint, cover the whole picture, at any resolution. The
    first three channels are the colour in [0, 1] where there is a hint and 0 elsewhere; the fourth is 1 where there is
    a hint and 0 elsewhere. A stroke thinner than a pixel of the model becomes hints in the pixels that it covers most.
    """
    from scipy import ndimage

    left, top, extent = sketch.square
    height, width = sketch.ink.shape
    scale = (mask.shape[1] / width + mask.shape[0] / height) / 2
    square = (left * scale, top * scale, extent * scale)
    cover = _averaged(mask.astype(np.float32), square, side)
    hint = (cover > 0) & (cover >= 0.5 * ndimage.maximum_filter(cover, 3))
    painted = [_averaged(rgb[..., c] * mask.astype(np.float32) / 255, square, side) for c in range(3)]
    values = np.stack(painted) / np.maximum(cover, 1e-6)
    return np.concatenate([values.clip(0, 1) * hint, hint[None]]).astype(np.float32)


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
