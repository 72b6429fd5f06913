"""A picture that somebody brings, as a model reads it."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from genlib import data, fitting, uploads
from genlib.sheets import png
from genlib.spaces import Pictures

DIGIT, FACE = Pictures(channels=1, side=28), Pictures(channels=3, side=64)


def test_a_picture_of_the_data_comes_through_unchanged() -> None:
    """So that a file of it has the same likelihood, to the last digit."""
    for name, space in (("digits", DIGIT), ("faces", FACE)):
        pixels = data.load_pictures(name, "test").pixels[:20]
        for picture in pixels.permute(0, 2, 3, 1).numpy():
            found = fitting.fit(uploads.read(png(picture)).pixels, space)
            assert found.notes == ()
            assert np.array_equal(found.pixels, picture)
            assert torch.equal((found.x * 255).round().byte()[0], torch.from_numpy(picture).permute(2, 0, 1))


def test_what_was_done_is_said() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    found = fitting.fit(photo // 2, DIGIT)
    assert found.pixels.shape == (28, 28, 1)
    assert found.notes == ("made grey", "cut to a square and scaled from 120 x 90 to 28 x 28")
    assert fitting.fit(photo, FACE).notes == ("cut to a square and scaled from 120 x 90 to 64 x 64",)
    assert fitting.fit(photo[:, :100], FACE).notes == ("filled up to a square and scaled from 100 x 90 to 64 x 64",)


def test_paper_is_turned_round_for_models_of_light_on_black() -> None:
    paper = np.full((28, 28, 3), 255, np.uint8)
    paper[10:18, 12:16] = 0
    found = fitting.fit(paper, DIGIT)
    assert found.notes == ("turned round, light for dark, with black for its paper",)
    assert (found.pixels[..., 0] == 255 - paper[..., 0]).all()
    photo = (40 + paper * 0.7).astype(np.uint8)  # grey paper, and ink that is not black
    assert np.array_equal(fitting.fit(photo, DIGIT).pixels, found.pixels)
    assert not fitting.fit(np.full((28, 28, 3), 200, np.uint8), DIGIT).pixels.any()
    black = np.zeros((28, 28, 3), np.uint8)
    assert fitting.fit(black, DIGIT).notes == ()


def test_a_drawing_is_placed_as_digits_are() -> None:
    lines = np.full((304, 304, 3), 255, np.uint8)
    lines[20:140, 30:60] = 0
    placed = fitting.drawn(lines, 28, 20)
    assert placed.shape == (28, 28, 1)
    rows = np.flatnonzero(placed[..., 0].max(1) > 128)
    assert 19 <= np.ptp(rows) + 1 <= 21  # its edges are soft
    file = io.BytesIO()
    Image.fromarray(placed[..., 0]).save(file, "PNG")
    assert np.array_equal(fitting.fit(uploads.read(file.getvalue()).pixels, DIGIT).pixels, placed)
