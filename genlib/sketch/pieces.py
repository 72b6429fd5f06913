"""Several drawings on one sheet."""

from __future__ import annotations

import numpy as np

from genlib.framing import Part

COARSE = 256  # px: the longer side of the ink in which they are looked for
GAP = 4  # of these: what is nearer than twice that belongs together
MOST = 24
ALIKE = 0.4  # of the usual size: a smaller thing belongs to the drawing beside it, one that much larger is a scene
MARGIN = 0.08  # of a drawing's size


def pieces(ink: np.ndarray) -> tuple[Part, ...]:
    """Where each drawing is in the ink (H, W) of a sheet, in reading order; none where all is one drawing."""
    from scipy import ndimage

    height, width = ink.shape
    step = max(1, round(max(height, width) / COARSE))
    mask = ndimage.maximum_filter(ink, step)[step // 2 :: step, step // 2 :: step] > 0.4
    near = ndimage.distance_transform_edt(~mask) <= GAP if mask.any() else mask
    groups, count = ndimage.label(near)
    if count < 2:
        return ()
    boxes = np.array([(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(np.where(mask, groups, 0))])
    boxes = _with_small_ones(boxes)
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(1)
    usual = float(np.median(sizes))
    if not 2 <= len(boxes) <= MOST or sizes.max() > usual / ALIKE or _overlap(boxes):
        return ()
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    order = sorted(range(len(boxes)), key=lambda k: (_row(middles[:, 1], k, usual), middles[k, 0]))
    found = []
    for left, top, right, bottom in boxes[order] * float(step):
        edge = MARGIN * max(right - left, bottom - top)
        spans = ((left - edge) / width, (top - edge) / height, (right + edge) / width, (bottom + edge) / height)
        found.append(tuple(round(1000 * min(1.0, max(0.0, span))) for span in spans))
    return tuple((a, b, c, d) for a, b, c, d in found)


def _row(middles: np.ndarray, k: int, usual: float) -> int:
    """In which row the box k is, counted by the gaps between the heights of all."""
    heights = np.sort(middles)
    starts = heights[1:][np.diff(heights) > usual / 2]
    return int(np.searchsorted(starts, middles[k], side="right"))


def _with_small_ones(boxes: np.ndarray) -> np.ndarray:
    """Boxes int (N, 4), those that are far smaller than the others, or within another, taken into the nearest one."""
    sides = boxes[:, 2:] - boxes[:, :2]
    common = np.minimum(boxes[:, None, 2:], boxes[:, 2:]) - np.maximum(boxes[:, None, :2], boxes[:, :2])
    within = common.clip(0).prod(2) > 0.6 * sides.prod(1)[:, None]
    boxes = boxes[~(within & (sides.prod(1) > sides.prod(1)[:, None])).any(1)]
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(1)
    large = sizes >= ALIKE * np.median(sizes[sizes >= ALIKE * sizes.max()])
    kept = boxes[large].copy()
    for box in boxes[~large]:
        away = np.maximum(kept[:, :2] - box[2:], box[:2] - kept[:, 2:]).clip(0)
        nearest = int(np.hypot(*away.T).argmin())
        kept[nearest] = np.r_[np.minimum(kept[nearest, :2], box[:2]), np.maximum(kept[nearest, 2:], box[2:])]
    return kept


def _overlap(boxes: np.ndarray) -> bool:
    """Whether any of the boxes int (N, 4) lies over another by more than a tenth of the smaller one."""
    for k, box in enumerate(boxes):
        others = np.delete(boxes, k, 0)
        common = (np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])).clip(0).prod(1)
        if (common > 0.1 * np.minimum((box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(1))).any():
            return True
    return False
