"""Colours that a visitor paints over the picture, brought into the model's square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genlib.framing import Square

if TYPE_CHECKING:
    from genlib.sketch import Sketch


def hints_to_model(sketch: Sketch, rgb: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """Colours that a visitor painted over the picture, brought into the model's square: float32 (4, side, side).

    rgb uint8 (h, w, 3) and mask bool (h, w) cover the whole picture, at any resolution. The first three channels are
    the colour in [0, 1] where there is a hint and 0 elsewhere, the fourth is 1 and 0. A stroke thinner than a pixel of
    the model keeps the pixels that it covers most.
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
    """Like `window`, for a float plane, 0 outside."""
    left, top, extent = square
    step = extent / side
    height, width = plane.shape
    sums = np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    x = (left + step * np.arange(side + 1)).clip(0, width)
    y = (top + step * np.arange(side + 1)).clip(0, height)

    def along(table: np.ndarray, at: np.ndarray) -> np.ndarray:
        low = np.minimum(at.astype(int), len(table) - 2)
        part = (at - low)[:, None]
        return table[low] * (1 - part) + table[low + 1] * part

    table = along(along(sums, y).T, x).T
    return (np.diff(np.diff(table, axis=0), axis=1) / step**2).clip(0, 1)
