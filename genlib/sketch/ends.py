"""Where lines end, and what straight lines from end to end cut off the ground."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genlib.framing import border

MOST = 160  # ends: a drawing with more is hatched, and its ends close nothing
NEAR = 8  # ends to which a line from an end is tried
LONG = 0.8  # of the side: the longest line from end to end
SHORT = 0.12  # of the side: the longest line from an end to the line ahead of it
SMALL = 0.002  # of the square: what is cut off and smaller stays ground


def line_ends(thin: np.ndarray, width: float) -> np.ndarray:
    """The pixels int (N, 2), row and column, where a skeleton (H, W) of lines ends. Ends nearer than a line's `width`
    are one, as the rough end of a wide line has several."""
    from scipy import ndimage

    around = ndimage.convolve(thin.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant")
    tips = thin & (around == 2)
    groups, count = ndimage.label(ndimage.binary_dilation(tips, iterations=max(1, round(width / 2))))
    at = np.argwhere(tips)
    group = groups[tuple(at.T)] - 1
    sums = np.stack([np.bincount(group, at[:, k], count) for k in (0, 1)], 1)
    return (sums / np.bincount(group, minlength=count)[:, None]).round().astype(int)


def cut_off(ground: np.ndarray, line: np.ndarray, ends: np.ndarray, width: float, side: int) -> np.ndarray:
    """The pockets of the ground, a mask (H, W), that lines from end to end cut off: int (H, W) from 1, 0 elsewhere,
    and -1 at their edge, where it is open which of the two a pixel belongs to.

    Shortest first; no line crosses another, or a line of the drawing, a mask (H, W); two at an end go apart. What lies
    just ahead of an end is tried like another end. width: of the lines.
    """
    from scipy import ndimage

    nothing = np.zeros(ground.shape, np.int32)
    free = ground.copy()
    drawn = np.zeros(ground.shape, bool)
    if not 2 <= len(ends) <= MOST:
        return nothing
    ways: dict[int, list[np.ndarray]] = {}
    for a, b, target in sorted(
        [*_pairs(ends, LONG * side), *_ahead(ends, line, width, SHORT * side)], key=_length(ends)
    ):
        step = (target - ends[a]) / np.hypot(*(target - ends[a]))
        if any(step @ other > 0 for other in ways.get(a, ())) or any(-step @ other > 0 for other in ways.get(b, ())):
            continue
        way = _way(ends[a], target)
        inner = way[round(0.8 * width) : len(way) - round(0.8 * width if b >= 0 else 2)]
        if not free[tuple(inner.T)].all():
            continue
        ways.setdefault(a, []).append(step)
        if b >= 0:
            ways.setdefault(b, []).append(-step)
        for below in (0, 1):  # two pixels wide: what touches by a corner only would leak
            drawn[way[:, 0] + below, way[:, 1]] = True
        free &= ~drawn
    if not ways:
        return nothing
    open_to, _ = ndimage.label(ground & ~drawn)
    around = np.unique(border(open_to))
    inside = ground & ~np.isin(open_to, around[around > 0])
    parts, _ = ndimage.label(ndimage.binary_opening(inside, iterations=2))
    pocket = np.bincount(parts.ravel()) >= SMALL * side * side
    pocket[0] = False
    found = np.where(pocket, np.cumsum(pocket), 0)[parts].astype(np.int32)
    found[inside & (found == 0)] = -1
    return found


Way = tuple[int, int, np.ndarray]  # from which end, to which (-1: none), and where that is


def _length(ends: np.ndarray) -> Callable[[Way], float]:
    return lambda way: float(np.hypot(*(way[2] - ends[way[0]])))


def _ahead(ends: np.ndarray, line: np.ndarray, width: float, longest: float) -> list[Way]:
    """From each end the nearest pixel of a line in the direction in which its own line ends."""
    found: list[Way] = []
    reach = int(longest)
    pixels = np.argwhere(line)
    for number, end in enumerate(ends):
        to = pixels - end
        to = to[(np.abs(to) <= reach).all(1)]
        far = np.hypot(*to.T)
        own = to[far < 3 * width]
        back = own.mean(0)
        cosine = -(to @ back) / np.maximum(far * np.hypot(*back), 1e-6)
        ahead = (far > 1.2 * width) & (far <= longest) & (cosine > 0.7)
        if ahead.any():
            found.append((number, -1, end + to[ahead][far[ahead].argmin()]))
    return found


def _pairs(ends: np.ndarray, longest: float) -> list[Way]:
    """Pairs of near ends."""
    from scipy.spatial import cKDTree

    near = min(NEAR + 1, len(ends))
    lengths, others = cKDTree(ends).query(ends, near)
    found = {
        (min(a, b), max(a, b))
        for a in range(len(ends))
        for b, length in zip(others[a].tolist(), lengths[a].tolist(), strict=True)
        if a != b and length <= longest
    }
    return [(a, b, ends[b]) for a, b in found]


def _way(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The pixels int (N, 2) on the way from one to another."""
    count = int(np.abs(stop - start).max()) + 1
    return np.linspace(start, stop, count).round().astype(int)
