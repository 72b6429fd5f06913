"""Points as a picture: samples over the data, without a plotting library."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

SIDE = 512  # px
FINE = 4  # each pixel of the picture is the mean of so many squared
ROOM = 0.06  # of the side, around everything
RADIUS = 1.5  # px of a point
REACH = 0.25  # of the data's extent: samples farther out than that are not shown
DATA, MADE, MARK = (196, 199, 204), (37, 99, 176), (40, 40, 40)
STRENGTH = 0.55  # of a sample's colour over what is below it
COLOURS = 48  # in the file
BINS = 64

Marks = tuple[np.ndarray, np.ndarray]


def plot(made: np.ndarray, real: np.ndarray | None, marks: Marks | None) -> np.ndarray:
    """Samples (N, D) over points of the data (M, D), uint8 (512, 512, 3); D is 1 (histograms) or 2.

    marks   modes (K, D), around each of which a circle is drawn, and their standard deviations (K,): its radius is 3 of
            them, or as large as can be seen; on a line a mark
    """
    draw = _line if made.shape[1] == 1 else _plane
    picture = draw(made, real, marks).resize((SIDE, SIDE), Image.Resampling.BOX)
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))


def _plane(made: np.ndarray, real: np.ndarray | None, marks: Marks | None) -> Image.Image:
    low, unit = _frame(made if real is None else real)
    sheet = Image.new("RGB", (SIDE * FINE,) * 2, "white")

    def pixels(points: np.ndarray) -> np.ndarray:
        x, y = ((points - low) * unit).T
        return np.stack([x, SIDE * FINE - y], 1)  # y goes up

    for points, colour, strength in ((real, DATA, 1.0), (made, MADE, STRENGTH)):
        if points is not None:
            _dots(sheet, pixels(points), colour, strength)
    if marks is not None:
        pen = ImageDraw.Draw(sheet)
        for (x, y), sigma in zip(pixels(marks[0]), marks[1], strict=True):
            radius = max(3 * sigma * unit, 3 * RADIUS * FINE)
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=MARK, width=FINE)
    return sheet


def _frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """The lower left corner of a square around the points, with room, and how many fine pixels a unit has."""
    low, high = points.min(0), points.max(0)
    extent = max(float((high - low).max()), 1e-6) * (1 + REACH)
    whole = extent / (1 - 2 * ROOM)
    return (low + high) / 2 - whole / 2, SIDE * FINE / whole


def _dots(sheet: Image.Image, centres: np.ndarray, colour: tuple[int, int, int], strength: float) -> None:
    """Lay discs over the sheet: where many are, the colour is full."""
    side, reach = sheet.width, math.ceil(RADIUS * FINE)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = dx**2 + dy**2 <= (RADIUS * FINE) ** 2
    x = np.rint(centres[:, :1]).astype(int) + dx[inside]
    y = np.rint(centres[:, 1:]).astype(int) + dy[inside]
    seen = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    count = np.bincount(y[seen] * side + x[seen], minlength=side * side).reshape(side, side)
    cover = 1 - (1 - strength) ** np.minimum(count, 8)
    sheet.paste(colour, mask=Image.fromarray(np.rint(255 * cover).astype(np.uint8)))


def _line(made: np.ndarray, real: np.ndarray | None, marks: Marks | None) -> Image.Image:
    """Histograms on one scale: the data's filled, the samples' as an outline."""
    low, unit = _frame(made if real is None else real)
    side, left = SIDE * FINE, float(low[0])
    edges = np.linspace(left, left + side / unit, BINS + 1)
    heights = [None if p is None else np.histogram(p[:, 0], edges)[0] / len(p) for p in (real, made)]
    most = max(float(h.max()) for h in heights if h is not None) or 1.0
    floor, tall = side * (1 - ROOM), side * (1 - 2 * ROOM)
    sheet = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(sheet)
    x = (edges - left) * unit
    if heights[0] is not None:
        for i, height in enumerate(heights[0]):
            pen.rectangle((x[i], floor - tall * height / most, x[i + 1] - 1, floor), fill=DATA)
    assert heights[1] is not None
    outline = [(float(at), floor - tall * h / most) for i, h in enumerate(heights[1]) for at in (x[i], x[i + 1])]
    pen.line(outline, fill=MADE, width=2 * FINE, joint="curve")
    pen.line((0, floor, side, floor), fill=MARK, width=FINE)
    for mode in marks[0][:, 0] if marks is not None else ():
        at = (mode - left) * unit
        pen.line((at, floor, at, floor + 3 * RADIUS * FINE), fill=MARK, width=FINE)
    return sheet
