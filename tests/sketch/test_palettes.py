"""Which flat colours an area has."""

from __future__ import annotations

import numpy as np

from genlib.sketch.palettes import most_frequent, palette_of, without_thin

YELLOW, ORANGE, BLUE = (250, 220, 60), (240, 150, 30), (30, 60, 200)
EVERY = np.arange(32 * 32)


def canvas(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((32, 32, 3), colour, np.uint8)


def test_the_most_frequent_colour_comes_first() -> None:
    colours = canvas(YELLOW)
    colours[:, 20:] = BLUE
    palette = palette_of(colours, EVERY)
    assert palette is not None
    assert palette.tolist() == [list(YELLOW), list(BLUE)]
    assert palette.dtype == np.uint8


def test_a_colour_has_a_spot_and_not_only_an_edge() -> None:
    colours = canvas(YELLOW)
    colours[:, 16:] = BLUE
    colours[:, 15] = ORANGE
    palette = palette_of(colours, EVERY)
    assert palette is not None
    assert sorted(palette.tolist()) == sorted([list(YELLOW), list(BLUE)])


def test_colours_that_vary_are_no_palette() -> None:
    ramp = np.linspace(0, 255, 32)[None, :, None].repeat(32, 0).repeat(3, 2).round().astype(np.uint8)
    assert palette_of(ramp, EVERY) is None
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert palette_of(noise, EVERY) is None


def test_a_very_small_area_has_one_colour() -> None:
    colours = canvas(YELLOW)
    colours[0, :8] = BLUE
    palette = palette_of(colours, EVERY[:20])
    assert palette is not None
    assert palette.tolist() == [list(YELLOW)]


def test_the_most_frequent_of_many_colours_is_no_mean() -> None:
    values = np.array([YELLOW] * 60 + [BLUE] * 40, np.uint8)
    assert most_frequent(values).tolist() == list(YELLOW)


def test_what_is_one_pixel_wide_goes() -> None:
    mask = np.zeros((8, 8), bool)
    mask[1, :] = True
    mask[4:6, 4:6] = True
    wide = without_thin(mask)
    assert wide.sum() == 4
    assert wide[4:6, 4:6].all()
