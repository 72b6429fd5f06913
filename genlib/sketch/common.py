"""What the files of this package share: sizes, and small operations on pictures and masks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from genlib.framing import BAND

Box = tuple[slice, slice]  # rows and columns of a picture

WORK = 4  # lines and areas are worked on at this multiple of the model's resolution
SMALL = 192  # px: the longer side of the reduced picture in which the paper is looked for
SHOW = 512  # px: a Stage's picture is at most this long, a coloured picture at least
PENCIL = 90  # lines that are grey and lighter than this are drawn in this grey: else they are hard to see among colours
NOTHING = "There are no lines in this picture to colour: draw something, or bring a drawing with clear lines."


def as_grey(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) in [0, 1] as a picture uint8 (H, W), dark on white."""
    return (255.5 - 255 * ink).astype(np.uint8)


def median(pixels: np.ndarray) -> np.ndarray:
    """The median colour uint8 (3,) of pixels (N, 3), channel by channel."""
    return np.median(pixels, axis=0).round().astype(np.uint8)


def reduced(pixels: np.ndarray, longest: int) -> np.ndarray:
    """A picture uint8 as float32, averaged down until its longer side is at most `longest` pixels."""
    share = min(1.0, longest / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)


def as_relative(small: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """A reduced picture (h, w, 3) as shares of its paper's tone, a colour (3,) or colours of any resolution."""
    tones = np.stack([np.broadcast_to(tone_of(paper, c, small.shape), small.shape[:2]) for c in range(3)], -1)
    return (small / np.maximum(tones, 1)).clip(0, 1).astype(np.float32)


def tone_of(paper: np.ndarray, channel: int, shape: tuple[int, ...]) -> np.ndarray:
    """One channel of the paper's colour, () of (3,), or float32 (H, W) of (h, w, 3)."""
    return paper[channel] if paper.ndim == 1 else enlarged(paper[..., channel], shape)


def shown(pixels: np.ndarray) -> np.ndarray:
    """A picture uint8 in the size of a Stage's."""
    return reduced(pixels, SHOW).round().astype(np.uint8)


def placed(part: np.ndarray, shape: tuple[int, ...], box: Box) -> np.ndarray:
    """A part of a picture in its box of the whole, (H, W, ...), which is 0 elsewhere."""
    whole = np.zeros((*shape[:2], *part.shape[2:]), part.dtype)
    whole[box] = part
    return whole


def enlarged(plane: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A plane (h, w) as float32 (H, W), interpolated."""
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def spread(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Values (H, W, ...) in which those outside the mask `where` are replaced by the nearest inside it."""
    from scipy import ndimage

    y, x = ndimage.distance_transform_edt(~where, return_distances=False, return_indices=True)
    return values[y, x]


def counted(parts: np.ndarray, count: int) -> np.ndarray:
    """How many pixels each of the parts 0 to `count` has in parts int (H, W)."""
    # In bands, here and below: numpy makes 8 bytes of each number that it counts or looks up.
    return np.sum([np.bincount(band.ravel(), minlength=count + 1) for band in bands(parts)], axis=0)


def looked_up(table: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """table[parts], for parts int (H, W)."""
    return np.concatenate([table[band] for band in bands(parts)])


def bands(picture: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of a picture, BAND at a time."""
    for top in range(0, len(picture), BAND):
        yield picture[top : top + BAND]


def opened(inside: np.ndarray, radius: float, further: float = 0.0) -> np.ndarray:
    """What of a mask discs of this radius cover, and what of it is up to `further` beyond them.

    inside: each pixel's distance from the mask's outline.
    """
    from scipy import ndimage

    core = inside > radius
    return (ndimage.distance_transform_edt(~core) <= radius + further) & (inside > 0) if core.any() else core


def pen_width(mask: np.ndarray) -> float:
    """About how wide the lines in a mask (H, W) are, in pixels, whatever areas are filled beside them.

    Of all places where a row or a column crosses a line, one in three is shorter than 1.07 times the line's width.
    """
    runs = np.concatenate([_runs(mask), _runs(mask.T)])
    return float(np.percentile(runs, 35)) / 1.07 if len(runs) else 0.0


def _runs(mask: np.ndarray) -> np.ndarray:
    """How long the runs of true pixels are in the rows of a mask (H, W)."""
    padded = np.zeros((len(mask), mask.shape[1] + 1), bool)
    padded[:, :-1] = mask
    flat = padded.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    if flat[0]:
        changes = np.append(-1, changes)
    return changes[1::2] - changes[::2]
