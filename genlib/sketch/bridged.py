"""The areas of a drawing whose lines leave gaps.

A ball that is too large for a gap stays inside:

    Zhang, Chen, Zhang, Hu, "Vectorizing Cartoon Animations", IEEE Transactions on Visualization and Computer Graphics
    15(4), 2009 (trapped-ball segmentation, section 4.1).

Theirs fills with the largest ball first, and with smaller ones what is left, which parts a finger from its hand. Here a
smaller ball starts an area only in a place that is clearly wider than the way into it, and a way is a gap only where a
line ends beside it. What larger gaps leave open is a pocket of the ground, cut off by straight lines from end to end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlib.framing import Square, border
from genlib.sketch.common import pen_width
from genlib.sketch.ends import cut_off, line_ends
from genlib.sketch.lines import Trace, whole

GAP = 0.036  # of the side: the widest gap that is bridged; a little more than 3 %, as round ends of lines look nearer
BALLS = (1.0, 0.7, 0.45, 0.25, 0.0)  # radii, as shares of the largest ball's
FINE = 2  # a model's own lines are worked on at this multiple of their resolution
ROOM = 1.35  # how much wider a place must be than the way into it, to be an area of its own


@dataclass(frozen=True)
class Between:
    """What is between the lines of a drawing.

    areas   int32 (work, work), from 0 to n - 1. Pixels on lines belong to the nearest area
    off     bool (work, work): what is on no line
    ground  bool (n,): the area is around the drawing
    pocket  bool (n,): the area is a part of the ground that lines enclose but for a gap that is not small
    meeting int (K, 2): areas between which there is a gap, and no line
    """

    areas: np.ndarray
    off: np.ndarray
    ground: np.ndarray
    pocket: np.ndarray
    meeting: np.ndarray


def between(trace: Trace, ink: np.ndarray, place: Square) -> Between:
    """The areas between the lines of a trace, that of a square of the ink (H, W). If all is line, it is one area."""
    from scipy import ndimage

    mask, work = trace.mask, len(trace.mask)
    if mask.all():
        no = np.zeros(1, bool)
        return Between(np.zeros(mask.shape, np.int32), ~mask, no, no, np.zeros((0, 2), int))
    margin = int(GAP * work) + 2  # of free ground, by which all that is open to the border hangs together
    line = np.pad(mask, margin)
    width = pen_width(line)
    ends = line_ends(np.pad(trace.skeleton, margin), width)
    frame = _frame(ink.shape, place, work, margin)
    cut = _ends_at_edge(ink)
    if cut:
        _draw(line, frame)
    areas = bridged(line, ends, width, work)
    around = {*np.unique(border(areas))}
    if cut:
        around |= set(_corners(areas, frame))
    ground = np.isin(areas, list(around - {0}))
    pockets = cut_off(ground, line, _within(ends, frame, 2 * width) if cut else ends, width, work)
    first = areas.max()
    areas = np.where(pockets < 0, 0, np.where(pockets > 0, first + pockets, areas))[margin:-margin, margin:-margin]
    y, x = ndimage.distance_transform_edt(areas == 0, return_distances=False, return_indices=True)
    near = areas[y, x]
    present = np.bincount(near.ravel()) > 0
    numbers, small = np.flatnonzero(present), (np.cumsum(present) - 1).astype(np.int32)[near]
    meeting = np.unique(_neighbours(np.where(areas > 0, small + 1, 0)), axis=1).T - 1
    return Between(small, areas > 0, np.isin(numbers, list(around)), numbers > first, meeting)


def enclosed(lines: np.ndarray) -> np.ndarray:
    """The areas that a model's lines float32 (side, side), dark on white, enclose where small gaps are bridged: from 1
    as int32 (side, side), 0 on lines and around the drawing."""
    side, ink = len(lines), 1 - lines
    work = FINE * side
    trace = Trace.of(ink, whole(ink), work)
    margin = int(GAP * work) + 2
    line = np.pad(trace.mask, margin)
    width = pen_width(line)
    areas = bridged(line, line_ends(np.pad(trace.skeleton, margin), width), width, work)
    areas[np.isin(areas, border(areas))] = 0
    return areas[margin:-margin, margin:-margin][FINE // 2 :: FINE, FINE // 2 :: FINE]


def bridged(line: np.ndarray, ends: np.ndarray, width: float, side: int) -> np.ndarray:
    """The areas between lines, a mask (H, W), from 1 as int32 (H, W), 0 on lines.

    ends: where lines end, int (N, 2). width: of the lines, in pixels. side: gaps of up to GAP of it are bridged.
    """
    from scipy import ndimage
    from skimage.segmentation import watershed

    room = ndimage.distance_transform_edt(~line).astype(np.float32)
    seeds = np.zeros(line.shape, np.int32)
    count = 0
    for share in BALLS:
        radius = share * GAP / 2 * side
        places, found = ndimage.label(room > radius)
        fresh = np.bincount(places[room > ROOM * radius], minlength=found + 1) > 0
        fresh[places[seeds > 0]] = fresh[0] = False
        started = np.where(fresh, np.cumsum(fresh) + count, 0).astype(np.int32)
        np.maximum(seeds, started[places], out=seeds)
        count += int(np.count_nonzero(fresh))
    # The last places are all that hangs together. Where there is one seed in it, no water need flow.
    pixel = np.zeros(count + 1, np.int64)  # one of each seed
    pixel[seeds.ravel()] = np.arange(seeds.size)
    home = places.ravel()[pixel[1:]]
    only = np.zeros(found + 1, np.int32)
    only[home] = np.arange(1, count + 1)
    several = (np.bincount(home, minlength=found + 1) > 1)[places]
    areas = np.where(several, seeds, only[places])
    if several.any():
        areas = np.where(several, watershed(-room, seeds, mask=several), areas)
        areas = _without_waists(areas, ends, GAP * side + width)
    return areas


def _without_waists(areas: np.ndarray, ends: np.ndarray, reach: float) -> np.ndarray:
    """Areas (H, W) of which two are made one where they meet further than `reach` from any end of a line."""
    from scipy import ndimage
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    far = np.ones(areas.shape, bool)
    far[tuple(ends.T)] = False
    far = ndimage.distance_transform_edt(far) > reach if len(ends) else far
    count = int(areas.max()) + 1
    one, other = _neighbours(np.where(far, areas, 0))
    _, together = connected_components(coo_matrix((np.ones(len(one)), (one, other)), (count, count)), directed=False)
    return np.where(areas > 0, together[areas] + 1, 0).astype(np.int32)


def _neighbours(areas: np.ndarray) -> np.ndarray:
    """Pairs of areas in (H, W), int (2, K), for all pixels beside or above one of another area; 0 is none."""
    pairs = []
    for a, b in ((areas[1:], areas[:-1]), (areas[:, 1:], areas[:, :-1])):
        met = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.stack([a[met], b[met]]))
    return np.sort(np.concatenate(pairs, 1), axis=0)


Frame = tuple[int, int, int, int]  # top, bottom, left, right: the lines of pixels just outside the picture


def _frame(shape: tuple[int, ...], place: Square, work: int, margin: int) -> Frame:
    """Where the picture's edge is around `work` pixels of a square with a margin."""
    left, top, extent = place
    step = work / extent
    rows, columns = (round(margin - start * step) for start in (top, left))
    return rows - 1, rows + round(shape[0] * step), columns - 1, columns + round(shape[1] * step)


