"""Drawings as people bring them, made by code here, and the way back: colours under their own lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from genlib import data
from genlib.sketch import Sketch, Steps, colour_in, hints_to_model, prepare
from genlib.sketch.lines import AIM, EXTENT, LINE, redrawn
from genlib.uploads import UploadError

SIDE = 128


def picture(
    width: int = 6,
    at: tuple[float, float] = (0.15, 0.15),
    size: float = 0.7,
    shape: tuple[int, int] = (400, 400),
    ink: tuple[int, int, int] = (0, 0, 0),
    paper: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
    """A face in a hat, uint8 (H, W, 3): round, straight and open lines, and two dots. `size` in shares of the width."""
    height, across = shape
    fine = 4
    image = Image.new("RGB", (across * fine, height * fine), paper)
    pen = ImageDraw.Draw(image)
    unit = size * across * fine

    def point(x: float, y: float) -> tuple[float, float]:
        return (at[0] * across * fine + x * unit, at[1] * height * fine + y * unit)

    def line(*points: tuple[float, float]) -> None:
        placed = [point(*p) for p in points]
        pen.line(placed, ink, width * fine, "curve")
        for x, y in placed:
            pen.circle((x, y), width * fine / 2, ink)

    angles = np.linspace(0, 2 * np.pi, 73)
    line(*((0.5 + 0.33 * np.cos(a), 0.62 + 0.33 * np.sin(a)) for a in angles))
    line(*((0.5 + 0.16 * np.cos(a), 0.7 + 0.1 * np.sin(a)) for a in angles[4:33]))
    line((0.05, 0.35), (0.95, 0.35))
    line((0.25, 0.35), (0.3, 0.05), (0.7, 0.05), (0.75, 0.35))
    for x in (0.38, 0.62):
        pen.circle(point(x, 0.55), max(0.03 * unit, 0.75 * width * fine), ink)
    return np.asarray(image.resize((across, height), Image.Resampling.BOX))


def shadowed(pixels: np.ndarray, grain: float = 2.0) -> np.ndarray:
    """A phone's photo of it: cream paper, a shadow over one corner, noise, JPEG's blur."""
    y, x = np.mgrid[0 : 1 : len(pixels) * 1j, 0 : 1 : pixels.shape[1] * 1j]
    light = 1 - 0.5 / (1 + np.exp(-8 * (0.6 * x + 0.8 * y - 0.8)))
    photo = pixels / 255 * np.array([236, 224, 194]) * light[..., None]
    photo += np.random.default_rng(1).normal(size=photo.shape) * grain
    return np.asarray(Image.fromarray(photo.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.5)))


def apart(a: Sketch, b: Sketch) -> float:
    """Mean absolute difference of the models' inputs. An empty square is about 0.13 away from the face."""
    return float(np.abs(a.lines - b.lines).mean())


@pytest.fixture(scope="module")
def plain() -> Sketch:
    return prepare(picture(), SIDE)


def test_what_the_model_sees(plain: Sketch) -> None:
    assert plain.lines.shape == (SIDE, SIDE)
    assert plain.lines.dtype == np.float32
    assert (plain.lines.min(), plain.lines.max()) == (0, 1)
    assert plain.ink.shape == (400, 400)
    assert plain.ink.dtype == np.float32
    assert plain.ink_colour.tolist() == [0, 0, 0]
    assert [stage.name for stage in plain.stages] == [
        "Picture", "Turned", "Paper", "Cropped", "Lines", "What the model sees",
    ]  # fmt: skip
    for stage in plain.stages:
        assert stage.pixels.dtype == np.uint8
        assert max(stage.pixels.shape[:2]) <= 512
        assert stage.text.endswith(".")


