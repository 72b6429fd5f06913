"""Figures of likelihoods: what stands where."""

from __future__ import annotations

import numpy as np
import pytest

from genlib.figures import likelihood as figures


def test_bounds_stand_over_their_numbers_of_samples() -> None:
    figure = figures.bounds({"a": {1: -1234.5, 50: -1200.0}, "b": {1: -90.0, 50: -88.0}})
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert list(figure.data[1].x) == [1, 50]
    assert list(figure.layout.xaxis.ticktext) == ["1", "50"]
    assert figures.bounds({"a": {1: -1234.5}, }).data[0].text == ("−1,234",)  # fmt: skip


def test_shares_of_each_crowd_add_up_to_one_whatever_its_size() -> None:
    rng = np.random.default_rng(0)
    figure = figures.crowds({"usual": rng.normal(100, 10, 300), "odd": rng.normal(90, 30, 40)}, "nats", ("mine", 70.0))
    *crowds, mine = figure.data
    for trace in crowds:
        assert sum(trace.y[1:-1:2]) == pytest.approx(1)
    assert mine.name == "mine"
    assert tuple(mine.x) == (70, 70)


@pytest.mark.parametrize("sign", [1, -1])
def test_values_of_other_orders_stand_by_their_logarithm_and_keep_their_order(sign: int) -> None:
    usual, far = sign * np.array([90.0, 100.0, 110.0]), sign * np.array([9_000.0, 30_000.0])
    figure = figures.crowds({"usual": usual, "far": far}, "nats", ("mine", sign * 1000.0), threshold=sign * 500.0)
    (at, _) = figure.data[-1].x
    low, high = figure.data[0].x[0], figure.data[0].x[-1]
    assert at == pytest.approx(sign * 3)
    assert low < at < high
    assert (at - figure.layout.shapes[0].x0) * sign > 0
    texts = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert texts[sign * 3.0] == ("1,000" if sign > 0 else "−1,000")


def test_values_on_both_sides_of_zero_stand_as_they_are() -> None:
    figure = figures.crowds({"usual": np.array([-1.0, 1.0]), "far": np.array([5000.0])}, "nats")
    assert figure.layout.xaxis.tickvals is None
    assert max(figure.data[0].x) == pytest.approx(5000)


def test_equal_values_make_a_figure() -> None:
    assert len(figures.crowds({"usual": np.zeros(5), "odd": np.zeros(3)}, "nats").data) == 2


def test_the_curve_has_its_threshold() -> None:
    figure = figures.roc(np.array([0.0, 0.5, 1]), np.array([0, 0.9, 1.0]), (0.5, 0.9), "Likelihood")
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (0.5, 0.9)
