"""Several drawings on one sheet, and a part that is cut out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture

from genlib.framing import cut
from genlib.sketch import Sketch, Steps, pieces, prepare
from genlib.sketch.lines import whole


def sheet(places: list[tuple[float, float]], size: float = 0.19) -> np.ndarray:
    """Faces on paper of 600 x 800 pixels; `size` in shares of its width."""
    faces = [picture(3, at, size, (600, 800)) for at in places]
    return np.min(faces, axis=0)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_each_drawing_is_found_in_reading_order(rows: int) -> None:
    places = [(x, y) for y in np.linspace(0.05, 0.65, rows) for x in (0.06, 0.38, 0.7)]
    pixels = sheet(places)
    found = pieces(prepare(pixels, SIDE).ink)
    assert len(found) == len(places)
    for part, at in zip(found, places, strict=True):
        alone = sheet([at])
        assert (cut(pixels, 0, part) == cut(alone, 0, part)).all()  # nothing of another, and all of this one
        assert np.sum(cut(alone, 0, part) < 128) == np.sum(alone < 128)


def test_one_drawing_is_one(plain: Sketch) -> None:
    """Its eyes and its mouth are no drawings, nor is a flower beside a house."""
    assert pieces(plain.ink) == ()
    wide = sheet([(0.06, 0.1), (0.55, 0.1)], 0.4)  # in which the mouths are no drawings of their own
    assert len(pieces(prepare(wide, SIDE).ink)) == 2
    scene = np.minimum(sheet([(0.05, 0.1)], 0.6), sheet([(0.8, 0.7)], 0.12))
    assert pieces(prepare(scene, SIDE).ink) == ()
    assert pieces(np.zeros((40, 40), np.float32)) == ()


def test_a_part_and_quarter_turns() -> None:
    pixels = np.arange(60 * 40 * 3).reshape(60, 40, 3).astype(np.uint8)
    assert cut(pixels).shape == (60, 40, 3)
    assert (cut(pixels, 1)[0, -1] == pixels[0, 0]).all()
    assert (cut(pixels, 3)[-1, 0] == pixels[0, 0]).all()
    assert (cut(pixels, 0, (250, 500, 750, 1000)) == pixels[30:, 10:30]).all()
    assert cut(pixels, 0, (0, 0, 1, 1)).shape == (16, 16, 3)


def test_the_papers_colour_said_by_hand(plain: Sketch) -> None:
    """Half of the sheet is of another colour, which then counts as drawn; and dark paper has light lines."""
    pixels = picture(ink=(240, 240, 240), paper=(120, 125, 130)).copy()
    said = prepare(pixels, SIDE, Steps(tone="787d82"))
    assert said.stages[1].text == "Light and dark exchanged."
    assert apart(said, plain) < 0.01
    light = prepare(picture(paper=(200, 190, 140)), SIDE, Steps(tone="c8be8c"))
    assert apart(light, plain) < 0.01
    assert whole(light.ink)[2] == 400
