"""Moments of a training run: what a model made of the same seeds at first, after some steps, and at the end.

They are pictures, since those of five moments take less room than the weights of one. A file holds one sheet, a row
for each moment; after which steps they were taken stands in config.json.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from genlib.errors import GenlibError
from genlib.sheets import grid, to_uint8
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.contract import Samples

COUNT, SEEDS = 5, range(16)
FIRST = 100  # steps after which the second one is taken; the others lie evenly on a scale of logarithms


def due(steps: int) -> list[int]:
    """After which steps of a run of `steps` they are taken: 0, 100, 464, 2154, 10000 of 10,000."""
    return sorted({0, *np.geomspace(min(FIRST, steps), steps, COUNT - 1).round().astype(int).tolist()})


def chosen(taken: Collection[int], steps: int) -> list[int]:
    """Of the steps after which some were taken, those for a run of `steps`: a run that was made longer has others."""
    return sorted({min(taken, key=lambda step: abs(step - wanted)) for wanted in due(steps)}) if taken else []


def pictures(model: Samples) -> np.ndarray:
    """What the model makes now, uint8 (len(SEEDS), H, W, C)."""
    import torch

    with torch.inference_mode():
        return to_uint8(model.sample(SEEDS))


def encode(taken: np.ndarray) -> bytes:
    """The file, WebP, of pictures uint8 (T, len(SEEDS), H, W, C) of T moments."""
    sheet, file = grid(taken.reshape(-1, *taken.shape[2:]), len(SEEDS), gap=0), io.BytesIO()
    Image.fromarray(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet).save(file, "WebP", quality=90)
    return file.getvalue()


def decode(file: bytes, count: int, space: Any) -> np.ndarray:
    """The pictures of `count` moments in a file that may come from anybody, uint8 (count, len(SEEDS), H, W, C).

    GenlibError: it is no WebP, or not of the size that follows from the model's space.
    """
    if not isinstance(space, Pictures):
        raise GenlibError("its model makes no pictures, so there can be none of its training")
    side, across = space.side, len(SEEDS)
    try:
        with Image.open(io.BytesIO(file), formats=["WEBP"]) as image:
            if image.size != (across * side, count * side):  # known before anything is decoded
                raise GenlibError(f"its sheet is {image.width} x {image.height} pixels large")
            sheet = np.asarray(image.convert("L" if space.channels == 1 else "RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise GenlibError("it is no WebP picture") from None
    cells = sheet.reshape(count, side, across, side, space.channels)
    return np.ascontiguousarray(cells.swapaxes(1, 2))
