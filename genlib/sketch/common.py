"""What the other files of this package share: limits, sizes, and small steps on pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

WORK = 4  # lines and areas are worked on at this multiple of the model's resolution
SHOW = 512  # longest side of a Stage's picture, and shortest longest side of a coloured one
NOTHING = "There are no lines in this picture to colour: draw something, or bring a drawing with clear lines."


def as_grey(ink: np.ndarray) -> np.ndarray:
    """Ink in [0, 1] as uint8, dark on white."""
    return (255.5 - 255 * ink).astype(np.uint8)


def median(pixels: np.ndarray) -> np.ndarray:
    return np.median(pixels, axis=0).round().astype(np.uint8)


def reduced(pixels: np.ndarray, longest: int) -> np.ndarray:
    """The picture as float32, averaged down to at most `longest` pixels."""
    share = min(1.0, longest / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)


def shown(pixels: np.ndarray) -> np.ndarray:
    return reduced(pixels, SHOW).round().astype(np.uint8)


def enlarged(plane: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A float plane (h, w) at the size (H, W), interpolated."""
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def pen_width(mask: np.ndarray) -> float:
    """Rough width of the lines in a mask, in pixels: twice the area by the length of the outline."""
    edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    return 2 * np.count_nonzero(mask) / max(1.0, edges * np.pi / 4)