@pytest.mark.parametrize("width", [1, 2, 6, 10])
def test_any_pen_becomes_the_training_width(width: int) -> None:
    lines = prepare(picture(width), SIDE).lines
    crossing = 1 - lines[:, SIDE // 2]  # straight through the hat's top, the head, the rim, the mouth and the chin
    runs = np.split(crossing, np.flatnonzero(crossing == 0))
    widths = [run.sum() for run in runs if run.sum() > 1]
    assert len(widths) == 5
    assert max(abs(w - LINE * SIDE) for w in widths) < 1.0


def test_a_drawing_of_its_own_scale_is_the_same_wherever_and_however_large_it_is() -> None:
    small = prepare(picture(3, at=(0.1, 0.5), size=0.3), SIDE)
    for other in (
        picture(3, at=(0.6, 0.1), size=0.3),
        picture(3, at=(0.35, 0.3), size=0.3, shape=(700, 400)),
        picture(5, at=(0.05, 0.05), size=0.5),
        picture(12, at=(0.3, 0.1), size=0.3, shape=(1600, 1600)),
        picture(1, at=(0.2, 0.2), size=0.5, shape=(120, 120)),
    ):
        assert apart(small, prepare(other, SIDE)) < 0.03
    rows, columns = np.nonzero(small.lines < 0.5)
    extent = max(np.ptp(rows), np.ptp(columns)) / SIDE
    assert AIM - 0.02 < extent < AIM + 0.05
    assert abs((rows.min() + rows.max()) / 2 - SIDE / 2) < 3


def test_what_is_sized_like_the_training_drawings_keeps_its_size() -> None:
    for size in (EXTENT[0] / 0.9 + 0.02, 0.8, 1.0):
        sketch = prepare(picture(at=((1 - size) / 2, (1 - size) / 2), size=size), SIDE)
        assert sketch.square == (0, 0, 400)


def test_white_on_black_is_turned_and_drawn_black(plain: Sketch) -> None:
    inverted = prepare(255 - picture(), SIDE)
    assert apart(inverted, plain) < 0.003
    assert inverted.ink_colour.tolist() == [0, 0, 0]
    board = prepare(picture(ink=(230, 230, 220), paper=(35, 70, 50)), SIDE)
    assert apart(board, plain) < 0.01


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


@pytest.mark.parametrize("width", [2, 5, 16])
def test_what_is_filled_stays_filled(width: int) -> None:
    pixels = picture(width).copy()
    pixels[120:160, 145:255] = 0
    lines = prepare(pixels, SIDE).lines
    assert lines[41:48, 50:78].max() < 0.05
    assert lines[60:64, 58:70].min() > 0.9


def test_a_drawing_cut_by_the_border(plain: Sketch) -> None:
    cut = prepare(picture()[:, :260], SIDE)
    assert cut.square[0] < 0 or cut.square[0] + cut.square[2] > 260
    assert cut.lines[:, -4:].min() == 1
    assert 0.03 < 1 - cut.lines.mean() < 0.25


def test_training_drawings_pass_nearly_unchanged() -> None:
    drawings = data.load("emoji", "test", size=128).lines
    assert drawings is not None
    errors = []
    for lines in drawings[::47, 0].numpy():
        sketch = prepare(np.repeat(lines[..., None], 3, 2), SIDE)
        errors.append(np.abs(sketch.lines - lines / 255).mean())
    assert np.mean(errors) < 0.003
    assert np.median(errors) < 1e-6


def test_once_more_changes_nothing() -> None:
    for pixels in (picture(2), picture(16, at=(0.5, 0.4), size=0.4), shadowed(picture(5))):
        lines = prepare(pixels, SIDE).lines
        again = prepare(np.repeat((lines[..., None] * 255).round().astype(np.uint8), 3, 2), SIDE).lines
        assert np.abs(again - lines).mean() < 0.003


def test_each_step_can_be_left_out(plain: Sketch) -> None:
    pixels = picture(2, at=(0.1, 0.1), size=0.3)
    assert prepare(pixels, SIDE, Steps(crop=False)).square == (0, 0, 400)
    thin = prepare(pixels, SIDE, Steps(strokes=False)).lines
    assert 1 - thin.mean() < 0.7 * (1 - prepare(pixels, SIDE).lines.mean())
    photo = shadowed(picture())
    assert prepare(photo, SIDE, Steps(paper=False, strokes=False, crop=False)).lines.max() < 0.9
    dark = prepare(255 - picture(), SIDE, Steps(invert=False, paper=False, crop=False, strokes=False))
    assert np.median(dark.lines) == 0
    nothing = prepare(picture(), SIDE, Steps(False, False, False, False))
    assert [stage.name for stage in nothing.stages] == ["Picture", "What the model sees"]


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((300, 300, 3), 255, np.uint8),
        np.zeros((300, 300, 3), np.uint8),
        np.full((300, 300, 3), (180, 170, 150), np.uint8),
        shadowed(np.full((300, 300, 3), 255, np.uint8)),
        (200 + 8 * np.random.default_rng(0).normal(size=(300, 300, 3))).astype(np.uint8),
    ],
)
def test_nothing_to_colour(pixels: np.ndarray) -> None:
    for steps in (Steps(), Steps(crop=False, strokes=False)):
        with pytest.raises(UploadError, match="no lines"):
            prepare(pixels, SIDE, steps)


