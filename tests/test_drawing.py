"""Drawings: what is taken from a browser, and how it is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from strokes import ACROSS, DEEP, DOWN, HINT, stroke

from genlib import drawing
from genlib.drawing import INK, MAX_STROKES, PAPER, SEE_THROUGH, Drawing, clean, rasterise

SIDE = 64


def drawn(*strokes: Any) -> Drawing:
    return rasterise(clean({"objects": list(strokes)}), SIDE)


def test_white_paper():
    paper = drawn()
    assert paper.empty
    assert paper.strokes == 0
    assert (paper.lines == 255).all()
    assert not paper.mask.any()
    assert paper.lines.shape == paper.hints.shape == (SIDE, SIDE, 3)
    assert paper.lines.dtype == paper.hints.dtype == np.uint8
    assert paper.mask.dtype == bool
    assert paper.mask.shape == (SIDE, SIDE)


@pytest.mark.parametrize("width", [3, 6, 12])
def test_a_line_is_as_wide_as_its_pen_and_antialiased(width: int):
    lines = drawn(stroke((8.3, 20), (50, 44.5), width=width)).lines
    ink = 1 - lines[..., 0] / 255
    length = math.hypot(50 - 8.3, 44.5 - 20) + width * math.pi / 4  # with its round ends
    assert ink.sum() / length == pytest.approx(width, abs=0.5)
    assert ((lines > 0) & (lines < 255)).any()
    assert (lines[..., 0] == lines[..., 2]).all()


def test_a_curve_has_no_gaps_and_no_corners():
    angles = np.linspace(0, 2 * np.pi, 40)
    paper = drawn(stroke(*[(32 + 22 * np.cos(a), 32 + 22 * np.sin(a)) for a in angles], width=8))
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    off = np.abs(np.hypot(x - 32, y - 32) - 22)
    assert (paper.lines[off < 2.5] < 40).all()
    assert (paper.lines[off > 5.5] == 255).all()


def test_a_click_is_a_dot():
    paper = drawn(stroke((32, 32), (32.01, 32), width=12))
    assert not paper.empty
    assert (paper.lines[..., 0] < 128).sum() == pytest.approx(math.pi * 36, rel=0.1)


def test_a_hint_is_reported_in_its_full_colour_and_leaves_lines_alone():
    paper = drawn(ACROSS, {**DOWN, "stroke": HINT})
    assert (paper.lines == drawn(ACROSS).lines).all()
    assert paper.mask[32, 32]
    assert paper.mask[12, 32]
    assert not paper.mask[32, 12]
    assert (paper.hints[paper.mask] == (0xEA, 0x5A, 0x47)).all()
    assert (paper.hints[~paper.mask] == 255).all()
    # The other way round too: a line over a hint doesn't take it away.
    assert (drawn({**DOWN, "stroke": HINT}, ACROSS).mask == paper.mask).all()


def test_hints_alone_are_no_drawing():
    assert drawn({**DOWN, "stroke": HINT}).empty


def test_the_last_hint_wins():
    assert (
        drawn({**ACROSS, "stroke": HINT}, {**DOWN, "stroke": "#0000ff" + SEE_THROUGH}).hints[32, 32] == (0, 0, 255)
    ).all()


def test_the_eraser_takes_away_what_was_there_before_it():
    eraser = {**DOWN, "stroke": PAPER, "strokeWidth": 20}
    hint = {**ACROSS, "stroke": HINT, "strokeWidth": 10}
    erased = drawn(ACROSS, hint, eraser)
    assert (erased.lines[32, 24:40] == 255).all()
    assert not erased.mask[32, 24:40].any()
    assert (erased.lines[32, 12] == 0).all()
    assert erased.mask[32, 12]
    again = drawn(ACROSS, hint, eraser, ACROSS, hint)
    assert (again.lines == drawn(ACROSS).lines).all()
    assert again.mask[32, 32]
    assert drawn(ACROSS, {**ACROSS, "stroke": PAPER, "strokeWidth": 20}).empty


def test_what_is_given_is_the_callers_own():
    drawn(ACROSS).lines[:] = 7
    assert not (drawn(ACROSS).lines == 7).any()


@pytest.mark.parametrize(
    "drawing",
    [
        None,
        7,
        "objects",
        [],
        {},
        {"objects": None},
        {"objects": {"0": ACROSS}},
        {"objects": DEEP},
        {"objects": [None, 1, "Path", [], {}]},
    ],
    ids=lambda drawing: str(drawing)[:20],
)
def test_what_is_no_drawing_is_an_empty_one(drawing: object):
    assert clean(drawing) == []


@pytest.mark.parametrize(
    "change",
    [
        {"path": None},
        {"path": []},
        {"path": [[]]},
        {"path": [7]},
        {"path": DEEP},
        {"path": [["L", 1, 2]]},
        {"path": [["Q", 1, 2, 3, 4]]},
        {"path": [["M", 1]]},
        {"path": [["M", 1, 2, 3]]},
        {"path": [["M", "1", "2"]]},
        {"path": [["M", None, 2]]},
        {"path": [["M", [1], 2]]},
        {"path": [["M", 1, 2], ["C", 1, 2, 3, 4, 5, 6]]},
        {"path": [["M", 1, 2], [["L"], 1, 2]]},
        {"path": [["M", 1, 2], ["L", float("nan"), 2]]},
        {"path": [["M", 1, 2], ["L", float("inf"), 2]]},
        {"path": [["M", 1, 2], ["L", 1e300, 2]]},
        {"path": [["M", 1, 2], ["L", 10**400, 2]]},
        {"path": "M 1 2 L 3 4"},
        {"stroke": None},
        {"stroke": "red"},
        {"stroke": ["#1a1a1a"]},
        {"stroke": "#12345g" + SEE_THROUGH},
        {"stroke": HINT + "\n"},
        {"stroke": "url(x)"},
        {"strokeWidth": None},
        {"strokeWidth": "6"},
        {"strokeWidth": 0},
        {"strokeWidth": -3},
        {"strokeWidth": 1e9},
        {"strokeWidth": float("nan")},
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_is_no_stroke_is_left_out(change: dict[str, Any]):
    assert clean({"objects": [{**ACROSS, **change}, DOWN]}) == clean({"objects": [DOWN]})
    missing = {k: v for k, v in ACROSS.items() if k not in change}
    assert clean({"objects": [missing]}) == []


def test_nothing_else_comes_with_a_stroke():
    extra = {**ACROSS, "src": "x", "clipPath": {"type": "Image"}, "scaleX": 1e9, "fill": "url(#x)"}
    assert clean({"objects": [extra]}) == clean({"objects": [ACROSS]})


def test_a_drawing_is_taken_until_the_paper_is_full():
    assert len(clean({"objects": [ACROSS] * (MAX_STROKES + 50)})) == MAX_STROKES
    long = stroke(*[(i % SIDE, i % 7) for i in range(100_000)])
    assert clean({"objects": [ACROSS, long, DOWN]}) == clean({"objects": [ACROSS]})
    far = stroke(*[(9_000 * (-1) ** i, 0) for i in range(1_000)], width=64)
    assert clean({"objects": [ACROSS, far]}) == clean({"objects": [ACROSS]})


def test_a_stroke_may_leave_the_paper():
    out = stroke((-300, 32), (900, 32))
    assert (drawn(out).lines[32] == 0).all()


def test_the_pen_s_lines_come_with_what_the_eraser_left_of_them() -> None:
    across = {"path": [["M", 10, 50], ["L", 110, 50]], "stroke": INK, "strokeWidth": 3}
    through = {"path": [["M", 60, 20], ["L", 60, 80]], "stroke": PAPER, "strokeWidth": 20}
    (whole,) = drawing.strokes([through, across])  # it was erased before it was drawn
    assert (whole[0].tolist(), whole[-1].tolist()) == ([10, 50], [110, 50])
    left, right = drawing.strokes([across, through])
    assert left[0].tolist() == [10, 50]
    assert right[-1].tolist() == [110, 50]
    assert 46 <= left[-1][0] <= 50
    assert 70 <= right[0][0] <= 74
    everything = {"path": [["M", 0, 50], ["L", 120, 50]], "stroke": PAPER, "strokeWidth": 20}
    assert drawing.strokes([across, everything]) == []
