"""What is around a drawing's paper: the dark edges of a scanner, the bars and the ground of a screen."""

from __future__ import annotations

import numpy as np

from genlib.sketch.common import Box

COARSE = 256  # px: the longer side of the picture in which a card on a screen is looked for
EDGE = 0.12  # of a side: a scanner's edge is at most so wide
LIGHT = 215  # level that the paper of a card has at least, in each channel
SAME = 5  # levels between pixels of one colour
LOW = 0.15  # of the drawing's height: lines of text beside it are lower
LETTERS = 5  # parts that a line of text has at least


def paper_box(pixels: np.ndarray) -> Box | None:
    """Where the paper lies in a picture uint8 (H, W, 3) with something else around it; None if all of it is paper."""
    box = _card(pixels) or np.s_[0 : pixels.shape[0], 0 : pixels.shape[1]]
    rows, columns = box
    top, bottom, left, right = _edges(pixels[box])
    inner = np.s_[rows.start + top : rows.stop - bottom, columns.start + left : columns.stop - right]
    if (inner[0].stop - inner[0].start, inner[1].stop - inner[1].start) == pixels.shape[:2]:
        return None
    return inner


def without_text(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) without lines of text above and below the drawing, as under a picture on a screen: low rows of several
    parts of nearly one height, with free space around them."""
    from scipy import ndimage

    mask = ink > 0.3
    rows = np.flatnonzero(np.diff(np.pad(mask.any(1), 1).astype(np.int8))).reshape(-1, 2)  # where each row of ink is
    if len(rows) < 2:
        return ink
    kept, tall = ink.copy(), int(np.ptp(rows, axis=1).max())
    for top, bottom in rows.tolist():
        if bottom - top < LOW * tall:
            parts, count = ndimage.label(mask[top:bottom].any(0))
            letters = (np.flatnonzero((mask[top:bottom] & (parts == n)).any(1)) for n in range(1, count + 1))
            heights = [int(np.ptp(rows_of)) + 1 for rows_of in letters]
            if count >= LETTERS and np.median(heights) > 0.4 * (bottom - top):
                kept[max(0, top - 2) : bottom + 2] = 0
    return kept


def _edges(pixels: np.ndarray) -> tuple[int, ...]:
    """How many rows or columns a dark edge takes up at the top, the bottom, the left and the right of a picture."""
    green = pixels[..., 1]
    usual = float(np.median(green[::5, ::5]))
    if usual < 110:  # dark ground, or a table
        return 0, 0, 0, 0
    return tuple(_edge(lines, 0.6 * usual) for lines in (green, green[::-1], green.T, green.T[::-1]))


def _edge(tones: np.ndarray, least: float) -> int:
    """How many of the first rows of tones (h, w), darker than `least`, are an edge with its soft or slanting end."""
    if len(tones) < 9 or np.mean(tones[0] < least) < 0.7:
        return 0
    share = np.mean(tones[: int(EDGE * len(tones)) + 1] < least, axis=1)
    end = int(np.argmax(share < 0.1))
    if share[end] >= 0.1:
        return 0  # it goes on: no edge, but an area
    return min(end + max(2, len(tones) // 200), len(tones) // 4)


def _card(pixels: np.ndarray) -> Box | None:
    """The light, even rectangle with something drawn on it, on a screen of other colours: the smallest one."""
    step = max(1, max(pixels.shape) // COARSE)
    some = pixels[::step, ::step]
    light = some.min(2) >= LIGHT
    found = []
    for _ in range(3):
        if light.mean() < 0.08:
            break
        tone = _most_frequent(some[light])
        paper = np.abs(some.astype(np.int16) - tone).max(2) <= SAME
        light &= ~paper
        if (box := _rectangle(paper)) and _flat(some[_outside(paper.shape, box)]):
            found.append(box)
    if not found:
        return None
    box = min(found, key=lambda b: (b[0].stop - b[0].start) * (b[1].stop - b[1].start))
    inset = 1 + len(some) // 200
    rows, columns = (
        slice(
            0 if span.start == 0 else (span.start + inset) * step,
            size if span.stop * step >= size else (span.stop - inset) * step,
        )
        for span, size in zip(box, pixels.shape[:2], strict=True)
    )
    return rows, columns


def _rectangle(paper: np.ndarray) -> Box | None:
    """The box of the largest part of a mask (h, w) if that is a rectangle with holes in it, and hardly anything else of
    the mask is outside."""
    from scipy import ndimage

    parts, _ = ndimage.label(paper)
    largest = parts == 1 + np.bincount(parts.ravel())[1:].argmax()
    rows, columns = np.flatnonzero(largest.any(1)), np.flatnonzero(largest.any(0))
    box = np.s_[int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
    inside = largest[box]
    if not 0.08 < inside.size / paper.size < 0.97 or inside.mean() > 0.997:
        return None
    if ndimage.binary_fill_holes(inside).mean() < 0.94 or paper[_outside(paper.shape, box)].mean() > 0.3:
        return None
    return box


def _outside(shape: tuple[int, ...], box: Box) -> np.ndarray:
    """What is not in a box, as a mask (h, w)."""
    outside = np.ones(shape[:2], bool)
    outside[box] = False
    return outside


def _most_frequent(colours: np.ndarray) -> np.ndarray:
    """The most frequent of colours uint8 (N, 3), in steps of four levels: int (3,)."""
    names, counts = np.unique((colours >> 2).astype(np.int32) @ np.array([4096, 64, 1]), return_counts=True)
    mode = names[counts.argmax()]
    return np.array([mode >> 12, mode >> 6 & 63, mode & 63]) * 4 + 2


def _flat(colours: np.ndarray) -> bool:
    """Whether most of the colours uint8 (N, 3) are a few, as around a card on a screen; a table's are many."""
    left, total = colours.astype(np.int16), len(colours)
    for _ in range(4):
        if not len(left):
            break
        left = left[np.abs(left - _most_frequent(left.astype(np.uint8))).max(1) > SAME]
    return len(left) < 0.12 * total
