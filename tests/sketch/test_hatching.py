"""Hatching: it stays in the picture, and is neither a line for the model nor a border of areas."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE
from PIL import Image, ImageDraw

from genlib.sketch import Sheet, Sketch, colour_in, prepare
from genlib.sketch.hatching import without_hatching

ACROSS = 768
STROKES = {"along": ((1, 1),), "level": ((0, 1),), "crossed": ((1, 1), (1, -1))}


def drawn(pen: int, strokes: str = "", width: int = 3, apart: int = 12) -> np.ndarray:
    """A house with a window, the right half of its wall hatched: uint8 (ACROSS, ACROSS, 3)."""
    picture = Image.new("L", (ACROSS, ACROSS), 255)
    draw = ImageDraw.Draw(picture)
    shade, on = Image.new("L", picture.size, 255), Image.new("1", picture.size, 0)
    for right, down in STROKES.get(strokes, ()):
        for start in range(-ACROSS, 2 * ACROSS, apart):
            ends = (0, start, ACROSS, start - ACROSS * down) if right else (0, start, ACROSS, start)
            ImageDraw.Draw(shade).line(ends, 0, width)
    ImageDraw.Draw(on).rectangle((400, 330, 620, 640), 1)
    picture.paste(shade, mask=on)
    draw.rectangle((150, 330, 620, 640), outline=0, width=pen)
    draw.line((110, 340, 385, 110, 660, 340), 0, pen, joint="curve")
    draw.rectangle((210, 420, 320, 530), outline=0, width=pen)
    return np.repeat(np.asarray(picture)[..., None], 3, 2)


def told(sketch: Sketch) -> bool:
    return any("Hatching" in note for note in sketch.notes)


@pytest.mark.parametrize(
    ("strokes", "pen", "width", "apart"),
    [
        *((strokes, 18, width, apart) for strokes in STROKES for width, apart in ((3, 14), (2, 10))),
        *((strokes, 5, width, apart) for strokes in ("along", "level") for width, apart in ((5, 16), (3, 10))),
    ],
)
def test_the_model_sees_the_drawing_without_it(strokes: str, pen: int, width: int, apart: int) -> None:
    bare, hatched = prepare(drawn(pen), SIDE), prepare(drawn(pen, strokes, width, apart), SIDE)
    assert told(hatched)
    assert not told(bare)
    assert bare.outlines is bare.ink
    assert np.abs(hatched.seen - bare.seen).mean() < 0.02
    assert len(Sheet.of(hatched).regions.ground) == len(Sheet.of(bare).regions.ground)


def test_it_stays_in_the_picture_over_one_flat_colour() -> None:
    pixels = drawn(18, "along")
    sketch = prepare(pixels, SIDE)
    colours = np.full((1, SIDE, SIDE, 3), (240, 180, 60), np.uint8)
    (made,) = colour_in(Sheet.of(sketch), colours)
    wall = (slice(480, 620), slice(420, 600))
    strokes = pixels[wall][..., 0] < 64
    assert made[wall][strokes].max() < 80
    assert (made[wall][~strokes & (pixels[wall][..., 0] > 250)] == (240, 180, 60)).all()


def test_what_is_black_all_over_and_what_stands_apart_stays() -> None:
    for apart, width in ((12, 12), (60, 4)):  # no gaps, and gaps wider than the model's lines
        sketch = prepare(drawn(18, "along", width, apart), SIDE)
        assert sketch.outlines is sketch.ink


def test_without_new_lines_it_is_left_as_it_is() -> None:
    ink = np.zeros((300, 200), np.float32)
    assert without_hatching(ink, (0.0, 0.0, 300.0)) is ink