def test_any_picture_is_a_sketch_or_a_sentence() -> None:
    """Pictures that are no drawings: noise, photos' gradients, blocks of colour, tiny and narrow ones."""
    chance = np.random.default_rng(0)
    for k in range(30):
        height, width = chance.integers(16, 120, 2)
        coarse = chance.integers(0, 256, (2 + k % 7, 2 + k % 5, 3)).astype(np.uint8)
        how = (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)[k % 2]
        pixels = np.asarray(Image.fromarray(coarse).resize((int(width), int(height)), how))
        if k % 3 == 0:
            pixels = (pixels + 20 * chance.normal(size=pixels.shape)).clip(0, 255).astype(np.uint8)
        try:
            sketch = prepare(pixels, 32)
        except UploadError:
            continue
        assert np.isfinite(sketch.lines).all()
        coloured = colour_in(sketch, chance.integers(0, 256, (1, 32, 32, 3)).astype(np.uint8))
        assert max(coloured.shape[1:3]) == 512


# ---------------------------------------------------------------------------------------------------------------------
# The way back
# ---------------------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("width", [1, 3, 6, 14])
def test_colours_lie_under_the_own_lines(width: int) -> None:
    """No white beside a line where colour is, no colour beyond it, and the lines untouched."""
    sketch = prepare(picture(width), SIDE)
    coloured = colour_in(sketch, painted(sketch)[None])[0].astype(int)
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
    coloured = colour_in(sketch, colours)
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
    bare = replace(plain, ink=np.zeros_like(plain.ink))
    coloured = colour_in(bare, colours[None])[0]
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
    coloured = colour_in(replace(plain, ink=np.zeros_like(plain.ink)), colours[None])[0].astype(int)
    row = coloured[round(0.6 * 512)]
    left, right = (np.abs(row - tone).max(1) < 4 for tone in ((250, 220, 60), (240, 150, 30)))
    first, last = np.flatnonzero(right)[0], np.flatnonzero(left)[-1]
    assert 0 < first - last <= 5
    assert abs(first - 256) < 6


def test_colours_that_change_slowly(plain: Sketch) -> None:
    """A closed area takes one of them; outside of it they stay smooth."""
    ramp = np.linspace(40, 230, SIDE)[None, :, None].repeat(SIDE, 0).repeat(3, 2)
    ramp[..., 2] = 90
    coloured = colour_in(replace(plain, ink=np.zeros_like(plain.ink)), ramp[None].round().astype(np.uint8))[0]
    inside = coloured[round(0.6 * 512), 200:310].astype(int)
    assert (inside == inside[0]).all()
    assert 40 < inside[0, 0] < 230
    outside = coloured[5, 20:490, 0].astype(int)
    assert np.abs(np.diff(outside)).max() <= 4
    assert outside[-1] - outside[0] > 100


def test_sizes_of_the_result() -> None:
    for shape, wanted in (((60, 60), (512, 512)), ((300, 600), (300, 600)), ((900, 450), (640, 320))):
        sketch = prepare(picture(2, shape=shape, at=(0.2, 0.2), size=0.4), SIDE)
        assert colour_in(sketch, np.full((1, SIDE, SIDE, 3), 200, np.uint8), longest=640).shape[1:3] == wanted


def test_hints_land_where_they_were_painted() -> None:
    sketch = prepare(picture(4, at=(0.5, 0.1), size=0.4), SIDE)
    left, top, extent = sketch.square
    rgb, mask = np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400), bool)
    rgb[100:130, 260:290] = (255, 51, 0)
    mask[100:130, 260:290] = True
    rgb[60, 300], mask[60, 300] = (0, 0, 255), True  # a single pixel, far smaller than one of the model's
    rgb[390, 10], mask[390, 10] = (0, 255, 0), True  # outside of what the model sees
    hints = hints_to_model(sketch, rgb, mask, SIDE)
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
    at_own = hints_to_model(plain, rgb, mask, SIDE)
    for canvas in (100, 800):
        size = (canvas, canvas)
        other = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        hints = hints_to_model(plain, np.full((*size, 3), (10, 200, 90), np.uint8), other, SIDE)
        assert np.abs(hints - at_own).max() < 1e-3


def test_redrawing_removes_barbs_and_keeps_ends() -> None:
    """A wide line with a rough edge becomes one clean line of nearly its length."""
    ink = np.zeros((512, 512), np.float32)
    ink[230:280, 80:430] = 1
    ink[218:230, 120:420:40] = 1
    lines, _ = redrawn(ink, (0, 0, 512), np.full((SIDE, SIDE), 255, np.uint8))
    rows, columns = np.nonzero(lines < 128)
    assert np.ptp(rows) < 8
    assert np.ptp(columns) > 70
