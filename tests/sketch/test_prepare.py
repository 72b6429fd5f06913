"""From a picture that somebody brings to what the model sees, with all steps or without some."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture, shadowed
from PIL import Image

from genlib import data
from genlib.sketch import Sheet, Sketch, Steps, colour_in, prepare
from genlib.uploads import UploadError


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


def test_white_on_black_is_turned_and_drawn_black(plain: Sketch) -> None:
    inverted = prepare(255 - picture(), SIDE)
    assert apart(inverted, plain) < 0.003
    assert inverted.ink_colour.tolist() == [0, 0, 0]
    board = prepare(picture(ink=(230, 230, 220), paper=(35, 70, 50)), SIDE)
    assert apart(board, plain) < 0.01


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
    dark = prepare(255 - picture(), SIDE, Steps(invert="no", paper=False, crop=False, strokes=False))
    assert np.median(dark.lines) == 0
    nothing = prepare(picture(), SIDE, Steps(False, "no", False, False))
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
        colours = chance.integers(0, 256, (1, 32, 32, 3)).astype(np.uint8)
        coloured = colour_in(Sheet.of(sketch), colours, "flat" if k % 2 else "painted")
        assert max(coloured.shape[1:3]) == 512
