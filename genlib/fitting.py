"""A picture that somebody brings, as a model that scores or encodes reads it: its square, its channels, its light.

>>> found = fitting.fit(uploads.read(data).pixels, model.config.space)
>>> found.pixels.shape, found.notes
((28, 28, 1), ('made grey', 'cut to a square and scaled from 300 x 200 to 28 x 28'))
>>> model.log_prob(found.x)

The page and the command line both go through here, so that they say the same of the same file. A picture that has the
model's size and kind comes through unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genlib import framing
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from torch import Tensor

LIGHT = 128  # grey level: a border above it is paper
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True)
class Fitted:
    """pixels uint8 (S, S, C); notes on what was done, each to be read after "It was"."""

    pixels: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def x(self) -> Tensor:
        """float32 (1, C, S, S) in [0, 1]."""
        return to_x(self.pixels[None])


def fit(pixels: np.ndarray, space: Pictures) -> Fitted:
    """A picture uint8 (H, W, 3), in the square and the channels of `space`.

    Grey data sets of this project are white on black: where a picture has a light border, it is turned round, and its
    paper, grey in a photo, becomes black.
    """
    height, width = pixels.shape[:2]
    fitted, _ = framing.fit(pixels, space.side)
    notes = []
    if space.channels == 1:
        if np.ptp(fitted, axis=2).max():
            notes.append("made grey")
        fitted = (fitted @ LUMA).round().astype(np.uint8)[..., None]
    if (height, width) != (space.side, space.side):
        notes.append(f"{_cut(height, width)}scaled from {width} x {height} to {space.side} x {space.side}")
    if space.channels == 1 and np.median(framing.border(fitted)) > LIGHT:
        fitted = _on_black(255 - fitted)
        notes.append("turned round, light for dark, with black for its paper")
    return Fitted(fitted, tuple(notes))


def drawn(lines: np.ndarray, side: int, extent: float) -> np.ndarray:
    """What was drawn in dark lines on white, uint8 (H, H, 3): light on black, uint8 (side, side, 1), in the middle and
    with its longer side `extent` pixels long, as the handwritten digits of MNIST are."""
    return framing.centred(255 - lines[..., 0], side, extent)[..., None]


def placed(lines: np.ndarray, side: int) -> np.ndarray:
    """The same, where it lies on the paper: half a digit is in no middle."""
    grey = 255 - lines[..., 0]
    return framing.window(grey, (0, 0, len(grey)), side, 0)[..., None]


def to_x(pixels: np.ndarray) -> Tensor:
    """float32 (B, C, H, W) in [0, 1], of uint8 (B, H, W, C)."""
    import torch

    return torch.tensor(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).float() / 255


def _on_black(grey: np.ndarray) -> np.ndarray:
    """With the border's grey as black and the lightest as white."""
    ground, lightest = float(np.median(framing.border(grey))), float(grey.max())
    if lightest <= ground:
        return np.zeros_like(grey)
    return ((grey - ground).clip(0) * (255 / (lightest - ground))).round().astype(np.uint8)


def _cut(height: int, width: int) -> str:
    """What framing.fit does to make a square of it."""
    if height == width:
        return ""
    return "cut to a square and " if max(height, width) > 1.25 * min(height, width) else "filled up to a square and "
