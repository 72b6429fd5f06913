"""The few flat colours that a model gave an area."""

from __future__ import annotations

import numpy as np

from genlib.sketch.common import median

SPOT = 12  # the smallest area, in pixels of the model, whose own colour is kept within a larger area


def palette_of(colours: np.ndarray, members: np.ndarray) -> np.ndarray | None:
    """One to six clearly different flat colours uint8 (K, 3) that make up nearly all of an area's, the most frequent
    first; None where its colours vary more. A second colour has a spot of SPOT pixels of the model of its own, none
    of them in a row one pixel wide: that is the soft edge between two others."""
    side = len(colours)
    pixels = np.unique(members)
    values = colours.reshape(-1, 3)[pixels].astype(np.int16)
    if len(pixels) < 2 * SPOT:
        return median(values)[None]
    palette: list[np.ndarray] = []
    left = np.ones(len(pixels), bool)
    varied = 0
    while np.count_nonzero(left) >= SPOT and len(palette) < 6:
        rest = values[left]
        bins = (rest >> 4) @ np.array([256, 16, 1])
        peak = rest[bins == np.bincount(bins).argmax()].mean(0)
        close = left & (np.abs(values - peak).max(1) < 28)
        if close.sum() < SPOT:
            break
        left &= ~close
        if palette and min(np.abs(colour - peak).max() for colour in palette) < 40:  # the same, a little off
            continue
        spot = np.zeros(side * side, bool)
        spot[pixels[close]] = True
        if np.count_nonzero(without_thin(spot.reshape(side, side))) >= SPOT:
            palette.append(values[close].mean(0).round().astype(np.uint8))
        else:
            varied += int(np.count_nonzero(close))
    varied += int(np.count_nonzero(left))
    if not palette or varied > 0.2 * len(pixels):
        return None
    off = np.stack([np.abs(values - colour.astype(np.int16)).max(1) for colour in palette])
    nearest, others = off.min(0), off[0] >= 28
    if np.mean(nearest < 28) < 0.8:
        return None
    if len(palette) > 1 and np.mean(nearest[others] < 14) < 0.7:  # slices of colours that change slowly
        return None
    return np.stack(palette)


def most_frequent(values: np.ndarray) -> np.ndarray:
    """The colour uint8 (3,) around which most of the colours uint8 (N, 3) lie."""
    bins, counts = np.unique(values >> 4, axis=0, return_counts=True)
    near = np.abs(bins[:, None].astype(np.int16) - bins).max(2) <= 2
    centre = bins[(near * counts).sum(1).argmax()].astype(np.int16)
    close = np.abs((values >> 4).astype(np.int16) - centre).max(1) <= 2
    return values[close].mean(0).round().astype(np.uint8)


def without_thin(mask: np.ndarray) -> np.ndarray:
    """A mask without what is one pixel wide: its pixels in 2 x 2 squares of it."""
    corner = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    full = np.zeros_like(mask)
    for y in (0, 1):
        for x in (0, 1):
            full[y : len(mask) - 1 + y, x : len(mask) - 1 + x] |= corner
    return full
