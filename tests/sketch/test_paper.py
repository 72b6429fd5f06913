"""What a drawing was made on does not count as drawing."""

from __future__ import annotations

import numpy as np
import pytest
from brought import lit, on_table, painted, photographed, rules
from drawings import SIDE, apart, picture, shadowed
from PIL import Image
from scipy import ndimage

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


@pytest.mark.parametrize("part", [np.s_[220:, :], np.s_[:, :170], np.s_[:150, :]])
@pytest.mark.parametrize(("ink", "strength"), [(30, 0.3), (30, 0.6), (110, 0.45)])
def test_a_straight_shadow_across_the_drawing_is_no_table(
    plain: Sketch, part: tuple[slice, slice], ink: int, strength: float
) -> None:
    light = np.ones((400, 400))
    light[part] = 1 - strength
    light = ndimage.gaussian_filter(light, 2) * np.linspace(1, 0.9, 400)
    photo = prepare(photographed(lit(picture(ink=(ink, ink, ink), paper=(247, 238, 220)), light)), SIDE)
    assert not any("table" in note for note in photo.notes)
    assert apart(photo, plain) < 0.03


def test_printed_squares_are_left_out(plain: Sketch) -> None:
    pixels = picture(ink=(20, 40, 150)).copy()
    for k in range(10, 400, 25):
        pixels[k : k + 2] = np.minimum(pixels[k : k + 2], (190, 215, 240))
        pixels[:, k : k + 2] = np.minimum(pixels[:, k : k + 2], (190, 215, 240))
    squared = prepare(pixels, SIDE)
    assert apart(squared, plain) < 0.02
    assert "printed" in squared.notes[0]


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize(("angle", "table"), [(-8.0, False), (3.0, True), (7.0, True)])
def test_school_paper_at_an_angle(squared: bool, angle: float, table: bool) -> None:
    """Seen from the side, under a lamp at one end, perhaps on a table."""
    _drawn_on_school_paper(squared, angle, table, 28, 0.4)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize(("gap", "size"), [(60, 0.5), (45, 0.35)])
def test_school_paper_with_wide_rules_and_a_small_drawing(squared: bool, gap: int, size: float) -> None:
    """More print than ink; of rules that are far apart, the outermost are far from the sheet's edges."""
    _drawn_on_school_paper(squared, 2.0, False, gap, size)


def _drawn_on_school_paper(squared: bool, angle: float, table: bool, gap: int, size: float) -> None:
    pixels = picture(3, at=(0.3, 0.3), size=size)
    ink = 1 - pixels[..., 0] / 255
    sheet = painted(ink, (40, 45, 60), rules((400, 400), angle, gap, squared, (150, 178, 222), 3.0))
    if table:
        sheet = on_table(sheet, angle / 2, 0.12)
    light = np.broadcast_to(1 - 0.3 * np.linspace(0, 1, 400), (400, 400))
    photo = prepare(photographed(lit(sheet, light)), SIDE)
    assert apart(photo, prepare(pixels, SIDE)) < 0.025
    assert "printed" in photo.notes[-1]


@pytest.mark.parametrize("light", [0.25, 0.4])
@pytest.mark.parametrize("grain", [3, 7])
def test_in_low_light_the_lines_are_seen(plain: Sketch, light: float, grain: float) -> None:
    y, x = np.mgrid[-1:1:400j, -1:1:400j]
    sheet = painted(0.75 - 0.75 * picture()[..., 0] / 255, (60, 50, 45), (235, 205, 150))
    photo = photographed(lit(sheet, light * (1 - 0.2 * (x * x + y * y))), grain, 0.7, 85)
    assert apart(prepare(photo, SIDE), plain) < 0.03


@pytest.mark.parametrize("angle", [-12, -4, 8])
def test_the_margins_line_goes_with_the_rules(angle: int) -> None:
    sheet = rules((500, 700), 0, 24, colour=(165, 185, 220)).copy()
    sheet[:, 60:63] = (230, 130, 130)
    ink = np.zeros((500, 700), np.float32)
    ink[50:450, 200:600] = 1 - picture(3)[..., 0] / 255

    def turned(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels).rotate(angle, Image.Resampling.BICUBIC, fillcolor="white"))

    photo = photographed(turned(painted(ink, (30, 45, 150), sheet)))
    assert apart(prepare(photo, SIDE), prepare(turned(painted(ink)), SIDE)) < 0.02
