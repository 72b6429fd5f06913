"""Curves of a run: thinned out without losing their ends, and two runs told apart without colours."""

from __future__ import annotations

import numpy as np

from genlib.figures.curves import FEW, curves


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    steps = np.arange(1, 5001)
    (line,) = curves([{"loss": (steps, steps / 2.0)}], "loss", 5000).data
    assert len(line.x) == FEW
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 5000, 2500)
    assert (np.diff(line.x) > 0).all()


def test_two_runs_differ_in_name_and_dash_and_nothing_yet_is_no_error() -> None:
    nothing = {"loss": (np.zeros(0, int), np.zeros(0))}
    first, second = curves([nothing, nothing], "loss", 10, ("A", "B")).data
    assert (first.name, second.name) == ("loss, A", "loss, B")
    assert first.line.dash != second.line.dash
