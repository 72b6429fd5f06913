"""Curves of a run: thinned out without losing their ends, and several runs told apart without colours."""

from __future__ import annotations

import numpy as np

from genlib.figures.curves import FEW, compared, curves


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    steps = np.arange(1, 5001)
    (line,) = curves({"loss": (steps, steps / 2.0)}, "loss", 5000).data
    assert len(line.x) == FEW
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 5000, 2500)
    assert (np.diff(line.x) > 0).all()


def test_of_four_runs_each_has_one_colour_and_dash_in_every_row_and_nothing_yet_is_no_error() -> None:
    nothing, one = (np.zeros(0, int), np.zeros(0)), (np.arange(2), np.ones(2))
    runs = [{"loss D": nothing, "loss G": nothing}, {"ELBO": one}, {"loss D": one}, {"loss D": one}]
    lines = compared(runs, 10, ["A", "B", "C", "C"]).data
    assert len({line.yaxis for line in lines}) == 3
    assert all(len(line.x) for line in lines)  # else it would be missing in the legend
    assert len({(line.legendgroup, line.line.color, line.line.dash) for line in lines}) == 4
    assert len({line.line.dash for line in lines}) == 4
    assert [line.name for line in lines if line.showlegend] == ["A", "B", "C", "C"]
