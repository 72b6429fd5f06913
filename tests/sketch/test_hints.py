"""Colours that a visitor painted, in the model's square."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, picture
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from genlib.drawing import FILL, PAPER, SEE_THROUGH, Drawing, clean, rasterise
from genlib.sketch import Fill, Sheet, Sketch, colour_in, given_by, hints_to_model, prepare, square_on, whole_areas


def test_hints_land_where_they_were_painted() -> None:
    sketch = prepare(picture(4, at=(0.5, 0.1), size=0.4), SIDE)
    left, top, extent = sketch.square
    rgb, mask = np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400), bool)
    rgb[100:130, 260:290] = (255, 51, 0)
    mask[100:130, 260:290] = True
    rgb[60, 300], mask[60, 300] = (0, 0, 255), True  # a single pixel, far smaller than one of the model's
    rgb[390, 10], mask[390, 10] = (0, 255, 0), True  # outside of what the model sees
    hints = hints_to_model(square_on(sketch, mask.shape), rgb, mask, SIDE)
    assert hints.shape == (4, SIDE, SIDE)
    assert hints.dtype == np.float32
    assert set(np.unique(hints[3])) == {0, 1}
    assert (hints[:3, hints[3] == 0] == 0).all()
    step = extent / SIDE
    row, column = int((115 - top) / step), int((275 - left) / step)
    assert hints[:, row, column].tolist() == pytest.approx([1, 0.2, 0, 1], abs=1e-4)
    assert hints[3].sum() == pytest.approx((30 / step) ** 2, rel=0.2)
    row, column = int((60.5 - top) / step), int((300.5 - left) / step)
    assert hints[:, row, column].tolist() == pytest.approx([0, 0, 1, 1], abs=1e-4)
    assert not (hints[1] > 0.9).any()


def test_hints_on_a_canvas_of_another_size_land_alike(plain: Sketch) -> None:
    rgb, mask = np.full((400, 400, 3), (10, 200, 90), np.uint8), np.zeros((400, 400), bool)
    mask[160:240, 120:200] = True
    at_own = hints_to_model(square_on(plain, mask.shape), rgb, mask, SIDE)
    for canvas in (100, 800):
        size = (canvas, canvas)
        other = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        hints = hints_to_model(square_on(plain, size), np.full((*size, 3), (10, 200, 90), np.uint8), other, SIDE)
        assert np.abs(hints - at_own).max() < 1e-3


# --- Colours for whole areas ---

HAT, FACE, CORNER = (200, 140), (200, 235), (20, 20)  # points in the picture of 400 x 400 pixels


def drop(at: tuple[int, int], colour: str) -> dict[str, object]:
    return {"path": [["M", *at]], "stroke": colour + FILL, "strokeWidth": 16}


def stroke(at: tuple[int, int], colour: str, width: int = 20) -> dict[str, object]:
    return {"path": [["M", *at], ["L", at[0] + 20, at[1]]], "stroke": colour, "strokeWidth": width}


def paper(*strokes: dict[str, object]) -> Drawing:
    return rasterise(clean({"objects": list(strokes)}), 400)


@pytest.fixture(scope="module")
def sheet(plain: Sketch) -> Sheet:
    return Sheet.of(plain)


def given(sketch: Sketch, sheet: Sheet, *strokes: dict[str, object]) -> dict[tuple[int, int], str]:
    """The colours that strokes over the picture gave, by what is there."""
    found = given_by(paper(*strokes), square_on(sketch, (400, 400)), sheet.regions, mixed=True)
    scale = len(sheet.ink) / 400
    at = {sheet.regions.large[int(y * scale), int(x * scale)]: (x, y) for x, y in (HAT, FACE, CORNER)}
    return {at[number]: "#{:02x}{:02x}{:02x}".format(*colour) for number, colour in found.items()}


def test_a_drop_is_for_its_area_and_the_later_colour_counts(plain: Sketch, sheet: Sheet) -> None:
    red, blue = "#e02030", "#2040e0"
    assert given(plain, sheet, drop(HAT, red), drop(FACE, blue)) == {HAT: red, FACE: blue}
    assert given(plain, sheet, drop(CORNER, blue)) == {CORNER: blue}
    assert given(plain, sheet, drop(HAT, red), drop((230, 130), blue)) == {HAT: blue}
    assert given(plain, sheet, drop(HAT, red), stroke(HAT, blue + SEE_THROUGH)) == {HAT: blue}
    assert given(plain, sheet, stroke(HAT, blue + SEE_THROUGH), drop(HAT, red)) == {HAT: red}
    # The eraser takes a drop away that it goes over. A spot of the brush on the ground is no colour for all of it.
    assert given(plain, sheet, drop(HAT, red), stroke(HAT, PAPER)) == {}
    assert given(plain, sheet, drop(HAT, red), stroke(FACE, PAPER)) == {HAT: red}
    assert given(plain, sheet, stroke(CORNER, blue + SEE_THROUGH)) == {}


@pytest.mark.parametrize("fill", ["flat", "painted"])
def test_the_colour_that_was_given_stays(plain: Sketch, sheet: Sheet, fill: Fill) -> None:
    """Whatever the model makes of it, everywhere between the lines; and the rest of the picture is as it was."""
    noise = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3)).astype(np.uint8)
    square = square_on(plain, (400, 400))
    wanted = given_by(paper(drop(HAT, "#2a9d4f"), stroke(FACE, "#f4b6c2" + SEE_THROUGH)), square, sheet.regions, False)
    before, after = (colour_in(sheet, noise, fill, g)[0] for g in ({}, wanted))
    assert len(wanted) == 2
    free = sheet.ink == 0
    for number, colour in wanted.items():
        here = after[free & (sheet.regions.large == number)] / 255
        assert deltaE_ciede2000(rgb2lab(here), rgb2lab(np.array([colour]) / 255)).mean() < 5
    elsewhere = ~np.isin(sheet.regions.large, list(wanted))
    assert np.array_equal(before[elsewhere], after[elsewhere])


def test_a_drop_is_a_hint_for_all_of_its_area(plain: Sketch, sheet: Sheet) -> None:
    regions = sheet.regions
    wanted = given_by(paper(drop(HAT, "#ff3300"), drop(CORNER, "#0000ff")), square_on(plain, (400, 400)), regions, True)
    hints = whole_areas(np.zeros((4, SIDE, SIDE), np.float32), wanted, regions)
    (hat,) = (number for number in wanted if not regions.ground[number])
    share = (regions.small == hat).reshape(SIDE, 4, SIDE, 4).mean((1, 3))
    assert np.array_equal(hints[3] == 1, share >= 0.5)
    assert np.allclose(hints[:, hints[3] == 1].T, (1, 0.2, 0, 1))
