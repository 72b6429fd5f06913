"""From the ink to the model's lines: cropped like the training drawings, and redrawn in their width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlib.framing import Square, window
from genlib.sketch.common import NOTHING, WORK, as_grey, opened, pen_width
from genlib.uploads import UploadError

# Measured on the 3215 training drawings at 128 pixels (0.58 is the 1st percentile, 0.95 the 99th).
LINE = 3.5 / 128  # width of a line, measured as in `redrawn`, as a share of the square's side
EXTENT = (0.58, 0.95)  # longer side of the drawing
OFF_CENTRE = 0.1  # distance of its middle from the square's
AIM = 0.76  # the median extent: what a drawing outside EXTENT is scaled to
WIDE = 0.0023  # of the square: what is dark inside of a larger dark area is shown to the model as white


def whole(ink: np.ndarray) -> Square:
    """The square around the whole picture."""
    height, width = ink.shape
    side = max(height, width)
    return ((width - side) / 2, (height - side) / 2, float(side))


def crop(ink: np.ndarray) -> tuple[Square, str]:
    """The square in which the ink (H, W) is placed like a training drawing, and a sentence on it.

    UploadError: there is no ink.
    """
    mask = ink > 0.4
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise UploadError(NOTHING)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    x, y, extent = (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)
    frame = whole(ink)
    off = max(abs(x - frame[0] - frame[2] / 2), abs(y - frame[1] - frame[2] / 2)) / frame[2]
    square = min(ink.shape) > 0.95 * max(ink.shape)
    if square and EXTENT[0] <= extent / frame[2] <= EXTENT[1] and off <= OFF_CENTRE:
        return frame, "Sized and placed like the training drawings: left so."
    side = float(extent / AIM)
    return (float(x - side / 2), float(y - side / 2), side), "Cut out, centred and scaled, with a margin."


@dataclass(frozen=True)
class Trace:
    """Where the lines are in a square of the ink, bool (work, work), and their skeleton."""

    mask: np.ndarray
    skeleton: np.ndarray

    @classmethod
    def of(cls, ink: np.ndarray, square: Square, work: int) -> Trace:
        from skimage.morphology import skeletonize

        mask = line_mask(ink, square, work)
        return cls(mask, skeletonize(mask))


def redrawn(trace: Trace, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """The lines drawn anew in the training width, uint8 (side, side); the same with wide dark areas white inside, as a
    model that knows thin lines leaves white what is beside much black; and a sentence.

    `lines` uint8 (side, side), the square as it is, if their width is near that already. Dark areas stay: their outline
    is moved by as much as a line's is.
    """
    from scipy import ndimage

    side, mask, skeleton = len(lines), trace.mask, trace.skeleton
    target = LINE * (WORK * side)
    if not mask.any():
        return lines, lines, "Nothing to redraw."
    inside = ndimage.distance_transform_edt(mask)
    width = _thin_width(2 * inside[skeleton])
    areas = _dark_areas(inside, width)
    within = _shrunk(~_without_holes(~(areas & (inside > (target + width) / 2)), WIDE * mask.size), side)
    if abs(width / target - 1) < 0.15:
        return lines, np.maximum(lines, within), "As wide as the training lines: left so."
    thin = _pruned(skeleton & ~areas, skeleton & areas, round(0.6 * width))
    made = 255 - _shrunk(_drawn(thin, areas, width, target), side)
    text = f"Redrawn {'wider' if width < target else 'narrower'}: {width / WORK:.1f} to {target / WORK:.1f} pixels."
    return made, np.maximum(made, within), text


def _shrunk(plane: np.ndarray, side: int) -> np.ndarray:
    """A plane (WORK side, WORK side) in [0, 1] as uint8 (side, side)."""
    return (255 * plane.reshape(side, WORK, side, WORK).mean((1, 3))).round().astype(np.uint8)


def _thin_width(widths: np.ndarray) -> float:
    """The width of the lines among all widths (N,) along a skeleton, of which some are those of dark areas."""
    return float(np.median(widths[widths <= 1.6 * np.percentile(widths, 30)]))


def line_mask(ink: np.ndarray, square: Square, work: int) -> np.ndarray:
    """Where the lines are in a square of the ink, as a mask (work, work) with smooth edges and without small holes."""
    from scipy import ndimage

    alpha = window(255 - as_grey(ink), square, work, 0).astype(np.float32) / 255
    pen = pen_width(ink > 0.5) * work / square[2]
    mask = alpha > np.clip(0.45 * pen, 0.12, 0.5)  # a line thinner than a pixel is nowhere dark
    if pen > 6:
        mask = ndimage.gaussian_filter(mask.astype(np.float32), min(4, 0.12 * pen)) > 0.5
    return _without_holes(mask, (0.5 * (LINE * work)) ** 2)


def _without_holes(mask: np.ndarray, area: float) -> np.ndarray:
    """The mask with its holes of less than `area` pixels filled: the grain of a pencil, gaps between double lines."""
    from scipy import ndimage

    parts, count = ndimage.label(~mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    holes = sizes < area
    holes[0] = False
    return mask | holes[parts]


def _dark_areas(inside: np.ndarray, width: float) -> np.ndarray:
    """The parts of a mask that are nearly twice as wide as its lines, or wider.

    inside: each pixel's distance from the mask's outline. width: of the lines, in pixels.
    """
    return opened(inside, 0.95 * max(width, 3))


def _drawn(thin: np.ndarray, areas: np.ndarray, width: float, target: float) -> np.ndarray:
    """Lines `target` pixels wide along the skeleton `thin`, and dark areas, grown or shrunk at their outline as a line
    of `width` is that becomes one of `target`. float (H, W) in [0, 1]; 1 is ink."""
    from scipy import ndimage

    away = ndimage.distance_transform_edt(~thin) if thin.any() else np.full(thin.shape, np.inf)
    drawn = (target / 2 - away).clip(0, 1)
    if areas.any():
        signed = ndimage.distance_transform_edt(~areas) - ndimage.distance_transform_edt(areas)
        drawn = np.maximum(drawn, ((target - width) / 2 + 0.5 - signed).clip(0, 1))
    return drawn


def _pruned(skeleton: np.ndarray, rest: np.ndarray, length: int) -> np.ndarray:
    """A skeleton without its side branches of up to `length` pixels, which the rough edges of a wide line make.

    Line ends are taken off pixel by pixel; then those grow back where there is still an end. A line that would vanish
    altogether stays whole. Where the skeleton goes on in `rest` it does not end.
    """
    if length < 2:
        return skeleton
    padded = np.pad(skeleton | rest, 1)  # so that every pixel has eight neighbours
    width = padded.shape[1]
    near = np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
    before = padded.ravel()
    after, left = _without_ends(before, np.flatnonzero(np.pad(skeleton, 1)), near, length)
    ends = left[after[left[:, None] + near].sum(1) == 1]
    after = _grown(after, before, ends, near, length)
    after |= _vanished(padded, after)
    return after.reshape(padded.shape)[1:-1, 1:-1] & skeleton


def _without_ends(lines: np.ndarray, at: np.ndarray, near: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A flat mask of thin lines after their ends were taken off `length` times, and which pixels of `at` are left.

    Only pixels in `at` are taken. near: the offsets of a pixel's eight neighbours.
    """
    lines = lines.copy()
    for _ in range(length):
        count = lines[at[:, None] + near].sum(1)
        ends = at[count <= 1]
        if not len(ends):
            break
        lines[ends] = False
        at = at[count > 1]
    return lines, at


def _grown(lines: np.ndarray, before: np.ndarray, ends: np.ndarray, near: np.ndarray, length: int) -> np.ndarray:
    """A flat mask of thin lines after they grew `length` times from the pixels `ends`, inside the lines `before`."""
    lines = lines.copy()
    for _ in range(length):
        if not len(ends):
            break
        step = (ends[:, None] + near).ravel()
        ends = np.unique(step[before[step] & ~lines[step]])
        lines[ends] = True
    return lines


def _vanished(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The connected lines in a mask `before` (H, W) of which nothing is in the flat mask `after`, flat."""
    from scipy import ndimage

    parts, count = ndimage.label(before, np.ones((3, 3)))
    left = np.zeros(count + 1, bool)
    left[parts.ravel()[after]] = True
    return before.ravel() & ~left[parts.ravel()]
