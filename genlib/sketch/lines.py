"""From the ink to the model's lines: cropped like the training drawings, and redrawn in their width."""

from __future__ import annotations

import numpy as np

from genlib.framing import Square, window
from genlib.sketch.common import NOTHING, WORK, as_grey, pen_width
from genlib.uploads import UploadError

# Measured on the 3215 training drawings at 128 pixels (0 is the 1st, 1 the 99th percentile).
LINE = 3.5 / 128  # width of a line, by this module's own `_width`, as a share of the square's side
EXTENT = (0.58, 0.95)  # longer side of the drawing
OFF_CENTRE = 0.1  # distance of its middle from the square's
AIM = 0.76  # the median extent: what a drawing outside EXTENT is scaled to


def whole(ink: np.ndarray) -> Square:
    """The square around the whole picture."""
    height, width = ink.shape
    side = max(height, width)
    return ((width - side) / 2, (height - side) / 2, float(side))


def crop(ink: np.ndarray) -> tuple[Square, str]:
    """The square that shows the drawing as the training drawings are shown, and a sentence on it."""
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


def redrawn(ink: np.ndarray, square: Square, lines: np.ndarray) -> tuple[np.ndarray, str]:
    """The square's lines, uint8 (side, side), in the training width: drawn anew around their skeleton. `lines`, the
    same as they are, where the width is near that. Dark areas stay, their outline moved as a line's would be.
    """
    from scipy import ndimage
    from skimage.morphology import skeletonize

    side = len(lines)
    work = WORK * side
    target = LINE * work
    alpha = window(255 - as_grey(ink), square, work, 0).astype(np.float32) / 255
    pen = pen_width(ink > 0.5) * work / square[2]
    mask = alpha > np.clip(0.45 * pen, 0.12, 0.5)  # a line thinner than a pixel is nowhere dark
    if pen > 6:
        mask = ndimage.gaussian_filter(mask.astype(np.float32), min(4, 0.12 * pen)) > 0.5
    mask = _without_holes(mask, (0.5 * target) ** 2)
    if not mask.any():
        return lines, "Nothing to redraw."
    inside = ndimage.distance_transform_edt(mask)
    skeleton = skeletonize(mask)
    width = 2 * float(np.median(inside[skeleton]))
    if abs(width / target - 1) < 0.15:
        return lines, "As wide as the training lines: left so."
    core = inside > 0.95 * max(width, 3)
    areas = ndimage.distance_transform_edt(~core) <= 0.95 * max(width, 3) if core.any() else core
    areas &= mask
    thin = _pruned(skeleton & ~areas, skeleton & areas, round(0.6 * width))
    outside = ndimage.distance_transform_edt(~thin) if thin.any() else np.full(mask.shape, np.inf)
    drawn = (target / 2 - outside).clip(0, 1)
    if areas.any():
        signed = ndimage.distance_transform_edt(~areas) - ndimage.distance_transform_edt(areas)
        drawn = np.maximum(drawn, ((target - width) / 2 + 0.5 - signed).clip(0, 1))
    blocks = drawn.reshape(side, WORK, side, WORK).mean((1, 3))
    text = f"Redrawn {'wider' if width < target else 'narrower'}: {width / WORK:.1f} to {target / WORK:.1f} pixels."
    return (255 - (255 * blocks).round()).astype(np.uint8), text


def _without_holes(mask: np.ndarray, area: float) -> np.ndarray:
    """The mask with its holes of less than `area` pixels filled: the grain of a pencil, gaps between double lines."""
    from scipy import ndimage

    parts, count = ndimage.label(~mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    holes = sizes < area
    holes[0] = False
    return mask | holes[parts]


def _pruned(skeleton: np.ndarray, rest: np.ndarray, length: int) -> np.ndarray:
    """A skeleton without its side branches of up to `length` pixels: rough edges of a wide line make such barbs.

    Line ends are taken off pixel by pixel, then grown back where an end is still there; a line that would vanish
    altogether stays whole. Where the skeleton goes on in `rest` it does not end.
    """
    from scipy import ndimage

    if length < 2:
        return skeleton
    whole = np.pad(skeleton | rest, 1)
    width = whole.shape[1]
    near = np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
    alive = whole.ravel().copy()
    movable = np.pad(skeleton, 1).ravel()
    removed = []
    at = np.flatnonzero(movable)
    for _ in range(length):
        count = alive[at[:, None] + near].sum(1)
        ends = at[count <= 1]
        if not len(ends):
            break
        alive[ends] = False
        removed.append(ends)
        at = at[count > 1]
    front = at[alive[at[:, None] + near].sum(1) == 1] if len(at) else at
    gone = np.zeros_like(alive)
    if removed:
        gone[np.concatenate(removed)] = True
    for _ in range(length):
        if not len(front):
            break
        step = (front[:, None] + near).ravel()
        front = np.unique(step[gone[step]])
        alive[front] = True
        gone[front] = False
    parts, count = ndimage.label(whole, np.ones((3, 3)))
    left = np.zeros(count + 1, bool)
    left[parts.ravel()[alive]] = True
    alive |= whole.ravel() & ~left[parts.ravel()]
    return alive.reshape(whole.shape)[1:-1, 1:-1] & skeleton
