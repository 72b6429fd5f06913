"""Which drawings are taken for white on black."""

from __future__ import annotations

import numpy as np
import pytest
from brought import hand_shadow, lit, on_table, painted, photographed
from drawings import SIDE, apart, picture
from PIL import Image

from genlib.sketch import Sketch, Steps, prepare
from genlib.sketch.turning import is_inverted

BOARDS = [(0, 0, 0), (35, 70, 50), (20, 40, 90)]


@pytest.mark.parametrize("width", [2, 6, 12, 20, 30])
@pytest.mark.parametrize("board", BOARDS)
def test_light_lines_of_any_thickness_are_turned(width: int, board: tuple[int, int, int]) -> None:
    """30 of 400 pixels is 7.5 % of the side."""
    pixels = picture(width, ink=(235, 235, 230), paper=board)
    assert is_inverted(pixels)
    y, x = np.mgrid[0:1:400j, 0:1:400j]
    assert is_inverted(photographed(lit(pixels, 1 - 0.5 * x * y)))


@pytest.mark.parametrize("board", [(38, 66, 52), (42, 44, 48)])
def test_chalk_on_a_dusty_board_is_turned(plain: Sketch, board: tuple[int, int, int]) -> None:
    chance = np.random.default_rng(0)
    dust = sum(
        strength * np.asarray(Image.fromarray(chance.random((n, n))).resize((400, 400), Image.Resampling.BICUBIC))
        for n, strength in ((9, 30), (40, 16))
    )
    chalk = picture(5, ink=(0, 0, 0))[..., 0] / 255 < 0.5
    photo = photographed(painted(0.85 * chalk, (235, 235, 225), np.asarray(board) + dust[..., None]), 4)
    assert is_inverted(photo)
    assert apart(prepare(photo, SIDE), plain) < 0.02


@pytest.mark.parametrize("width", [2, 6, 12, 20])
def test_dark_lines_in_shadow_or_on_a_table_are_left(width: int) -> None:
    pixels = picture(width)
    assert not is_inverted(pixels)
    assert not is_inverted(photographed(on_table(pixels, 5, 0.12)))
    for at in ((0.5, 0.7), (0.2, 1.0)):
        assert not is_inverted(photographed(lit(pixels, hand_shadow((400, 400), 0.6, at, 0.7))))


def test_the_guess_can_be_overruled() -> None:
    plain = prepare(picture(), SIDE)
    assert apart(prepare(255 - picture(), SIDE, Steps(invert="yes")), plain) < 0.003
    assert prepare(picture(), SIDE, Steps(invert="yes", paper=False, crop=False, strokes=False)).lines.mean() < 0.3
    assert prepare(255 - picture(), SIDE, Steps(invert="no", paper=False, crop=False, strokes=False)).lines.mean() < 0.3
