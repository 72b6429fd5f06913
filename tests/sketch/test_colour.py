"""Colours under the visitor's own lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawings import SIDE, picture

from genlib.sketch import Fill, Sheet, Sketch, colour_in, flats, prepare


def painted(sketch: Sketch) -> np.ndarray:
    """What a good model makes of the face: yellow inside, a blue hat, white around, black lines. uint8 (S, S, 3)."""
    from scipy import ndimage

    areas, _ = ndimage.label(sketch.lines > 0.5)
    colours = np.full((SIDE, SIDE, 3), 255, np.uint8)
    left, top, extent = sketch.square
    for (x, y), colour in (((0.5, 0.2), (60, 120, 220)), ((0.5, 0.5), (250, 220, 60)), ((0.5, 0.78), (250, 220, 60))):
        column, row = (int(((0.15 + 0.7 * v) * 400 - start) / extent * SIDE) for v, start in ((x, left), (y, top)))
        colours[areas == areas[row, column]] = colour
    return (colours * sketch.lines[..., None]).astype(np.uint8)


def bare(sketch: Sketch) -> Sheet:
    """What is under the lines, without the lines."""
    sheet = Sheet.of(sketch)
    return replace(sheet, ink=np.zeros_like(sheet.ink))


@pytest.mark.parametrize("width", [1, 3, 6, 14])
def test_colours_lie_under_the_own_lines(width: int) -> None:
    """No white beside a line where colour is, no colour beyond it, and the lines untouched."""
    sketch = prepare(picture(width), SIDE)
    coloured = colour_in(Sheet.of(sketch), painted(sketch)[None], "painted")[0].astype(int)
    assert coloured.shape == (512, 512, 3)
    scale = 512 / 400

    def at(x: float, y: float) -> np.ndarray:
        return coloured[round((0.15 + 0.7 * y) * 400 * scale), round((0.15 + 0.7 * x) * 400 * scale)]

    assert np.abs(at(0.5, 0.2) - (60, 120, 220)).max() <= 3
    assert np.abs(at(0.5, 0.6) - (250, 220, 60)).max() <= 3
    assert at(0.1, 0.2).tolist() == [255, 255, 255]
    assert at(0.5, 0.35).max() < (110 if width == 1 else 40)
    row = coloured[round((0.15 + 0.7 * 0.2) * 400 * scale)]
    white, blue = (row.min(1) > 250), (np.abs(row - (60, 120, 220)).max(1) < 12)
    dark = row.max(1) < 130
    start, end = np.flatnonzero(blue)[[0, -1]]
    assert not white[start:end].any()
    assert dark[start - 3 - round(width * scale) : start].any()
    assert dark[end + 1 : end + 4 + round(width * scale)].any()
    between = ~(white | blue)
    assert between.sum() < 2 * (width * scale + 5)  # nothing but the two lines and their soft edges


def test_own_lines_are_kept_exactly() -> None:
    pixels = picture(7, shape=(700, 900), at=(0.2, 0.1), size=0.5, ink=(20, 40, 150))
    sketch = prepare(pixels, SIDE)
    colours = np.stack([np.full((SIDE, SIDE, 3), c, np.uint8) for c in ((255, 255, 255), (240, 80, 90))])
    coloured = colour_in(Sheet.of(sketch), colours, "painted")
    assert coloured.shape == (2, 700, 900, 3)
    assert (coloured[:, sketch.ink == 1] == sketch.ink_colour).all()
    assert np.abs(coloured[0].astype(int) - pixels).max() <= 2
    left, _top, extent = sketch.square
    assert (coloured[1][:, : int(left) - 1] == 255).all()  # the model saw nothing there
    assert extent < 900


def test_dark_fills_of_the_model_stay_and_its_lines_go(plain: Sketch) -> None:
    colours = painted(plain)
    hat = np.abs(colours.astype(int) - (60, 120, 220)).max(2) < 5
    colours[hat] = (10, 10, 12)
    coloured = colour_in(bare(plain), colours[None], "painted")[0]
    tones = np.unique(coloured.reshape(-1, 3), axis=0).astype(int)
    for tone in ((10, 10, 12), (250, 220, 60), (255, 255, 255)):
        assert np.abs(tones - tone).max(1).min() <= 2
    near_black = (coloured.max(2) < 40).mean()
    assert abs(near_black - hat.mean()) < 0.03  # the hat, not the lines around the face


def test_two_flat_colours_in_one_area_meet_in_a_sharp_edge(plain: Sketch) -> None:
    colours = painted(plain)
    face = np.abs(colours.astype(int) - (250, 220, 60)).max(2) < 5
    face[:, : SIDE // 2] = False
    colours[face] = (240, 150, 30)
    coloured = colour_in(bare(plain), colours[None], "painted")[0].astype(int)
    row = coloured[round(0.6 * 512)]
    left, right = (np.abs(row - tone).max(1) < 4 for tone in ((250, 220, 60), (240, 150, 30)))
    first, last = np.flatnonzero(right)[0], np.flatnonzero(left)[-1]
    assert 0 < first - last <= 5
    assert abs(first - 256) < 6


def test_colours_that_change_slowly(plain: Sketch) -> None:
    """A closed area takes one of them; outside of it they stay smooth."""
    ramp = np.linspace(40, 230, SIDE)[None, :, None].repeat(SIDE, 0).repeat(3, 2)
    ramp[..., 2] = 90
    coloured = colour_in(bare(plain), ramp[None].round().astype(np.uint8), "painted")[0]
    inside = coloured[round(0.6 * 512), 200:310].astype(int)
    assert (inside == inside[0]).all()
    assert 40 < inside[0, 0] < 230
    outside = coloured[5, 20:490, 0].astype(int)
    assert np.abs(np.diff(outside)).max() <= 4
    assert outside[-1] - outside[0] > 100


def test_sizes_of_the_result() -> None:
    for shape, wanted in (((60, 60), (512, 512)), ((300, 600), (300, 600)), ((900, 450), (640, 320))):
        sketch = prepare(picture(2, shape=shape, at=(0.2, 0.2), size=0.4), SIDE)
        assert colour_in(Sheet.of(sketch, longest=640), np.full((1, SIDE, SIDE, 3), 200, np.uint8)).shape[1:3] == wanted


@pytest.mark.parametrize("fill", ["flat", "painted"])
def test_a_colour_for_the_ground_goes_on_outside_of_the_square(fill: Fill) -> None:
    """A small drawing on a wide sheet; and only then."""
    sketch = prepare(picture(size=0.3, at=(0.1, 0.1), shape=(400, 700)), SIDE)
    sheet = bare(sketch)
    corner = sheet.regions.large[-1, -1]
    assert corner == len(sheet.regions.ground), "it is outside of the square"
    ground, *_, inner = np.argsort(~sheet.regions.ground, kind="stable")
    colours = np.full((1, SIDE, SIDE, 3), (250, 220, 60), np.uint8)
    for given, there in (({int(ground): (0, 170, 255)}, [0, 170, 255]), ({int(inner): (0, 170, 255)}, [255] * 3)):
        (made,) = colour_in(sheet, colours, fill, given)
        assert made[-1, -1].tolist() == there
        assert flats(sheet, colours[0], given)[-1, -1, 3] == (255 if there[0] == 0 else 0)
