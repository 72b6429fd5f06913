"""Each line in its own colour."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture

from genlib.sketch import Sheet, Sketch, Steps, colour_in, prepare

RED, BLUE = (214, 40, 50), (30, 80, 220)


@pytest.mark.parametrize("width", [2, 4, 8])
def test_each_line_keeps_its_own_colour(width: int) -> None:
    pixels = np.minimum(picture(width, (0.05, 0.3), 0.4, ink=RED), picture(width, (0.55, 0.3), 0.4, ink=BLUE))
    sketch = prepare(pixels, SIDE)
    white = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    made = colour_in(Sheet.of(sketch, 512), white)[0].astype(int)
    for half, pen in ((made[:, :256], RED), (made[:, 256:], BLUE)):
        dark = half.reshape(-1, 3)[half.reshape(-1, 3).min(1) < 90]
        assert len(dark) > 500
        assert np.abs(np.median(dark, axis=0) - pen).max() < 25
    one = prepare(pixels, SIDE, Steps(own=False))
    assert one.own is None
    assert apart(one, sketch) == 0


def test_a_drawing_in_one_colour_has_nothing_of_its_own(plain: Sketch) -> None:
    assert plain.own is None
    for ink in (RED, (110, 110, 110)):
        assert prepare(picture(ink=ink), SIDE).own is None
