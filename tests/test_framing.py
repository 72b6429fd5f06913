"""A picture of any shape in the square of a model."""

from __future__ import annotations

import numpy as np

from genlib import data
from genlib.framing import centred, fit, window


def test_window_averages_pads_and_keeps_its_place() -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[2:4, 4:6] = 200
    assert np.array_equal(window(pixels, (0, 0, 8), 8, 0), pixels)
    assert window(pixels, (0, 0, 8), 4, 0)[1].tolist() == [0, 0, 200, 0]
    beyond = window(pixels, (4.0, -4.0, 8.0), 8, 255)
    assert (beyond[:4] == 255).all()
    assert (beyond[:, 4:] == 255).all()
    assert np.array_equal(beyond[4:, :4], pixels[:4, 4:])


def test_fit_keeps_a_square_and_pads_what_is_nearly_one() -> None:
    face = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    fitted, square = fit(face, 64)
    assert np.array_equal(fitted, face)
    assert square == (0, 0, 64)
    tall = np.full((112, 100, 3), 255, np.uint8)
    tall[20:112, 10:90] = (90, 60, 30)
    fitted, square = fit(tall, 56)
    assert square == (-6, 0, 112)
    assert (fitted[:, :2] == 255).all()
    assert (fit(tall, 56, background=(0, 0, 9))[0][:, :2] == (0, 0, 9)).all()


def test_fit_cuts_a_long_picture_around_what_it_shows() -> None:
    wide = np.full((100, 300, 3), 255, np.uint8)
    wide[10:90, 200:280] = (90, 60, 30)
    fitted, square = fit(wide, 50)
    assert square == (190, 0, 100)
    assert fitted[25, 25].tolist() == [90, 60, 30]
    busy = np.random.default_rng(0).integers(0, 256, (100, 300, 3)).astype(np.uint8)
    assert fit(busy, 50)[1] == (100, 0, 100)
    spread = wide.copy()
    spread[10:90, 20:50] = (90, 60, 30)
    assert fit(spread, 50)[1] == (20, -80, 260)


def test_what_is_light_is_placed_as_the_digits_are() -> None:
    for digit in data.load_pictures("digits", "test").pixels[:20, 0].numpy():
        paper = np.zeros((500, 400), np.uint8)
        paper[230:454, 20:244] = digit.repeat(8, 0).repeat(8, 1)
        again = centred(paper, 28, 20)
        assert np.abs(np.subtract(_middle(again), _middle(digit))).max() < 0.6
        assert sorted(np.ptp(np.nonzero(again > 100), 1))[1] in (18, 19, 20)
    assert not centred(np.zeros((50, 40), np.uint8), 28, 20).any()


def _middle(picture: np.ndarray) -> tuple[float, float]:
    weight = picture / picture.sum()
    return float(weight.sum(1) @ np.arange(28)), float(weight.sum(0) @ np.arange(28))
