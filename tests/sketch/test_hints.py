"""Colours that a visitor painted, in the model's square."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, picture
from PIL import Image

from genlib.sketch import Sketch, hints_to_model, prepare


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
