"""Where lines end, and what straight lines from end to end cut off the ground."""

from __future__ import annotations

import numpy as np

from genlib.sketch.common import pen_width

MOST = 160  # ends: a drawing with more is hatched, and its ends close nothing
NEAR = 8  # ends to which a line from an end is tried
LONG = 0.8  # of the side: the longest line from end to end
SMALL = 0.002  # of the square: what is cut off and smaller stays ground


def line_ends(line: np.ndarray) -> np.ndarray:
    """The pixels int (N, 2), row and column, where the lines of a mask (H, W) end. Ends nearer than a line is wide are
    one, as the rough end of a wide line has several."""
    from scipy import ndimage
    from skimage.morphology import skeletonize

    thin = skeletonize(line)
    around = ndimage.convolve(thin.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant")
    tips = thin & (around == 2)
    groups, count = ndimage.label(ndimage.binary_dilation(tips, iterations=max(1, round(pen_width(line) / 2))))
    centres = ndimage.center_of_mass(tips, groups, np.arange(1, count + 1))
    return np.array(centres).reshape(-1, 2).round().astype(int)


def cut_off(ground: np.ndarray, line: np.ndarray, ends: np.ndarray, side: int) -> np.ndarray:
    """The pockets of the ground, a mask (H, W), that lines from end to end cut off: int (H, W) from 1, 0 elsewhere,
    and -1 at their edge, where it is open which of the two a pixel belongs to.

    Shortest first; no line crosses another, or a line of the drawing, a mask (H, W); two at an end go apart.
    """
    from scipy import ndimage

    nothing = np.zeros(ground.shape, np.int32)
    width = pen_width(line)
    free = ground.copy()
    drawn = np.zeros(ground.shape, bool)
    if not 2 <= len(ends) <= MOST:
        return nothing
    ways: dict[int, list[np.ndarray]] = {}
    for a, b in _pairs(ends, LONG * side):
        step = (ends[b] - ends[a]) / np.hypot(*(ends[b] - ends[a]))
        if any(step @ other > 0 for other in ways.get(a, ())) or any(-step @ other > 0 for other in ways.get(b, ())):
            continue
        way = _way(ends[a], ends[b])
        inner = way[round(0.8 * width) : len(way) - round(0.8 * width)]
        if not free[tuple(inner.T)].all():
            continue
        ways.setdefault(a, []).append(step)
        ways.setdefault(b, []).append(-step)
        for below in (0, 1):  # two pixels wide: what touches by a corner only would leak
            drawn[way[:, 0] + below, way[:, 1]] = True
        free &= ~drawn
    if not ways:
        return nothing
    open_to, _ = ndimage.label(ground & ~drawn)
    border = np.unique(np.concatenate([open_to[0], open_to[-1], open_to[:, 0], open_to[:, -1]]))
    inside = ground & ~np.isin(open_to, border[border > 0])
    parts, _ = ndimage.label(ndimage.binary_opening(inside, iterations=2))
    pocket = np.bincount(parts.ravel()) >= SMALL * side * side
    pocket[0] = False
    found = np.where(pocket, np.cumsum(pocket), 0)[parts].astype(np.int32)
    found[inside & (found == 0)] = -1
    return found


def _pairs(ends: np.ndarray, longest: float) -> list[tuple[int, int]]:
    """Pairs of near ends, the nearest first."""
    from scipy.spatial import cKDTree

    near = min(NEAR + 1, len(ends))
    lengths, others = cKDTree(ends).query(ends, near)
    found = {
        (min(a, b), max(a, b)): length
        for a in range(len(ends))
        for b, length in zip(others[a].tolist(), lengths[a].tolist(), strict=True)
        if a != b and length <= longest
    }
    return sorted(found, key=found.__getitem__)


def _way(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The pixels int (N, 2) on the way from one to another."""
    count = int(np.abs(stop - start).max()) + 1
    return np.linspace(start, stop, count).round().astype(int)
