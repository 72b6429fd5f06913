"""Areas whose lines have gaps, drawn by code: what is filled, and what stays white."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE
from PIL import Image, ImageDraw
from scipy import ndimage

from genlib.sketch import Sheet, colour_in, prepare
from genlib.sketch.common import as_grey

RED = (230, 40, 50)


def outline(shape: str, gaps: int, gap: float, width: float, side: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """The outline of a shape with `gaps` gaps of `gap` of the side: uint8 (side, side, 3); and a mask of its inside."""
    t = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    radius = {
        "circle": np.full_like(t, 0.36),
        "square": 0.3 / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t))),
        "star": 0.28 + 0.1 * np.cos(5 * t),
        "egg": 0.3 + 0.06 * np.cos(t),
    }[shape]
    points = side * (0.5 + radius[:, None] * np.stack([np.cos(t), np.sin(t)], 1))
    fine = 3
    image, inside = Image.new("L", (side * fine, side * fine), 255), Image.new("L", (side, side), 0)
    ImageDraw.Draw(inside).polygon([tuple(p) for p in points], 255)
    pen = ImageDraw.Draw(image)
    pen.line([tuple(p) for p in np.concatenate([points, points[:2]]) * fine], 0, round(width * side * fine), "curve")
    for k in range(gaps):
        x, y = points[(75 + k * 500 // gaps) % 500] * fine
        pen.circle((x, y), gap * side * fine / 2, 255)
    grey = np.asarray(image.resize((side, side), Image.Resampling.BOX))
    return np.repeat(grey[..., None], 3, 2), np.asarray(inside) > 0


@pytest.mark.parametrize(
    ("shape", "gaps", "gap", "width"),
    [("circle", 1, 0.03, 0.008), ("square", 3, 0.03, 0.02), ("star", 2, 0.02, 0.004), ("egg", 3, 0.03, 0.006)],
)
def test_a_gap_is_bridged(shape: str, gaps: int, gap: float, width: float) -> None:
    """The model colours everything: what is closed but for gaps is filled, and nothing outside is."""
    pixels, inside = outline(shape, gaps, gap, width)
    sketch = prepare(pixels, SIDE)
    (picture,) = colour_in(Sheet.of(sketch), np.full((1, SIDE, SIDE, 3), RED, np.uint8), "flat")
    size = (len(picture), len(picture))
    within = np.asarray(Image.fromarray(inside).resize(size))
    line = np.asarray(Image.fromarray(as_grey(sketch.ink)).resize(size)) < 250
    red = (np.abs(picture.astype(int) - RED).max(2) < 30) & ~line
    reach = round(0.5 * width * len(picture)) + 2
    assert (red & within).sum() >= 0.99 * (within & ~line).sum()
    outside = red & ~ndimage.binary_dilation(within, iterations=reach)
    assert outside.sum() <= 0.01 * (~within).sum()
