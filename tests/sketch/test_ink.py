"""Which pixels are ink, and what colour it has."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture

from genlib.sketch import Sketch, prepare
from genlib.sketch.ink import find_ink


def test_coloured_pens_keep_their_colour(plain: Sketch) -> None:
    for ink in ((214, 40, 50), (250, 215, 20), (20, 60, 200)):
        sketch = prepare(picture(ink=ink), SIDE)
        assert apart(sketch, plain) < 0.01
        assert np.abs(sketch.ink_colour.astype(int) - ink).max() <= 2
    assert prepare(picture(ink=(170, 170, 170)), SIDE).ink_colour.max() <= 90  # a pencil is seen among colours


def test_specks_go_and_the_eyes_stay(plain: Sketch) -> None:
    chance = np.random.default_rng(0)
    pixels = picture().copy()
    for y, x in chance.integers(0, 399, (150, 2)):
        pixels[y : y + 2, x] = 30
    specked = prepare(pixels, SIDE)
    assert apart(specked, plain) < 0.005
    for x in (0.38, 0.62):
        row, column = (round((0.15 + 0.7 * v) * SIDE) for v in (0.55, x))
        assert specked.lines[row, column] < 0.1


@pytest.mark.filterwarnings("error")
def test_lines_that_are_all_faint_have_a_colour() -> None:
    """Of noise something may be taken for lines, and all of it be lighter than a line is where it is darkest."""
    noise = 170 - 20 * np.random.default_rng(103).normal(size=(60, 90, 1))
    assert 0 < find_ink(noise.clip(0, 255).astype(np.uint8).repeat(3, 2)).colour.max() < 255
