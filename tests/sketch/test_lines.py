"""Where the drawing lies in the model's square, and how wide its lines are."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import SIDE, apart, picture

from genlib.sketch import Sketch, prepare
from genlib.sketch.lines import AIM, EXTENT, LINE, Trace, redrawn


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


def test_redrawing_removes_barbs_and_keeps_ends() -> None:
    """A wide line with a rough edge becomes one clean line of nearly its length."""
    ink = np.zeros((512, 512), np.float32)
    ink[230:280, 80:430] = 1
    ink[218:230, 120:420:40] = 1
    lines, _, _ = redrawn(Trace.of(ink, (0, 0, 512), 4 * SIDE), np.full((SIDE, SIDE), 255, np.uint8))
    rows, columns = np.nonzero(lines < 128)
    assert np.ptp(rows) < 8
    assert np.ptp(columns) > 70
