"""The areas that the lines of a drawing enclose, in the model's picture and in the visitor's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from genlib.framing import Square
from genlib.sketch.common import WORK
from genlib.sketch.palettes import most_frequent, palette_of, without_thin


@dataclass(frozen=True)
class Regions:
    """The areas that a drawing's lines enclose.

    large    int (H, W): the number of the area that each pixel of the picture belongs to, 0 to n - 1, lines to the
             nearest; n outside of the square
    boxes    where each area lies in `large`; None where it has no pixel
    members  for each area, indices of the model's pixels in it, each as often as sixteenths of the pixel are in it
    outer    bool (n,): touches the square's border
    place    (left, top, side) of the square in the picture
    """

    large: np.ndarray
    boxes: list[tuple[slice, slice] | None]
    members: list[np.ndarray]
    outer: np.ndarray
    place: Square

    @classmethod
    def of(cls, lines: np.ndarray, ink: np.ndarray, place: Square) -> Regions:
        from scipy import ndimage

        side = len(lines)
        work = WORK * side
        fine = np.asarray(Image.fromarray(lines).resize((work, work), Image.Resampling.BICUBIC))
        core = fine > 0.5
        if not core.any():
            core = np.ones_like(core)
        parts, count = ndimage.label(core)
        y, x = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
        small = parts[y, x] - 1

        at = np.flatnonzero(core)
        at = at[np.argsort(parts.ravel()[at], kind="stable")]
        pixel = at // work // WORK * side + at % work // WORK
        members = np.split(pixel, np.cumsum(np.bincount(parts.ravel(), minlength=count + 1)[1:-1]))
        clear = (lines > 0.85).ravel()
        clearer = (ndimage.minimum_filter(lines, 3) > 0.85).ravel()
        members = [_trusted(m, clear, clearer) for m in members]
        outer = np.zeros(count, bool)
        outer[np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])] = True

        height, width = ink.shape
        left, top, extent = place
        column = np.floor((np.arange(width) + 0.5 - left) * work / extent).astype(int)
        row = np.floor((np.arange(height) + 0.5 - top) * work / extent).astype(int)
        c0, c1 = np.searchsorted(column, (0, work))
        r0, r1 = np.searchsorted(row, (0, work))
        large = np.full(ink.shape, count, np.int32)
        inner = small[np.ix_(row[r0:r1], column[c0:c1])]
        paper = ink[r0:r1, c0:c1] < 0.5
        seen = core[np.ix_(row[r0:r1], column[c0:c1])] & paper
        large[r0:r1, c0:c1] = _sorted_out(inner, seen, paper, count)
        boxes = ndimage.find_objects(large + 1, count)
        return cls(large, boxes, members, outer, place)

    def painted(self, colours: np.ndarray) -> np.ndarray:
        """The areas filled from the colours (side, side, 3) that the model gave them: uint8 (H, W, 3)."""
        flat = np.full((len(self.members) + 1, 3), 255, np.uint8)
        varied: list[tuple[int, np.ndarray | None]] = []
        for number, members in enumerate(self.members):
            palette = palette_of(colours, members)
            if palette is None and not self.outer[number]:
                palette = most_frequent(colours.reshape(-1, 3)[np.unique(members)])[None]
            if palette is not None:
                palette[palette.min(1) >= (232 if self.outer[number] else 246)] = 255
                flat[number] = palette[0]
            if palette is None or len(palette) > 1:
                varied.append((number, palette))
        picture = flat[self.large]
        for number, palette in varied:
            self._shade(picture, number, palette, colours)
        return picture

    def _shade(self, picture: np.ndarray, number: int, palette: np.ndarray | None, colours: np.ndarray) -> None:
        """Fill one area of `picture`, which has the first colour of its palette, from the model's colours inside it
        alone: its other colours, with sharp edges between them; or interpolated ones where there is no palette."""
        from scipy import ndimage

        side = len(colours)
        here = np.zeros(side * side, bool)
        here[self.members[number]] = True
        y, x = ndimage.distance_transform_edt(~here.reshape(side, side), return_distances=False, return_indices=True)
        values = colours[y, x].astype(np.float32)  # the area's own colours go on beyond its edge
        if palette is None:
            values = ndimage.gaussian_filter(values, (0.8, 0.8, 0))
            if self.outer[number]:  # nearly white is white
                values += (255 - values) * ((values.min(2, keepdims=True) - 224) / 16).clip(0, 1)
            patch = self._enlarged(values.round().astype(np.uint8), number, np.ones((side, side), bool))
            if patch:
                box, inside, shade = patch
                np.copyto(picture[box], shade, where=inside[..., None])
            return
        distance = np.abs(values[:, :, None] - palette.astype(np.float32)).max(3)
        sure = np.stack([without_thin(d < 28) for d in np.moveaxis(distance, 2, 0)], -1)
        near = ndimage.maximum_filter(sure, (5, 5, 1)) / (distance**2 + 50) + 1e-9  # else an edge has a third colour
        near = ndimage.gaussian_filter(near / near.sum(2, keepdims=True), (0.5, 0.5, 0))
        sharp = max(1.0, self.place[2] / side / 2)
        for k in range(1, len(palette)):
            lead = near[..., k] - near[..., :k].max(2)
            patch = self._enlarged(lead, number, lead > -0.98)
            if patch:
                box, inside, shade = patch
                share = ((shade * sharp + 0.5).clip(0, 1) * inside)[..., None]
                picture[box] = (picture[box] + share * (palette[k].astype(np.float32) - picture[box])).round()

    def _enlarged(
        self, values: np.ndarray, number: int, where: np.ndarray
    ) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
        """A picture uint8 (side, side, 3) or a plane float32 (side, side) at the resolution of the visitor's picture,
        around `where` in an area: the box there, the area's pixels in it, the values in it; None where there are none.
        """
        box = self.boxes[number]
        rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        if box is None or not len(rows):
            return None
        side = len(values)
        step = self.place[2] / side
        spans, limits = [], []
        for at, found, start in ((box[1], columns, self.place[0]), (box[0], rows, self.place[1])):
            low = max(at.start, int((found[0] - 1) * step + start))
            high = min(at.stop, int((found[-1] + 2) * step + start) + 1)
            if high <= low:
                return None
            spans.append(slice(low, high))
            # + 2: a margin copied from the border, for an interpolation that reaches over it
            limits.append(((low - start) / step + 2, (high - start) / step + 2))
        (left, right), (top, bottom) = limits
        view = (max(0.0, left), max(0.0, top), min(side + 4.0, right), min(side + 4.0, bottom))
        size = (spans[0].stop - spans[0].start, spans[1].stop - spans[1].start)
        padded = np.pad(values, ((2, 2), (2, 2), (0, 0))[: values.ndim], mode="edge")
        large = Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC, view)
        place = (spans[1], spans[0])
        return place, self.large[place] == number, np.asarray(large)


def _trusted(members: np.ndarray, clear: np.ndarray, clearer: np.ndarray) -> np.ndarray:
    """An area's pixels without those that a line of the model may have tinged, as far as others are left."""
    for good in (clearer[members], clear[members]):
        if np.count_nonzero(good) >= max(1, len(members) // 8):
            return members[good]
    return members


def _sorted_out(inner: np.ndarray, seen: np.ndarray, paper: np.ndarray, count: int) -> np.ndarray:
    """Areas at the picture's resolution, made to end at its own lines.

    inner int (h, w): the areas as the model's lines have them; seen: off the model's and the own lines; paper: off the
    own ones. The model's lines may be wider, and run a little beside the own: what an own line cuts off from all of its
    area that was seen goes to the area on its own side.
    """
    from scipy import ndimage

    own, owns = ndimage.label(paper)
    pairs, votes = np.unique(inner[seen].astype(np.int64) * (owns + 1) + own[seen], return_counts=True)
    area, part = pairs // (owns + 1), pairs % (owns + 1)
    home = np.zeros(count, np.int64)  # the own part that most of an area lies in
    order = np.argsort(votes)
    home[area[order]] = part[order]
    inside = np.bincount(home[home > 0], minlength=owns + 1)
    wrong = paper & (own != home[inner]) & (inside[own] > 0)
    if wrong.any():
        inner = inner.copy()
        single = np.full(owns + 1, -1, np.int64)
        single[home] = np.arange(count)
        alone = wrong & (inside[own] == 1)
        inner[alone] = single[own[alone]]
        shared = wrong & (inside[own] > 1)
        for number in np.unique(own[shared]):
            here = own == number
            rows, columns = np.flatnonzero((here & shared).any(1)), np.flatnonzero((here & shared).any(0))
            box = np.s_[max(0, rows[0] - 16) : rows[-1] + 17, max(0, columns[0] - 16) : columns[-1] + 17]
            right = here[box] & ~wrong[box]
            if right.any():
                y, x = ndimage.distance_transform_edt(~right, return_distances=False, return_indices=True)
                inner[box] = np.where(here[box] & wrong[box], inner[box][y, x], inner[box])
    return inner
