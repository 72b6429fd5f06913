"""The flat colours that a model gave to an area."""

from __future__ import annotations

import numpy as np

from genlib.sketch.common import median

SPOT = 12  # the smallest area, in pixels of the model, whose own colour is kept within a larger area
MOST = 6  # colours of one area
SAME = 28  # grey levels in any channel: what differs less belongs to a colour


def palette_of(colours: np.ndarray, members: np.ndarray) -> np.ndarray | None:
    """One to six clearly different flat colours uint8 (K, 3) that make up nearly all of an area, the most frequent
    first; None if its colours vary more.

    colours: uint8 (side, side, 3). members: flat indices of the area's pixels. Every colour but that of a very small
    area has SPOT pixels or more that are in squares of 2 x 2 of it: a row one pixel wide is only the soft edge between
    two other colours.
    """
    values = colours.reshape(-1, 3)[members].astype(np.int16)
    if len(members) < 2 * SPOT:
        return median(values)[None]
    palette, varied = _spots(values, members, len(colours))
    if not palette or varied > 0.2 * len(members) or not _is_flat(values, palette):
        return None
    return np.stack(palette)


def most_frequent(values: np.ndarray) -> np.ndarray:
    """The colour uint8 (3,) around which most of the colours uint8 (N, 3) lie."""
    coarse = (values >> 4).astype(np.int16)
    codes, counts = np.unique(coarse @ np.array([256, 16, 1], np.int16), return_counts=True)
    bins = np.stack([codes >> 8, codes >> 4 & 15, codes & 15], 1)
    near = np.abs(bins[:, None] - bins).max(2) <= 2
    centre = bins[(near * counts).sum(1).argmax()]
    close = np.abs(coarse - centre).max(1) <= 2
    return values[close].mean(0).round().astype(np.uint8)


def without_thin(mask: np.ndarray) -> np.ndarray:
    """A mask (H, W) without what is one pixel wide: only its pixels that are in squares of 2 x 2 of it."""
    corner = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    full = np.zeros_like(mask)
    for y in (0, 1):
        for x in (0, 1):
            full[y : len(mask) - 1 + y, x : len(mask) - 1 + x] |= corner
    return full


def _spots(values: np.ndarray, pixels: np.ndarray, side: int) -> tuple[list[np.ndarray], int]:
    """The colours that have a spot of their own, and how many of the pixels have none of these.

    values int16 (N, 3): the colours of the pixels whose flat indices in a picture (side, side) are `pixels`.
    """
    palette: list[np.ndarray] = []
    left = np.ones(len(pixels), bool)
    varied = 0
    while np.count_nonzero(left) >= SPOT and len(palette) < MOST:
        peak = _peak(values[left])
        close = left & (np.abs(values - peak).max(1) < SAME)
        if close.sum() < SPOT:
            break
        left &= ~close
        if palette and min(np.abs(colour - peak).max() for colour in palette) < 40:  # a shade of one that is there
            continue
        spot = np.zeros(side * side, bool)
        spot[pixels[close]] = True
        if np.count_nonzero(without_thin(spot.reshape(side, side))) >= SPOT:
            palette.append(values[close].mean(0).round().astype(np.uint8))
        else:
            varied += int(np.count_nonzero(close))
    return palette, varied + int(np.count_nonzero(left))


def _peak(values: np.ndarray) -> np.ndarray:
    """The mean float (3,) of the colours int16 (N, 3) in the fullest cell of 16 x 16 x 16 grey levels."""
    bins = (values >> 4) @ np.array([256, 16, 1])
    return values[bins == np.bincount(bins).argmax()].mean(0)


def _is_flat(values: np.ndarray, palette: list[np.ndarray]) -> bool:
    """Whether nearly all colours int16 (N, 3) belong to one of a palette, and those beside its first are near theirs.

    In slices of colours that change slowly they are not near.
    """
    off = np.stack([np.abs(values - colour.astype(np.int16)).max(1) for colour in palette])
    nearest, others = off.min(0), off[0] >= SAME
    if np.mean(nearest < SAME) < 0.8:
        return False
    return len(palette) == 1 or bool(np.mean(nearest[others] < 14) >= 0.7)
