"""Two players on one function, against steps that were worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from genlib.lab.descent import saddle, slopes, walk

START = (-1.0, -0.5)


def test_the_step_that_was_worked_by_hand() -> None:
    assert slopes(saddle, START) == pytest.approx((1.0, 6.0))  # 2x + 2y + 4 and 2x - 6y + 5
    assert walk(saddle, START, 0.1, 1) == pytest.approx(np.array([START, (-1.1, 0.1)]))


def test_small_steps_meet_where_neither_gains_and_large_ones_run_away() -> None:
    """Both slopes are 0 at (-17/8, 1/8). A step multiplies the distance to it by 1 - 4 rate, twice the same."""
    assert slopes(saddle, (-17 / 8, 1 / 8)) == pytest.approx((0.0, 0.0))
    assert walk(saddle, START, 0.1, 60)[-1] == pytest.approx((-17 / 8, 1 / 8), abs=1e-6)
    assert np.abs(walk(saddle, START, 0.55, 60)[-1]).max() > 1000
