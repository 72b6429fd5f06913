"""The areas that the lines of a drawing enclose, in the model's picture and in the visitor's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from PIL import Image

from genlib.framing import Square
from genlib.sketch.bridged import between
from genlib.sketch.common import WORK, bands, spread
from genlib.sketch.lines import Trace

SOME = 1 << 18  # pixels that are counted at a time
Box = tuple[slice, slice]  # rows and columns of a picture


@dataclass(frozen=True)
class Regions:
    """The areas that a drawing's lines enclose, small gaps bridged, numbered from 0 to n - 1.

    small    int32 (WORK side, WORK side): the area that each place of the square belongs to
    large    int (H, W): the area that each pixel of the visitor's picture belongs to; n outside of the square. Pixels
             on lines belong to the nearest area
    boxes    where each area lies in `large`; None if it has no pixel
    members  for each area, flat indices of the model's pixels in it whose colour can be trusted
    ground   bool (n,): the area is around the drawing
    pocket   bool (n,): the area is a part of the ground that lines enclose but for a gap that is not small
    meeting  int (K, 2): areas between which there is a gap, and no line
    place    the square in the picture
    """

    small: np.ndarray
    large: np.ndarray
    boxes: list[Box | None]
    members: list[np.ndarray]
    ground: np.ndarray
    pocket: np.ndarray
    meeting: np.ndarray
    place: Square

    @property
    def outer(self) -> np.ndarray:
        """bool (n,): the area is open to what is around the drawing."""
        return self.ground | self.pocket

    @classmethod
    def of(cls, lines: np.ndarray, ink: np.ndarray, place: Square, trace: Trace | None = None) -> Regions:
        """The areas of a model's lines float32 (side, side), dark on white, that were `place` in the ink (H, W).

        trace: of that place, in WORK times its resolution, where it is known already.
        """
        from scipy import ndimage

        found = between(trace or Trace.of(ink, place, WORK * len(lines)), ink, place)
        count = len(found.ground)
        large = _at_resolution(found.areas, found.off, count, ink, place)
        boxes = ndimage.find_objects(large + 1, count)
        members = _members(found.areas, found.off, count, lines)
        return cls(found.areas, large, boxes, members, found.ground, found.pocket, found.meeting, place)

    def patch(self, values: np.ndarray, number: int, where: np.ndarray) -> tuple[Box, np.ndarray, np.ndarray] | None:
        """One area around the places of a mask `where` (side, side), at the resolution of the visitor's picture.

        values: a picture uint8 (side, side, 3) or a plane float32 (side, side). Returned are a box of the picture,
        which pixels of it are in the area, and the values there, interpolated; None if there are no pixels.
        """
        box = self.boxes[number]
        rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        if box is None or not len(rows):
            return None
        side = len(values)
        left, top, extent = self.place
        step = extent / side
        down, across = _span(box[0], rows, top, step), _span(box[1], columns, left, step)
        if down is None or across is None:
            return None
        # A margin of 2 pixels, copied from the border, is for an interpolation that reaches over it.
        padded = np.pad(values, ((2, 2), (2, 2), (0, 0))[: values.ndim], mode="edge")
        view = (
            max(0.0, (across.start - left) / step + 2),
            max(0.0, (down.start - top) / step + 2),
            min(side + 4.0, (across.stop - left) / step + 2),
            min(side + 4.0, (down.stop - top) / step + 2),
        )
        size = (across.stop - across.start, down.stop - down.start)
        large = Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC, view)
        return (down, across), self.large[down, across] == number, np.asarray(large)


def _span(limits: slice, found: np.ndarray, start: float, step: float) -> slice | None:
    """The rows (or columns) of the picture around the model's rows `found`, within limits; None if there are none.

    start: where the model's first row begins in the picture. step: rows of the picture in one of the model.
    """
    low = max(limits.start, int((found[0] - 1) * step + start))
    high = min(limits.stop, int((found[-1] + 2) * step + start) + 1)
    return slice(low, high) if high > low else None


def _members(small: np.ndarray, core: np.ndarray, count: int, lines: np.ndarray) -> list[np.ndarray]:
    """For each area in `small`, the flat indices of the model's pixels in it whose colour can be trusted.

    core: where there is no line. An area that is covered by lines has all its pixels.
    """
    from scipy import ndimage

    side, work = len(lines), len(small)
    off = core | ~(np.bincount(small[core], minlength=count) > 0)[small]
    at = np.flatnonzero(off)
    areas = small.ravel()[at]
    order = np.argsort(areas.astype(np.min_scalar_type(count)), kind="stable")  # small numbers are sorted by digits
    pixel = at[order] // work // WORK * side + at[order] % work // WORK
    members = np.split(pixel, np.cumsum(np.bincount(areas, minlength=count))[:-1])
    clear = (lines > 0.85).ravel()
    clearer = (ndimage.minimum_filter(lines, 3) > 0.85).ravel()
    return [np.unique(_trusted(m, clear, clearer)) for m in members]


def _trusted(members: np.ndarray, clear: np.ndarray, clearer: np.ndarray) -> np.ndarray:
    """An area's pixels without those on a line of the model or beside it, whose colour the line may have changed.

    Those beside it are kept if too few others are left, and then all. clear, clearer: flat masks of the pixels off the
    lines, and of those not even beside one.
    """
    for good in (clearer[members], clear[members]):
        if np.count_nonzero(good) >= max(1, len(members) // 8):
            return members[good]
    return members


def _at_resolution(small: np.ndarray, core: np.ndarray, count: int, ink: np.ndarray, place: Square) -> np.ndarray:
    """The areas at the picture's resolution, made to end at its own lines: int (H, W), `count` outside of the square.

    small: int (work, work), the areas as the model's lines have them. core: where these have no line.
    """
    work = len(small)
    height, width = ink.shape
    left, top, extent = place
    column = np.floor((np.arange(width) + 0.5 - left) * work / extent).astype(int)
    row = np.floor((np.arange(height) + 0.5 - top) * work / extent).astype(int)
    c0, c1 = np.searchsorted(column, (0, work))
    r0, r1 = np.searchsorted(row, (0, work))
    inside = np.ix_(row[r0:r1], column[c0:c1])
    paper = ink[r0:r1, c0:c1] < 0.5
    large = np.full(ink.shape, count, np.min_scalar_type(count + 1))
    large[r0:r1, c0:c1] = _cut_at_own_lines(small[inside], core[inside] & paper, paper, count)
    return large


def _cut_at_own_lines(areas: np.ndarray, seen: np.ndarray, paper: np.ndarray, count: int) -> np.ndarray:
    """Areas int (h, w) as the model's lines have them, made to end at the visitor's own lines.

    The model's lines may be wider than the own ones and run a little beside them. So an area may reach over an own line
    by a little: that strip goes to the area on its side of the line. seen: a mask of what is on no line of either kind.
    paper: a mask of what is on no own line; its connected parts are here called fields.
    """
    from scipy import ndimage

    fields, last = ndimage.label(paper)
    home = _homes(areas[seen], fields[seen], count, last)
    owners = np.bincount(home[home > 0], minlength=last + 1)  # how many areas have their home in each field
    rows = zip(bands(paper), bands(fields), bands(areas), strict=True)
    strips = np.concatenate([p & (f != home[a]) & (owners[f] > 0) for p, f, a in rows])
    if not strips.any():
        return areas
    areas = areas.copy()
    owner = np.full(last + 1, -1, np.int64)
    owner[home] = np.arange(count)
    wrong = fields[strips]
    areas[strips] = np.where(owners[wrong] == 1, owner[wrong], areas[strips])
    for number in np.unique(wrong[owners[wrong] > 1]):
        _give_to_nearest(areas, fields == number, strips)
    return areas


def _homes(areas: np.ndarray, fields: np.ndarray, count: int, last: int) -> np.ndarray:
    """The field (1 to `last`) in which each of `count` areas has most of its pixels; 0 if it has none.

    areas, fields: int (N,), of the same pixels.
    """
    votes: Counter[int] = Counter()
    for start in range(0, len(areas), SOME):
        some = np.s_[start : start + SOME]
        found = np.unique(areas[some].astype(np.int64) * (last + 1) + fields[some], return_counts=True)
        votes.update(dict(zip(*(values.tolist() for values in found), strict=True)))
    home = np.zeros(count, np.int64)
    for pair, _ in sorted(votes.items(), key=lambda item: item[1]):  # what comes last stays: the most pixels
        home[pair // (last + 1)] = pair % (last + 1)
    return home


def _give_to_nearest(areas: np.ndarray, field: np.ndarray, strips: np.ndarray) -> None:
    """Change `areas` int (h, w): strips in a field go to the nearest area in it that has its home there."""
    rows, columns = np.flatnonzero((field & strips).any(1)), np.flatnonzero((field & strips).any(0))
    box = np.s_[max(0, rows[0] - 16) : rows[-1] + 17, max(0, columns[0] - 16) : columns[-1] + 17]
    right, wrong = field[box] & ~strips[box], field[box] & strips[box]
    if right.any():
        areas[box] = np.where(wrong, spread(areas[box], right), areas[box])
