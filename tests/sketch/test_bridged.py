"""Areas whose lines have gaps, drawn by code: what is filled, and what stays white."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE
from PIL import Image, ImageDraw
from scipy import ndimage

from genlib.sketch import Sheet, colour_in, prepare
from genlib.sketch.bridged import Between, between, enclosed
from genlib.sketch.common import as_grey
from genlib.sketch.lines import Trace

RED = (230, 40, 50)


def outline(shape: str, gaps: int, gap: float, width: float, side: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """The outline of a shape with `gaps` gaps of `gap` of the side: uint8 (side, side, 3); and a mask of its inside."""
    t = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    radius = {
        "circle": np.full_like(t, 0.36),
        "square": 0.3 / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t))),
        "star": 0.28 + 0.1 * np.cos(5 * t),
        "egg": 0.3 + 0.06 * np.cos(t),
    }[shape]
    points = side * (0.5 + radius[:, None] * np.stack([np.cos(t), np.sin(t)], 1))
    fine = 3
    image, inside = Image.new("L", (side * fine, side * fine), 255), Image.new("L", (side, side), 0)
    ImageDraw.Draw(inside).polygon([tuple(p) for p in points], 255)
    pen = ImageDraw.Draw(image)
    pen.line([tuple(p) for p in np.concatenate([points, points[:2]]) * fine], 0, round(width * side * fine), "curve")
    for k in range(gaps):
        x, y = points[(75 + k * 500 // gaps) % 500] * fine
        pen.circle((x, y), gap * side * fine / 2, 255)
    grey = np.asarray(image.resize((side, side), Image.Resampling.BOX))
    return np.repeat(grey[..., None], 3, 2), np.asarray(inside) > 0


@pytest.mark.parametrize(
    ("shape", "gaps", "gap", "width"),
    [("circle", 1, 0.03, 0.008), ("square", 3, 0.03, 0.02), ("star", 2, 0.02, 0.004), ("egg", 3, 0.03, 0.006)],
)
def test_a_gap_is_bridged(shape: str, gaps: int, gap: float, width: float) -> None:
    """The model colours everything: what is closed but for gaps is filled, and nothing outside is."""
    pixels, inside = outline(shape, gaps, gap, width)
    sketch = prepare(pixels, SIDE)
    (picture,) = colour_in(Sheet.of(sketch), np.full((1, SIDE, SIDE, 3), RED, np.uint8), "flat")
    size = (len(picture), len(picture))
    within = np.asarray(Image.fromarray(inside).resize(size))
    line = np.asarray(Image.fromarray(as_grey(sketch.ink)).resize(size)) < 250
    red = (np.abs(picture.astype(int) - RED).max(2) < 30) & ~line
    reach = round(0.5 * width * len(picture)) + 2
    assert (red & within).sum() >= 0.99 * (within & ~line).sum()
    outside = red & ~ndimage.binary_dilation(within, iterations=reach)
    assert outside.sum() <= 0.01 * (~within).sum()


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.03])
def test_a_models_own_lines_enclose_what_small_gaps_open(gap: float) -> None:
    for shape in ("circle", "square", "star"):
        pixels, inside = outline(shape, 2, gap, 3.5 / 128, SIDE)
        lines = pixels[..., 0].astype(np.float32) / 255
        found = enclosed(lines)
        assert found.shape == lines.shape
        (area,) = np.unique(found[found > 0])
        free = ndimage.binary_erosion(inside, iterations=4)
        assert (found[free] == area).mean() > 0.99
        assert not found[ndimage.binary_dilation(inside, iterations=4) == 0].any()


def test_what_is_wide_open_or_empty_encloses_nothing() -> None:
    pixels, _ = outline("circle", 1, 0.2, 3.5 / 128, SIDE)
    for lines in (pixels[..., 0].astype(np.float32) / 255, *np.stack([np.ones((SIDE, SIDE)), np.zeros((SIDE, SIDE))])):
        assert not enclosed(lines).any()


def areas(*lines: list[tuple[int, int]], width: int = 6) -> Between:
    """What is between lines in a picture of 400 x 400 pixels."""
    image = Image.new("L", (400, 400), 0)
    pen = ImageDraw.Draw(image)
    for line in lines:
        pen.line(line, 255, width, "curve")
        for x, y in line:
            pen.circle((x, y), width / 2, 255)
    ink = np.asarray(image, np.float32) / 255
    whole = (0.0, 0.0, 400.0)
    return between(Trace.of(ink, whole, 400), ink, whole)


def test_a_waist_parts_nothing_and_a_line_that_ends_in_it_does() -> None:
    """Two rooms and a door of 12 pixels between them; walls run through it, or a line ends beside it."""
    walls = [(60, 100), (194, 100), (194, 194), (206, 194), (206, 100), (340, 100), (340, 300), (206, 300)]
    walls += [(206, 206), (194, 206), (194, 300), (60, 300), (60, 100)]
    found = areas(walls, width=4)
    assert found.areas[200, 100] == found.areas[200, 300]
    parted = areas([(60, 100), (340, 100), (340, 300), (60, 300), (60, 100)], [(200, 100), (200, 290)], width=4)
    left, right = parted.areas[200, 100], parted.areas[200, 300]
    assert left != right
    assert sorted((left, right)) in parted.meeting.tolist()
    assert not parted.ground[[left, right]].any()


def test_a_wide_opening_is_closed_from_end_to_end() -> None:
    """A bust: what is above the line from shoulder to shoulder is a pocket, all else is ground."""
    found = areas([(100, 320), (100, 200), (160, 140), (240, 140), (300, 200), (300, 320)])
    pocket = found.areas[250, 200]
    assert found.pocket[pocket]
    assert not found.ground[pocket]
    assert (found.areas[316, 110:290] == pocket).all()
    assert found.ground[found.areas[326, 110:290]].all()
    assert found.ground[found.areas[50, 50]]


def test_a_pocket_is_filled_where_the_model_is_sure() -> None:
    pixels = np.repeat(as_grey(arch())[..., None], 3, 2)
    sheet = Sheet.of(prepare(pixels, SIDE))
    sure = np.full((1, SIDE, SIDE, 3), RED, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3)).astype(np.uint8)
    nearly = np.where(np.arange(SIDE)[:, None, None] < 0.7 * SIDE, sure, 255).astype(np.uint8)  # its lower fifth is not
    red, *others = (colour_in(sheet, colours, "flat")[0] for colours in (sure, noise, nearly))
    assert red[320, 256].tolist() == list(RED)
    for white in (red[480, 256], others[0][320, 256], others[1][320, 256]):
        assert white.tolist() == [255, 255, 255]


def arch() -> np.ndarray:
    image = Image.new("L", (400, 400), 0)
    ImageDraw.Draw(image).line([(100, 320), (100, 120), (300, 120), (300, 320)], 255, 8, "curve")
    return np.asarray(image, np.float32) / 255


def test_the_edge_of_a_picture_closes_what_it_cuts() -> None:
    """A hill whose foot is cut off: it is an area, and the sky, in the corners, is ground."""
    found = areas([(80, 399), (120, 200), (280, 200), (320, 399)])
    hill = found.areas[350, 200]
    assert not found.ground[hill]
    assert not found.pocket[hill]
    assert found.ground[found.areas[100, 200]]
    assert found.ground[found.areas[390, 10]]