def _ends_at_edge(ink: np.ndarray) -> bool:
    """Whether lines run into the picture's edge, in two places or more: then the edge cuts through what is drawn."""
    around = np.concatenate([ink[0], ink[:, -1], ink[-1, ::-1], ink[::-1, 0]]) > 0.5
    return bool(np.count_nonzero(around & ~np.roll(around, 1)) >= 2)


def _draw(line: np.ndarray, frame: Frame) -> None:
    """A line along the picture's edge, in a mask."""
    top, bottom, left, right = frame
    rows, columns = slice(max(0, top), bottom + 1), slice(max(0, left), right + 1)
    for row in (top, bottom):
        if 0 <= row < len(line):
            line[row, columns] = True
    for column in (left, right):
        if 0 <= column < line.shape[1]:
            line[rows, column] = True


def _within(ends: np.ndarray, frame: Frame, margin: float) -> np.ndarray:
    """The ends int (N, 2) that are not at the picture's edge."""
    top, bottom, left, right = frame
    row, column = ends.T
    inside = (row > top + margin) & (row < bottom - margin) & (column > left + margin) & (column < right - margin)
    return ends[inside]


def _corners(areas: np.ndarray, frame: Frame) -> list[int]:
    """The areas in the picture's corners."""
    top, bottom, left, right = frame
    return [
        int(areas[row, column])
        for row in (top + 1, bottom - 1)
        for column in (left + 1, right - 1)
        if 0 <= row < len(areas) and 0 <= column < areas.shape[1]
    ]
