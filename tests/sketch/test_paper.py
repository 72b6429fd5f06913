"""What a drawing was made on does not count as drawing."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture, shadowed

from genlib.sketch import Sketch, prepare


@pytest.mark.parametrize("ink", [(0, 0, 0), (110, 110, 110), (30, 40, 160), (220, 40, 40)])
def test_photos_of_paper_in_shadow(plain: Sketch, ink: tuple[int, int, int]) -> None:
    photo = prepare(shadowed(picture(ink=ink)), SIDE)
    assert apart(photo, plain) < 0.02
    assert photo.ink[:40].max() == 0  # no rest of the paper or its shadow
    assert photo.ink[-40:].max() == 0


def test_a_table_around_the_sheet_is_left_out() -> None:
    table = np.full((600, 620, 3), (70, 55, 45), np.uint8)
    table[90:490, 110:510] = picture()
    photo = prepare(shadowed(table), SIDE)
    assert apart(photo, prepare(picture(at=(0.2, 0.2), size=0.5), SIDE)) < 0.03
    assert "table" in photo.notes[0]


def test_printed_squares_are_left_out(plain: Sketch) -> None:
    pixels = picture(ink=(20, 40, 150)).copy()
    for k in range(10, 400, 25):
        pixels[k : k + 2] = np.minimum(pixels[k : k + 2], (190, 215, 240))
        pixels[:, k : k + 2] = np.minimum(pixels[:, k : k + 2], (190, 215, 240))
    squared = prepare(pixels, SIDE)
    assert apart(squared, plain) < 0.02
    assert "printed" in squared.notes[0]
