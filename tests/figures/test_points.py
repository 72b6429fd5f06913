"""Figures of points."""

from __future__ import annotations

import numpy as np
import pytest

from genlib.figures.points import Real, outside, points, view

RING = np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 33)])


def test_the_view_is_the_datas_and_what_lies_outside_is_counted() -> None:
    real = Real(RING)
    made = np.array([(0.0, 0.0), (1.29, 0.0), (1.31, 0.0), (0.0, -50.0)])
    assert np.allclose(view(RING), [[-1.3, -1.3], [1.3, 1.3]])
    assert outside(made, real) == 2
    figure = points(made, real)
    assert np.allclose(figure.layout.xaxis.range, (-1.3, 1.3))
    assert figure.layout.yaxis.scaleanchor == "x"  # a circle is round
    assert outside(made, None) == 0


def test_on_a_line_there_is_a_histogram_with_the_density() -> None:
    at = np.linspace(-1, 1, 9)
    figure = points(np.zeros((5, 1)), Real(at[:, None], np.array([[0.5]]), (at, 1 - np.abs(at))))
    assert [trace.type for trace in figure.data] == ["histogram", "scatter", "scatter"]
    assert figure.data[0].histnorm == "probability density"
    assert figure.data[0].xbins.start < figure.data[0].xbins.end


@pytest.mark.parametrize("dims", [1, 2])
def test_points_alone_on_either_side(dims: int) -> None:
    some = np.random.default_rng(0).normal(size=(20, dims))
    assert len(points(some).data) == 1
    assert not points(None, Real(some)).layout.showlegend
    with pytest.raises(ValueError, match="no points"):
        points(None)


def test_one_point_has_a_view_as_well() -> None:
    low, high = view(np.zeros((1, 2)))
    assert (low < high).all()


def test_no_colour_is_fixed_but_the_modes_so_that_the_theme_has_its_say() -> None:
    figure = points(RING, Real(RING, RING[:8]))
    assert [trace.marker.color is None for trace in figure.data] == [True, True, False]
