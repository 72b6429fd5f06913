"""Wide areas that are no lines: the shadow of a hand, what is painted already, what is black."""

from __future__ import annotations

import numpy as np
import pytest
from brought import hand_shadow, lit, photographed
from drawings import SIDE, apart, picture
from PIL import Image, ImageDraw
from scipy import ndimage

from genlib.sketch import Sheet, Sketch, Steps, colour_in, prepare

YELLOW, GREEN = (250, 200, 60), (90, 170, 70)


def partly_painted(width: int = 6) -> np.ndarray:
    """The face of drawings.py, its hat and half of its face painted in."""
    pixels = picture(width).copy()
    plain = pixels.min(2) == 255
    y, x = np.mgrid[0:400, 0:400] / 400
    hat = (np.abs(x - 0.5) < 0.15) & (y > 0.19) & (y < 0.39)
    face = np.hypot(x - 0.5, y - 0.584) < 0.225
    pixels[plain & hat] = GREEN
    pixels[plain & face & (x < 0.5) & (y > 0.4)] = YELLOW
    return pixels


@pytest.mark.parametrize("strength", [0.28, 0.4, 0.55])
@pytest.mark.parametrize("at", [(0.8, 1.0), (0.0, 0.6), (0.5, 0.0)])
def test_the_shadow_of_a_hand_is_taken_out(plain: Sketch, strength: float, at: tuple[float, float]) -> None:
    paper = (picture(ink=(40, 40, 50)) * np.array([0.97, 0.93, 0.82])).astype(np.uint8)
    photo = prepare(photographed(lit(paper, hand_shadow((400, 400), strength, at, 0.4))), SIDE)
    assert apart(photo, plain) < 0.025


@pytest.mark.parametrize("strength", [0.73, 0.8])
@pytest.mark.parametrize("at", [(0.8, 1.0), (1.0, 0.6)])
def test_a_deep_shadow_with_a_soft_round_edge_is_taken_out(
    plain: Sketch, strength: float, at: tuple[float, float]
) -> None:
    paper = (picture(ink=(40, 40, 50)) * np.array([0.97, 0.93, 0.82])).astype(np.uint8)
    photo = prepare(photographed(lit(paper, hand_shadow((400, 400), strength, at, 0.4))), SIDE)
    assert apart(photo, plain) < 0.03


def test_what_a_black_marker_fills_to_the_edge_of_a_photo_stays_ink() -> None:
    y, x = np.mgrid[0:400, 0:400]
    paper = (picture(ink=(40, 40, 50)) * np.array([0.97, 0.93, 0.82])).astype(np.uint8)
    paper[np.hypot(x - 320, y - 400) < 110] = (50, 48, 46)
    ink = prepare(photographed(paper), SIDE).ink
    assert ink[330:390, 280:360].min() > 0.8


def test_a_shadow_in_the_corner_leaves_no_speck() -> None:
    bare = picture(2, shape=(300, 300), ink=(60, 60, 60))
    light = hand_shadow((300, 300), 0.4, (1.0, 1.0), 0.3)
    sketch = prepare(lit((bare * np.array([0.96, 0.92, 0.82])).astype(np.uint8), light), SIDE)
    assert sketch.ink[290:, 290:].max() < 0.1
    assert apart(sketch, prepare(bare, SIDE)) < 0.02


@pytest.mark.parametrize(("pencil", "strength"), [(110, 0.45), (110, 0.6), (140, 0.3)])
@pytest.mark.parametrize("at", [(1.0, 1.0), (1.0, 0.5)])
def test_a_shadow_as_light_as_the_pencil_is_no_ink(
    plain: Sketch, pencil: int, strength: float, at: tuple[float, float]
) -> None:
    paper = (picture(ink=(pencil, pencil, pencil)) * np.array([0.97, 0.93, 0.82])).astype(np.uint8)
    photo = prepare(photographed(lit(paper, hand_shadow((400, 400), strength, at, 0.4))), SIDE)
    assert apart(photo, plain) < 0.025


def test_what_is_filled_in_a_grey_pens_tone_and_cut_by_the_edge_stays_ink() -> None:
    pixels = picture(ink=(110, 110, 110)).copy()
    pixels[300:, 250:] = 110
    assert prepare(pixels, SIDE).ink[310:, 260:].min() == 1


def test_the_dark_ground_of_a_sticker_is_no_ink(plain: Sketch) -> None:
    drawn = ndimage.binary_fill_holes(picture().min(2) < 128)
    sticker = ndimage.distance_transform_edt(~drawn) < 9
    pixels = np.where(sticker[..., None], picture(), (20, 90, 60)).astype(np.uint8)
    sketch = prepare(pixels, SIDE)
    assert apart(sketch, plain) < 0.02
    assert sketch.own is not None
    assert sketch.own.paint is not None
    assert sketch.own.paint[10, 10].tolist() == [20, 90, 60, 255]


def test_corners_of_thick_lines_are_no_paint() -> None:
    """A tree of 160 pixels, its lines ten wide."""
    image = Image.new("RGB", (640, 640), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 40, 540, 460), outline=0, width=44)
    for line in ((320, 600, 320, 260), (200, 600, 440, 600), (320, 400, 220, 320), (320, 360, 420, 280)):
        pen.line(line, 0, 44)
    assert prepare(np.asarray(image.reduce(4)), SIDE).own is None


def test_paint_is_no_ink_and_keeps_its_colour(plain: Sketch) -> None:
    sketch = prepare(partly_painted(), SIDE)
    assert apart(sketch, plain) < 0.02
    assert sketch.ink_colour.max() < 40
    red = np.full((1, SIDE, SIDE, 3), (230, 60, 60), np.uint8)
    made = colour_in(Sheet.of(sketch), red)[0]

    def at(x: float, y: float) -> list[int]:
        return made[round(512 * y), round(512 * x)].tolist()

    assert at(0.5, 0.3) == list(GREEN)
    assert at(0.36, 0.6) == list(YELLOW)
    assert at(0.64, 0.6) == [230, 60, 60]
    off = colour_in(Sheet.of(prepare(partly_painted(), SIDE, Steps(own=False))), red)[0]
    assert off[round(512 * 0.3), 256].tolist() == [230, 60, 60]


def test_black_areas_beside_thin_lines() -> None:
    """The features stay, as wide as a line is, and the strands of hair black, though most of all is hair."""
    image = Image.fromarray(picture(3))
    bare = prepare(np.asarray(image), SIDE, Steps(crop=False)).lines
    for x in (8, 26, 44, 356, 374, 392):
        ImageDraw.Draw(image).line((x, 25, x, 375), (0, 0, 0), 12)
    lines = prepare(np.asarray(image), SIDE, Steps(crop=False)).lines
    mouth = np.s_[round(SIDE * 0.62) : round(SIDE * 0.76), round(SIDE * 0.35) : round(SIDE * 0.65)]
    assert np.abs(lines[mouth] - bare[mouth]).mean() < 0.05
    assert lines[SIDE // 2, [2, 8, 14]].max() < 0.05


def test_the_model_is_shown_the_outline_of_a_wide_black_area() -> None:
    image = Image.fromarray(picture(5))
    ImageDraw.Draw(image).rectangle((20, 200, 60, 380), (0, 0, 0))
    sketch = prepare(np.asarray(image), SIDE, Steps(crop=False))
    assert sketch.lines[90, 8:18].max() < 0.05
    assert sketch.seen[90, 12:14].min() > 0.95
    assert sketch.seen[90, 8] < 0.05
    assert (sketch.seen[:, 24:] == sketch.lines[:, 24:]).all()
